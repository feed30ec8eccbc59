// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Slots: rings of all sizes, empty, full and round their ends; head, cur and tail; buffers swapped. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"

static struct vale_port *port[4];
static struct frame frame;

TestSuite(ring_slots, .init = sandbox_enter, .timeout = 120);

static void open_sized(__u32 tx_slots, __u32 rx_slots)
{
	struct vale_open_options options = {
		.ring = { .tx_slots = tx_slots, .rx_slots = rx_slots },
	};

	ring_open_many("p", 2, &options, port);
	ring_introduce(port, 2);
}

static void close_both(void)
{
	vale_port_close(port[1]);
	vale_port_close(port[2]);
}

static void sync_tx(int number)
{
	int error = vale_txsync(port[number], 0);

	cr_assert_eq(error, 0, "txsync: %d", error);
}

/* ---- sizes ------------------------------------------------------------------------------------- */

/* Full, and not a slot more. */
static void fill_to_the_edge(__u32 tx_slots, __u32 rx_slots)
{
	struct stream stream = {};
	uint32_t number = 0;
	long put;

	for (long left = rx_slots - 1; left > 0; left -= put) {
		put = stream_put(port[1], 0, 1, 2, &number, left, 60);
		cr_assert_eq(put, left < tx_slots - 1 ? left : tx_slots - 1, "%ld", put);
		sync_tx(1);
		cr_assert_eq(vale_ring_space(vale_tx_ring(port[1], 0)), tx_slots - 1);
	}
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 0);
	cr_assert_eq(stream_put(port[1], 0, 1, 2, &number, 1, 60), 1);
	sync_tx(1);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 1);
	cr_assert_eq(stream_receive(port[2], &stream), rx_slots - 1);
	cr_assert_eq(stream.missing, 0);
}

/* Round the ends of both rings many times, in steps that do not divide them. */
static void go_round(__u32 tx_slots, __u32 rx_slots, unsigned int *seed)
{
	long step = tx_slots < rx_slots ? tx_slots - 1 : rx_slots - 1, sent = 0;
	struct stream stream = {};
	uint32_t number = 0;

	for (int i = 0; i < 3000; i++) {
		long count = ring_random(seed) % step + 1;

		cr_assert_eq(stream_put(port[1], 0, 1, 2, &number, count, 30 + i % 100), count);
		sync_tx(1);
		cr_assert_eq(stream_receive(port[2], &stream), count);
		sent += count;
	}
	cr_assert_eq(stream.frames, sent);
	cr_assert_eq(stream.missing, 0);
}

static void use_sizes(__u32 tx_slots, __u32 rx_slots)
{
	unsigned int seed = ring_seed();

	open_sized(tx_slots, rx_slots);
	cr_assert_eq(vale_tx_ring(port[1], 0)->num_slots, tx_slots);
	cr_assert_eq(vale_rx_ring(port[1], 0)->num_slots, rx_slots);
	fill_to_the_edge(tx_slots, rx_slots);
	go_round(tx_slots, rx_slots, &seed);
	ring_expect_balance("vale1");
	close_both();
}

Test(ring_slots, rings_of_8_to_1024_slots)
{
	for (__u32 slots = VALE_SLOTS_MIN; slots <= VALE_SLOTS; slots *= 2)
		use_sizes(slots, slots);
}

Test(ring_slots, rings_of_different_sizes)
{
	use_sizes(8, 1024);
	use_sizes(1024, 8);
	use_sizes(64, 256);
	use_sizes(512, 16);
}

Test(ring_slots, numbers_that_are_no_power_of_two_become_the_next)
{
	open_sized(9, 1000);
	cr_assert_eq(vale_tx_ring(port[1], 0)->num_slots, 16);
	cr_assert_eq(vale_rx_ring(port[1], 0)->num_slots, 1024);
}

/* ---- head, cur and tail ------------------------------------------------------------------------ */

Test(ring_slots, only_what_is_before_head_is_sent)
{
	struct stream stream = {};
	struct vale_ring *ring;
	uint32_t number = 0;

	open_sized(16, 16);
	ring = vale_tx_ring(port[1], 0);
	for (int i = 0; i < 20; i++) {
		__u32 first = ring->head;

		cr_assert_eq(stream_put(port[1], 0, 1, 2, &number, 10, 60), 10);
		ring->head = ring->cur = (first + 4) % 16;
		sync_tx(1);
		cr_assert_eq(stream_receive(port[2], &stream), 4, "round %d", i);
		ring->head = ring->cur = (first + 10) % 16;
		sync_tx(1);
		cr_assert_eq(stream_receive(port[2], &stream), 6, "round %d", i);
		sync_tx(1); /* nothing */
		cr_assert_eq(stream_receive(port[2], &stream), 0, "round %d", i);
	}
	cr_assert_eq(stream.missing, 0);
}

/* The sender has room for as many as the receiver has released, of which rxsync tells. */
Test(ring_slots, only_what_is_before_head_is_given_back)
{
	struct vale_ring *ring;
	uint32_t number = 0;

	open_sized(16, 16);
	ring = vale_rx_ring(port[2], 0);
	for (int released = 0; released <= 15; released++) {
		__u64 full;

		stream_put(port[1], 0, 1, 2, &number, 15, 60); /* fills it */
		sync_tx(1);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
		cr_assert_eq(vale_ring_space(ring), 15);
		ring->head = ring->cur = (ring->head + released) % 16;
		full = ring_dropped("vale1:p2", VALE_DROP_FULL);
		stream_put(port[1], 0, 1, 2, &number, 15, 60); /* before rxsync says so: no room */
		sync_tx(1);
		cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL) - full, 15);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
		cr_assert_eq(vale_ring_space(ring), 15u - released);
		stream_put(port[1], 0, 1, 2, &number, 15, 60);
		sync_tx(1);
		cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL) - full, 15u + 15 - released);
		ring_drain(port[2]);
	}
	ring_expect_balance("vale1");
}

Test(ring_slots, a_head_that_is_not_the_client_s_is_refused_and_put_right)
{
	static const __u32 wrong[] = { 16, 17, 1024, 0x7fffffff, 0xffffffff };
	struct vale_ring *tx, *rx;

	open_sized(16, 16);
	tx = vale_tx_ring(port[1], 0);
	rx = vale_rx_ring(port[2], 0);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		tx->head = wrong[i];
		cr_assert_eq(vale_txsync(port[1], 0), -EINVAL, "head %u", wrong[i]);
		cr_assert_eq(vale_ring_space(tx), 15);
		rx->head = wrong[i];
		cr_assert_eq(vale_rxsync(port[2], 0), -EINVAL, "head %u", wrong[i]);
		cr_assert(rx->head == rx->tail && rx->cur == rx->head, "not put right");
		rx->head = (rx->tail + 1) % 16; /* of the ring, and nothing is there */
		cr_assert_eq(vale_rxsync(port[2], 0), -EINVAL);
		/* As if nothing had been. */
		ring_send(port[1], 0, &frame);
		ring_expect(port[2], &frame, "after a wrong head");
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
	}
}

/* Not even one that is in the ring, and was sent already. */
Test(ring_slots, a_tx_head_beyond_tail_is_refused)
{
	struct vale_ring *tx;

	open_sized(16, 1024);
	tx = vale_tx_ring(port[1], 0);
	ring_introduce(port, 2);
	tx->tail = (tx->head + 5) % 16; /* as when frames are on their way to devices */
	tx->head = (tx->head + 6) % 16;
	cr_assert_eq(vale_txsync(port[1], 0), -EINVAL);
	cr_assert_eq(vale_ring_space(tx), 15);
	cr_assert_eq(ring_drain(port[2]), 0);
	tx->tail = (tx->head + 5) % 16;
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < 5; i++)
		ring_inject(port[1], 0, &frame);
	cr_assert_eq(vale_inject(port[1], 0, frame.bytes, 60), -ENOBUFS);
	sync_tx(1);
	cr_assert_eq(ring_drain(port[2]), 5);
}

/* ---- buffers ----------------------------------------------------------------------------------- */

static void swap(struct vale_slot *a, struct vale_slot *b)
{
	__u32 buffer = a->buf_idx;

	a->buf_idx = b->buf_idx;
	b->buf_idx = buffer;
	b->len = a->len;
	b->flags = a->flags & VALE_SLOT_MORE;
}

/* Sends on all that is in port 2's rx ring, with other addresses, without a copy. */
static void forward(void)
{
	struct vale_ring *rx = vale_rx_ring(port[2], 0), *tx = vale_tx_ring(port[2], 0);
	bool first = true;

	cr_assert_eq(vale_rxsync(port[2], 0), 0);
	while (vale_ring_space(rx)) {
		struct vale_slot *in = &rx->slot[rx->head];
		unsigned char *bytes = vale_ring_buffer(rx, in->buf_idx);

		if (first) {
			frame_set_address(bytes, 3);
			frame_set_address(bytes + 6, 2);
		}
		first = !(in->flags & VALE_SLOT_MORE);
		cr_assert(vale_ring_space(tx));
		swap(in, &tx->slot[tx->head]);
		rx->head = rx->cur = vale_ring_next(rx, rx->head);
		tx->head = tx->cur = vale_ring_next(tx, tx->head);
	}
	sync_tx(2);
}

Test(ring_slots, buffers_are_swapped_between_rx_and_tx)
{
	unsigned int seed = ring_seed();

	ring_open_many("p", 3, NULL, port);
	ring_introduce(port, 3);
	for (int round = 0; round < 300; round++) {
		unsigned int first = seed;
		int count = ring_random(&first) % 40 + 1;

		for (int i = 0; i < count; i++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60 + rand_r(&first) % 9000);
			ring_inject(port[1], 0, &frame);
		}
		sync_tx(1);
		forward();
		ring_random(&seed);
		for (int i = 0; i < count; i++) {
			frame_plain(&frame, 2, 3, FRAME_TYPE_OURS, 60 + rand_r(&seed) % 9000);
			ring_expect(port[3], &frame, "sent on");
		}
	}
	cr_assert_eq(port_counter("vale1:p3", "dropped"), 0);
}

static unsigned int count_extra(__u32 pairs, __u32 wanted)
{
	struct vale_open_options options = { .extra_buffers = wanted, .ring = { .rings = pairs } };
	struct vale_port *of = ring_open("vale1:extra", &options);
	static bool seen[VALE_RINGS * VALE_REGION_UNITS];
	unsigned int count = 0;
	__u32 index;

	memset(seen, 0, sizeof(seen));
	for (__u32 pair = 0; pair < pairs; pair++) {
		for (__u32 slot = 0; slot < VALE_SLOTS; slot++) {
			seen[vale_tx_ring(of, pair)->slot[slot].buf_idx] = true;
			seen[vale_rx_ring(of, pair)->slot[slot].buf_idx] = true;
		}
	}
	for (; (index = vale_extra_buffer(of)); count++) {
		cr_assert(index < pairs * VALE_REGION_UNITS && !seen[index], "buffer %u", index);
		seen[index] = true;
	}
	cr_assert_eq(vale_extra_buffer(of), 0);
	vale_port_close(of);
	return count;
}

Test(ring_slots, extra_buffers_are_as_many_as_wanted_or_as_there_are)
{
	cr_assert_eq(count_extra(1, 0), 0);
	cr_assert_eq(count_extra(1, 1), 1);
	cr_assert_eq(count_extra(1, 100), 100);
	cr_assert_eq(count_extra(1, 100000), VALE_REGION_EXTRA);
	cr_assert_eq(count_extra(3, VALE_REGION_EXTRA + 5), VALE_REGION_EXTRA + 5);
	cr_assert_eq(count_extra(3, 100000), 3 * VALE_REGION_EXTRA);
}

Test(ring_slots, extra_buffers_can_be_sent_and_received)
{
	struct vale_open_options options = { .extra_buffers = 2 };

	ring_open_many("p", 2, &options, port);
	ring_introduce(port, 2);
	for (int number = 1; number <= 2; number++) {
		struct vale_ring *tx = vale_tx_ring(port[number], 0);
		struct vale_ring *rx = vale_rx_ring(port[number], 0);

		tx->slot[tx->head].buf_idx = vale_extra_buffer(port[number]);
		rx->slot[rx->head].buf_idx = vale_extra_buffer(port[number]);
	}
	for (int i = 0; i < 3000; i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 14 + i % 2035);
		ring_send(port[1], 0, &frame);
		ring_expect(port[2], &frame, "from and to an extra buffer");
		frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 14 + i % 2035);
		ring_send(port[2], 0, &frame);
		ring_expect(port[1], &frame, "back");
	}
}

/* ---- misuse ------------------------------------------------------------------------------------ */

struct meddling {
	long sent, refused;
	bool stop;
};

/* Of a ring that is another thread's. */
static void *meddle(void *arg)
{
	struct meddling *meddling = arg;

	while (!__atomic_load_n(&meddling->stop, __ATOMIC_RELAXED)) {
		int answer = vale_txsync(port[1], 0);

		if (answer == -EBUSY)
			meddling->refused++;
		else
			meddling->sent++;
	}
	return NULL;
}

Test(ring_slots, two_threads_in_one_txsync_are_refused_and_do_no_harm)
{
	struct meddling meddling = {};
	struct stream stream = {};
	pthread_t thread;
	uint32_t number = 0;
	long busy = 0;

	open_sized(16, 1024);
	cr_assert_eq(pthread_create(&thread, NULL, meddle, &meddling), 0);
	for (time_t end = time(NULL) + 3; time(NULL) < end || (!busy && time(NULL) < end + 60);) {
		int answer;

		stream_put(port[1], 0, 1, 2, &number, 15, 60);
		while ((answer = vale_txsync(port[1], 0)) == -EBUSY)
			busy++;
		cr_assert_eq(answer, 0);
		stream_receive(port[2], &stream);
	}
	meddling.stop = true;
	pthread_join(thread, NULL);
	stream_receive(port[2], &stream);
	cr_assert_eq(stream.frames, (long)number);
	cr_assert_eq(stream.missing, 0);
	cr_assert(busy, "they never met");
	cr_assert(meddling.sent);
}
