/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The row groups. Each sets up what it needs, measures, reports, and takes everything down. */
#ifndef BENCH_GROUPS_H
#define BENCH_GROUPS_H

#include "bench/bench.h"
#include "bench/report.h"

int live_group(const struct options *options, struct report *report);
int packet_group(const struct options *options, struct report *report);
int tcp_group(const struct options *options, struct report *report);
int guests_group(const struct options *options, struct report *report);
int ring_group(const struct options *options, struct report *report);
int xsk_group(const struct options *options, struct report *report);
int ring_device_group(const struct options *options, struct report *report);
int round_trip_group(const struct options *options, struct report *report);
int ring_open_group(const struct options *options, struct report *report);
int ring_parts_group(const struct options *options, struct report *report);
int attach_group(const struct options *options, struct report *report);

#endif
