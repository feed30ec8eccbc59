/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Following the system calls of a process, to kill it at one of them, or to refuse it one. */
#ifndef VALE_TEST_STRACE_H
#define VALE_TEST_STRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>

/* What is followed: a program, whose path is argv[0], or a function in a process of its own. */
struct traced {
	char *const *argv;
	void (*function)(void); /* if argv is NULL */
	bool every_call;	/* those that make no difference, too */
	int errors;		/* file that it writes its errors to; 0: nowhere */
	bool terminated;	/* SIGTERM waits for it, so that it ends where it would go on */
};

/* Starts it; it is stopped where its own code begins. */
pid_t traced_start(const struct traced *traced);
/*
 * Runs on to the next entry to a system call. False if the program has ended: *ended, which may be
 * NULL, is its exit status, or 128 and the signal.
 */
bool traced_next_call(pid_t child, struct __ptrace_syscall_info *call, int *ended);
/* The call that was just entered is not made, and returns that error. */
void traced_refuse_call(pid_t child, int error);
/* Lets it come to its end; how it ended. */
int traced_end(pid_t child);

/* The words of `command` behind the path of valectl; until the next call. */
char **traced_arguments(const char *command);

struct kill_points {
	size_t *calls; /* by number, the first call being 0 */
	size_t count;
	size_t total; /* that are made */
};

/*
 * Lets it come to its end, and returns at which system calls a kill can
 * make a difference. Of a run of calls that change nothing outside of the process, that is the
 * first, and the call after the last; with VALE_KILL_ALL in the environment, it is every call. The
 * test ends if it fails.
 * The caller frees `calls`.
 */
struct kill_points kill_points_of(const struct traced *traced);

/* Lets it run and kills it on entry to that call. False if it ended before. */
bool kill_at(const struct traced *traced, size_t call);

#endif
