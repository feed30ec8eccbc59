/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A client that writes what makes no sense into all of its own memory, at random, and in another
 * thread runs the programs that it may run.
 */
#ifndef VALE_TEST_SCRIBBLE_H
#define VALE_TEST_SCRIBBLE_H

#include "clients.h"

struct scribble {
	unsigned int seed;
	int to[4];  /* hosts that its frames are for, among others; 0 ends it */
	long syncs; /* how often it runs txsync */
	/* out: */
	long good; /* answers of txsync that are none of an error, */
	long bad;  /* and those that are, but for -EBUSY */
};

/* client_result() is 0 when it has run as often. */
void scribble_start(struct client *client, struct scribble *scribble);

#endif
