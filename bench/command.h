/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Other programs: ip, valectl, iperf3, git. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command {
	const char *const *argv;
	const char *input; /* for its standard input, or NULL */
	const char *netns; /* name of the network namespace to run in, or NULL */
	bool silent;	   /* throw its standard error away */
};

struct child {
	pid_t pid;
	int output; /* its standard output */
};

#define CHILD_NONE                      \
	{                               \
		.pid = -1, .output = -1 \
	}

int command_start(const struct command *command, struct child *child);

/*
 * Waits for the end of a child, at most so many seconds; then it is killed: -ETIMEDOUT. What it
 * printed goes to *output, which the caller frees, or nowhere if output is NULL. Returns its exit
 * status, 128 and the signal's number added if one ended it, or -errno.
 */
int command_finish(struct child *child, double seconds, char **output);

/* Start and finish. */
int command_run(const struct command *command, char **output);

/* Kills a child that still runs. */
void command_kill(struct child *child);

#define CLEANUP_CHILD __attribute__((cleanup(command_kill)))

/* ip -batch: the lines are its commands without the leading "ip". 0 or -errno, message printed. */
int command_ip_in(const char *netns, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define command_ip(...) command_ip_in(NULL, __VA_ARGS__)

/* The program of that name in PATH, to be freed, or NULL. */
char *command_path(const char *name);

/* Is there a program of that name in PATH? */
bool command_exists(const char *name);

#endif
