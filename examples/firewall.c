// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * usage: firewall CLIENTS SERVERS SERVICE...
 *
 * Stands between two switches, with a port of each. What clients send to one of the services (TCP
 * or UDP ports) gets to the servers, and what these send from it gets back. So do ARP and pings, and
 * nothing else. SIGINT ends it; then it tells how many frames that were.
 */
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include <vale/port.h>

static unsigned char allowed[0x10000]; /* by service */
static struct vale_port *port[2];      /* of the clients' switch, and of the servers' */
static unsigned long frames[2][2];     /* that came to the port and were dropped; that passed */

static unsigned int number_at(const unsigned char *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static int may_pass(int from, const unsigned char *frame, __u32 length)
{
	const unsigned char *ip = frame + 14, *payload;

	if (length < 14 + 20 || number_at(frame + 12) != 0x0800) /* no IPv4: is it ARP? */
		return number_at(frame + 12) == 0x0806;
	payload = ip + 4 * (ip[0] & 15);
	if (payload < ip + 20 || payload + 4 > frame + length || number_at(ip + 6) & 0x3fff)
		return 0; /* or it is in fragments, of which only the first one has ports */
	if (ip[9] == IPPROTO_ICMP)
		return payload[0] == 0 || payload[0] == 8;
	return (ip[9] == IPPROTO_TCP || ip[9] == IPPROTO_UDP) &&
	       allowed[number_at(payload + (from ? 0 : 2))];
}

static int filter(void *arg, const unsigned char *frame, __u32 length)
{
	int from = *(int *)arg;
	int passes = may_pass(from, frame, length) && !vale_inject(port[!from], 0, frame, length);

	frames[from][passes]++;
	return 0;
}

/* Takes no more frames than there is room for in the tx ring: others stay where they are. */
static int carry(int from)
{
	__u32 room = vale_ring_space(vale_tx_ring(port[!from], 0));

	if (room)
		vale_dispatch(port[from], room, filter, &from);
	return vale_txsync(port[!from], 0);
}

/* Until a frame comes to one of the ports, or a signal: then it returns 0. */
static int sleep_on(int signals)
{
	struct pollfd fds[] = { { vale_port_fd(port[0]), POLLIN, 0 },
				{ vale_port_fd(port[1]), POLLIN, 0 },
				{ signals, POLLIN, 0 } };

	poll(fds, 3, vale_port_arm(port[0], POLLIN) || vale_port_arm(port[1], POLLIN) ? 0 : -1);
	vale_port_disarm(port[0]);
	vale_port_disarm(port[1]);
	return !fds[2].revents;
}

int main(int argc, char **argv)
{
	struct vale *vale;
	int fd, error = vale_open(&vale, getenv("VALE_BPFFS"));
	sigset_t signals;

	if (argc < 3)
		errx(2, "usage: firewall CLIENTS SERVERS SERVICE...");
	if (error)
		errx(1, "%s", vale_open_reason(error));
	for (int i = 0; i < 2; i++)
		if (vale_port_open(vale, argv[1 + i], NULL, &port[i]))
			errx(1, "%s", vale_reason(vale));
	for (int i = 3; i < argc; i++)
		allowed[strtoul(argv[i], NULL, 10) & 0xffff] = 1;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, 0);
	while ((error = carry(0)) >= 0 && (error = carry(1)) >= 0 && sleep_on(fd))
		;
	for (int i = 0; i < 2; i++) {
		warnx("%s: %lu passed, %lu dropped", argv[1 + i], frames[i][1], frames[i][0]);
		vale_port_close(port[i]);
	}
	vale_close(vale);
	return error < 0;
}
