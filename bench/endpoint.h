/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The two ends of a round trip: clients of ring ports, or packet sockets behind a bridge. */
#ifndef BENCH_ENDPOINT_H
#define BENCH_ENDPOINT_H

#include <stdbool.h>

/* Of an end that sleeps: how long it does at the most. */
#define ENDPOINT_MS 100

/* The functions that fail have said why. */
struct endpoint_type {
	int datapath; /* what it is behind */

	/* The datapath with both its ends, for the processes to come. */
	int (*setup)(void);
	void (*teardown)(void);

	int (*open)(int number, void **endpoint);
	int (*send)(void *endpoint, const unsigned char *frame, unsigned int length);
	/*
	 * Returns the length of a frame that has come, which is valid until the next call; 0 if there
	 * is none, not even after a while if it is to sleep.
	 */
	int (*receive)(void *endpoint, bool sleep, const unsigned char **frame);
	void (*close)(void *endpoint);
};

extern const struct endpoint_type endpoint_ring;
extern const struct endpoint_type endpoint_packet;

#endif
