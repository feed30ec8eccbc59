// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames that cannot be delivered: each is counted, and the others are not hurt. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define FRAMES 100

static struct frame frame;
static int ends[4]; /* packet sockets at the containers c1, c2, c3 */

TestSuite(drops, .init = sandbox_enter, .timeout = 240);

/* Containers c1 .. c3, hosts 1 .. 3, behind ports p1 .. p3 that know their addresses. */
static void three_containers(const char *hook)
{
	char name[8];

	traffic_quiet();
	for (int i = 1; i <= 3; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		container(name, i);
		must("%s attach vale1:p%d c%d %s", valectl(), i, i, *hook ? hook : "--hook xdp");
		ends[i] = traffic_open(name, "eth0", FRAME_TYPE_OURS);
	}
	for (int i = 1; i <= 3; i++) {
		frame_plain(&frame, i, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		traffic_send(ends[i], &frame, 1);
	}
	for (int i = 1; i <= 3; i++)
		cr_assert_eq(traffic_count(ends[i], 50), 2,
			     "the containers do not hear each other");
}

static void say(int from, int to, size_t length)
{
	frame_plain(&frame, from, to, FRAME_TYPE_OURS, length);
	cr_assert_eq(traffic_send(ends[from], &frame, FRAMES), FRAMES);
}

static void expect_arrived(int at, long frames)
{
	long count = traffic_count(ends[at], 100);

	cr_assert_eq(count, frames, "container %d got %ld frames, not %ld", at, count, frames);
}

static void expect(const char *port, const char *counter, long long value)
{
	long long is = port_counter(port, counter);

	cr_assert_eq(is, value, "%s counts %s %lld, not %lld", port, counter, is, value);
}

static void expect_down(const char *hook)
{
	three_containers(hook);
	say(1, 2, 60);
	expect_arrived(2, FRAMES);
	must("ip link set dev c2 down");
	say(1, 2, 60);
	expect_arrived(2, 0);
	expect("vale1:p2", "drops.down", FRAMES);
	expect("vale1:p2", "sent_frames", FRAMES + 2);
	say(1, 3, 60);
	expect_arrived(3, FRAMES);
	must("ip link set dev c2 up");
	say(1, 2, 60);
	expect_arrived(2, FRAMES);
	expect("vale1:p2", "drops.down", FRAMES);
}

Test(drops, frames_for_a_device_that_is_down_are_counted)
{
	expect_down("");
}

Test(drops, frames_for_a_device_that_is_down_are_counted_under_the_generic_hook)
{
	expect_down("--hook generic");
}

/* A tag may come on top of what the MTU allows, as in the kernel. */
static void expect_mtu(const char *hook)
{
	three_containers(hook);
	must("ip link set dev c2 mtu 1000");
	say(1, 2, 1018);
	expect_arrived(2, FRAMES);
	expect("vale1:p2", "drops.mtu", 0);
	say(1, 2, 1019);
	expect_arrived(2, 0);
	expect("vale1:p2", "drops.mtu", FRAMES);
	say(1, 3, 1019);
	expect_arrived(3, FRAMES);
}

Test(drops, frames_longer_than_the_mtu_of_their_destination_are_counted)
{
	expect_mtu("");
}

Test(drops, frames_longer_than_the_mtu_of_their_destination_are_counted_under_the_generic_hook)
{
	expect_mtu("--hook generic");
}

/* ---- frames of several buffers, which a tap does not take ------------------------------------- */

static void jumbo_containers(void)
{
	three_containers("");
	for (int i = 1; i <= 3; i++) {
		must("%s detach vale1:p%d", valectl(), i);
		must("ip link set dev c%d mtu 9000 && ip -n c%d link set eth0 mtu 9000", i, i);
		must("%s attach vale1:p%d c%d --hook xdp", valectl(), i, i);
	}
	must("ip tuntap add dev t mode tap && ip link set dev t mtu 9000 up");
	must("%s attach vale1:p_t t --hook xdp", valectl());
}

Test(drops, frames_of_several_buffers_for_a_tap_are_counted_as_jumbo)
{
	jumbo_containers();
	must("%s fdb vale1 add %s p_t", valectl(), frame_address_text(9));
	say(3, FRAME_EVERYONE, 60);
	expect_arrived(1, FRAMES);
	say(1, 9, 8000);
	expect("vale1:p_t", "drops.jumbo", FRAMES);
	say(1, 3, 8000);
	expect_arrived(3, FRAMES);
}

/* To one receiver: the kernel cannot copy such frames, see tests/e2e/test_balance.c. */
Test(drops, a_flood_of_frames_of_several_buffers_reaches_an_only_receiver)
{
	jumbo_containers();
	must("%s detach vale1:p_t && %s detach vale1:p3", valectl(), valectl());
	say(1, FRAME_EVERYONE, 8000);
	expect_arrived(2, FRAMES);
	expect("vale1:p1", "dropped", 0);
}

/* ---- far ends that do not poll ----------------------------------------------------------------- */

static bool gro_is_on(const char *netns)
{
	return !run("ip netns exec %s ethtool -k eth0 | grep -q '^generic-receive-offload: on'",
		    netns)
			.status;
}

Test(drops, attach_makes_the_far_end_receive_and_detach_puts_it_back)
{
	container("c1", 1);
	must("ip netns exec c1 ethtool -K eth0 gro off");
	must("%s attach vale1:p1 c1", valectl());
	cr_assert(gro_is_on("c1"), "GRO is off after attach");
	must("%s detach vale1:p1", valectl());
	cr_assert(!gro_is_on("c1"), "GRO is on after detach");
	must("ip netns exec c1 ethtool -K eth0 gro on");
	must("%s attach vale1:p1 c1", valectl());
	must("%s detach vale1:p1", valectl());
	cr_assert(gro_is_on("c1"), "detach took a GRO that it had not set");
}

Test(drops, frames_for_a_far_end_that_stopped_to_poll_are_counted_as_refused)
{
	three_containers("");
	say(1, 2, 60);
	expect_arrived(2, FRAMES);
	must("ip netns exec c2 ethtool -K eth0 gro off");
	say(1, 2, 60);
	expect_arrived(2, 0);
	expect("vale1:p2", "drops.refused", FRAMES);
	say(1, FRAME_EVERYONE, 60);
	expect_arrived(2, 0);
	expect_arrived(3, FRAMES);
	expect("vale1:p2", "drops.refused", 2 * FRAMES);
	cr_assert(strstr(must("%s show vale1:p2", valectl()).text, "gro on"));
	must("ip netns exec c2 ethtool -K eth0 gro on");
	say(1, 2, 60);
	expect_arrived(2, FRAMES);
	expect("vale1:p2", "drops.refused", 2 * FRAMES);
}

Test(drops, frames_for_a_far_end_that_is_down_are_counted)
{
	three_containers("");
	must("ip -n c2 link set eth0 down");
	say(1, 2, 60);
	expect("vale1:p2", "dropped", FRAMES);
	say(1, FRAME_EVERYONE, 60);
	expect("vale1:p2", "dropped", 2 * FRAMES);
	expect_arrived(3, FRAMES);
	must("ip -n c2 link set eth0 up");
	say(1, 2, 60);
	expect_arrived(2, FRAMES);
}

/* ---- senders that leave segmentation to us ----------------------------------------------------- */

/* The native hook takes segmentation from the sender, attach does so for the generic one. */
Test(drops, tcp_of_a_sender_that_segments_is_counted_as_offload)
{
	three_containers("--hook generic");
	traffic_serve("c2");
	must("ip netns exec c1 iperf3 -c 10.0.0.2 -n 1M");
	expect("vale1:p1", "drops.offload", 0);
	must("ip netns exec c1 ethtool -K eth0 tx on tso on");
	run("ip netns exec c1 timeout 2 iperf3 -c 10.0.0.2 -n 1M");
	cr_assert_gt(port_counter("vale1:p1", "drops.offload"), 0);
	cr_assert(strstr(must("%s show vale1:p1", valectl()).text, "offload"));
}

/* ---- devices that go --------------------------------------------------------------------------- */

Test(drops, a_device_deleted_under_traffic_takes_nothing_with_it)
{
	struct vale_stats before, after;

	three_containers("");
	before = traffic_stats("vale1:p1");
	for (int i = 0; i < 20; i++) {
		say(1, 2, 60);
		say(1, 3, 60);
		if (i == 10)
			must("ip link del c2");
	}
	expect_arrived(3, 20 * FRAMES + 9 * FRAMES); /* and what is flooded now */
	after = traffic_stats("vale1:p1");
	cr_assert_eq(after.flooded - before.flooded, 9 * FRAMES);
	cr_assert_eq(after.received_frames - before.received_frames, 40 * FRAMES);
	cr_assert(strstr(must("%s show vale1:p2", valectl()).text, "gone"));
}

/* The same with frames on their way at every moment. */
Test(drops, a_device_deleted_in_the_middle_of_a_burst)
{
	struct vale_stats counters;
	long sent = 0;

	three_containers("");
	must("(sleep 0.2; ip link del c2) </dev/null >/dev/null 2>&1 &");
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	while (!run("ip link show dev c2 >/dev/null 2>&1").status)
		sent += traffic_send(ends[1], &frame, 20000);
	sent += traffic_send(ends[1], &frame, FRAMES);
	counters = traffic_stats("vale1:p1");
	cr_assert_eq(counters.received_frames, sent + 1);
	cr_assert_eq(traffic_count(ends[3], 200) + traffic_overflow(ends[3]) +
			     (long)traffic_stats("vale1:p3").drops[VALE_DROP_REFUSED],
		     sent, "frames for a port that stayed were lost");
}
