/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a port. Each CPU has its own, so plain additions do. */
#ifndef VALE_BPF_STATS_H
#define VALE_BPF_STATS_H

#include "maps.h"

static __always_inline struct vale_stats *stats_of(__u32 port)
{
	return bpf_map_lookup_elem(&stats, &port);
}

static __always_inline void stats_drop(__u32 port, enum vale_drop reason, __u32 frames)
{
	struct vale_stats *counters = stats_of(port);

	if (counters)
		counters->drops[reason] += frames;
}

#endif
