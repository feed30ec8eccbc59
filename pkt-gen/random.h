/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Marsaglia's xorshift: good enough for addresses and lengths, and fast. */
#ifndef PKTGEN_RANDOM_H
#define PKTGEN_RANDOM_H

#include <stdint.h>

/* `state` is anything but 0 at first. Returns 48 bits. */
static inline uint64_t random_draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

#endif
