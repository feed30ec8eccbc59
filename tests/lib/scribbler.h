/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What one thread of scribble.h's client writes into the memory of its port. */
#ifndef VALE_TEST_SCRIBBLER_H
#define VALE_TEST_SCRIBBLER_H

#include "scribble.h"

struct scribbler {
	struct vale_port *port;
	struct scribble *scribble;
	unsigned int seed;
	int header; /* program that changes the size of the virtio-net header */
	long mutations;
	bool end;
};

/* A number that something may be wrong with. */
__u32 scribble_odd(unsigned int *seed);

/* Writes once: into a field that is drawn, by its rules or against them, or anywhere. */
void scribble_once(struct scribbler *self);

#endif
