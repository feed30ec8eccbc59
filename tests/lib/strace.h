/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Following the system calls of a program, to kill it at one of them. */
#ifndef VALE_TEST_STRACE_H
#define VALE_TEST_STRACE_H

#include <stdbool.h>
#include <stddef.h>

struct kill_points {
	size_t *calls; /* by number, the first call of the program being 0 */
	size_t count;
	size_t total; /* calls the program makes */
};

/*
 * Runs a program (argv[0] is its path) to its end, and returns at which system calls a kill can
 * make a difference. Of a run of calls that change nothing outside of the process, that is the
 * first, and the call after the last; with VALE_KILL_ALL in the environment, it is every call.
 * The caller frees `calls`.
 */
struct kill_points kill_points_of(char *const argv[]);

/* Runs the program and kills it on entry to that call. False if it ended before. */
bool kill_at(char *const argv[], size_t call);

#endif
