// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Loss is never silent: what finds no room, or nobody, is counted at both sides. */
#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"

#define PORTS 4
#define ROOM  15 /* of an rx ring */

static const struct vale_open_options small = { .ring = { .rx_slots = ROOM + 1 } };
static struct vale_port *port[PORTS + 1];
static struct stream stream[PORTS + 1];

TestSuite(ring_loss, .init = sandbox_enter, .timeout = 60);

static void open_all(void)
{
	ring_open_many("p", PORTS, &small, port);
	ring_introduce(port, PORTS);
	ring_expect_balance("vale1");
}

/* In one batch with others. */
static void put(int to, uint32_t *number, long count, unsigned int length)
{
	cr_assert_eq(stream_put(port[1], 0, 1, to, number, count, length), count);
}

static void sync_tx(void)
{
	cr_assert_eq(vale_txsync(port[1], 0), 0);
}

static void expect_lost(const char *receiver, enum vale_drop reason, __u64 frames)
{
	cr_assert_eq(ring_dropped(receiver, reason), frames, "%s dropped %llu, not %llu", receiver,
		     ring_dropped(receiver, reason), frames);
	ring_expect_balance("vale1");
}

/* ---- full -------------------------------------------------------------------------------------- */

/* The first ones get in: those are what the receiver would wait for. */
Test(ring_loss, a_batch_that_is_larger_than_the_room)
{
	uint32_t number = 0;

	open_all();
	put(2, &number, 40, 60);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 40 - ROOM);
	cr_assert_eq(ring_lost("vale1:p1", VALE_DROP_FULL), 40 - ROOM);
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM);
	cr_assert_eq(stream[2].missing, 0);
	/* There is room again. */
	put(2, &number, ROOM, 60);
	sync_tx();
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM);
	expect_lost("vale1:p2", VALE_DROP_FULL, 40 - ROOM);
	cr_assert_eq(stream[2].missing, 40 - ROOM);
	cr_assert_eq(port_counter("vale1:p2", "sent_bytes"), (2 * ROOM + PORTS - 1) * 60);
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), 2 * ROOM + PORTS - 1);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 40 + ROOM + 1);
}

Test(ring_loss, of_one_destination_does_not_touch_the_others)
{
	uint32_t number = 0;

	open_all();
	for (int i = 0; i < 20; i++) {
		put(2, &number, 2, 60);
		if (i < ROOM)
			put(3, &number, 1, 60);
	}
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 40 - ROOM);
	expect_lost("vale1:p3", VALE_DROP_FULL, 0);
	cr_assert_eq(stream_receive(port[3], &stream[3]), ROOM);
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM);
}

/* In 15 slots there is room for seven frames of two slots. */
Test(ring_loss, frames_of_several_slots_get_in_whole_or_not_at_all)
{
	uint32_t number = 0;

	open_all();
	put(2, &number, 10, 3000);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 3);
	cr_assert_eq(stream_receive(port[2], &stream[2]), 7);
	cr_assert_eq(port_counter("vale1:p2", "sent_bytes"), 7 * 3000 + (PORTS - 1) * 60);
	/* And when the slot that is left over has been filled, too. */
	put(2, &number, 1, 60);
	put(2, &number, 7, 3000);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 3);
	cr_assert_eq(stream_receive(port[2], &stream[2]), 8);
	cr_assert_eq(stream[2].missing, 3);
}

/* Or else order would be lost: one that is shorter could overtake. */
Test(ring_loss, behind_a_frame_that_does_not_fit_none_gets_in)
{
	uint32_t number = 0;

	open_all();
	put(2, &number, ROOM - 1, 60);
	put(2, &number, 1, 3000);
	put(2, &number, 5, 60);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 6);
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM - 1);
	put(2, &number, 1, 60);
	sync_tx();
	cr_assert_eq(stream_receive(port[2], &stream[2]), 1);
	cr_assert_eq(stream[2].missing, 6);
}

Test(ring_loss, a_frame_that_is_larger_than_the_ring)
{
	uint32_t number = 0;

	open_all();
	put(2, &number, 1, ROOM * VALE_BUFFER_SIZE + 1);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 1);
	cr_assert_eq(ring_drain(port[2]), 0);
	put(2, &number, 1, ROOM * VALE_BUFFER_SIZE);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 1);
	cr_assert_eq(stream_receive(port[2], &stream[2]), 1);
}

Test(ring_loss, a_flood_fills_those_who_have_room)
{
	uint32_t number = 0;

	open_all();
	put(2, &number, ROOM, 60);
	put(3, &number, 10, 60);
	put(FRAME_EVERYONE, &number, 10, 60);
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 10);
	expect_lost("vale1:p3", VALE_DROP_FULL, 5);
	expect_lost("vale1:p4", VALE_DROP_FULL, 0);
	cr_assert_eq(ring_lost("vale1:p1", VALE_DROP_FULL), 15);
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 11);
	cr_assert_eq(port_counter("vale1:p1", "copies"), 11 * (PORTS - 1));
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM);
	cr_assert_eq(stream_receive(port[3], &stream[3]), ROOM);
	cr_assert_eq(stream_receive(port[4], &stream[4]), 10);
}

Test(ring_loss, what_came_first_of_own_frames_and_floods_gets_in)
{
	uint32_t number = 0;

	open_all();
	for (int i = 0; i < 10; i++) {
		put(2, &number, 1, 60);
		put(FRAME_EVERYONE, &number, 1, 60);
	}
	sync_tx();
	expect_lost("vale1:p2", VALE_DROP_FULL, 5);
	expect_lost("vale1:p3", VALE_DROP_FULL, 0);
	cr_assert_eq(stream_receive(port[2], &stream[2]), ROOM);
	cr_assert_eq(stream[2].missing, 0);
	cr_assert_eq(stream[2].next[1], ROOM);
	cr_assert_eq(stream_receive(port[3], &stream[3]), 10);
}

/* ---- closed ------------------------------------------------------------------------------------ */

static void expect_closed(__u64 frames, uint32_t *number)
{
	__u64 before = ring_dropped("vale1:q", VALE_DROP_CLOSED);

	put(9, number, frames, 60);
	put(FRAME_EVERYONE, number, frames, 60);
	sync_tx();
	expect_lost("vale1:q", VALE_DROP_CLOSED, before + 2 * frames);
	cr_assert_eq(ring_lost("vale1:p1", VALE_DROP_CLOSED), before + 2 * frames);
}

/* It gets what is sent while it is open, and nothing of what was sent before. */
static void expect_open(struct vale_port *at, uint32_t *number)
{
	struct stream here = {};

	here.next[1] = *number;
	put(9, number, 5, 60);
	put(FRAME_EVERYONE, number, 5, 60);
	sync_tx();
	cr_assert_eq(stream_receive(at, &here), 10);
	cr_assert_eq(here.missing, 0);
}

Test(ring_loss, frames_for_a_port_that_nobody_has_open)
{
	struct vale_port *closed;
	uint32_t number = 0;

	open_all();
	must("%s port add vale1:q", valectl());
	must("%s fdb vale1 add %s q", valectl(), frame_address_text(9));
	expect_closed(7, &number);
	for (int i = 0; i < 3; i++) {
		closed = ring_open("vale1:q", NULL);
		expect_open(closed, &number);
		put(9, &number, 3, 60); /* and are never fetched */
		sync_tx();
		vale_port_close(closed);
		expect_closed(7, &number);
		for (int other = 2; other <= PORTS; other++)
			ring_drain(port[other]);
	}
	cr_assert_eq(ring_dropped("vale1:q", VALE_DROP_FULL), 0);
}

Test(ring_loss, a_client_s_second_handle_keeps_the_port_open)
{
	struct vale_port *first, *second;
	uint32_t number = 0;

	open_all();
	must("%s port add vale1:q", valectl());
	must("%s fdb vale1 add %s q", valectl(), frame_address_text(9));
	first = ring_open("vale1:q", NULL);
	second = ring_open("vale1:q", NULL);
	vale_port_close(first);
	expect_open(second, &number);
	vale_port_close(second);
	expect_closed(3, &number);
}
