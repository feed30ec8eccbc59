/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What sends the frames. */
#ifndef BENCH_SOURCE_H
#define BENCH_SOURCE_H

#include <stdbool.h>

#include "bench/frame.h"

struct source_type {
	const char *group; /* name of its row group */
	const char *from;  /* what it sends from */
	const char *title;
	unsigned int chunk; /* frames between two looks at the clock */
	bool switch_only;   /* no other datapath has such a port */

	int (*open)(void **source);
	/* From now on send these frames, their flows in turn, out of this device. */
	int (*aim)(void *source, const struct frame_set *frames, int device);
	/* Returns how many were sent, or -errno with the message printed. */
	int (*send)(void *source, unsigned int frames);
	void (*close)(void *source);
};

/* XDP live frames: the kernel's own packet generator, without a socket or an sk_buff. */
extern const struct source_type source_live;

/* A packet socket that bypasses the queueing discipline: what a program can do. */
extern const struct source_type source_packet;

/* A ring port's client. */
extern const struct source_type source_ring;

/* A packet socket on a device, to read or, with bypass, to write. Returns the fd or -errno. */
int packet_socket(int device, int bypass);

#endif
