// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* When bursts of pkt-gen are due, by clocks that are made up; and the times of round trips. */
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/rate.h"
#include "pkt-gen/round_trip.h"

#define SECOND 1000000000ull
#define START  123456789012345ull

/* Who is always in time sends exactly so many a second, whatever does not divide. */
Test(pktgen_rate, is_exact)
{
	static const uint64_t rates[] = { 1, 3, 299, 300, 301, 1000, 7777777, 14880952, 1000000007 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct rate rate;
		uint64_t sent = 0;

		rate_start(&rate, rates[i], 512, START);
		cr_assert_eq(rate.due, START);
		while (sent < 10 * rates[i]) {
			uint64_t left = 10 * rates[i] - sent;
			uint32_t burst = left < rate.burst ? left : rate.burst;

			rate_sent(&rate, burst, rate.due);
			sent += burst;
		}
		cr_assert_eq(rate.due, START + 10 * SECOND, "%llu a second: %lld ns off",
			     (unsigned long long)rates[i],
			     (long long)(rate.due - START - 10 * SECOND));
	}
}

Test(pktgen_rate, bursts_are_small_enough_for_it)
{
	struct rate rate;

	rate_start(&rate, 0, 512, START);
	cr_assert_eq(rate.burst, 512);
	rate_start(&rate, 300000000, 512, START);
	cr_assert_eq(rate.burst, 512);
	rate_start(&rate, 30000, 512, START);
	cr_assert_eq(rate.burst, 100);
	rate_start(&rate, 30000, 64, START);
	cr_assert_eq(rate.burst, 64);
	rate_start(&rate, 10, 512, START);
	cr_assert_eq(rate.burst, 1);
}

Test(pktgen_rate, who_is_late_catches_up)
{
	struct rate rate;

	rate_start(&rate, 1000, 1, START);
	rate_sent(&rate, 1, START + SECOND / 20); /* 50 ms late: the next one is due already */
	cr_assert_eq(rate.due, START + SECOND / 1000);
	rate_sent(&rate, 1, START + 5 * SECOND); /* that is too much to catch up with */
	cr_assert_eq(rate.due, START + 5 * SECOND - SECOND / 10);
}

Test(pktgen_rate, nothing_is_due_without_one)
{
	struct rate rate;

	rate_start(&rate, 0, 512, START);
	rate_sent(&rate, 512, START + SECOND);
	cr_assert_eq(rate.due, START);
}

/* ---- round trips ------------------------------------------------------------------------------- */

Test(pktgen_rate, round_trips)
{
	struct round_trips trips = {};
	char text[ROUND_TRIPS_TEXT];

	round_trips_text(&trips, text); /* of nothing: no crash */
	round_trips_add(&trips, 1000);
	round_trips_add(&trips, 1023);
	round_trips_add(&trips, 1024);
	round_trips_add(&trips, 9000);
	cr_assert_eq(trips.count, 4);
	cr_assert_eq(trips.min, 1000);
	cr_assert_eq(trips.sum, 12047);
	round_trips_text(&trips, text);
	cr_assert_str_eq(text, "k: 512 .. 8192\n\t     2     1     0     0     1");
	round_trips_add(&trips, 0);
	round_trips_add(&trips, UINT64_MAX);
	cr_assert_eq(trips.min, 0);
	memset(trips.bucket, 0xff, sizeof(trips.bucket));
	round_trips_text(&trips, text);
	cr_assert_lt(strlen(text), sizeof(text) - 1, "it was cut off");
}
