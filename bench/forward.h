/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Frames from a source to a device behind each datapath: the rows of a group. */
#ifndef BENCH_FORWARD_H
#define BENCH_FORWARD_H

#include "bench/report.h"
#include "bench/source.h"

int forward_group(const struct source_type *type, const struct options *options,
		  struct report *report);

#endif
