/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A command of valectl is refused its system calls in turn, one each time it is run (faults.h). It says
 * what failed, and all is as it was before; or that call did not matter, and all is done. The switch
 * forwards, and the same command then does what it is to do.
 *
 * A run takes some of the calls, others each time: with VALE_FAULTS=N in the environment, N of each
 * command; with VALE_KILL_ALL, all.
 */
#ifndef VALE_TEST_FAULT_SERIES_H
#define VALE_TEST_FAULT_SERIES_H

#include <stdbool.h>

#include "strace.h"

struct fault_series {
	const char *command; /* arguments of valectl; or what this is, in a process of its own: */
	void (*function)(void); /* ends with an exit status from below */
	const char *undo;	/* arguments of the command that takes it back */
	const char *word;    /* with which it is refused if all is done already; NULL: it is not */
	bool (*works)(void); /* what it has made; NULL: nothing */
	unsigned int sample; /* how many calls a run takes; 0: 2 */
	const char *call;    /* or it takes all of this name, with this error; NULL: some of all */
	int error;
	/*
	 * What it has to undo may fail, too, or it takes away what is used: then what is left half-made is
	 * for the next command to end; so is a port that a client has closed, which cannot fail.
	 */
	bool may_be_left;
	bool lasting;	 /* struct fault */
	bool terminated; /* struct traced */
};

enum {
	FAULT_DONE,
	FAULT_TOLD,	 /* it failed, and said why */
	FAULT_NOT_AGAIN, /* the same, and a second attempt of the process failed, too */
	FAULT_BAD,	 /* this, and what is more, is always wrong */
};

/* Use as a suite's .init: vale1 has two ring ports, that are open, and there is a container `a`. */
void fault_series_begin(void);

/* These two exchange frames. */
bool fault_series_forwards(void);

void fault_series_run(const struct fault_series *series);

#endif
