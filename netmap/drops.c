// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a port had no room for. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "layer.h"

__u64 drops_of(const struct maps *maps, __u32 port)
{
	int cpus = libbpf_num_possible_cpus(), stats = maps->fd[MAP_STATS];
	CLEANUP_FREE struct vale_stats *counters = calloc(cpus > 0 ? cpus : 1, sizeof(*counters));
	__u64 dropped = 0;

	if (stats < 0 || !counters || bpf_map_lookup_elem(stats, &port, counters))
		return 0;
	for (int cpu = 0; cpu < cpus; cpu++)
		dropped += counters[cpu].drops[VALE_DROP_FULL];
	return dropped;
}
