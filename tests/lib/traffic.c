// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "sandbox.h"
#include "vale.h"

#define RECEIVE_BUFFER (256 << 20)
#define BATCH	       64

void traffic_quiet(void)
{
	/* net.core.devconf_inherit_init_net does not cover us: ours is not the first namespace. */
	must("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	must("for netns in $(ls /run/netns); do ip netns exec $netns sh -c "
	     "'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'; done");
}

/* ---- namespaces -------------------------------------------------------------------------------- */

int traffic_enter(const char *netns)
{
	char path[64];
	int home, target;

	if (!netns)
		return -1;
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	target = open(path, O_RDONLY | O_CLOEXEC);
	if (home < 0 || target < 0 || setns(target, CLONE_NEWNET))
		cr_assert_fail("cannot enter the namespace %s: %s", netns, strerror(errno));
	close(target);
	return home;
}

void traffic_leave(int home)
{
	if (home < 0)
		return;
	if (setns(home, CLONE_NEWNET))
		cr_assert_fail("cannot leave the namespace: %s", strerror(errno));
	close(home);
}

void traffic_keep_apart(const char *netns)
{
	must("ip -n %s link set eth0 gro_max_size 1", netns);
}

void traffic_serve(const char *netns)
{
	pid_t test = getpid(), server = fork();
	int null;

	cr_assert_geq(server, 0);
	if (!server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		if (getppid() != test || null < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
			_exit(127);
		execlp("ip", "ip", "netns", "exec", netns, "iperf3", "-s", NULL);
		_exit(127);
	}
	must("ip netns exec %s timeout 30 sh -c 'until ss -Hltn | grep -q :5201; do sleep 0.02; "
	     "done'",
	     netns);
}

/* ---- sockets ----------------------------------------------------------------------------------- */

static void set(int fd, int level, int option, int value)
{
	if (setsockopt(fd, level, option, &value, sizeof(value)))
		cr_assert_fail("setsockopt %d: %s", option, strerror(errno));
}

int traffic_open(const char *netns, const char *device, uint16_t type)
{
	int home = traffic_enter(netns);
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(type ? type : ETH_P_ALL),
		.sll_ifindex = device ? if_nametoindex(device) : 0,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		cr_assert_fail("no packet socket: %s", strerror(errno));
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER);
	set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
	set(fd, SOL_PACKET, PACKET_AUXDATA, 1);
	if ((device && !address.sll_ifindex) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		cr_assert_fail("cannot bind to %s: %s", device, strerror(errno));
	traffic_leave(home);
	return fd;
}

static long send_batch(int socket, struct mmsghdr *messages, unsigned int count)
{
	long sent = 0, taken;

	while (count) {
		taken = sendmmsg(socket, messages, count, 0);
		if (taken > 0)
			sent += taken;
		else if (errno == EAGAIN || errno == ENOBUFS)
			taken = errno == ENOBUFS; /* that one is lost at the sender */
		else
			cr_assert_fail("cannot send: %s", strerror(errno));
		messages += taken;
		count -= taken;
	}
	return sent;
}

long traffic_send(int socket, const struct frame *frame, long count)
{
	struct iovec bytes = { (void *)frame->bytes, frame->length };
	struct mmsghdr messages[BATCH] = {};
	long sent = 0;

	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &bytes;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (; count > 0; count -= BATCH)
		sent += send_batch(socket, messages, count < BATCH ? count : BATCH);
	return sent;
}

long traffic_send_sources(int socket, const struct frame *frame, int first, long count)
{
	uint8_t heads[BATCH][ETH_HLEN];
	struct iovec parts[BATCH][2];
	struct mmsghdr messages[BATCH] = {};
	long sent = 0;

	for (int i = 0; i < BATCH; i++) {
		memcpy(heads[i], frame->bytes, ETH_HLEN);
		parts[i][0] = (struct iovec){ heads[i], ETH_HLEN };
		parts[i][1] = (struct iovec){ (void *)(frame->bytes + ETH_HLEN),
					      frame->length - ETH_HLEN };
		messages[i].msg_hdr.msg_iov = parts[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	for (; count > 0; count -= BATCH) {
		int now = count < BATCH ? count : BATCH;

		for (int i = 0; i < now; i++)
			frame_set_address(heads[i] + ETH_ALEN, first++);
		sent += send_batch(socket, messages, now);
	}
	return sent;
}

void traffic_datagram(const char *netns, const char *device, const char *to, int bytes, int segment)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4242) };
	int home = traffic_enter(netns), on = 1;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	static char payload[60000];

	traffic_leave(home);
	memset(payload, 'x', sizeof(payload));
	cr_assert_eq(inet_pton(AF_INET, to, &address.sin_addr), 1);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	if (device)
		cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, strlen(device)),
			     0);
	if (segment)
		cr_assert_eq(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	cr_assert_eq(sendto(fd, payload, bytes, 0, (struct sockaddr *)&address, sizeof(address)),
		     bytes, "%s", strerror(errno));
	close(fd);
}

static void put_tag_back(struct frame *frame, uint16_t type, uint16_t tag)
{
	memmove(frame->bytes + 16, frame->bytes + 12, frame->length - 12);
	frame_put16(frame, 12, type);
	frame_put16(frame, 14, tag);
	frame->length += 4;
}

static void read_note(struct msghdr *message, struct arrival *out)
{
	struct tpacket_auxdata note;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&note, CMSG_DATA(c), sizeof(note));
		out->open_checksum = note.tp_status & TP_STATUS_CSUMNOTREADY;
		if (note.tp_status & TP_STATUS_VLAN_VALID)
			put_tag_back(&out->frame,
				     note.tp_status & TP_STATUS_VLAN_TPID_VALID ? note.tp_vlan_tpid
										: ETH_P_8021Q,
				     note.tp_vlan_tci);
	}
}

bool traffic_receive(int socket, struct arrival *out, int timeout_ms)
{
	struct pollfd wait = { socket, POLLIN, 0 };
	struct iovec bytes = { out->frame.bytes, sizeof(out->frame.bytes) - 4 };
	struct sockaddr_ll from = {};
	char control[256];
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(socket, &message, 0);

	if (length < 0 && errno == EAGAIN && poll(&wait, 1, timeout_ms) > 0)
		length = recvmsg(socket, &message, 0);
	if (length < 0)
		return false;
	out->ifindex = from.sll_ifindex;
	out->open_checksum = false;
	out->frame.length = length;
	out->frame.network = out->frame.transport = out->frame.checksum = 0;
	read_note(&message, out);
	return true;
}

long traffic_count(int socket, int quiet_ms)
{
	return traffic_count_each(socket, quiet_ms, NULL, 0);
}

long traffic_count_each(int socket, int quiet_ms, long *counts, int size)
{
	struct pollfd wait = { socket, POLLIN, 0 };
	struct sockaddr_ll from;
	socklen_t length;
	long sum = 0;
	char byte;

	for (;;) {
		length = sizeof(from);
		if (recvfrom(socket, &byte, 1, 0, (struct sockaddr *)&from, &length) < 0) {
			if (errno == ENETDOWN) /* said once, when the interface went down */
				continue;
			if (errno != EAGAIN || poll(&wait, 1, quiet_ms) <= 0)
				return sum;
			continue;
		}
		sum++;
		if (from.sll_ifindex < size)
			counts[from.sll_ifindex]++;
	}
}

long traffic_overflow(int socket)
{
	struct tpacket_stats counts = {};
	socklen_t size = sizeof(counts);

	if (getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &counts, &size))
		cr_assert_fail("no statistics: %s", strerror(errno));
	return counts.tp_drops;
}

/* ---- counters ---------------------------------------------------------------------------------- */

int traffic_links(const char *netns, struct link_count **out)
{
	struct ifaddrs *list = NULL;
	int home = traffic_enter(netns), count = 0;

	if (getifaddrs(&list))
		cr_assert_fail("no interfaces: %s", strerror(errno));
	traffic_leave(home);
	*out = NULL;
	for (struct ifaddrs *item = list; item; item = item->ifa_next) {
		const struct rtnl_link_stats *counters = item->ifa_data;
		struct link_count *link;

		if (!item->ifa_addr || item->ifa_addr->sa_family != AF_PACKET || !counters)
			continue;
		*out = realloc(*out, (count + 1) * sizeof(**out));
		link = *out + count++;
		snprintf(link->name, sizeof(link->name), "%s", item->ifa_name);
		link->ifindex = ((struct sockaddr_ll *)item->ifa_addr)->sll_ifindex;
		link->received = counters->rx_packets;
		link->sent = counters->tx_packets;
		link->send_drops = counters->tx_dropped;
	}
	freeifaddrs(list);
	return count;
}

struct link_count traffic_link(const char *netns, const char *device)
{
	struct link_count *links, found = {};
	int count = traffic_links(netns, &links);

	for (int i = 0; i < count; i++)
		if (!strcmp(links[i].name, device))
			found = links[i];
	free(links);
	if (!found.name[0])
		cr_assert_fail("there is no interface %s", device);
	return found;
}

struct vale_stats traffic_stats(const char *port)
{
	struct vale_port_stats *list = NULL;
	struct vale_stats counters;
	struct vale *vale = NULL;
	size_t count = 0;
	int error = vale_open(&vale, NULL);

	if (!error)
		error = vale_stats_get(vale, port, &list, &count);
	if (error || count != 1)
		cr_assert_fail("no counters of %s: %s", port, strerror(-error));
	counters = list->counters;
	free(list);
	vale_close(vale);
	return counters;
}
