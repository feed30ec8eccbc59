/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counters of a port. Each CPU has its own. Programs of devices run one after the other on a
 * CPU, so plain additions do; a txsync is interrupted by them and by others of its kind, and adds
 * atomically.
 */
#ifndef VALE_BPF_STATS_H
#define VALE_BPF_STATS_H

#include "maps.h"

static __always_inline struct vale_stats *stats_of(__u32 port)
{
	return bpf_map_lookup_elem(&stats, &port);
}

/* At the port that decided it. */
static __always_inline void stats_drop(__u32 port, enum vale_drop reason, __u32 frames)
{
	struct vale_stats *counters = stats_of(port);

	if (counters)
		counters->drops[reason] += frames;
}

/* At the port that a frame was for, and at the one it came from. */
static __always_inline void stats_lose(__u32 port, __u32 source, enum vale_drop reason,
				       __u32 frames)
{
	struct vale_stats *counters = stats_of(source);

	stats_drop(port, reason, frames);
	if (counters)
		counters->lost[reason] += frames;
}

static __always_inline void stats_add(__u64 *counter, __u64 value)
{
	__sync_fetch_and_add(counter, value);
}

#endif
