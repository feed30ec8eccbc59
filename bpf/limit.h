/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many addresses are learned behind a port that has a limit.
 *
 * Nothing tells when the LRU hash forgets an address, when one has aged, moved, or was removed by a
 * user: so addresses are not counted. Each has a claim, of which a port has as many as its limit
 * allows. When all are taken, each is compared with what the fdb says of its address, and is free
 * again unless the address is still there by this claim. Whatever happens to a claim meanwhile, on
 * this CPU or another, is mended then.
 */
#ifndef VALE_BPF_LIMIT_H
#define VALE_BPF_LIMIT_H

#include "maps.h"
#include "stats.h"

/* In place of a claim: there is none. */
#define LIMIT_NO_CLAIM 0xffff

/* In 64 jiffies. A flood of sources must not make us look for free claims with each frame. */
#define LIMIT_SWEEP_SHIFT 6

/* A txsync has no more stack than this takes: what the steps know is in the limit. */
static __always_inline bool limit_is_held(const struct vale_limit *limit,
					  const struct vale_fdb_entry *entry, __u32 claim)
{
	return entry->port == limit->port && entry->generation == limit->generation &&
	       entry->claim == claim;
}

/* Claims that are in use move up to where none is. */
static long limit_sweep_step(__u32 claim, struct vale_limit **memory)
{
	struct vale_limit *limit = *memory;
	__u64 address = limit->claims[claim & (VALE_LIMIT_MACS - 1)];
	struct vale_fdb_entry *entry;
	__u32 kept = limit->kept;

	if (claim >= limit->macs)
		return 1;
	entry = bpf_map_lookup_elem(&fdb, &address);
	if (!entry || !limit_is_held(limit, entry, claim) ||
	    (__s64)(entry->seen_ns - limit->seen_ns) < 0)
		return 0;
	limit->claims[kept & (VALE_LIMIT_MACS - 1)] = address;
	entry->claim = kept;
	limit->kept = kept + 1;
	return 0;
}

/* All are taken, so nobody else takes any, until it is said how many are not. */
static __always_inline void limit_sweep(struct vale_limit *limit, __u64 age_ns)
{
	__u64 tick = bpf_jiffies64() >> LIMIT_SWEEP_SHIFT;

	if (limit->swept == tick || __sync_lock_test_and_set(&limit->sweeping, 1))
		return;
	limit->swept = tick;
	limit->seen_ns = age_ns ? bpf_ktime_get_ns() - age_ns : 0;
	limit->kept = 0;
	bpf_loop(VALE_LIMIT_MACS, limit_sweep_step, &limit, 0);
	__sync_lock_test_and_set(&limit->claimed, limit->kept);
	__sync_lock_test_and_set(&limit->sweeping, 0);
}

static __always_inline __u32 limit_take(struct vale_limit *limit, __u64 address)
{
	__u32 claim;

	if (READ_ONCE(limit->claimed) >= limit->macs)
		return LIMIT_NO_CLAIM;
	claim = __sync_fetch_and_add(&limit->claimed, 1);
	if (claim >= limit->macs)
		return LIMIT_NO_CLAIM;
	limit->claims[claim & (VALE_LIMIT_MACS - 1)] = address;
	return claim;
}

/*
 * The claim by which `address` may be behind the port `number`: the one that it has, or a free one.
 * LIMIT_NO_CLAIM: there are as many addresses as the limit allows.
 */
__noinline __u32 limit_claim(__u64 address, __u32 number, __u64 age_ns)
{
	struct vale_limit *limit = bpf_map_lookup_elem(&limits, &number);
	struct vale_fdb_entry *entry;
	struct vale_stats *counters;
	__u32 claim;

	/* One that was set by hand is not learned. */
	if (!limit || !limit->macs || bpf_map_lookup_elem(&fdb_static, &address))
		return 0;
	entry = bpf_map_lookup_elem(&fdb, &address);
	if (entry) {
		claim = entry->claim;
		if (claim < limit->claimed && limit_is_held(limit, entry, claim) &&
		    limit->claims[claim & (VALE_LIMIT_MACS - 1)] == address)
			return claim;
	}
	if (READ_ONCE(limit->claimed) >= limit->macs)
		limit_sweep(limit, age_ns);
	claim = limit_take(limit, address);
	if (claim != LIMIT_NO_CLAIM)
		return claim;
	counters = stats_of(number);
	if (counters)
		stats_add(&counters->unlearned, 1);
	return LIMIT_NO_CLAIM;
}

#endif
