// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames from ring to ring are what was sent, byte by byte; and what is no frame goes nowhere. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct vale_port *port[4];
static struct frame frame;

TestSuite(ring_frames, .init = sandbox_enter, .timeout = 120);

static void open_two(void)
{
	ring_open_many("p", 2, NULL, port);
	ring_introduce(port, 2);
}

Test(ring_frames, of_every_size_of_one_slot)
{
	open_two();
	for (size_t length = VALE_FRAME_MIN; length <= VALE_BUFFER_SIZE; length++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, length);
		ring_send(port[1], 0, &frame);
		ring_expect(port[2], &frame, "ring to ring");
	}
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), 2035 + 1);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
	ring_expect_balance("vale1");
}

/* The last slot empty but for a byte, full but for a byte, and full. */
static void send_jumbo(unsigned int slots)
{
	for (int less = 0; less < 3; less++) {
		size_t length =
			slots * VALE_BUFFER_SIZE - (less == 2 ? VALE_BUFFER_SIZE - 1 : less);

		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, length);
		ring_send(port[1], 0, &frame);
		ring_expect(port[2], &frame, "of several slots");
	}
}

Test(ring_frames, of_2_to_64_slots)
{
	open_two();
	for (unsigned int slots = 2; slots <= VALE_FRAGMENTS; slots++)
		send_jumbo(slots);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 63 * 3 + 1);
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), 63 * 3 + 1);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
}

Test(ring_frames, of_slots_that_are_filled_unequally)
{
	static const unsigned int lengths[] = { 14, 1, 2048, 1, 63, 64, 65, 100 };
	const size_t count = sizeof(lengths) / sizeof(lengths[0]);
	struct vale_ring *ring;
	size_t at = 0;

	open_two();
	ring = vale_tx_ring(port[1], 0);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 2356);
	for (size_t i = 0; i < count; i++) {
		unsigned char *buffer = vale_ring_buffer(ring, ring->slot[ring->head].buf_idx);

		memcpy(buffer, frame.bytes + at, lengths[i]);
		at += lengths[i];
		ring_put_slot(port[1], 0, lengths[i], i + 1 < count ? VALE_SLOT_MORE : 0);
	}
	cr_assert_eq(at, frame.length);
	cr_assert_eq(vale_txsync(port[1], 0), 0);
	ring_expect(port[2], &frame, "unequal slots");
}

Test(ring_frames, many_of_all_kinds_in_one_batch)
{
	static const size_t lengths[] = { 14, 64, 2048, 2049, 60, 6000, 65, 131072, 1514, 4096 };

	open_two();
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, lengths[i]);
			ring_inject(port[1], 0, &frame);
		}
		cr_assert_eq(vale_txsync(port[1], 0), 0);
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, lengths[i]);
			ring_expect(port[2], &frame, "in a batch");
		}
	}
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
}

/* ---- what is no frame -------------------------------------------------------------------------- */

/* One that is to be counted as invalid, and nothing else; the next one passes. */
static void expect_invalid(const char *what)
{
	__u64 received = port_counter("vale1:p1", "received_frames");
	__u64 invalid = ring_dropped("vale1:p1", VALE_DROP_INVALID);
	__u64 sent = port_counter("vale1:p2", "sent_frames");

	cr_assert_eq(vale_txsync(port[1], 0), 0, "%s", what);
	cr_assert_eq(ring_drain(port[2]), 0, "%s was delivered", what);
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_INVALID), invalid + 1, "%s", what);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), (long long)received + 1, "%s",
		     what);
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), (long long)sent, "%s", what);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	ring_send(port[1], 0, &frame);
	ring_expect(port[2], &frame, what);
	ring_expect_balance("vale1");
}

/* A good frame in the buffer, so that nothing but the slot is wrong. */
static struct vale_slot *put_good_bytes(unsigned int length, unsigned int flags)
{
	struct vale_ring *ring = vale_tx_ring(port[1], 0);

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, VALE_BUFFER_SIZE);
	memcpy(vale_ring_buffer(ring, ring->slot[ring->head].buf_idx), frame.bytes, frame.length);
	return ring_put_slot(port[1], 0, length, flags);
}

Test(ring_frames, slots_of_a_wrong_length_are_invalid)
{
	static const unsigned int lengths[] = { 0, 1, 13, 2049, 4096, 65535 };

	open_two();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_good_bytes(lengths[i], 0);
		expect_invalid("a slot of a wrong length");
	}
}

Test(ring_frames, slots_of_buffers_that_there_are_not_are_invalid)
{
	static const __u32 buffers[] = { 0,
					 1,
					 VALE_BUFFER_FIRST - 1,
					 VALE_REGION_UNITS - 1,
					 VALE_REGION_UNITS,
					 VALE_REGION_UNITS + VALE_BUFFER_FIRST,
					 0x7fffffff,
					 0x80000000 + VALE_BUFFER_FIRST,
					 0xffffffff };

	open_two();
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		struct vale_slot *slot = put_good_bytes(60, 0);
		__u32 good = slot->buf_idx;

		slot->buf_idx = buffers[i];
		expect_invalid("a slot without a buffer");
		slot->buf_idx = good;
	}
}

Test(ring_frames, the_first_and_the_last_buffer_are_valid)
{
	static const __u32 buffers[] = { VALE_BUFFER_FIRST, VALE_REGION_UNITS - 2 };
	struct vale_ring *ring;

	open_two();
	ring = vale_tx_ring(port[1], 0);
	for (int i = 0; i < 2; i++) {
		ring->slot[ring->head].buf_idx = buffers[i];
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, VALE_BUFFER_SIZE);
		ring_send(port[1], 0, &frame);
		ring_expect(port[2], &frame, "in an outermost buffer");
	}
}

Test(ring_frames, frames_whose_end_is_missing_are_invalid)
{
	open_two();
	put_good_bytes(60, VALE_SLOT_MORE);
	expect_invalid("a frame of one slot without its end");
	for (int i = 0; i < 10; i++)
		put_good_bytes(2048, VALE_SLOT_MORE);
	expect_invalid("a frame of ten slots without its end");
}

Test(ring_frames, frames_with_a_wrong_slot_among_good_ones_are_invalid)
{
	static const unsigned int lengths[][3] = {
		{ 13, 100, 100 }, { 0, 100, 100 },     { 100, 0, 100 },	   { 100, 100, 0 },
		{ 100, 2049, 0 }, { 100, 65535, 100 }, { 2049, 100, 100 },
	};

	open_two();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_good_bytes(lengths[i][0], VALE_SLOT_MORE);
		put_good_bytes(lengths[i][1], VALE_SLOT_MORE);
		put_good_bytes(lengths[i][2], 0);
		expect_invalid("a frame with a wrong slot");
	}
	for (int wrong = 0; wrong < 3; wrong++) {
		__u32 good = 0;
		struct vale_slot *slot = NULL;

		for (int i = 0; i < 3; i++) {
			struct vale_slot *put = put_good_bytes(100, i < 2 ? VALE_SLOT_MORE : 0);

			if (i == wrong)
				slot = put;
		}
		good = slot->buf_idx;
		slot->buf_idx = 3;
		expect_invalid("a frame with a slot without a buffer");
		slot->buf_idx = good;
	}
}

/* What is left of it is no frame either, though it may look like one. */
Test(ring_frames, frames_of_more_than_64_slots_are_invalid)
{
	static const int slots[] = { 65, 66, 128, 129, 1000 };

	open_two();
	for (size_t i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		for (int slot = 0; slot < slots[i]; slot++)
			put_good_bytes(100, slot + 1 < slots[i] ? VALE_SLOT_MORE : 0);
		expect_invalid("a frame that is too long");
	}
}
