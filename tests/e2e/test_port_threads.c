// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Two threads at one ring, which is a mistake: it is answered, and costs no frame. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/sandbox.h"

#define FRAMES 100000
#define MOST   20000000
#define LAST   0xffffffff

TestSuite(port_threads, .init = sandbox_enter, .timeout = 120);

/* Each word behind the header is the frame's number. */
static void number_frame(unsigned char *frame, __u32 number)
{
	for (int i = 16; i < 60; i += sizeof(number))
		memcpy(frame + i, &number, sizeof(number));
}

static bool has_number(const unsigned char *frame, __u32 length, __u32 number)
{
	unsigned char expected[60];

	number_frame(expected, number);
	return length == sizeof(expected) && !memcmp(frame + 16, expected + 16, length - 16);
}

/* Returns how many came until the last one, or -1 - the number of the first that was not the next one, whole. */
static int receive_all(struct client_self *self, void *argument)
{
	const unsigned char *frame;
	__u32 length;

	(void)argument;
	for (int number = 0;;) {
		frame = vale_next_frame(self->port, &length);
		if (!frame && vale_port_poll(self->port, POLLIN, 20000) <= 0)
			return -1 - number;
		if (frame && has_number(frame, length, LAST))
			return number;
		if (frame && !has_number(frame, length, number++))
			return -number;
	}
}

/* ---- the sender -------------------------------------------------------------------------------- */

struct intruder {
	struct vale_port *port;
	bool by_hand; /* by the system call itself, not by the library */
	bool end;
	int frames; /* that were sent beside it */
	long busy, done, other;
};

/* NOLINTBEGIN(bugprone-signal-handler): that they are called in one is what is tested */
static int sync_again(struct intruder *intruder)
{
	return intruder->by_hand ? port_run(intruder->port->txsync[0])
				 : vale_txsync(intruder->port, 0);
}
/* NOLINTEND(bugprone-signal-handler) */

static void intrude_once(struct intruder *intruder)
{
	int answer = sync_again(intruder);

	if (answer == -EBUSY)
		__atomic_add_fetch(&intruder->busy, 1, __ATOMIC_RELAXED);
	else if (answer >= 0)
		intruder->done++;
	else
		intruder->other++;
}

static void *intrude(void *argument)
{
	struct intruder *intruder = argument;

	while (!__atomic_load_n(&intruder->end, __ATOMIC_RELAXED))
		intrude_once(intruder);
	return NULL;
}

/* Sends what there is, and waits for room if there is none. */
static int flush_ring(struct intruder *intruder)
{
	int answer;

	while ((answer = vale_txsync(intruder->port, 0)) == -EBUSY)
		__atomic_add_fetch(&intruder->busy, 1, __ATOMIC_RELAXED);
	return answer < 0 ? answer : 0;
}

static int send_frame(struct intruder *intruder, __u32 number)
{
	static struct frame frame;
	int error;

	if (!frame.length)
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	number_frame(frame.bytes, number);
	while ((error = vale_inject(intruder->port, 0, frame.bytes, frame.length)) == -ENOBUFS) {
		error = flush_ring(intruder);
		if (error)
			return error;
	}
	return error || number % 37 ? error : flush_ring(intruder);
}

/* Some frames, and as many more as it takes to be in each other's way. */
static int send_all(struct intruder *intruder)
{
	const struct vale_ring_state *state = intruder->port->state;
	int error = 0;

	while (!error &&
	       (intruder->frames < FRAMES ||
		(!__atomic_load_n(&intruder->busy, __ATOMIC_RELAXED) && intruder->frames < MOST)))
		error = send_frame(intruder, intruder->frames++);
	if (!error)
		error = send_frame(intruder, LAST);
	while (!error &&
	       vale_tx_ring(intruder->port, 0)->head != (state->tx_taken & state->tx_mask))
		error = flush_ring(intruder);
	return error;
}

static int send_beside_a_thread(struct client_self *self, void *argument)
{
	struct intruder *intruder = argument;
	pthread_t thread;
	int error;

	intruder->port = self->port;
	pthread_create(&thread, NULL, intrude, intruder);
	error = send_all(intruder);
	__atomic_store_n(&intruder->end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return error;
}

static struct intruder *interrupting;

static void interrupt(int signal)
{
	(void)signal;
	intrude_once(interrupting);
}

/* The same in one thread: a signal that comes while it is in a sync. */
static int send_beside_a_signal(struct client_self *self, void *argument)
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = {};
	int error;

	interrupting = argument;
	interrupting->port = self->port;
	signal(SIGALRM, interrupt);
	setitimer(ITIMER_REAL, &often, NULL);
	error = send_all(interrupting);
	setitimer(ITIMER_REAL, &never, NULL);
	return error;
}

static void no_frame_is_lost(client_function *function, bool by_hand)
{
	struct client *a = client_start(), *b = client_start();
	struct intruder intruder = { .by_hand = by_hand };
	int error, count;

	cr_assert_eq(client_open(a, "vale1:a", VALE_OPEN_LOSSLESS), 0);
	cr_assert_eq(client_open(b, "vale1:b", 0), 0);
	cr_assert(client_reaches(b, a, 2, 1));
	client_begin(b, receive_all, NULL, 0);
	error = client_do(a, function, &intruder, sizeof(intruder));
	cr_assert_eq(error, 0, "%s", strerror(-error));
	count = client_result(b);
	cr_assert_geq(count, 0, "frame %d is wrong", -count - 1);
	cr_assert_eq(count, intruder.frames);
	cr_assert_gt(intruder.busy, 0);
	cr_assert_eq(intruder.other, 0);
	cr_assert_eq(port_counter("vale1:a", "received_frames"), count + 1);
	cr_assert_eq(port_counter("vale1:b", "sent_frames"), count + 1);
}

Test(port_threads, two_in_the_library)
{
	no_frame_is_lost(send_beside_a_thread, false);
}

Test(port_threads, two_in_the_kernel)
{
	no_frame_is_lost(send_beside_a_thread, true);
}

Test(port_threads, a_signal_in_the_library)
{
	no_frame_is_lost(send_beside_a_signal, false);
}
