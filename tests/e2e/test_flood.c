// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A flood reaches every other port once, counted at the receivers. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define FRAMES 100

static struct frame frame;

TestSuite(flood, .init = sandbox_enter, .timeout = 240);

/* Ports p1 .. on devices d1 .., whose far ends r1 .. are in the namespace `others`. */
static void make_ports_hooked(int count, const char *hook)
{
	traffic_quiet();
	must("ip netns add others");
	must("ip netns exec others sh -c 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6'");
	must("for i in $(seq %d); do"
	     "	echo link add d$i type veth peer name r$i netns others;"
	     "	echo link set d$i up; done | ip -batch -",
	     count);
	must("for i in $(seq %d); do echo link set r$i up; done | ip -n others -batch -", count);
	must("for i in $(seq %d); do %s attach vale1:p$i d$i %s || exit 1; done", count, valectl(),
	     hook);
}

static void make_ports(int count)
{
	make_ports_hooked(count, "");
}

/* Each of r1 .. rCOUNT got each frame once, and the sender got none. */
static void expect_once_each(int socket, int count, int sender)
{
	long counts[1024] = {}, expected;
	struct link_count *links;
	int found = traffic_links("others", &links), seen = 0;

	traffic_count_each(socket, 200, counts, 1024);
	cr_assert_eq(traffic_overflow(socket), 0);
	for (int i = 0; i < found; i++) {
		if (links[i].name[0] != 'r')
			continue;
		seen++;
		cr_assert(links[i].ifindex < 1024);
		expected = atoi(links[i].name + 1) == sender ? 0 : FRAMES;
		cr_assert_eq(counts[links[i].ifindex], expected, "%s got %ld frames, not %ld",
			     links[i].name, counts[links[i].ifindex], expected);
	}
	cr_assert_eq(seen, count);
	free(links);
}

Test(flood, a_broadcast_reaches_each_of_253_ports_once_and_not_its_sender)
{
	int from, to;
	struct vale_stats counters;

	make_ports(VALE_PORTS);
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r7", FRAME_TYPE_OURS);
	frame_plain(&frame, 7, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(from, &frame, FRAMES), FRAMES);
	expect_once_each(to, VALE_PORTS, 7);
	counters = traffic_stats("vale1:p7");
	cr_assert_eq(counters.received_frames, FRAMES);
	cr_assert_eq(counters.flooded, FRAMES);
	cr_assert_eq(counters.copies, FRAMES * (VALE_PORTS - 1));
	for (int i = 1; i <= VALE_PORTS; i++) {
		char port[16];

		snprintf(port, sizeof(port), "vale1:p%d", i);
		counters = traffic_stats(port);
		cr_assert_eq(counters.sent_frames, i == 7 ? 0 : FRAMES, "%s", port);
	}
	cr_assert_eq(run("ip link add more type veth peer name far_more && %s attach vale1:more "
			 "more",
			 valectl())
			     .status,
		     1, "a 255th port was taken");
}

Test(flood, multicast_and_unknown_unicast_reach_everybody_and_known_unicast_one)
{
	int everyone, from2, to[6];

	make_ports(5);
	everyone = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from2 = traffic_open("others", "r2", FRAME_TYPE_OURS);
	for (int i = 1; i <= 5; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%d", i);
		to[i] = traffic_open("others", name, FRAME_TYPE_OURS);
	}
	frame_plain(&frame, 2, 77, FRAME_TYPE_OURS, 60);
	traffic_send(from2, &frame, FRAMES);
	expect_once_each(everyone, 5, 2);
	memcpy(frame.bytes, "\x33\x33\0\0\0\1", 6);
	traffic_send(from2, &frame, FRAMES);
	expect_once_each(everyone, 5, 2);
	for (int i = 1; i <= 5; i++)
		traffic_count(to[i], 10);
	frame_plain(&frame, 77, 2, FRAME_TYPE_OURS, 60);
	traffic_send(to[4], &frame, FRAMES); /* host 77 shows up at port 4, host 2 is known */
	for (int i = 1; i <= 5; i++)
		cr_assert_eq(traffic_count(to[i], 50), i == 2 ? FRAMES : 0, "port %d", i);
	frame_plain(&frame, 2, 77, FRAME_TYPE_OURS, 60);
	traffic_send(from2, &frame, FRAMES);
	for (int i = 1; i <= 5; i++)
		cr_assert_eq(traffic_count(to[i], 50), i == 4 ? FRAMES : 0, "port %d", i);
}

/* What a flood carries is what was sent, at every receiver. */
Test(flood, every_receiver_gets_the_same_bytes)
{
	struct arrival arrival;
	int from, to;

	make_ports(4);
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r1", FRAME_TYPE_OURS);
	for (size_t length = 60; length <= 1514; length += 97) {
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, length);
		cr_assert_eq(traffic_send(from, &frame, 1), 1);
		for (int i = 0; i < 3; i++) {
			cr_assert(traffic_receive(to, &arrival, 1000), "receiver %d", i);
			frame_expect(&frame, &arrival.frame, "a flooded frame");
		}
	}
	cr_assert_eq(traffic_count(to, 50), 0);
}

/* A receiver that the kernel passes over costs the others nothing, and is counted. */
Test(flood, a_port_whose_device_is_down_is_counted)
{
	int from, to;

	make_ports(4);
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r1", FRAME_TYPE_OURS);
	must("ip link set d3 down");
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(from, &frame, FRAMES), FRAMES);
	cr_assert_eq(traffic_count(to, 100), 2 * FRAMES);
	cr_assert_eq(port_counter("vale1:p3", "sent_frames"), 0);
	cr_assert_eq(port_counter("vale1:p3", "drops.down"), FRAMES,
		     "frames for a device that is down were lost uncounted");
	must("ip link set d3 up && ip -n others link set r3 up");
	traffic_send(from, &frame, FRAMES);
	cr_assert_eq(traffic_count(to, 100), 3 * FRAMES);
	cr_assert_eq(port_counter("vale1:p3", "drops.down"), FRAMES);
}

Test(flood, a_port_whose_mtu_is_too_small_is_counted_also_when_it_shrank_after_attach)
{
	int from, to;

	make_ports(4);
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r1", FRAME_TYPE_OURS);
	must("ip link set d3 mtu 1000");
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 1400);
	cr_assert_eq(traffic_send(from, &frame, FRAMES), FRAMES);
	cr_assert_eq(traffic_count(to, 100), 2 * FRAMES);
	cr_assert_eq(port_counter("vale1:p3", "drops.mtu"), FRAMES,
		     "frames longer than the MTU were lost uncounted");
	must("ip link set d3 mtu 1500");
	traffic_send(from, &frame, FRAMES);
	cr_assert_eq(traffic_count(to, 100), 3 * FRAMES);
	cr_assert_eq(port_counter("vale1:p3", "drops.mtu"), FRAMES);
}

Test(flood, a_port_whose_mtu_grew_after_attach_gets_longer_frames)
{
	int from, to;

	make_ports(4);
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r1", FRAME_TYPE_OURS);
	for (int i = 1; i <= 4; i++)
		must("ip link set d%d mtu 3000 && ip -n others link set r%d mtu 3000", i, i);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 2900);
	cr_assert_eq(traffic_send(from, &frame, FRAMES), FRAMES);
	cr_assert_eq(traffic_count(to, 100), 3 * FRAMES);
}

Test(flood, the_generic_hook_stops_at_a_port_that_is_down_and_counts_the_ports_behind_it)
{
	int from, to;

	make_ports_hooked(5, "--hook generic");
	to = traffic_open("others", NULL, FRAME_TYPE_OURS);
	from = traffic_open("others", "r1", FRAME_TYPE_OURS);
	must("ip link set d3 down");
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(from, &frame, FRAMES), FRAMES);
	cr_assert_eq(traffic_count(to, 100), FRAMES);
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), FRAMES);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:p3", "drops.down"), FRAMES);
	cr_assert_eq(port_counter("vale1:p4", "drops.cut"), FRAMES);
	cr_assert_eq(port_counter("vale1:p5", "drops.cut"), FRAMES);
	cr_assert_eq(port_counter("vale1:p1", "copies"), 4 * FRAMES);
	cr_assert(strstr(must("%s show vale1:p5", valectl()).text, "(cut)"));
	must("ip link set d2 down && ip link set d4 down"); /* an only receiver is no flood */
	traffic_send(from, &frame, FRAMES);
	cr_assert_eq(traffic_count(to, 100), FRAMES);
	cr_assert_eq(port_counter("vale1:p5", "sent_frames"), FRAMES);
	cr_assert_eq(port_counter("vale1:p5", "drops.cut"), FRAMES);
	must("for i in 2 3 4; do ip link set d$i up; ip -n others link set r$i up; done");
	traffic_send(from, &frame, FRAMES);
	cr_assert_eq(traffic_count(to, 100), 4 * FRAMES);
}
