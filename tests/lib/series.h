/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Something is killed at each of its system calls in turn, or, if they are many, at every sixth one,
 * unless the environment has VALE_KILL_ALL. Whatever it was doing is then either done or to be swept:
 * the next command succeeds and leaves nothing half-made.
 */
#ifndef VALE_TEST_SERIES_H
#define VALE_TEST_SERIES_H

#include <stdbool.h>
#include <stddef.h>

struct series {
	const char *command;		       /* arguments of valectl; or, if it is NULL: */
	void (*function)(void);		       /* what a process of its own does */
	void (*prepare)(void);		       /* the state that it finds; NULL: nothing to do */
	void (*check)(size_t call, int round); /* the next command, one kind a round, of three */
	void (*clean)(size_t call);	       /* back to what it was before; or NULL */
	bool every_call, terminated;	       /* struct traced */
	size_t sample;			       /* so many of the calls a run; 0: as above */
};

/* The test ends if it was killed at no more than 15 calls, or at none of a sample. */
void series_run(const struct series *series);

/* A command after the kill: it succeeds, or is refused with one of the two words (or NULL). */
bool series_next(size_t call, const char *command, const char *word, const char *or_word);

#endif
