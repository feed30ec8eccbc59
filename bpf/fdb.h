/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The forwarding database: which port an address is behind.
 *
 * The hash maps cost 30 ns a lookup, so each CPU keeps the answers it got in a small direct-mapped
 * cache. A cached answer ends with the tick (so that what an address does is seen in the hash map
 * once a tick, which renews its age) and with the switch's generation (which moves on whenever
 * an address moves, is removed, or a port comes or goes).
 */
#ifndef VALE_BPF_FDB_H
#define VALE_BPF_FDB_H

#include "eth.h"
#include "maps.h"

/* An unknown address is flooded. */
#define FDB_UNKNOWN VALE_FLOOD

/* 64 jiffies: 64 ms at HZ=1000, 256 ms at HZ=250. bpf_jiffies64() is inlined, a clock is a call. */
#define FDB_TICK_SHIFT 6

struct fdb_view {
	struct vale_switch *state;
	struct scratch *memory;
	__u64 stamp;
};

static __always_inline bool fdb_view(struct fdb_view *view)
{
	__u32 zero = 0;

	view->state = bpf_map_lookup_elem(&switch_state, &zero);
	view->memory = bpf_map_lookup_elem(&scratch, &zero);
	if (!view->state || !view->memory)
		return false;
	view->stamp = (__u64) * (volatile __u32 *)&view->state->generation << 32 |
		      (__u32)(bpf_jiffies64() >> FDB_TICK_SHIFT);
	return true;
}

static __always_inline struct fdb_cache_slot *fdb_cached(struct fdb_view *view, __u64 address)
{
	/* Fibonacci hashing: only the highest bits of the product depend on every bit. */
	__u32 index = address * 0x9e3779b97f4a7c15ULL >> (64 - FDB_CACHE_BITS);

	return &view->memory->cache[index];
}

static __always_inline bool fdb_cache_holds(const struct fdb_cache_slot *slot, __u64 address,
					    __u64 stamp)
{
	return slot->key == address && slot->stamp == stamp;
}

static __always_inline void fdb_cache_set(struct fdb_cache_slot *slot, __u64 address, __u64 stamp,
					  __u32 port, bool renewed)
{
	slot->key = address;
	slot->stamp = stamp;
	slot->port = port;
	slot->renewed = renewed;
}

/* True if `entry` was made for the port that has the number now. */
static __always_inline bool fdb_entry_current(const struct vale_fdb_entry *entry)
{
	__u32 number = entry->port;
	struct vale_port *port = bpf_map_lookup_elem(&ports, &number);

	return port && port->kind != VALE_PORT_FREE && port->generation == entry->generation;
}

static __always_inline bool fdb_entry_aged(const struct vale_fdb_entry *entry, __u64 age_ns)
{
	/* Another CPU may have renewed it after we read the clock: signed, so that is no age at
	 * all. */
	return age_ns && (__s64)(bpf_ktime_get_coarse_ns() - entry->seen_ns) > (__s64)age_ns;
}

/* Asks the maps. Returns a port number or FDB_UNKNOWN. */
__noinline __u32 fdb_find(__u64 address, __u64 age_ns)
{
	struct vale_fdb_entry *entry = bpf_map_lookup_elem(&fdb_static, &address);

	if (entry && fdb_entry_current(entry))
		return entry->port;
	entry = bpf_map_lookup_elem(&fdb, &address);
	if (entry && fdb_entry_current(entry) && !fdb_entry_aged(entry, age_ns))
		return entry->port;
	return FDB_UNKNOWN;
}

/*
 * Writes down that `address` is behind `number`, unless it was set by hand. Returns the port the
 * address is now said to be behind. A table that cannot take it leaves the address unknown: frames
 * to it are flooded.
 */
__noinline __u32 fdb_store(__u64 address, __u32 number)
{
	struct vale_port *port = bpf_map_lookup_elem(&ports, &number);
	struct vale_fdb_entry *entry, learned = {};
	struct vale_switch *state;
	__u32 zero = 0;

	if (!port)
		return FDB_UNKNOWN;
	entry = bpf_map_lookup_elem(&fdb_static, &address);
	if (entry && fdb_entry_current(entry))
		return entry->port;
	entry = bpf_map_lookup_elem(&fdb, &address);
	if (entry && entry->port == number && entry->generation == port->generation) {
		entry->seen_ns = bpf_ktime_get_coarse_ns();
		return number;
	}
	learned.port = number;
	learned.generation = port->generation;
	learned.seen_ns = bpf_ktime_get_coarse_ns();
	if (bpf_map_update_elem(&fdb, &address, &learned, BPF_ANY))
		return FDB_UNKNOWN;
	state = bpf_map_lookup_elem(&switch_state, &zero);
	if (entry && state) /* it moved: what other CPUs have cached is wrong */
		__sync_fetch_and_add(&state->generation, 1);
	return number;
}

/* Notes that `address`, the source of a frame, is behind `port`. */
static __always_inline void fdb_learn(struct fdb_view *view, __u64 address, __u32 port)
{
	struct fdb_cache_slot *slot = fdb_cached(view, address);

	if (fdb_cache_holds(slot, address, view->stamp) && slot->port == port && slot->renewed)
		return;
	/* Only individual addresses can be learned; nobody has the address that is all zero. */
	if (eth_is_group(address) || !address)
		return;
	fdb_cache_set(slot, address, view->stamp, fdb_store(address, port), true);
}

/* Returns the port that `address` is behind, or FDB_UNKNOWN. */
static __always_inline __u32 fdb_lookup(struct fdb_view *view, __u64 address)
{
	struct fdb_cache_slot *slot = fdb_cached(view, address);
	__u32 port;

	if (fdb_cache_holds(slot, address, view->stamp))
		return slot->port;
	port = fdb_find(address, view->state->age_ns);
	if (port != FDB_UNKNOWN)
		fdb_cache_set(slot, address, view->stamp, port, false);
	return port;
}

#endif
