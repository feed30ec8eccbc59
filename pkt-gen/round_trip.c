// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "round_trip.h"

#include <stdio.h>

static int bucket_of(uint64_t ns)
{
	return ns ? 63 - __builtin_clzll(ns) : 0;
}

void round_trips_add(struct round_trips *trips, uint64_t ns)
{
	if (!trips->count || ns < trips->min)
		trips->min = ns;
	trips->count++;
	trips->sum += ns;
	trips->bucket[bucket_of(ns)]++;
}

void round_trips_text(const struct round_trips *trips, char text[ROUND_TRIPS_TEXT])
{
	int first = 0, last = 63, used;

	while (first < 63 && !trips->bucket[first])
		first++;
	while (last > first && !trips->bucket[last])
		last--;
	used = snprintf(text, ROUND_TRIPS_TEXT, "k: %llu .. %llu\n\t", 1ull << first, 1ull << last);
	for (int i = first; i <= last; i++)
		used += snprintf(text + used, ROUND_TRIPS_TEXT - used, " %5llu",
				 (unsigned long long)trips->bucket[i]);
}
