/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A client that writes what makes no sense into all of its own memory, at random, and in another
 * thread runs the programs that it may run.
 */
#ifndef VALE_TEST_SCRIBBLE_H
#define VALE_TEST_SCRIBBLE_H

#include "clients.h"

#define SCRIBBLE_HOSTS 8

struct scribble {
	unsigned int seed;
	int from;		/* its host */
	int to[SCRIBBLE_HOSTS]; /* hosts that its frames are for, among others; the first 0 ends it */
	const bool *stop;	/* of pump_flag(): it goes on until this, */
	long least;		/* but runs txsync so often */
	bool header;		/* it also changes the size of its virtio-net header */
	/* out: */
	long syncs;
	long good;	/* answers of txsync that are none of an error, */
	long bad;	/* and those that are, but for -EBUSY */
	long mutations; /* writes into its memory */
};

/* client_result() is 0 when it has stopped. */
void scribble_start(struct client *client, struct scribble *scribble);

#endif
