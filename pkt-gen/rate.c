// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "rate.h"

#define SECOND	  1000000000ull
#define BURSTS	  300
#define LATE_MOST (SECOND / 10)

void rate_start(struct rate *rate, uint64_t frames, uint32_t burst, uint64_t now)
{
	uint64_t most = frames / BURSTS;

	*rate = (struct rate){ .frames = frames, .burst = burst, .due = now };
	if (frames && burst > most)
		rate->burst = most ? most : 1;
}

void rate_sent(struct rate *rate, uint32_t frames, uint64_t now)
{
	uint64_t time = frames * SECOND + rate->part;

	if (!rate->frames)
		return;
	rate->due += time / rate->frames;
	rate->part = time % rate->frames;
	if (rate->due + LATE_MOST < now)
		rate->due = now - LATE_MOST;
}
