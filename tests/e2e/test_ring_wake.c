// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Doorbells: who sleeps is woken once for a batch, and who is awake never. What is counted is what
 * was put into the port's ring buffer, by its position.
 */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"

#define PORTS	    4
#define RECORD	    16 /* bytes that a ring of the bell takes: the kernel's header and a word */
#define BELL_HOLDS  (4096 / RECORD)
#define PATIENCE_MS 20000

static struct vale_port *port[PORTS + 1];
static struct frame frame;

TestSuite(ring_wake, .init = sandbox_enter, .timeout = 60);

static void open_all(__u32 rings, unsigned int flags)
{
	struct vale_open_options options = {
		.flags = flags,
		.ring = { .rings = rings, .tx_slots = 64, .rx_slots = 64 },
	};

	ring_open_many("p", PORTS, &options, port);
	ring_introduce(port, PORTS);
}

/* How often the bell of a pair was rung, ever. */
static long rung(int number, __u32 pair)
{
	return *port[number]->bell[pair].rung / RECORD;
}

static bool is_readable(int number)
{
	struct pollfd look = { .fd = vale_port_fd(port[number]), .events = POLLIN };

	return poll(&look, 1, 0) == 1;
}

static void send_batch(int from, __u32 pair, int to, int frames)
{
	frame_plain(&frame, from, to, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < frames; i++)
		ring_inject(port[from], pair, &frame);
	cr_assert_eq(vale_txsync(port[from], pair), 0);
}

static void fall_asleep(int number)
{
	cr_assert_eq(vale_port_arm(port[number], POLLIN), 0);
	cr_assert_not(is_readable(number));
}

static void wake_up(int number)
{
	cr_assert(is_readable(number), "port %d was not woken", number);
	vale_port_disarm(port[number]);
	cr_assert_not(is_readable(number));
	cr_assert_gt(ring_drain(port[number]), 0);
	cr_assert_eq(vale_rxsync(port[number], VALE_ALL_RINGS), 0);
}

/* ---- who is rung for --------------------------------------------------------------------------- */

Test(ring_wake, who_is_awake_is_not_woken)
{
	open_all(1, 0);
	for (int i = 0; i < 2000; i++) {
		send_batch(1, 0, 2, i % 60 + 1);
		if (i % 3)
			cr_assert_gt(ring_drain(port[2]), 0);
		else
			cr_assert_eq(vale_port_poll(port[2], POLLIN, -1), POLLIN);
		cr_assert_not(is_readable(2));
	}
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(rung(1, 0), 0);
}

Test(ring_wake, who_sleeps_is_woken_once_for_a_batch_and_for_those_that_follow)
{
	open_all(1, 0);
	for (int i = 1; i <= 500; i++) {
		fall_asleep(2);
		send_batch(1, 0, 2, i % 40 + 1);
		cr_assert_eq(rung(2, 0), i);
		send_batch(1, 0, 2, 1);
		send_batch(3, 0, 2, 1);
		cr_assert_eq(rung(2, 0), i, "woken twice");
		wake_up(2);
		send_batch(1, 0, 2, 1);
		cr_assert_eq(rung(2, 0), i, "woken when awake");
		cr_assert_eq(ring_drain(port[2]), 1);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
	}
}

Test(ring_wake, a_flood_and_a_frame_of_several_slots_wake_each_who_sleeps_once)
{
	open_all(1, 0);
	fall_asleep(2);
	fall_asleep(4);
	send_batch(1, 0, FRAME_EVERYONE, 30);
	cr_assert_eq(rung(2, 0), 1);
	cr_assert_eq(rung(3, 0), 0);
	cr_assert_eq(rung(4, 0), 1);
	cr_assert_eq(rung(1, 0), 0);
	wake_up(2);
	wake_up(4);
	fall_asleep(2);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 20000);
	ring_send(port[1], 0, &frame);
	cr_assert_eq(rung(2, 0), 2);
	wake_up(2);
}

/* Neither what is dropped, nor what is for others. */
Test(ring_wake, what_does_not_come_does_not_wake)
{
	open_all(1, 0);
	fall_asleep(2);
	send_batch(1, 0, 3, 10);
	send_batch(1, 0, 1, 10);
	ring_put_slot(port[1], 0, 60, VALE_SLOT_MORE);
	cr_assert_eq(vale_txsync(port[1], 0), 0);
	cr_assert_eq(vale_txsync(port[1], 0), 0);
	cr_assert_eq(vale_txsync(port[2], 0), 0);
	send_batch(2, 0, 1, 10);
	cr_assert_eq(rung(2, 0), 0);
	send_batch(1, 0, 2, 1);
	cr_assert_eq(rung(2, 0), 1);
	wake_up(2);
}

Test(ring_wake, what_finds_no_room_does_not_wake)
{
	open_all(1, 0);
	send_batch(1, 0, 2, 63);
	/* A client that sleeps though there is something is its own affair. */
	port[2]->region->control.rx_sleeping = 1;
	send_batch(1, 0, 2, 63);
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 63);
}

Test(ring_wake, frames_of_a_device_wake_once)
{
	int socket;

	traffic_quiet();
	container("c", 9);
	must("%s attach vale1:dev c", valectl());
	open_all(1, 0);
	socket = traffic_open("c", "eth0", FRAME_TYPE_OURS);
	frame_plain(&frame, 9, 2, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(socket, &frame, 10), 10);
	cr_assert_eq(rung(2, 0), 0);
	for (int i = 1; i <= 20; i++) {
		ring_drain(port[2]);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
		fall_asleep(2);
		cr_assert_eq(traffic_send(socket, &frame, 10), 10);
		cr_assert_eq(vale_port_poll(port[2], POLLIN, PATIENCE_MS), POLLIN);
		cr_assert_eq(rung(2, 0), i);
		wake_up(2);
	}
}

/* ---- arm --------------------------------------------------------------------------------------- */

Test(ring_wake, arm_says_what_is_there_and_then_nobody_is_woken)
{
	open_all(1, 0);
	send_batch(1, 0, 2, 1);
	cr_assert_eq(vale_port_arm(port[2], POLLIN), POLLIN);
	send_batch(1, 0, 2, 1);
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(ring_drain(port[2]), 2);
	cr_assert_eq(vale_port_arm(port[2], POLLOUT), POLLOUT);
	cr_assert_eq(vale_port_arm(port[2], POLLIN | POLLOUT), POLLOUT);
	send_batch(1, 0, 2, 1);
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(ring_drain(port[2]), 1);
	fall_asleep(2);
	vale_port_disarm(port[2]); /* and was not woken */
	send_batch(1, 0, 2, 1);
	cr_assert_eq(rung(2, 0), 0);
}

/* A client that never hears its bell loses no frames, and hears it when it cares to. */
Test(ring_wake, a_bell_that_is_not_heard_is_full_and_no_harm)
{
	open_all(1, 0);
	for (int i = 0; i < 3 * BELL_HOLDS; i++) {
		port[2]->region->control.rx_sleeping = 1;
		send_batch(1, 0, 2, 1);
		cr_assert(is_readable(2));
		cr_assert_eq(ring_drain(port[2]), 1);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
	}
	cr_assert_leq(rung(2, 0), BELL_HOLDS);
	vale_port_disarm(port[2]);
	cr_assert_not(is_readable(2));
	fall_asleep(2);
	send_batch(1, 0, 2, 1);
	wake_up(2);
}

/* ---- poll -------------------------------------------------------------------------------------- */

Test(ring_wake, poll_returns_what_there_is_without_waiting)
{
	open_all(1, 0);
	cr_assert_eq(vale_port_poll(port[2], POLLIN, 0), 0);
	cr_assert_eq(vale_port_poll(port[2], POLLIN, 50), 0);
	cr_assert_eq(vale_port_poll(port[2], POLLOUT, -1), POLLOUT);
	cr_assert_eq(vale_port_poll(port[2], POLLIN | POLLOUT, -1), POLLOUT);
	send_batch(1, 0, 2, 1);
	cr_assert_eq(vale_port_poll(port[2], POLLIN | POLLOUT, -1), POLLIN | POLLOUT);
	cr_assert_eq(vale_port_poll(port[2], POLLIN, -1), POLLIN);
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(ring_drain(port[2]), 1);
	cr_assert_eq(vale_port_poll(port[2], POLLIN, 0), 0);
}

Test(ring_wake, poll_for_room_sends_and_poll_for_frames_does_not)
{
	open_all(1, 0);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	ring_inject(port[1], 0, &frame);
	cr_assert_eq(vale_port_poll(port[1], POLLIN, 0), 0);
	cr_assert_eq(ring_drain(port[2]), 0);
	cr_assert_eq(vale_port_poll(port[1], POLLOUT, -1), POLLOUT);
	cr_assert_eq(ring_drain(port[2]), 1);
}

struct sleeper {
	int number;
	long frames;
	long wanted;
};

/* Sleeps whenever there is nothing, until it has so many frames. */
static void *receive_asleep(void *argument)
{
	struct sleeper *sleeper = argument;
	struct vale_port *of = port[sleeper->number];
	__u32 length;

	while (sleeper->frames < sleeper->wanted &&
	       vale_port_poll(of, POLLIN, PATIENCE_MS) == POLLIN)
		while (vale_next_frame(of, &length))
			sleeper->frames++;
	return NULL;
}

static bool is_asleep(int number, __u32 pair)
{
	return __atomic_load_n(&port[number]->region[pair].control.rx_sleeping, __ATOMIC_SEQ_CST);
}

Test(ring_wake, a_sleeping_thread_is_woken_for_each_batch_and_no_more)
{
	const int rounds = 2000;
	struct sleeper sleeper = { .number = 2 };
	pthread_t thread;

	open_all(1, 0);
	for (int i = 0; i < rounds; i++)
		sleeper.wanted += i % 50 + 1;
	pthread_create(&thread, NULL, receive_asleep, &sleeper);
	for (int i = 0; i < rounds; i++) {
		while (!is_asleep(2, 0))
			sched_yield();
		send_batch(1, 0, 2, i % 50 + 1);
	}
	pthread_join(thread, NULL);
	cr_assert_eq(sleeper.frames, sleeper.wanted);
	cr_assert_eq(rung(2, 0), rounds);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_FULL), 0);
}

/* The race between falling asleep and sending: a wake-up that is missed would end in a timeout. */
Test(ring_wake, no_wake_up_is_missed)
{
	const int rounds = 100000;
	struct sleeper sleeper = { .number = 2, .wanted = rounds };
	pthread_t thread;

	open_all(1, 0);
	pthread_create(&thread, NULL, receive_asleep, &sleeper);
	for (int i = 0; i < rounds; i++) {
		send_batch(1, 0, 2, 1);
		while (__atomic_load_n(&sleeper.frames, __ATOMIC_RELAXED) < i - i % 3)
			sched_yield();
	}
	pthread_join(thread, NULL);
	cr_assert_eq(sleeper.frames, sleeper.wanted);
	cr_assert_leq(rung(2, 0), rounds);
}

/* ---- several pairs of rings -------------------------------------------------------------------- */

Test(ring_wake, of_several_rings_the_one_that_gets_something_is_rung_for)
{
	open_all(3, 0);
	for (__u32 pair = 0; pair < 3; pair++) {
		fall_asleep(2);
		send_batch(1, pair, 2, 5);
		for (__u32 other = 0; other < 3; other++) {
			cr_assert_eq(rung(2, other), other <= pair, "pair %u, bell %u", pair,
				     other);
			cr_assert_eq(is_asleep(2, other), other != pair);
		}
		wake_up(2);
		for (__u32 other = 0; other < 3; other++)
			cr_assert_not(is_asleep(2, other), "pair %u", other);
		send_batch(1, pair, 2, 5);
		cr_assert_not(is_readable(2));
		cr_assert_eq(ring_drain(port[2]), 5);
		cr_assert_eq(vale_rxsync(port[2], VALE_ALL_RINGS), 0);
	}
}

Test(ring_wake, poll_waits_for_all_rings_of_its_handle_and_no_others)
{
	struct vale_open_options one = { .one_ring = 2 };

	open_all(3, 0);
	for (__u32 pair = 0; pair < 3; pair++) {
		send_batch(1, pair, 2, 1);
		cr_assert_eq(vale_port_poll(port[2], POLLIN, 0), POLLIN, "pair %u", pair);
		cr_assert_eq(ring_drain(port[2]), 1);
	}
	port[3] = ring_open("vale1:p2", &one);
	for (__u32 pair = 0; pair < 3; pair++) {
		cr_assert_eq(vale_port_arm(port[3], POLLIN), 0);
		send_batch(1, pair, 2, 1);
		cr_assert_eq(is_readable(3), pair == 1, "pair %u", pair);
		vale_port_disarm(port[3]);
		cr_assert_eq(vale_port_poll(port[3], POLLIN, 0), pair == 1 ? POLLIN : 0);
		while (vale_port_poll(port[3], POLLIN, 0))
			ring_drain(port[3]);
	}
}

/* ---- room -------------------------------------------------------------------------------------- */

/* Who waits for room is woken by the first slot that is released, and not by those that follow. */
Test(ring_wake, who_waits_for_room_is_woken_once)
{
	struct vale_ring *rx;

	open_all(1, VALE_OPEN_LOSSLESS);
	rx = vale_rx_ring(port[2], 0);
	for (int round = 1; round <= 100; round++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
		while (!vale_inject(port[1], 0, frame.bytes, 60) || !vale_txsync(port[1], 0))
			;
		cr_assert_eq(vale_port_arm(port[1], POLLOUT), 0);
		cr_assert_not(is_readable(1));
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
		for (int slot = 0; slot < 5; slot++) {
			rx->head = rx->cur = vale_ring_next(rx, rx->head);
			cr_assert_eq(vale_rxsync(port[2], 0), 0);
			cr_assert_eq(rung(1, 0), round, "slot %d", slot);
		}
		cr_assert(is_readable(1));
		vale_port_disarm(port[1]);
		cr_assert_eq(vale_port_poll(port[1], POLLOUT, -1), POLLOUT);
	}
	cr_assert_eq(rung(2, 0), 0);
	cr_assert_eq(rung(3, 0), 0);
}

Test(ring_wake, nobody_is_woken_for_room_that_nobody_waits_for)
{
	open_all(1, VALE_OPEN_LOSSLESS);
	for (int round = 0; round < 100; round++) {
		send_batch(1, 0, 2, 63);
		cr_assert_eq(ring_drain(port[2]), 63);
		cr_assert_eq(vale_rxsync(port[2], 0), 0);
	}
	cr_assert_eq(rung(1, 0), 0);
	cr_assert_eq(port[2]->state->rx_wanted, 0);
}
