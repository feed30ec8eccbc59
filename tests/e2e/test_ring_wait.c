// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Lossless senders, several at a time, that sleep until there is room, or until nobody makes any. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

#define SENDERS	  3
#define RECEIVERS 3
#define FRAMES	  20000
#define ROOM	  15 /* of the first receiver's ring */
#define ASLEEP_MS 300

static struct client *sender[SENDERS];
static struct pump pump[SENDERS];
static struct pump_receivers at;

TestSuite(ring_wait, .init = sandbox_enter, .timeout = 120);

/* Hosts 1 .. are behind the senders, 11 .. behind the receivers. */
static void open_receivers(int count, __u32 rings)
{
	static struct frame hello;
	char name[16];

	at.count = count;
	for (int i = 0; i < count; i++) {
		struct vale_open_options options = {
			.ring = { .rings = rings, .rx_slots = (ROOM + 1) << i },
		};

		snprintf(name, sizeof(name), "vale1:r%d", i + 1);
		at.port[i] = ring_open(name, &options);
	}
	for (int i = 0; i < count; i++) {
		frame_plain(&hello, 11 + i, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		ring_send(at.port[i], 0, &hello);
	}
	for (int i = 0; i < count; i++)
		ring_drain(at.port[i]);
}

static void open_senders(__u32 slots)
{
	struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.ring = { .tx_slots = slots, .rx_slots = 16 },
	};
	char name[16];

	for (int i = 0; i < SENDERS; i++) {
		snprintf(name, sizeof(name), "vale1:s%d", i + 1);
		sender[i] = client_start();
		cr_assert_eq(client_open_with(sender[i], name, &options), 0);
	}
}

static void start(long frames, unsigned int longest, unsigned int seed)
{
	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){
			.from = 1 + i,
			.frames = frames,
			.longest = longest,
			.seed = seed + i,
			.lossless = true,
		};
		for (int to = 0; to < at.count; to++)
			pump[i].to[to] = 11 + to;
		pump_start(sender[i], &pump[i]);
	}
}

/* Each frame has come, once, whole and in order. */
static void expect_all(void)
{
	for (int to = 0; to < at.count; to++) {
		char name[16];

		for (int i = 0; i < SENDERS; i++)
			cr_assert_eq(at.stream[to].from[1 + i], pump[i].number[to],
				     "%ld of %u frames came from %d to %d",
				     at.stream[to].from[1 + i], pump[i].number[to], i + 1, to + 1);
		cr_assert_eq(at.stream[to].missing, 0);
		snprintf(name, sizeof(name), "vale1:r%d", to + 1);
		cr_assert_eq(port_counter(name, "drops.full"), 0);
	}
	for (int i = 0; i < SENDERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "vale1:s%d", i + 1);
		cr_assert_eq(port_counter(name, "received_frames"), FRAMES);
		cr_assert_eq(port_counter(name, "lost_at_receivers"), 0);
		cr_assert_gt(pump[i].slept, 0, "sender %d never slept", i + 1);
	}
	ring_expect_balance("vale1");
}

/* ---- room is made ------------------------------------------------------------------------------ */

static void expect_all_through(int receivers, unsigned int longest, bool asleep)
{
	open_receivers(receivers, 1);
	open_senders(32);
	at.asleep = asleep;
	start(FRAMES, longest, ring_seed());
	pump_receive(&at, sender, SENDERS);
	expect_all();
}

Test(ring_wait, several_for_one_receiver)
{
	expect_all_through(1, 0, false);
}

Test(ring_wait, several_for_one_receiver_that_sleeps_too)
{
	expect_all_through(1, 0, true);
	cr_assert_gt(at.waited, 0);
}

Test(ring_wait, several_for_one_receiver_with_frames_of_several_slots)
{
	expect_all_through(1, 5 * VALE_BUFFER_SIZE, true);
}

/* The first one's ring is the smallest, and keeps what is behind it waiting only if it fills the sender's. */
Test(ring_wait, several_for_several_receivers)
{
	expect_all_through(RECEIVERS, 0, false);
}

Test(ring_wait, several_for_several_receivers_with_frames_of_several_slots)
{
	expect_all_through(RECEIVERS, 5 * VALE_BUFFER_SIZE, true);
}

/* ---- several pairs of rings -------------------------------------------------------------------- */

/* Each sender is a process with one pair of one port, and is host 1 + pair. */
static void open_pairs(__u32 pairs)
{
	struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.ring = { .rings = pairs, .tx_slots = 32, .rx_slots = 16 },
	};

	for (__u32 i = 0; i < pairs; i++) {
		sender[i] = client_start();
		options.one_ring = 1 + i;
		cr_assert_eq(client_open_with(sender[i], "vale1:s", &options), 0);
	}
}

static void expect_pairs_through(__u32 receivers_rings)
{
	open_receivers(1, receivers_rings);
	open_pairs(SENDERS);
	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){
			.from = 1 + i,
			.to = { 11 },
			.frames = FRAMES,
			.seed = 1 + i,
			.pair = i,
			.lossless = true,
		};
		pump_start(sender[i], &pump[i]);
	}
	pump_receive(&at, sender, SENDERS);
	for (int i = 0; i < SENDERS; i++) {
		cr_assert_eq(at.stream[0].from[1 + i], FRAMES, "pair %d", i);
		cr_assert_gt(pump[i].slept, 0, "pair %d never slept", i);
	}
	cr_assert_eq(at.stream[0].missing, 0);
	cr_assert_eq(port_counter("vale1:r1", "drops.full"), 0);
	ring_expect_balance("vale1");
}

Test(ring_wait, several_pairs_of_one_port_for_one_ring)
{
	expect_pairs_through(1);
}

Test(ring_wait, several_pairs_of_one_port_for_two_rings)
{
	expect_pairs_through(2);
}

Test(ring_wait, several_pairs_of_one_port_for_as_many_rings)
{
	expect_pairs_through(SENDERS);
}

/* A handle with all pairs is woken by whichever has room again. */
static int poll_out(struct client_self *self, void *argument)
{
	(void)argument;
	return vale_port_poll(self->port, POLLOUT, 20000);
}

struct filling {
	__u32 pair;
	long frames;
	unsigned int length;
};

static int fill(struct client_self *self, void *argument)
{
	const struct filling *filling = argument;
	uint32_t number = 0;

	stream_put(self->port, filling->pair, 1, 11, &number, filling->frames, filling->length);
	return vale_txsync(self->port, filling->pair);
}

static void expect_filled(struct client *client, __u32 pair)
{
	struct filling filling = { pair, 1000, 60 };

	/* What the receiver takes, and as many as the sender's ring holds. */
	client_do(client, fill, &filling, sizeof(filling));
	cr_assert_eq(client_do(client, fill, &filling, sizeof(filling)), VALE_TX_BLOCKED);
}

Test(ring_wait, a_client_of_several_pairs_is_woken_by_room_for_any)
{
	struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.ring = { .rings = 3, .tx_slots = 16, .rx_slots = 16 },
	};
	struct vale_ring *ring;

	open_receivers(1, 3);
	sender[0] = client_start();
	cr_assert_eq(client_open_with(sender[0], "vale1:s", &options), 0);
	for (__u32 pair = 0; pair < 3; pair++)
		expect_filled(sender[0], pair);
	for (__u32 pair = 0; pair < 3; pair++) {
		client_begin(sender[0], poll_out, NULL, 0);
		cr_assert(client_waits(sender[0], ASLEEP_MS));
		ring = vale_rx_ring(at.port[0], pair);
		cr_assert_eq(vale_rxsync(at.port[0], pair), 0);
		ring->head = ring->cur = vale_ring_next(ring, ring->head);
		cr_assert_eq(vale_rxsync(at.port[0], pair), 0);
		cr_assert_eq(client_result(sender[0]), POLLOUT, "pair %u", pair);
		expect_filled(sender[0], pair);
	}
}

/* ---- room that is not enough ------------------------------------------------------------------- */

static void release(int slots)
{
	struct vale_ring *ring = vale_rx_ring(at.port[0], 0);

	cr_assert_eq(vale_rxsync(at.port[0], 0), 0);
	cr_assert_geq(vale_ring_space(ring), (__u32)slots);
	for (int i = 0; i < slots; i++)
		ring->head = ring->cur = vale_ring_next(ring, ring->head);
	cr_assert_eq(vale_rxsync(at.port[0], 0), 0);
}

/* A frame of three slots: the sender is woken by each one that is given back, and sleeps on. */
Test(ring_wait, a_frame_of_several_slots_is_waited_for_until_it_fits)
{
	struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.ring = { .tx_slots = 16, .rx_slots = 16 },
	};
	struct filling small = { 0, ROOM, 60 }, large = { 0, 5, 3 * VALE_BUFFER_SIZE };

	open_receivers(1, 1);
	sender[0] = client_start();
	cr_assert_eq(client_open_with(sender[0], "vale1:s", &options), 0);
	cr_assert_eq(client_do(sender[0], fill, &small, sizeof(small)), 0);
	cr_assert_eq(client_do(sender[0], fill, &large, sizeof(large)), VALE_TX_BLOCKED);
	client_begin(sender[0], poll_out, NULL, 0);
	cr_assert(client_waits(sender[0], ASLEEP_MS), "there is room for none");
	release(1);
	cr_assert(client_waits(sender[0], ASLEEP_MS), "there is room for one slot");
	release(1);
	cr_assert(client_waits(sender[0], ASLEEP_MS), "there is room for two slots");
	release(1);
	cr_assert_eq(client_result(sender[0]), POLLOUT);
	cr_assert_eq(port_counter("vale1:r1", "sent_frames"), ROOM + 1);
	cr_assert_eq(port_counter("vale1:r1", "drops.full"), 0);
}

/* ---- nobody makes room any more ---------------------------------------------------------------- */

/* All senders have sent what they had; what did not come has been counted as this. */
static void expect_rest_dropped(const char *why, const char *reason)
{
	long long received = at.stream[0].frames, dropped = 0;

	for (int i = 0; i < SENDERS; i++) {
		int result = client_result(sender[i]);

		cr_assert_eq(result, 0, "%s: sender %d: %s", why, i + 1, strerror(-result));
		cr_assert_gt(pump[i].slept, 0);
	}
	dropped = port_counter("vale1:r1", reason);
	cr_assert_eq(port_counter("vale1:r1", "drops.full"), 0, "%s", why);
	cr_assert_eq(received + ROOM + dropped, SENDERS * (long long)FRAMES,
		     "%s: %lld came, %d were in the ring, %lld were dropped", why, received, ROOM,
		     dropped);
	ring_expect_balance("vale1");
}

static void sleep_all(void)
{
	for (int i = 0; i < SENDERS; i++)
		cr_assert(client_waits(sender[i], ASLEEP_MS), "sender %d does not wait", i + 1);
}

Test(ring_wait, a_receiver_that_closes_its_port_wakes_all)
{
	must("%s port add vale1:r1 --slots %d", valectl(), ROOM + 1);
	open_receivers(1, 1);
	open_senders(32);
	start(FRAMES, 0, 1);
	for (int i = 0; i < 100; i++)
		stream_receive(at.port[0], &at.stream[0]);
	sleep_all();
	vale_port_close(at.port[0]);
	expect_rest_dropped("closed", "drops.closed");
}

Test(ring_wait, a_receiver_that_is_killed_wakes_all)
{
	struct client *receiver = client_start();
	struct vale_open_options options = { .ring = { .rx_slots = ROOM + 1 } };

	at.count = 1;
	open_senders(32);
	cr_assert_eq(client_open_with(receiver, "vale1:r1", &options), 0);
	must("%s fdb vale1 add %s r1", valectl(), frame_address_text(11));
	start(FRAMES, 0, 1);
	sleep_all();
	client_kill(receiver);
	expect_rest_dropped("killed", "drops.closed");
}

/* Its address is unknown from then on, so that what is left goes to all others. */
Test(ring_wait, a_receiver_whose_port_is_deleted_wakes_all)
{
	open_receivers(1, 1);
	open_senders(32);
	start(100, 0, 1);
	sleep_all();
	must("%s port del vale1:r1 --force", valectl());
	for (int i = 0; i < SENDERS; i++) {
		cr_assert_eq(client_result(sender[i]), 0);
		cr_assert_gt(pump[i].slept, 0);
		cr_assert_gt(port_counter("vale1:s1", "flooded"), 0);
	}
	for (int i = 0; i < SENDERS; i++)
		client_close(sender[i]);
}

/* The next client of the port gets what is sent from then on, and nothing twice. */
Test(ring_wait, a_receiver_that_comes_back)
{
	bool *stop = pump_flag();
	long long sent = 0;

	must("%s port add vale1:r1 --slots %d", valectl(), ROOM + 1);
	open_receivers(1, 1);
	open_senders(32);
	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){
			.from = 1 + i, .to = { 11 }, .stop = stop, .seed = i, .lossless = true
		};
		pump_start(sender[i], &pump[i]);
	}
	for (int round = 0; round < 20; round++) {
		long before = at.stream[0].frames;

		while (at.stream[0].frames < before + 100)
			stream_receive(at.port[0], &at.stream[0]);
		vale_port_close(at.port[0]);
		at.port[0] = ring_open("vale1:r1", NULL);
	}
	*stop = true;
	pump_receive(&at, sender, SENDERS);
	for (int i = 0; i < SENDERS; i++)
		sent += pump_sent(&pump[i]);
	/* What was in the ring when it was closed has been sent, and nobody has read it. */
	cr_assert_eq(port_counter("vale1:r1", "sent_frames") +
			     port_counter("vale1:r1", "drops.closed"),
		     sent);
	cr_assert_leq(at.stream[0].frames, port_counter("vale1:r1", "sent_frames"));
	cr_assert_eq(port_counter("vale1:r1", "drops.full"), 0);
	ring_expect_balance("vale1");
}
