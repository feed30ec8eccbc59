// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports of several pairs of rings: which ring gets a frame, and buffers that all rings share. */
#include <errno.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct frame frame, got;

TestSuite(ring_pairs, .init = sandbox_enter, .timeout = 120);

static struct vale_port *open_pairs(const char *name, __u32 pairs)
{
	struct vale_port *port =
		ring_open(name, &(struct vale_open_options){ .ring = { .rings = pairs } });

	cr_assert_eq(vale_port_rings(port), pairs);
	cr_assert_eq(vale_port_first_ring(port), 0);
	cr_assert_eq(vale_port_end_ring(port), pairs);
	cr_assert_not(vale_tx_ring(port, pairs));
	cr_assert_not(vale_rx_ring(port, pairs));
	cr_assert_eq(vale_txsync(port, pairs), -EINVAL);
	cr_assert_eq(vale_rxsync(port, pairs), -EINVAL);
	return port;
}

static void introduce(struct vale_port *a, struct vale_port *b)
{
	struct vale_port *const ports[] = { NULL, a, b };

	ring_introduce(ports, 2);
}

static void expect_in_ring(struct vale_port *port, __u32 pair, const char *what)
{
	for (__u32 other = 0; other < vale_port_rings(port); other++)
		if (other != pair)
			cr_assert_not(ring_take(port, other, &got), "%s: in ring %u, not in %u",
				      what, other, pair);
	cr_assert(ring_take(port, pair, &got), "%s: not in ring %u", what, pair);
	frame_expect(&frame, &got, what);
}

/* ---- which ring gets a frame ------------------------------------------------------------------- */

static void expect_same_pair(__u32 senders, __u32 receivers)
{
	struct vale_port *from = open_pairs("vale1:from", senders);
	struct vale_port *to = open_pairs("vale1:to", receivers);

	introduce(from, to);
	for (__u32 pair = 0; pair < senders; pair++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100 + pair);
		ring_send(from, pair, &frame);
		expect_in_ring(to, pair % receivers, "unicast");
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 200 + pair);
		ring_send(from, pair, &frame);
		expect_in_ring(to, pair % receivers, "to all");
	}
	cr_assert_eq(port_counter("vale1:to", "dropped"), 0);
	vale_port_close(from);
	vale_port_close(to);
}

Test(ring_pairs, a_frame_comes_out_of_the_ring_of_the_number_it_went_into)
{
	for (__u32 pairs = 1; pairs <= VALE_RINGS; pairs *= 2)
		expect_same_pair(pairs, pairs);
}

Test(ring_pairs, or_of_that_number_modulo_the_receiver_s_rings)
{
	expect_same_pair(8, 1);
	expect_same_pair(8, 3);
	expect_same_pair(5, 2);
	expect_same_pair(2, 8);
}

Test(ring_pairs, all_rings_are_sent_and_received_at_once)
{
	struct vale_port *from = open_pairs("vale1:from", 4), *to = open_pairs("vale1:to", 4);
	__u32 length;

	introduce(from, to);
	for (__u32 pair = 0; pair < 4; pair++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100 + pair);
		ring_inject(from, pair, &frame);
	}
	cr_assert_eq(vale_txsync(from, VALE_ALL_RINGS), 0);
	for (__u32 pair = 0; pair < 4; pair++) {
		cr_assert(vale_next_frame(to, &length));
		cr_assert_eq(length, 100 + pair);
	}
	cr_assert_not(vale_next_frame(to, &length));
}

/* A ring that is never empty does not keep the others from being heard. */
Test(ring_pairs, next_frame_forgets_no_ring)
{
	struct vale_port *from = open_pairs("vale1:from", 2), *to = open_pairs("vale1:to", 2);
	int seen[2] = {};
	__u32 length;

	introduce(from, to);
	for (int i = 0; i < 100; i++) {
		for (__u32 pair = 0; pair < 2; pair++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100 + pair);
			for (int k = 0; k < 3; k++)
				ring_send(from, pair, &frame);
		}
		for (int k = 0; k < 4; k++) {
			cr_assert(vale_next_frame(to, &length));
			seen[length - 100]++;
		}
	}
	cr_assert(seen[0] >= 100 && seen[1] >= 100, "%d and %d", seen[0], seen[1]);
}

/* ---- one pair of several ----------------------------------------------------------------------- */

Test(ring_pairs, a_handle_for_one_pair_sends_and_receives_by_that_pair)
{
	struct vale_port *handle[3], *from = open_pairs("vale1:from", 3);
	struct vale_open_options one = { .ring = { .rings = 3 } };
	__u32 length;

	for (__u32 pair = 0; pair < 3; pair++) {
		one.one_ring = 1 + pair;
		handle[pair] = ring_open("vale1:to", &one);
		cr_assert_eq(vale_port_rings(handle[pair]), 3);
		cr_assert_eq(vale_port_first_ring(handle[pair]), pair);
		cr_assert_eq(vale_port_end_ring(handle[pair]), pair + 1);
	}
	introduce(from, handle[1]);
	ring_drain(handle[0]);
	for (__u32 pair = 0; pair < 3; pair++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100 + pair);
		ring_send(from, pair, &frame);
	}
	for (__u32 pair = 0; pair < 3; pair++) {
		cr_assert(vale_next_frame(handle[pair], &length));
		cr_assert_eq(length, 100 + pair);
		cr_assert_not(vale_next_frame(handle[pair], &length));
		frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 100 + pair);
		ring_inject(handle[pair], pair, &frame);
		cr_assert_eq(vale_txsync(handle[pair], VALE_ALL_RINGS), 0);
		expect_in_ring(from, pair, "from one pair");
	}
}

Test(ring_pairs, a_pair_that_the_port_has_not_cannot_be_opened)
{
	struct vale_open_options one = { .size = sizeof(one),
					 .one_ring = 3,
					 .ring = { .size = sizeof(one.ring), .rings = 2 } };
	struct vale_port *port = NULL;
	struct vale *vale;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	cr_assert_eq(vale_port_open(vale, "vale1:a", &one, &port), -ERANGE);
	cr_assert_not(port);
	one.one_ring = 2;
	cr_assert_eq(vale_port_open(vale, "vale1:a", &one, &port), 0);
	vale_close(vale);
}

/* ---- buffers ----------------------------------------------------------------------------------- */

static void exchange(struct vale_ring *a, struct vale_ring *b)
{
	for (__u32 slot = 0; slot < a->num_slots; slot++) {
		__u32 buffer = a->slot[slot].buf_idx;

		a->slot[slot].buf_idx = b->slot[slot].buf_idx;
		b->slot[slot].buf_idx = buffer;
	}
}

static void send_each_way(struct vale_port *a, struct vale_port *b, size_t length)
{
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, length);
	for (__u32 pair = 0; pair < 4; pair++) {
		ring_send(a, pair, &frame);
		expect_in_ring(b, pair, "there");
	}
	frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, length);
	for (__u32 pair = 0; pair < 4; pair++) {
		ring_send(b, pair, &frame);
		expect_in_ring(a, pair, "back");
	}
}

Test(ring_pairs, any_buffer_of_the_port_can_be_in_any_slot)
{
	static const size_t lengths[] = { 14, 60, 64, 65, 1514, 2047, 2048, 2049, 9000, 131072 };
	struct vale_port *a = open_pairs("vale1:a", 4), *b = open_pairs("vale1:b", 4);

	introduce(a, b);
	exchange(vale_tx_ring(a, 0), vale_tx_ring(a, 3));
	exchange(vale_tx_ring(a, 1), vale_rx_ring(a, 2));
	exchange(vale_rx_ring(a, 0), vale_rx_ring(a, 3));
	exchange(vale_rx_ring(b, 1), vale_tx_ring(b, 0));
	exchange(vale_rx_ring(b, 2), vale_rx_ring(b, 3));
	for (int round = 0; round < 50; round++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			send_each_way(a, b, lengths[i]);
	cr_assert_eq(port_counter("vale1:a", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:b", "dropped"), 0);
	ring_expect_balance("vale1");
}

/* Each buffer of the port, first to last: none is another's, and a frame can be sent from each. */
static void walk_buffers(struct vale_port *from, struct vale_port *to)
{
	struct vale_ring *ring = vale_tx_ring(from, 2);
	unsigned int walked = 0;

	for (__u32 index = 0; index < 4 * VALE_REGION_UNITS; index++) {
		__u32 of_region = index % VALE_REGION_UNITS;

		if (of_region < VALE_BUFFER_FIRST || of_region == VALE_REGION_UNITS - 1)
			continue;
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, VALE_BUFFER_SIZE);
		frame_put16(&frame, 20, index);
		ring->slot[ring->head].buf_idx = index;
		ring_send(from, 2, &frame);
		expect_in_ring(to, 2, "from a buffer");
		walked++;
	}
	cr_assert_eq(walked, 4 * VALE_REGION_BUFFERS);
}

Test(ring_pairs, a_frame_can_be_sent_from_every_buffer_of_every_region)
{
	struct vale_port *a = open_pairs("vale1:a", 4), *b = open_pairs("vale1:b", 4);

	introduce(a, b);
	walk_buffers(a, b);
	cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_INVALID), 0);
}
