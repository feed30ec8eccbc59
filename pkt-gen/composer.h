/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a sender's next frames are, and how they get into slots with as little work as can be. */
#ifndef PKTGEN_COMPOSER_H
#define PKTGEN_COMPOSER_H

#include "udp.h"
#include "worker.h"

struct composer {
	const struct options *options;
	struct udp_frame frame;
	struct flow flow;
	uint64_t random;
	bool changes;	    /* a frame is not like the one before, */
	bool rewrites;	    /* nor is what follows its headers */
	uint32_t fragments; /* slots of a frame, and */
	uint32_t fragment_size;
	unsigned char *assembled;	     /* where it is, before it is put into several */
	uint32_t stream;		     /* of the first ring; the others' follow */
	uint32_t number[INTERFACE_RINGS];    /* of the next frame */
	uint32_t unwritten[INTERFACE_RINGS]; /* slots that have not got a frame yet */
};

/* 0 or -errno, and the reason is printed. */
int composer_start(struct composer *composer, const struct worker *worker);
void composer_free(struct composer *composer);

/* The slots of the ring have been round once, and have what is to be sent. */
bool composer_is_done(const struct composer *composer, uint32_t ring);

/*
 * Fills slots with frames, for each of which there are composer->fragments. Returns how many slots
 * were filled, and adds their bytes to `*bytes`.
 */
uint32_t composer_fill(struct composer *composer, uint32_t ring, struct slot *slots,
		       uint32_t frames, uint64_t *bytes);

#endif
