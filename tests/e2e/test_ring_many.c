// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Several senders at a time, processes and threads, to one rx ring, while receivers come and go: a
 * frame arrives whole, once and in the order of its source, or it is counted as dropped.
 */
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

#define SENDERS 4
#define FRAMES	200000
#define ROUNDS	15 /* in which others come and go */

static struct client *sender[SENDERS];
static struct pump pump[SENDERS];
static struct pump_receivers at;
static bool *stop; /* the senders */

TestSuite(ring_many, .init = sandbox_enter, .timeout = 120);

/* Hosts 1 .. are behind the senders, 11 .. behind the receivers; a host that only listens is there. */
static void open_receivers(int count, __u32 slots)
{
	struct vale_open_options options = { .ring = { .rx_slots = slots } };
	char name[32], address[32];

	at.count = count;
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "vale1:r%d", i + 1);
		must("%s port add %s --slots %u", valectl(), name, slots);
		at.port[i] = ring_open(name, &options);
		snprintf(address, sizeof(address), "%s", frame_address_text(11 + i));
		must("%s fdb vale1 add %s r%d", valectl(), address, i + 1);
	}
}

static void open_senders(void)
{
	char name[32];

	stop = pump_flag();
	for (int i = 0; i < SENDERS; i++) {
		snprintf(name, sizeof(name), "vale1:s%d", i + 1);
		sender[i] = client_start();
		cr_assert_eq(client_open(sender[i], name, 0), 0);
	}
}

static void start(long frames, unsigned int longest)
{
	unsigned int seed = ring_seed();

	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){
			.from = 1 + i,
			.frames = frames,
			.stop = frames ? NULL : stop,
			.longest = longest,
			.seed = seed + i,
		};
		for (int to = 0; to < at.count; to++)
			pump[i].to[to] = 11 + to;
		pump_start(sender[i], &pump[i]);
	}
}

/* Of one receiver: what was sent to it has come or was dropped, by both sides' counters. */
static void expect_sum(int receiver)
{
	long long sent = 0, full, closed;
	char name[32];

	snprintf(name, sizeof(name), "vale1:r%d", receiver + 1);
	full = port_counter(name, "drops.full");
	closed = port_counter(name, "drops.closed");
	for (int i = 0; i < SENDERS; i++)
		sent += pump[i].number[receiver];
	cr_assert_eq(port_counter(name, "sent_frames") + full + closed, sent,
		     "%s: %lld + %lld full + %lld closed, not %lld", name,
		     port_counter(name, "sent_frames"), full, closed, sent);
	cr_assert_eq(port_counter(name, "dropped"), full + closed);
}

static void expect_sums(void)
{
	long long lost = 0, dropped = 0;
	char name[32];

	for (int i = 0; i < SENDERS; i++) {
		snprintf(name, sizeof(name), "vale1:s%d", i + 1);
		cr_assert_eq(port_counter(name, "received_frames"), pump_sent(&pump[i]));
		cr_assert_eq(port_counter(name, "dropped"), 0);
		lost += port_counter(name, "lost_at_receivers");
	}
	for (int i = 0; i < at.count; i++) {
		expect_sum(i);
		snprintf(name, sizeof(name), "vale1:r%d", i + 1);
		dropped += port_counter(name, "dropped");
	}
	cr_assert_eq(lost, dropped);
	ring_expect_balance("vale1");
}

/* What the switch has put into the rings is what was read from them. */
static void expect_read(void)
{
	char name[32];

	for (int i = 0; i < at.count; i++) {
		snprintf(name, sizeof(name), "vale1:r%d", i + 1);
		cr_assert_eq(at.stream[i].frames, port_counter(name, "sent_frames"));
		cr_assert_gt(at.stream[i].frames, 0);
	}
}

static void exchange(int receivers, __u32 slots, unsigned int longest)
{
	open_receivers(receivers, slots);
	open_senders();
	start(FRAMES, longest);
	pump_receive(&at, sender, SENDERS);
	expect_sums();
	expect_read();
}

Test(ring_many, senders_to_one_ring)
{
	exchange(1, 1024, 0);
}

Test(ring_many, senders_to_one_small_ring)
{
	exchange(1, 16, 0);
	cr_assert_gt(port_counter("vale1:r1", "drops.full"), 0);
}

Test(ring_many, senders_of_frames_of_several_slots)
{
	exchange(1, 64, 4 * VALE_BUFFER_SIZE);
	cr_assert_gt(port_counter("vale1:r1", "drops.full"), 0);
}

Test(ring_many, senders_to_several_rings)
{
	exchange(3, 256, 2 * VALE_BUFFER_SIZE);
}

/* ---- threads ----------------------------------------------------------------------------------- */

struct thread {
	pthread_t thread;
	struct vale_port *port;
	struct pump *pump;
	int result;
	bool done;
};

static void *run_thread(void *argument)
{
	struct thread *thread = argument;

	thread->result = pump_run(thread->port, thread->pump);
	__atomic_store_n(&thread->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Each thread has one pair of the same port, and all send to the only ring of the receiver. */
Test(ring_many, threads_of_one_process_to_one_ring)
{
	struct vale_open_options options = { .ring = { .rings = SENDERS } };
	struct vale_port *port = ring_open("vale1:s", &options);
	struct thread thread[SENDERS] = {};

	open_receivers(1, 128);
	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){
			.from = 1 + i, .to = { 11 }, .frames = FRAMES, .seed = i, .pair = i
		};
		thread[i].port = port;
		thread[i].pump = &pump[i];
		cr_assert_eq(pthread_create(&thread[i].thread, NULL, run_thread, &thread[i]), 0);
	}
	for (int i = 0; i < SENDERS; i++) {
		while (!__atomic_load_n(&thread[i].done, __ATOMIC_ACQUIRE))
			stream_receive(at.port[0], &at.stream[0]);
		pthread_join(thread[i].thread, NULL);
		cr_assert_eq(thread[i].result, 0);
	}
	stream_receive(at.port[0], &at.stream[0]);
	expect_sum(0);
	expect_read();
	cr_assert_eq(port_counter("vale1:s", "received_frames"), SENDERS * FRAMES);
	ring_expect_balance("vale1");
}

/* ---- receivers that come and go ---------------------------------------------------------------- */

static void end_senders(void)
{
	*stop = true;
	for (int i = 0; i < SENDERS; i++)
		cr_assert_eq(client_result(sender[i]), 0);
}

/* Some frames come while it is open, and some while it is closed. */
static void reopen(int which, unsigned int *seed)
{
	long frames = at.stream[which].frames;
	__u64 closed;
	char name[32];

	snprintf(name, sizeof(name), "vale1:r%d", which + 1);
	closed = ring_dropped(name, VALE_DROP_CLOSED);
	for (int i = ring_random(seed) % 100; i > 0 || at.stream[which].frames == frames; i--)
		for (int k = 0; k < at.count; k++)
			stream_receive(at.port[k], &at.stream[k]);
	vale_port_close(at.port[which]);
	while (ring_dropped(name, VALE_DROP_CLOSED) == closed)
		;
	at.port[which] = ring_open(name, NULL);
}

/* What is in the ring when it is closed nobody reads: that is not the switch's loss. */
Test(ring_many, receivers_that_open_and_close_under_load)
{
	unsigned int seed = ring_seed();

	open_receivers(2, 64);
	open_senders();
	start(0, 2 * VALE_BUFFER_SIZE);
	for (int round = 0; round < ROUNDS; round++)
		reopen(round % 2, &seed);
	end_senders();
	expect_sums();
	for (int i = 0; i < 2; i++) {
		char name[32];

		snprintf(name, sizeof(name), "vale1:r%d", i + 1);
		stream_receive(at.port[i], &at.stream[i]);
		cr_assert_leq(at.stream[i].frames, port_counter(name, "sent_frames"));
	}
}

static int receive_for_ever(struct client_self *self, void *argument)
{
	__u32 length;

	(void)argument;
	for (;;) {
		vale_next_frame(self->port, &length);
		vale_rxsync(self->port, 0);
	}
	return 0;
}

/* At any moment: the next client of the port finds a ring that works. */
Test(ring_many, receivers_that_are_killed_under_load)
{
	open_receivers(1, 64);
	vale_port_close(at.port[0]);
	open_senders();
	start(0, 2 * VALE_BUFFER_SIZE);
	for (int round = 0; round < ROUNDS; round++) {
		struct client *receiver = client_start();

		cr_assert_eq(client_open(receiver, "vale1:r1", 0), 0);
		client_begin(receiver, receive_for_ever, NULL, 0);
		cr_assert(client_waits(receiver, round % 20));
		client_kill(receiver);
	}
	end_senders();
	expect_sums();
	/* And all of what is sent now arrives. */
	at.port[0] = ring_open("vale1:r1", NULL);
	for (int i = 0; i < SENDERS; i++) {
		pump[i] = (struct pump){ .from = 1 + i, .to = { 11 }, .frames = 50 };
		pump_start(sender[i], &pump[i]);
		pump_receive(&at, &sender[i], 1);
	}
	cr_assert_eq(at.stream[0].frames, SENDERS * 50);
	cr_assert_eq(at.stream[0].missing, 0);
}

/* Senders that are killed at any moment leave the ring whole for the others. */
Test(ring_many, senders_that_are_killed_under_load)
{
	unsigned int seed = ring_seed();

	open_receivers(1, 64);
	open_senders();
	start(0, 2 * VALE_BUFFER_SIZE);
	for (int round = 0; round < ROUNDS; round++) {
		struct pump own = { .from = 50, .to = { 11 }, .stop = stop, .seed = round };
		struct client *killed = client_start();
		long before = at.stream[0].from[50];

		cr_assert_eq(client_open(killed, "vale1:killed", 0), 0);
		at.stream[0].next[50] = 0;
		pump_start(killed, &own);
		while (at.stream[0].from[50] == before)
			stream_receive(at.port[0], &at.stream[0]);
		for (int i = ring_random(&seed) % 100; i > 0; i--)
			stream_receive(at.port[0], &at.stream[0]);
		client_kill(killed);
		stream_receive(at.port[0], &at.stream[0]);
	}
	*stop = true;
	pump_receive(&at, sender, SENDERS);
	for (int i = 0; i < SENDERS; i++)
		cr_assert_gt(at.stream[0].from[1 + i], 0);
	expect_read();
}
