/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A thread that sends or receives, and what it has in common with the others. */
#ifndef PKTGEN_WORKER_H
#define PKTGEN_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "interface.h"
#include "options.h"
#include "sequence.h"

#define SECOND 1000000000ull /* in nanoseconds */

/* What is waited for is looked after so often, in milliseconds. */
#define PATIENCE 100

/* Written by the thread, read by the one that reports. */
struct counters {
	uint64_t packets;
	uint64_t bytes;
	uint64_t events; /* batches */
	uint32_t min_space;
};

struct crew {
	const struct options *options;
	bool cancelled;
	int finished;		       /* eventfd: counts workers that have ended */
	uint64_t received;	       /* by all, if they are to end after so many */
	const unsigned char *captured; /* the frame of a file, options->length long */
	uint32_t workers;
	struct worker *worker;
};

struct worker {
	struct counters counters;
	struct crew *crew __attribute__((aligned(64)));
	const struct options *options;
	struct interface *interface;
	uint32_t number;
	pthread_t thread;
	bool running;
	uint64_t start; /* of the first frame, and */
	uint64_t end;	/* when nothing was left to do: ns, 0: never */
	int error;
	uint64_t unanswered;			    /* pings */
	struct sequence *sequence[INTERFACE_RINGS]; /* of rxseq */
} __attribute__((aligned(64)));

int run_sender(struct worker *worker);
int run_receiver(struct worker *worker);
int run_ping(struct worker *worker);
int run_pong(struct worker *worker);

/* Tells why a worker cannot go on, unless error is 0; returns it. `verb`: "send", "receive". */
int worker_failure(const struct worker *worker, const char *verb, int error);

static inline uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static inline bool is_cancelled(const struct worker *worker)
{
	return __atomic_load_n(&worker->crew->cancelled, __ATOMIC_RELAXED);
}

static inline void cancel(struct crew *crew)
{
	__atomic_store_n(&crew->cancelled, true, __ATOMIC_RELAXED);
}

static inline void count(struct worker *worker, uint64_t packets, uint64_t bytes)
{
	struct counters *counters = &worker->counters;

	__atomic_store_n(&counters->packets, counters->packets + packets, __ATOMIC_RELAXED);
	__atomic_store_n(&counters->bytes, counters->bytes + bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&counters->events, counters->events + 1, __ATOMIC_RELAXED);
}

/* Waits until what is in the tx rings has gone, or the user has enough of it. 0 or -errno. */
int drain(const struct worker *worker);

/* Sleeps, and at last spins, until that time or the end. */
void wait_until(const struct worker *worker, uint64_t time);

/* Of `total`, what is this worker's. */
static inline uint64_t share_of(const struct worker *worker, uint64_t total)
{
	uint32_t workers = worker->crew->workers;

	return total / workers + (worker->number < total % workers);
}

/* Waits for room or frames. If nobody is to sleep, only sends what is left in tx rings. 0 or -errno. */
int wait_for(const struct worker *worker, short events);

#endif
