/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the user is told while threads work, and in the end. */
#ifndef PKTGEN_REPORT_H
#define PKTGEN_REPORT_H

#include "worker.h"

/* "Sending on ..." */
void report_start(const struct crew *crew);

/* Rates since the last time, in the course of the work. */
struct report {
	const struct crew *crew;
	struct counters before;
	uint64_t before_ns;
	uint64_t window[15]; /* of rates, for -A */
	uint32_t samples;
};
void report_begin(struct report *report, const struct crew *crew);
void report_line(struct report *report, const char *function, int line);

/* "Sent ...". False: rxseq has found faults, or nothing. */
bool report_end(const struct crew *crew);

#endif
