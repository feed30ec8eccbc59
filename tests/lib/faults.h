/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Refusing a process one of its system calls: it is not made, and returns an error that such a call can
 * return on a machine that is short of memory or file descriptors, or where a right is missing, or
 * a signal comes.
 */
#ifndef VALE_TEST_FAULTS_H
#define VALE_TEST_FAULTS_H

#include "strace.h"

struct fault {
	size_t call; /* by number, the first that can fail being 0 */
	int error;
	bool lasting;  /* all that follow of the same kind fail, too */
	char name[96]; /* for messages: "openat: EMFILE" */
};

struct faults {
	struct fault *items; /* the caller frees them */
	size_t count;
	size_t calls; /* that can fail */
};

/*
 * Lets it come to its end, and returns a fault for each call that can fail, with one of the errors that
 * it can fail with, by `turn`. Of a run of calls of one kind there are the first, the second and
 * the last. What a program does before libvale looks at the bpffs, which is to load its libraries, does not
 * count. The test ends if it fails.
 */
struct faults faults_of(const struct traced *traced, unsigned int turn);

#define FAULT_NOT_REACHED (-1)

/* Lets it run with the fault. How it ended: an exit status, 128 and a signal, or FAULT_NOT_REACHED. */
int fault_at(const struct traced *traced, struct fault *fault);

#endif
