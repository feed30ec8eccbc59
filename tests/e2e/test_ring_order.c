// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames of one tx ring to one destination arrive in the order they were sent, whatever is sent to
 * others in between: random mixtures of receivers, floods and lengths, in batches of random size,
 * compared with what a simple model expects.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"

#define PORTS  6
#define BATCH  300
#define ROUNDS 400
#define PAIRS  3

struct model {
	unsigned int number[BATCH];
	unsigned int length[BATCH];
	int count;
};

static struct vale_port *port[PORTS + 1];
static struct model expected[PORTS + 1];

TestSuite(ring_order, .init = sandbox_enter, .timeout = 120);

static unsigned int random_length(unsigned int *seed)
{
	switch (ring_random(seed) % 8) {
	case 0:
		return 2049 + ring_random(seed) % 12000;
	case 1:
		return STREAM_MIN + ring_random(seed) % 2019;
	default:
		return STREAM_MIN + ring_random(seed) % 80;
	}
}

static void expect(int receiver, unsigned int number, unsigned int length)
{
	struct model *model = &expected[receiver];

	model->number[model->count] = number;
	model->length[model->count++] = length;
}

/* Of the model: who gets it. */
static void expect_frame(int from, int to, unsigned int number, unsigned int length)
{
	for (int receiver = 1; receiver <= PORTS; receiver++)
		if (receiver != from && (receiver == to || to > PORTS || to == FRAME_EVERYONE))
			expect(receiver, number, length);
}

/* False: no room for more. */
static bool put_random(int from, uint32_t *number, unsigned int *seed)
{
	int to = ring_random(seed) % (PORTS + 3) + 1; /* everyone of them, unknown, and all */
	unsigned int length = random_length(seed);

	if (to == PORTS + 3)
		to = FRAME_EVERYONE;
	if (!stream_put(port[from], 0, from, to, number, 1, length))
		return false;
	expect_frame(from, to, *number - 1, length);
	return true;
}

static void expect_model(int receiver, int from)
{
	struct vale_port *at = port[receiver];
	struct model *model = &expected[receiver];
	static uint8_t right[FRAME_MAX];
	const unsigned char *frame;
	__u32 length;

	for (int i = 0; i < model->count; i++) {
		frame = vale_next_frame(at, &length);
		cr_assert(frame, "port %d: frame %d of %d is missing", receiver, i, model->count);
		cr_assert_eq(length, model->length[i], "port %d, frame %d", receiver, i);
		stream_write(right, from, 0, model->number[i], length);
		cr_assert(!memcmp(frame + 6, right + 6, length - 10), "port %d, frame %d, %u bytes",
			  receiver, i, length);
	}
	cr_assert_not(vale_next_frame(at, &length), "port %d: one too many", receiver);
	model->count = 0;
}

static void mix(void)
{
	unsigned int seed = ring_seed();
	uint32_t number[PORTS + 1] = {};

	ring_introduce(port, PORTS);
	for (int round = 0; round < ROUNDS; round++) {
		int from = ring_random(&seed) % PORTS + 1, batch = ring_random(&seed) % BATCH;

		/* What one may have to take is less than what its ring has room for. */
		for (int i = 0; i < batch && vale_ring_space(vale_tx_ring(port[from], 0)) > 100;
		     i++)
			if (!put_random(from, &number[from], &seed))
				break;
		cr_assert_eq(vale_txsync(port[from], 0), 0);
		for (int receiver = 1; receiver <= PORTS; receiver++)
			expect_model(receiver, from);
	}
	ring_expect_balance("vale1");
}

Test(ring_order, is_kept_to_each_destination)
{
	ring_open_many("p", PORTS, NULL, port);
	mix();
}

/* There is room for all, so nothing is different. */
Test(ring_order, is_kept_to_each_destination_by_a_lossless_port)
{
	static const struct vale_open_options options = { .flags = VALE_OPEN_LOSSLESS };

	ring_open_many("p", PORTS, &options, port);
	mix();
}

/* Every second slot gets the buffer that the next pair's had. */
static void exchange_buffers(struct vale_ring *(*ring)(const struct vale_port *, __u32),
			     struct vale_port *of)
{
	for (__u32 slot = 0; slot < VALE_SLOTS; slot += 2) {
		__u32 first = ring(of, 0)->slot[slot].buf_idx;

		for (__u32 pair = 0; pair < PAIRS; pair++)
			ring(of, pair)->slot[slot].buf_idx =
				pair + 1 < PAIRS ? ring(of, pair + 1)->slot[slot].buf_idx : first;
	}
}

/* Those of other pairs are not in the ring's own region, and take another way. */
Test(ring_order, is_kept_with_buffers_of_all_pairs)
{
	static const struct vale_open_options options = { .ring = { .rings = PAIRS } };

	ring_open_many("p", PORTS, &options, port);
	for (int i = 1; i <= PORTS; i++) {
		exchange_buffers(vale_tx_ring, port[i]);
		exchange_buffers(vale_rx_ring, port[i]);
	}
	mix();
}

/* ---- waiting for room -------------------------------------------------------------------------- */

/* How many of the frames that are expected have come, from that one on. */
static int take_expected(int receiver, int from, int first)
{
	const struct model *model = &expected[receiver];
	static uint8_t right[FRAME_MAX];
	const unsigned char *frame;
	__u32 length;
	int i = first;

	while ((frame = vale_next_frame(port[receiver], &length))) {
		cr_assert_lt(i, model->count, "one too many");
		cr_assert_eq(length, model->length[i], "frame %d: %u bytes, not %u", i, length,
			     model->length[i]);
		stream_write(right, from, 0, model->number[i++], length);
		cr_assert(!memcmp(frame + 6, right + 6, length - 10), "frame %d", i - 1);
	}
	return i - first;
}

/* A receiver that is full again and again: frames of several slots, too, come whole and once. */
Test(ring_order, is_kept_by_frames_that_wait_for_room)
{
	static const struct vale_open_options lossless = { .flags = VALE_OPEN_LOSSLESS },
					      small = { .ring = { .rx_slots = 16 } };
	unsigned int seed = ring_seed();
	uint32_t number = 0;
	int taken = 0, waited = 0;

	port[1] = ring_open("vale1:p1", &lossless);
	port[2] = ring_open("vale1:p2", &small);
	ring_introduce(port, 2);
	while (taken < BATCH) {
		unsigned int length = random_length(&seed);
		int answer;

		while (expected[2].count < BATCH &&
		       stream_put(port[1], 0, 1, 2, &number, 1, length)) {
			expect(2, number - 1, length);
			length = random_length(&seed);
		}
		answer = vale_txsync(port[1], 0);
		cr_assert_geq(answer, 0);
		waited += answer == VALE_TX_BLOCKED;
		taken += take_expected(2, 1, taken);
	}
	cr_assert_gt(waited, 10);
	cr_assert_eq(take_expected(2, 1, taken), 0);
	ring_expect_balance("vale1");
}
