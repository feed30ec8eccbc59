/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* When the next burst is due, if so many frames a second are wanted. Times are in nanoseconds. */
#ifndef PKTGEN_RATE_H
#define PKTGEN_RATE_H

#include <stdint.h>

struct rate {
	uint64_t frames; /* a second; 0: as many as can be */
	uint32_t burst;	 /* of so many frames */
	uint64_t due;	 /* when the next one is to go */
	uint64_t part;	 /* and this many `frames`ths of a nanosecond later */
};

/*
 * `burst` is what is wanted. A burst takes a 300th of a second at the most, as in netmap's pkt-gen,
 * for the rate to be one.
 */
void rate_start(struct rate *rate, uint64_t frames, uint32_t burst, uint64_t now);

/*
 * A burst goes, at its time or later: when the next one is due. Who is late catches up, but for what
 * he is more than a tenth of a second late.
 */
void rate_sent(struct rate *rate, uint32_t frames, uint64_t now);

#endif
