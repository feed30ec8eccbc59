// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * No frame is lost without being counted: what the senders' kernels have sent is what the switch
 * has received, what it has received is what it has sent and dropped, and what it has sent is what
 * the receivers' kernels got. Under load from several processes, with drops provoked on the way.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define PORTS 6
#define BURST 50

struct totals {
	long long received, flooded, copies, sent, drops;
};

static struct frame frame;
static struct link_count before[PORTS + 1]; /* at the far ends, when all were attached */

TestSuite(balance, .init = sandbox_enter, .timeout = 240);

/* Containers c1 .., hosts 1 .., behind ports p1 ... */
static void containers(const char *hook)
{
	char name[8];

	traffic_quiet();
	for (int i = 1; i <= PORTS; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		container(name, i);
		must("%s attach vale1:p%d c%d %s", valectl(), i, i, hook);
		before[i] = traffic_link(name, "eth0");
	}
}

/* ---- load -------------------------------------------------------------------------------------- */

/* One round of what container `host` says: to each other, to everybody, to nobody, to itself. */
static void talk(int socket, int host, size_t length)
{
	for (int to = 1; to <= PORTS; to++) {
		frame_plain(&frame, host, to, FRAME_TYPE_OURS, length);
		traffic_send(socket, &frame, BURST);
	}
	frame_plain(&frame, host, FRAME_EVERYONE, FRAME_TYPE_OURS, length);
	traffic_send(socket, &frame, BURST);
	frame_plain(&frame, host, 5000, FRAME_TYPE_OURS, length);
	traffic_send(socket, &frame, BURST);
	frame_plain(&frame, host, 1, FRAME_TYPE_OURS, length);
	traffic_send_sources(socket, &frame, host * 100000 + 1000, BURST);
}

static pid_t start_talking(int host, int rounds)
{
	pid_t child = fork();

	cr_assert(child >= 0, "no process: %s", strerror(errno));
	if (!child) {
		char name[8];
		int socket;

		snprintf(name, sizeof(name), "c%d", host);
		socket = traffic_open(name, "eth0", FRAME_TYPE_OURS);
		for (int i = 0; i < rounds; i++)
			talk(socket, host, i % 3 ? 60 : 1400);
		_exit(0);
	}
	return child;
}

/* All containers at once, each in a process of its own. */
static void talk_all(int rounds)
{
	pid_t children[PORTS + 1];
	int status;

	for (int i = 1; i <= PORTS; i++)
		children[i] = start_talking(i, rounds);
	for (int i = 1; i <= PORTS; i++) {
		cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
		cr_assert_eq(status, 0, "sender %d ended with %x", i, status);
	}
	usleep(100000); /* what is on its way arrives */
}

/* ---- sums -------------------------------------------------------------------------------------- */

static struct totals add_up(int ports)
{
	struct totals sum = {};
	char name[16];

	for (int i = 1; i <= ports; i++) {
		struct vale_stats counters;

		snprintf(name, sizeof(name), "vale1:p%d", i);
		counters = traffic_stats(name);
		sum.received += counters.received_frames;
		sum.flooded += counters.flooded;
		sum.copies += counters.copies;
		sum.sent += counters.sent_frames;
		for (int reason = 0; reason < VALE_DROP_REASONS; reason++)
			sum.drops += counters.drops[reason];
	}
	return sum;
}

/* What include/vale/abi.h promises of struct vale_stats. */
static void expect_balance(int ports)
{
	struct totals sum = add_up(ports);
	long long in = sum.received - sum.flooded + sum.copies;
	long long out = sum.sent + sum.drops;

	cr_assert_eq(in, out,
		     "received %lld - flooded %lld + copies %lld = %lld, sent %lld + drops %lld = "
		     "%lld: %lld frames are missing",
		     sum.received, sum.flooded, sum.copies, in, sum.sent, sum.drops, out, in - out);
}

/* The far end of port `number` and the port tell the same. */
static void expect_same_at_far_end(int number)
{
	char port[16], netns[8];
	struct vale_stats counters;
	struct link_count far;

	snprintf(port, sizeof(port), "vale1:p%d", number);
	snprintf(netns, sizeof(netns), "c%d", number);
	counters = traffic_stats(port);
	far = traffic_link(netns, "eth0");
	far.sent -= before[number].sent;
	far.received -= before[number].received;
	cr_assert_eq(counters.received_frames, far.sent, "%s received %llu, %u were sent", port,
		     counters.received_frames, far.sent);
	cr_assert_eq(counters.sent_frames, far.received, "%s sent %llu, %u arrived", port,
		     counters.sent_frames, far.received);
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void expect_all_accounted(const char *hook)
{
	containers(hook);
	talk_all(40);
	expect_balance(PORTS);
	for (int i = 1; i <= PORTS; i++)
		expect_same_at_far_end(i);
	cr_assert_gt(port_counter("vale1:p1", "drops.own_port"), 0);
	cr_assert_gt(port_counter("vale1:p1", "received_frames"), 40 * BURST * PORTS);
}

Test(balance, every_frame_of_six_senders_is_accounted_for)
{
	expect_all_accounted("");
}

Test(balance, every_frame_of_six_senders_is_accounted_for_under_the_generic_hook)
{
	expect_all_accounted("--hook generic");
}

/* Container 2 cannot say long things itself, so it says nothing. */
static void talk_to_2(void)
{
	for (int i = 3; i <= PORTS; i++)
		waitpid(start_talking(i, 20), NULL, 0);
}

Test(balance, with_a_port_of_a_small_mtu)
{
	containers("");
	must("%s detach vale1:p2", valectl());
	must("ip link set dev c2 mtu 1000");
	must("%s attach vale1:p2 c2", valectl());
	talk_to_2();
	expect_balance(PORTS);
	cr_assert_gt(port_counter("vale1:p2", "drops.mtu"), 0);
}

Test(balance, with_a_port_whose_mtu_shrank_after_attach)
{
	containers("");
	must("ip link set dev c2 mtu 1000");
	talk_to_2();
	expect_balance(PORTS);
	cr_assert_gt(port_counter("vale1:p2", "drops.mtu"), 0);
}

Test(balance, with_a_port_whose_device_is_down)
{
	containers("");
	must("ip link set dev c2 down");
	talk_to_2();
	expect_balance(PORTS);
	cr_assert_gt(port_counter("vale1:p2", "drops.down"), 0);
}

Test(balance, with_a_port_whose_far_end_does_not_poll)
{
	containers("--hook xdp");
	must("ip netns exec c2 ethtool -K eth0 gro off");
	talk_all(20);
	expect_balance(PORTS);
	cr_assert_gt(port_counter("vale1:p2", "drops.refused"), 0);
}

Test(balance, with_a_port_whose_device_was_deleted)
{
	containers("");
	must("ip link del c%d", PORTS);
	for (int i = 1; i < PORTS; i++)
		waitpid(start_talking(i, 20), NULL, 0);
	expect_balance(PORTS - 1);
}

/* Kernels up to now cannot copy these to several receivers: they may be lost, but not uncounted. */
Test(balance, with_floods_of_frames_of_several_buffers)
{
	int socket;

	containers("");
	for (int i = 1; i <= PORTS; i++) {
		must("%s detach vale1:p%d", valectl(), i);
		must("ip link set dev c%d mtu 9000 && ip -n c%d link set eth0 mtu 9000", i, i);
		must("%s attach vale1:p%d c%d", valectl(), i, i);
	}
	socket = traffic_open("c1", "eth0", FRAME_TYPE_OURS);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(socket, &frame, BURST), BURST);
	expect_balance(PORTS);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 8000);
	cr_assert_eq(traffic_send(socket, &frame, BURST), BURST);
	usleep(100000);
	expect_balance(PORTS);
}

static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

#define TAP_QUEUE 1000 /* frames, if nobody sets it otherwise */

/* Its queue runs full at once. */
Test(balance, with_a_tap_that_nobody_reads)
{
	struct vale_stats counters;
	int fd;

	containers("");
	must("%s detach vale1:p%d", valectl(), PORTS);
	fd = open_tap("t");
	must("ip link set dev t up");
	must("%s attach vale1:p%d t", valectl(), PORTS);
	for (int i = 1; i < PORTS; i++)
		waitpid(start_talking(i, 20), NULL, 0);
	expect_balance(PORTS);
	counters = traffic_stats("vale1:p6");
	cr_assert_gt(counters.drops[VALE_DROP_REFUSED], 0);
	cr_assert_eq(counters.sent_frames, TAP_QUEUE);
	close(fd);
}
