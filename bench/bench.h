/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What every part of the benchmark shares: options, errors, time, owned resources. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct options {
	int runs;	  /* rounds of every row */
	double seconds;	  /* length of one run */
	const char *only; /* name of the one row group to measure, or NULL for all */
	const char *like; /* only rows whose title has this in it, or NULL */
	const char *json; /* file for the JSON, "-" for standard output, or NULL */
};

/* Set by SIGINT and SIGTERM. Whoever loops or waits looks at it and leaves with -EINTR. */
extern volatile sig_atomic_t bench_interrupted;

/*
 * Prints "vale-bench: <message>: <strerror>" (without the last part for error 0, where the message
 * says it all) and returns -error, or -EINVAL for 0. Silent for EINTR: the user knows.
 */
int bench_error(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

double bench_now(void);

/* One CPU for source, switch and sink. */
int bench_pin(int cpu);
/* Every CPU the process was started with. */
int bench_unpin(void);
/* The nth CPU from the end of those the process was started with, or -ENODEV. */
int bench_cpu(int from_end);

static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_memory(void *pointer)
{
	free(*(void **)pointer);
}

#define CLEANUP_FD   __attribute__((cleanup(close_fd)))
#define CLEANUP_FREE __attribute__((cleanup(free_memory)))

#endif
