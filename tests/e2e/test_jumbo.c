// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames of up to 9000 bytes between ports of all hooks, and to a ring; and what becomes of them where
 * they are too large.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define JUMBO	  9000
#define PLAIN	  1500
#define ETHERNET  14
#define ONE_PAGE  3376 /* bytes that a frame of one buffer has room for on all kernels */
#define CONTAINER 3
#define RING	  4

static const char *const hooks[CONTAINER + 1] = { NULL, "tc", "xdp", "generic" };
static const char *const netns[CONTAINER + 1] = { NULL, "a", "b", "c" };

static struct vale_port *ring;
static int sockets[CONTAINER + 1];
static struct frame frame;
static struct arrival arrival;

TestSuite(jumbo, .init = sandbox_enter, .timeout = 120);

/* Host N is in container N. */
static void add(int host, int mtu)
{
	const char *name = netns[host];

	traffic_quiet();
	container(name, host);
	must("ip link set dev %s mtu %d && ip -n %s link set eth0 mtu %d", name, mtu, name, mtu);
	must("%s attach vale1:p%d %s --hook %s", valectl(), host, name, hooks[host]);
	must("%s fdb vale1 add %s p%d", valectl(), frame_address_text(host), host);
	sockets[host] = traffic_open(name, "eth0", FRAME_TYPE_OURS);
}

static void add_ring(void)
{
	ring = ring_open("vale1:ring", NULL);
	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(RING));
}

static void send_frame(int from, int to, size_t length)
{
	frame_plain(&frame, from, to, FRAME_TYPE_OURS, length);
	if (from == RING)
		ring_send(ring, 0, &frame);
	else
		cr_assert_eq(traffic_send(sockets[from], &frame, 1), 1);
}

static const char *describe(int from, int to)
{
	static char text[64];

	snprintf(text, sizeof(text), "from %s to %s, %zu bytes",
		 from == RING ? "a ring" : hooks[from], to == RING ? "a ring" : hooks[to],
		 frame.length);
	return text;
}

static void expect_frame(int from, int to)
{
	if (to == RING) {
		ring_expect(ring, &frame, describe(from, to));
		return;
	}
	cr_assert(traffic_receive(sockets[to], &arrival, 5000), "%s: it did not come",
		  describe(from, to));
	frame_expect(&frame, &arrival.frame, describe(from, to));
}

static void exchange(int from, int to, size_t length)
{
	send_frame(from, to, length);
	expect_frame(from, to);
}

/* ---- where they pass --------------------------------------------------------------------------- */

Test(jumbo, frames_pass_between_all_hooks_and_into_a_ring)
{
	static const size_t lengths[] = {
		60, 1514, 1515, 2048, 2049, 3520, 4096, 6145, 8192, 9000, JUMBO + ETHERNET
	};

	for (int host = 1; host <= CONTAINER; host++)
		add(host, JUMBO);
	add_ring();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (int from = 1; from <= RING; from++)
			for (int to = 1; to <= RING; to++)
				if (from != to && (from != RING || lengths[i] <= ONE_PAGE))
					exchange(from, to, lengths[i]);
	for (int host = 1; host <= CONTAINER; host++) {
		char port[16];

		snprintf(port, sizeof(port), "vale1:p%d", host);
		cr_assert_eq(port_counter(port, "dropped"), 0);
	}
	ring_expect_balance("vale1");
}

/* ---- where they are too large ------------------------------------------------------------------ */

/* Host 1 to 3 are large but for `plain`, to which all others send. */
static void expect_refused(int plain)
{
	static const size_t lengths[] = { 1519, 3000, 4096, JUMBO + ETHERNET };
	long long sent = 0;
	char port[16];

	for (int host = 1; host <= CONTAINER; host++)
		add(host, host == plain ? PLAIN : JUMBO);
	add_ring();
	snprintf(port, sizeof(port), "vale1:p%d", plain);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (int from = 1; from <= RING; from++) {
			if (from == plain || (from == RING && lengths[i] > ONE_PAGE))
				continue;
			send_frame(from, plain, lengths[i]);
			sent++;
			exchange(from, plain, PLAIN + ETHERNET);
		}
	}
	cr_assert_eq(port_counter(port, "drops.mtu"), sent, "%lld of %lld",
		     port_counter(port, "drops.mtu"), sent);
	ring_expect_balance("vale1");
}

Test(jumbo, frames_that_a_port_at_tc_cannot_take_are_counted)
{
	expect_refused(1);
}

Test(jumbo, frames_that_a_port_at_xdp_cannot_take_are_counted)
{
	expect_refused(2);
}

Test(jumbo, frames_that_a_port_at_the_generic_hook_cannot_take_are_counted)
{
	expect_refused(3);
}

/* ---- for all ----------------------------------------------------------------------------------- */

/* All but a fourth one, that is too small, get what `from` sends to everyone. */
static void expect_flood(int from, size_t length)
{
	for (int host = 1; host <= CONTAINER; host++)
		add(host, JUMBO);
	container("d", 5);
	must("%s attach vale1:p5 d", valectl());
	add_ring();
	send_frame(from, FRAME_EVERYONE, length);
	for (int to = 1; to <= RING; to++)
		if (to != from)
			expect_frame(from, to);
	cr_assert_eq(port_counter("vale1:p5", "drops.mtu"), 1);
	ring_expect_balance("vale1");
}

Test(jumbo, a_flood_from_tc_reaches_all_that_can_take_it)
{
	expect_flood(1, JUMBO + ETHERNET);
}

Test(jumbo, a_flood_from_xdp_in_one_buffer_reaches_all_that_can_take_it)
{
	expect_flood(2, ONE_PAGE);
}

Test(jumbo, a_flood_from_a_ring_in_one_buffer_reaches_all_that_can_take_it)
{
	expect_flood(RING, ONE_PAGE);
}

/* The kernel would copy the first buffer only. */
Test(jumbo, a_flood_from_xdp_of_more_than_a_buffer_reaches_rings_and_is_counted)
{
	for (int host = 1; host <= CONTAINER; host++)
		add(host, JUMBO);
	add_ring();
	send_frame(2, FRAME_EVERYONE, JUMBO);
	expect_frame(2, RING);
	cr_assert_eq(port_counter("vale1:p2", "drops.jumbo"), 2);
	cr_assert_not(traffic_receive(sockets[1], &arrival, 0));
	cr_assert_not(traffic_receive(sockets[3], &arrival, 0));
	ring_expect_balance("vale1");
}

/* ---- streams ----------------------------------------------------------------------------------- */

/* Stacks agree on what both can take. */
Test(jumbo, stacks_of_both_sizes_exchange_streams)
{
	container("large", 1);
	container("small", 2);
	must("ip link set dev large mtu %d && ip -n large link set eth0 mtu %d", JUMBO, JUMBO);
	must("%s attach vale1:p1 large && %s attach vale1:p2 small", valectl(), valectl());
	traffic_serve("small");
	must("ip netns exec large iperf3 -c 10.0.0.2 -n 40M");
	must("ip netns exec large iperf3 -c 10.0.0.2 -n 40M -R");
	must("ip netns exec large iperf3 -c fd00::2 -n 40M");
	must("ip netns exec large iperf3 -c fd00::2 -n 40M -R");
	cr_assert_eq(port_counter("vale1:p1", "drops.mtu"), 0);
	cr_assert_eq(port_counter("vale1:p2", "drops.mtu"), 0);
}
