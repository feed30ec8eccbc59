// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A client's AF_XDP sockets on the interface of another port: what the kernel lets it have, it gets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

static struct frame in;

/* A container behind the port `dev`, with host 2. Host 1 is the client. */
static void one_container(void)
{
	sandbox_enter();
	traffic_quiet(); /* what comes in is what a test sends */
	container("c", 2);
	must("%s attach vale1:dev c --hook xdp", valectl());
}

TestSuite(xsk_device, .init = one_container, .timeout = 60);

static const struct vale_open_options on_dev = {
	.transport = VALE_TRANSPORT_XSK,
	.device = "dev",
};

/* Answers ARP requests and pings for 10.0.0.1, as long as the command runs: its exit status. */
static int answer(struct client_self *self, void *argument)
{
	const unsigned char *frame;
	unsigned char copy[2048];
	__u32 length;

	(void)argument;
	for (int answered = 0; answered < 20;) {
		if (vale_port_poll(self->port, POLLIN, 5000) <= 0)
			return -ETIMEDOUT;
		while ((frame = vale_next_frame(self->port, &length))) {
			if (length > sizeof(copy))
				continue;
			memcpy(copy, frame, length);
			memcpy(copy, copy + 6, 6);
			frame_set_address(copy + 6, 1);
			if (copy[12] == 8 && copy[13] == 6 && copy[41] == 1) { /* ARP, for us */
				copy[21] = 2;
				memcpy(copy + 32, copy + 22, 10);
				frame_set_address(copy + 22, 1);
				memcpy(copy + 28, "\x0a\0\0\x01", 4);
			} else if (copy[12] == 8 && !copy[13] && copy[23] == 1 && copy[34] == 8) {
				memcpy(copy + 26, frame + 30, 4);
				memcpy(copy + 30, frame + 26, 4);
				copy[34] = 0; /* an echo reply, whose sum is greater by 8 << 8 */
				copy[36] += 8;
				if (copy[36] < 8 && !++copy[37])
					copy[36]++;
				answered++;
			} else {
				continue;
			}
			vale_inject(self->port, 0, copy, length);
			vale_txsync(self->port, 0);
		}
	}
	return 0;
}

/* Alone with the interface, it gets floods, too: ARP works. */
Test(xsk_device, the_only_other_port)
{
	struct client *a = client_start();

	cr_assert_eq(client_open_with(a, "vale1:a", &on_dev), 0, "%s", client_reason(a));
	cr_assert_str_eq(port_member("vale1:a", "outer"), "c");
	cr_assert_str_eq(port_member("vale1:a", "state"), "open");
	client_begin(a, answer, NULL, 0);
	must("ip netns exec c ping -c 20 -i 0.05 -W 5 10.0.0.1");
	cr_assert_eq(client_result(a), 0);
	cr_assert_geq(port_counter("vale1:a", "sent_frames"), 20);
	cr_assert_geq(port_counter("vale1:a", "received_frames"), 20);
	cr_assert_eq(client_close(a), 0);
	refused(1, "there is no port", "show vale1:a");
	must("%s show vale1:dev", valectl());
}

/* Beside others, it gets what is for it alone and comes in there; the rest is counted as refused. */
Test(xsk_device, beside_other_ports)
{
	struct vale_port *ports[3] = { NULL, ring_open("vale1:a", &on_dev),
				       ring_open("vale1:b", NULL) };
	long long refused_before;

	frame_plain(&in, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60); /* where host 1 is */
	ring_send(ports[1], 0, &in);
	ring_expect(ports[2], &in, "from the sockets to a ring");
	ring_drain(ports[1]);

	must("ip -n c neigh replace 10.0.0.1 lladdr %s dev eth0", frame_address_text(1));
	run("ip netns exec c ping -c 1 -W 1 10.0.0.1");
	cr_assert_geq(ring_drain(ports[1]), 1, "unicast by the interface");

	refused_before = ring_dropped("vale1:a", VALE_DROP_REFUSED);
	frame_plain(&in, 3, 1, FRAME_TYPE_OURS, 60);
	ring_send(ports[2], 0, &in);
	cr_assert_eq(ring_drain(ports[1]), 0);
	cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_REFUSED), refused_before + 1,
		     "unicast by another port");
	frame_plain(&in, 3, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(ports[2], 0, &in);
	cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_REFUSED), refused_before + 2,
		     "flood by another port");
	refused_before = ring_dropped("vale1:a", VALE_DROP_REFUSED);
	run("ip netns exec c ping -c 1 -W 1 10.0.0.77"); /* ARP: a flood by the interface */
	cr_assert_gt(ring_dropped("vale1:a", VALE_DROP_REFUSED), refused_before);
	ring_expect_balance("vale1");
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_device, refused)
{
	struct client *a = client_start(), *b = client_start();
	struct vale_open_options options = on_dev;

	options.device = "none";
	cr_assert_eq(client_open_with(a, "vale1:a", &options), -ENOENT);
	cr_assert(strstr(client_reason(a), "there is no port 'vale1:none'"), "%s",
		  client_reason(a));
	options = on_dev;
	options.ring.size = sizeof(options.ring);
	options.ring.rings = 4;
	cr_assert_eq(client_open_with(a, "vale1:a", &options), -ERANGE);
	cr_assert(strstr(client_reason(a), "'c' has no 4 queues"), "%s", client_reason(a));
	options = on_dev;
	options.flags = VALE_OPEN_SOCKET_TX;
	cr_assert_eq(client_open_with(a, "vale1:a", &options), -EOPNOTSUPP);
	cr_assert_eq(client_open_with(a, "vale1:a", &on_dev), 0, "%s", client_reason(a));
	cr_assert_eq(client_open_with(b, "vale1:b", &on_dev), -EBUSY, "%s", client_reason(b));
}

Test(xsk_device, refused_at_tc)
{
	struct client *a = client_start();

	must("%s detach vale1:dev && %s attach vale1:dev c --hook tc", valectl(), valectl());
	cr_assert_eq(client_open_with(a, "vale1:a", &on_dev), -EOPNOTSUPP);
	cr_assert(strstr(client_reason(a), "come in at tc"), "%s", client_reason(a));
}

/* With the interface's port, what is on the interface goes. */
Test(xsk_device, detached_under_its_client)
{
	struct vale_port *port = ring_open("vale1:a", &on_dev);

	cr_assert_eq(vale_port_poll(port, POLLIN, 10) >= 0, true);
	must("%s detach vale1:dev", valectl());
	refused(1, "there is no port", "show vale1:a");
	ring_drain(port);
	cr_assert_eq(vale_port_poll(port, POLLIN, 5000), -ENXIO);
	vale_port_close(port);
	must("%s destroy vale1", valectl());
}

Test(xsk_device, killed)
{
	struct client *a = client_start();
	char *before = bpffs_files();

	cr_assert_eq(client_open_with(a, "vale1:a", &on_dev), 0, "%s", client_reason(a));
	client_kill(a);
	refused(1, "there is no port", "detach vale1:nobody");
	bpffs_unchanged(before);
	must("[ $(ls /sys/class/net | grep -c tap) = 0 ]");
}
