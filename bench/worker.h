/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Processes that each do a part of a run on a CPU, and share counters with who started them. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* In memory of its own cache lines: the worker writes, the others read now and then. */
struct worker_state {
	_Alignas(128) atomic_bool ready;
	atomic_bool failed;
	_Alignas(128) atomic_bool stop;
	_Alignas(128) atomic_ulong frames;
	atomic_ulong missing; /* that were not to be lost */
	atomic_ulong wrong;   /* torn, repeated, out of order, for somebody else */
};

struct worker {
	pid_t process;
	struct worker_state *state;
};

#define WORKER_NONE                           \
	{                                     \
		.process = -1, .state = NULL, \
	}

/*
 * Has `work` done by another process on that CPU, and returns when it is ready to (or has failed,
 * after it has said why). `work` calls worker_ready(), and ends when state->stop is set.
 */
int worker_start(struct worker *worker, int cpu,
		 int (*work)(struct worker_state *state, const void *argument),
		 const void *argument);
void worker_ready(struct worker_state *state);

/* Sees whether it is to go on; gives way to others of its CPU if there are any. */
static inline bool worker_goes_on(const struct worker_state *state)
{
	return !atomic_load_explicit(&state->stop, memory_order_relaxed);
}

/* Ends the worker. Its last counters stay until worker_free(). Fails if it did. */
int worker_stop(struct worker *worker);
void worker_free(struct worker *worker);

#define CLEANUP_WORKER __attribute__((cleanup(worker_free)))

#endif
