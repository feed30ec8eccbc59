/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Bursts of frames from ring to ring on one core. One process has all the ports; only its txsyncs
 * are timed, and then it looks at all that has come.
 */
#ifndef BENCH_RING_BURST_H
#define BENCH_RING_BURST_H

#include "bench/frame.h"
#include "bench/ring_port.h"

#define BURST_PORTS 8
#define BURST_BATCH 256

enum burst_goal {
	TO_PORTS, /* `ports` of them, in turn */
	TO_CLOSED,
	TO_OWN_PORT,
	TO_ALL,
	NOTHING,
};

struct burst_kind {
	const char *title;
	enum burst_goal goal;
	__u32 ports; /* that are open, beside the sender's */
	__u32 length;
	__u32 batch;
};

struct bursts {
	const struct burst_kind *kind;
	struct vale *vale;
	struct vale_port *sender;
	struct vale_port *receiver[BURST_PORTS];
	__u64 number; /* of the next frame */
	double seconds;
	unsigned long calls;
};

/* A switch with the ports; of zeros at first. To be closed also after an error. */
int bursts_open(struct bursts *bursts);
void bursts_close(struct bursts *bursts);

/* Sends bursts for so long. What a frame has cost, or a call if there are none. */
int bursts_run(struct bursts *bursts, const struct burst_kind *kind, double seconds,
	       double *nanoseconds);

#endif
