/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Times of round trips: the least, the mean, and how many there are in each power of two of ns. */
#ifndef PKTGEN_ROUND_TRIP_H
#define PKTGEN_ROUND_TRIP_H

#include <stdint.h>

struct round_trips {
	uint64_t count;
	uint64_t sum;
	uint64_t min;
	uint64_t bucket[64]; /* n: from 2^n ns up to twice as long */
};

void round_trips_add(struct round_trips *trips, uint64_t ns);

/* Room for both lines: all buckets, with numbers of 64 bits. */
#define ROUND_TRIPS_TEXT (64 + 64 * 21)

/* "k: LEAST .. MOST", bounds of the buckets that are not empty, and in a second line what they have. */
void round_trips_text(const struct round_trips *trips, char text[ROUND_TRIPS_TEXT]);

#endif
