// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Lossless ports: what finds no room stays in the sender's ring, in order, and goes on later. */
#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"

#define PORTS 4
#define ROOM  15 /* of a small rx ring */

static struct vale_port *port[PORTS + 1];
static struct stream stream[PORTS + 1];
static struct frame frame;

TestSuite(ring_lossless, .init = sandbox_enter, .timeout = 60);

static void open_all(__u32 rx_slots)
{
	struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.ring = { .rx_slots = rx_slots },
	};

	ring_open_many("p", PORTS, &options, port);
	ring_introduce(port, PORTS);
}

static void put(int to, uint32_t *number, long count, unsigned int length)
{
	cr_assert_eq(stream_put(port[1], 0, 1, to, number, count, length), count);
}

/* Sends; so many slots must be left in the ring. */
static void expect_left(__u32 slots, const char *what)
{
	struct vale_ring *ring = vale_tx_ring(port[1], 0);
	int answer = vale_txsync(port[1], 0);
	__u32 left = ring->num_slots - 1 - vale_ring_space(ring);

	cr_assert_eq(answer, slots ? VALE_TX_BLOCKED : 0, "%s: txsync says %d", what, answer);
	cr_assert_eq(left, slots, "%s: %u slots are left, not %u", what, left, slots);
}

static void receive(int number, long frames, const char *what)
{
	long got = stream_receive(port[number], &stream[number]);

	cr_assert_eq(got, frames, "%s: port %d got %ld frames, not %ld", what, number, got, frames);
	cr_assert_eq(stream[number].missing, 0, "%s: port %d misses %ld frames", what, number,
		     stream[number].missing);
	/* What was taken is given back at the next look. */
	cr_assert_eq(vale_rxsync(port[number], 0), 0);
}

static void expect_no_loss(void)
{
	cr_assert_eq(port_counter("vale1:p1", "dropped"), 0);
	for (int i = 2; i <= PORTS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vale1:p%d", i);
		cr_assert_eq(port_counter(name, "dropped"), 0, "%s", name);
	}
	ring_expect_balance("vale1");
}

/* ---- what stays -------------------------------------------------------------------------------- */

Test(ring_lossless, exactly_what_finds_no_room_stays)
{
	uint32_t number = 0;

	open_all(ROOM + 1);
	put(2, &number, 40, 60);
	expect_left(40 - ROOM, "at first");
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), ROOM + 1);
	expect_left(40 - ROOM, "again");
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), ROOM + 1);
	receive(2, ROOM, "at first");
	expect_left(40 - 2 * ROOM, "when there was room");
	receive(2, ROOM, "then");
	put(2, &number, 3, 60);
	expect_left(0, "at last");
	receive(2, 40 - 2 * ROOM + 3, "at last");
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 43 + 1);
	cr_assert_eq(port_counter("vale1:p1", "received_bytes"), 44 * 60);
	expect_no_loss();
}

Test(ring_lossless, a_port_that_is_not_loses)
{
	struct vale_open_options options = { .ring = { .rx_slots = ROOM + 1 } };
	uint32_t number = 0;

	ring_open_many("p", PORTS, &options, port);
	ring_introduce(port, PORTS);
	put(2, &number, 40, 60);
	expect_left(0, "lossy");
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 40 - ROOM);
}

Test(ring_lossless, the_ring_can_be_filled_behind_what_stays)
{
	uint32_t number = 0;
	long sent = 0;

	open_all(ROOM + 1);
	for (int i = 0; i < 500; i++) {
		sent += stream_put(port[1], 0, 1, 2, &number, 1023, 60);
		expect_left(1023 - ROOM, "full");
		receive(2, ROOM, "from a full ring");
	}
	cr_assert_eq(sent, 1023 + 499 * ROOM);
	expect_no_loss();
}

Test(ring_lossless, what_is_for_others_goes_on)
{
	uint32_t to_2 = 0, to_3 = 0, to_4 = 0;

	open_all(ROOM + 1);
	put(2, &to_2, 20, 60);
	put(3, &to_3, 5, 60);
	put(2, &to_2, 1, 60);
	put(4, &to_4, 5, 60);
	expect_left(16, "one is full"); /* from the first of those that stay on */
	receive(3, 5, "while another one is full");
	receive(4, 5, "while another one is full");
	for (int i = 0; i < 10; i++) {
		put(3, &to_3, 7, 60);
		put(2, &to_2, 1, 60);
		put(4, &to_4, 7, 60);
		expect_left(16 + 15 * (i + 1), "one is full");
		receive(3, 7, "while another one is full");
		receive(4, 7, "while another one is full");
	}
	receive(2, ROOM, "the one that was full");
	cr_assert_eq(vale_txsync(port[1], 0), VALE_TX_BLOCKED);
	receive(2, ROOM, "the one that was full");
	expect_left(0, "all are empty");
	receive(2, 1, "the last");
	receive(3, 0, "all had come");
	expect_no_loss();
}

/* ---- frames of several slots ------------------------------------------------------------------- */

/* There is room, but not enough: nobody is kept busy by that. */
Test(ring_lossless, a_frame_of_more_slots_than_are_free_stays)
{
	uint32_t number = 0;

	open_all(ROOM + 1);
	put(2, &number, ROOM - 1, 60);
	put(2, &number, 1, 5000);
	put(2, &number, 1, 60);
	expect_left(4, "a slot is free");
	expect_left(4, "and still");
	receive(2, ROOM - 1, "the short ones");
	expect_left(0, "many are free");
	receive(2, 2, "the long one, and one behind it");
	expect_no_loss();
}

Test(ring_lossless, a_frame_of_several_slots_is_sent_once)
{
	uint32_t to_2 = 0, to_3 = 0;

	open_all(ROOM + 1);
	put(2, &to_2, ROOM, 60);
	put(2, &to_2, 1, 10000);
	put(3, &to_3, ROOM, 60);
	put(3, &to_3, 1, 60);
	expect_left(5 + ROOM + 1, "both are full");
	receive(2, ROOM, "the one that gets a long frame");
	/* That goes now, and what is behind it stays. */
	expect_left(1, "one is full");
	receive(2, 1, "a long frame");
	expect_left(1, "one is full");
	receive(2, 0, "a long frame was sent again");
	put(2, &to_2, 1, 60);
	expect_left(2, "one is full");
	receive(2, 1, "behind a long frame");
	receive(3, ROOM, "the other one");
	expect_left(0, "none is full");
	receive(3, 1, "the other one");
	expect_no_loss();
}

/* It would stay for ever. */
Test(ring_lossless, a_frame_that_is_larger_than_the_receiver_s_ring_is_lost)
{
	uint32_t number = 0;

	open_all(ROOM + 1);
	put(2, &number, 1, ROOM * VALE_BUFFER_SIZE + 1);
	put(2, &number, 1, 60);
	expect_left(0, "behind it");
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 1);
	put(2, &number, 1, ROOM * VALE_BUFFER_SIZE);
	expect_left(ROOM, "a slot is missing");
	cr_assert_eq(ring_drain(port[2]), 1);
	cr_assert_eq(vale_rxsync(port[2], 0), 0);
	expect_left(0, "the largest that fits");
	cr_assert_eq(ring_drain(port[2]), 1);
	ring_expect_balance("vale1");
}

/* ---- random ------------------------------------------------------------------------------------ */

/* The first one is full most of the time, the last one never. */
static void receive_some(int number, unsigned int *seed)
{
	struct vale_port *at = port[number];
	const unsigned char *bytes;
	__u32 length;

	if (ring_random(seed) % (6 - number) > 0)
		return;
	while ((bytes = vale_next_frame(at, &length)))
		stream_take(&stream[number], bytes, length);
	cr_assert_eq(vale_rxsync(at, 0), 0);
}

static void put_random(uint32_t number[], unsigned int *seed)
{
	for (int i = ring_random(seed) % 20; i > 0; i--) {
		int to = ring_random(seed) % 3 + 2;
		unsigned int length =
			ring_random(seed) % 5 ? 60 : STREAM_MIN + ring_random(seed) % 20000;

		stream_put(port[1], 0, 1, to, &number[to], 1, length);
	}
}

static void send_the_rest(const uint32_t number[])
{
	for (int i = 0; i < 1000 && vale_txsync(port[1], 0); i++)
		for (int to = 2; to <= PORTS; to++)
			stream_receive(port[to], &stream[to]);
	for (int to = 2; to <= PORTS; to++) {
		stream_receive(port[to], &stream[to]);
		cr_assert_eq(stream[to].frames, number[to], "port %d got %ld of %u frames", to,
			     stream[to].frames, number[to]);
		cr_assert_eq(stream[to].missing, 0);
	}
}

Test(ring_lossless, random_frames_for_ports_that_are_full_at_random)
{
	unsigned int seed = ring_seed();
	uint32_t number[PORTS + 1] = {};
	long stayed = 0;

	open_all(64);
	for (int round = 0; round < 20000; round++) {
		int answer;

		put_random(number, &seed);
		answer = vale_txsync(port[1], 0);
		cr_assert(answer == 0 || answer == VALE_TX_BLOCKED, "%d", answer);
		stayed += answer == VALE_TX_BLOCKED;
		for (int to = 2; to <= PORTS; to++)
			receive_some(to, &seed);
	}
	send_the_rest(number);
	cr_assert_gt(stayed, 1000);
	expect_no_loss();
}

/* ---- floods, and who comes after --------------------------------------------------------------- */

Test(ring_lossless, a_flood_is_lost_where_there_is_no_room)
{
	uint32_t number = 0;

	open_all(ROOM + 1);
	put(2, &number, ROOM, 60);
	put(FRAME_EVERYONE, &number, 3, 60);
	put(2, &number, 2, 60);
	expect_left(2, "one is full");
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 3);
	cr_assert_eq(ring_dropped("vale1:p3", VALE_DROP_FULL), 0);
	cr_assert_eq(ring_drain(port[3]), 3);
	cr_assert_eq(ring_drain(port[2]), ROOM);
	cr_assert_eq(vale_rxsync(port[2], 0), 0);
	expect_left(0, "none is");
	cr_assert_eq(ring_drain(port[2]), 2);
	cr_assert_eq(ring_drain(port[3]), 0);
	ring_expect_balance("vale1");
}

/* What a client has left behind is not sent, and nothing that the next one sends is sent twice. */
Test(ring_lossless, a_client_starts_with_an_empty_ring)
{
	struct vale_open_options options = { .flags = VALE_OPEN_LOSSLESS };
	uint32_t number = 0, to_3 = 0;

	open_all(ROOM + 1);
	vale_port_close(port[1]);
	must("%s port add vale1:q", valectl());
	port[1] = ring_open("vale1:q", &options);
	put(2, &number, 60, 60);
	expect_left(60 - ROOM, "of the first client");
	put(3, &to_3, 10, 60); /* among those that stay, some that do not */
	put(2, &number, 10, 60);
	expect_left(80 - ROOM, "of the first client");
	receive(3, 10, "of the first client");
	vale_port_close(port[1]);
	receive(2, ROOM, "of the first client");
	port[1] = ring_open("vale1:q", &options);
	stream[2].next[1] = number;
	put(2, &number, 90, 60);
	for (int i = 1; i <= 5; i++) {
		expect_left(90 - ROOM * i, "of the second client");
		receive(2, ROOM, "of the second client");
	}
	expect_left(0, "of the second client");
	receive(2, ROOM, "of the second client");
	expect_left(0, "of the second client");
	receive(2, 0, "something was sent twice");
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	ring_send(port[1], 0, &frame);
	ring_expect(port[2], &frame, "at the end");
}

/* By its client, so that its frame goes on in the next slot, which is new. */
Test(ring_lossless, a_slot_that_is_changed_while_it_stays)
{
	uint32_t number = 0;
	__u32 slot;

	open_all(ROOM + 1);
	put(2, &number, ROOM, 60);
	expect_left(0, "at first");
	slot = vale_tx_ring(port[1], 0)->head;
	put(2, &number, 1, 60);
	expect_left(1, "at first");
	vale_tx_ring(port[1], 0)->slot[slot].flags = VALE_SLOT_MORE;
	number = 0;
	put(3, &number, 3, 60);
	expect_left(4, "when it was changed");
	stream[3].next[1] = 1; /* number 0 is a part of the other frame */
	receive(3, 2, "when it was changed");
	ring_expect_balance("vale1");
	receive(2, ROOM, "at first");
	expect_left(0, "when there was room");
	cr_assert(ring_receive(port[2], &frame, 0));
	cr_assert_eq(frame.length, 60 + 60);
	expect_no_loss();
}
