/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The forwarding database: which port an address is behind.
 *
 * The hash maps cost 30 ns a lookup, so who asks them (a CPU that serves devices, a tx ring) keeps
 * the answers it got in a small direct-mapped cache. They end with the tick (so that what an address
 * does is seen in the hash map once a tick, which renews its age) and with the switch's generation
 * (which moves on whenever an address moves, is removed, or a port comes or goes).
 */
#ifndef VALE_BPF_FDB_H
#define VALE_BPF_FDB_H

#include "eth.h"
#include "limit.h"
#include "maps.h"

/*
 * Where a frame goes: to the port of a number, with FDB_RING beside it if that is a ring port; or
 * to all.
 */
#define FDB_RING   0x100
#define FDB_NUMBER 0xff

/* An unknown address is flooded. */
#define FDB_UNKNOWN VALE_FLOOD

/* 64 jiffies: 64 ms at HZ=1000, 256 ms at HZ=250. bpf_jiffies64() is inlined, a clock is a call. */
#define FDB_TICK_SHIFT 6

/* What the kernel gives a CPU at a time, 32 KiB, has room for no more. */
#ifndef FDB_CACHE_BITS
#define FDB_CACHE_BITS 10
#endif
#define FDB_CACHE_SLOTS (1 << FDB_CACHE_BITS)

/* A lookup that was answered by the hash maps. */
struct fdb_cache_slot {
	__u64 key; /* the address, and in the lowest bits, where none has any, when it was answered */
	__u32 destination;
	__u32 renewed; /* the hash maps have been told, too, that it is there */
};

struct fdb_cache {
	__u64 stamp; /* generation and tick */
	__u64 epoch; /* 1 .. FDB_EPOCHS - 1: counts the stamps, and is part of each key */
	struct fdb_cache_slot slot[FDB_CACHE_SLOTS];
};

#define FDB_EPOCH_BITS 16
#define FDB_EPOCHS     (1 << FDB_EPOCH_BITS)

struct fdb_view {
	struct vale_switch *state;
	struct fdb_cache *cache;
	__u64 epoch;
};

static long fdb_cache_clear(__u32 index, struct fdb_cache **cache)
{
	(*cache)->slot[index & (FDB_CACHE_SLOTS - 1)].key = 0;
	return 0;
}

/* What was answered before must not match any more. */
static __always_inline void fdb_cache_end(struct fdb_cache *cache, __u64 stamp)
{
	cache->stamp = stamp;
	if (++cache->epoch < FDB_EPOCHS)
		return;
	bpf_loop(FDB_CACHE_SLOTS, fdb_cache_clear, &cache, 0);
	cache->epoch = 1;
}

static __always_inline bool fdb_view(struct fdb_view *view, struct fdb_cache *cache)
{
	__u32 zero = 0;
	__u64 stamp;

	view->state = bpf_map_lookup_elem(&switch_state, &zero);
	if (!view->state)
		return false;
	stamp = (__u64)READ_ONCE(view->state->generation) << 32 |
		(__u32)(bpf_jiffies64() >> FDB_TICK_SHIFT);
	if (stamp != cache->stamp)
		fdb_cache_end(cache, stamp);
	view->cache = cache;
	view->epoch = cache->epoch;
	return true;
}

static __always_inline __u64 fdb_key(const struct fdb_view *view, __u64 address)
{
	return address << FDB_EPOCH_BITS | view->epoch;
}

static __always_inline struct fdb_cache_slot *fdb_cached(const struct fdb_view *view, __u64 address)
{
	/* Fibonacci hashing: only the highest bits of the product depend on every bit. */
	__u32 index = address * 0x9e3779b97f4a7c15ULL >> (64 - FDB_CACHE_BITS);

	return &view->cache->slot[index];
}

static __always_inline void fdb_cache_set(struct fdb_cache_slot *slot, __u64 key, __u32 destination,
					  bool renewed)
{
	slot->key = key;
	slot->destination = destination;
	slot->renewed = renewed;
}

/* Where an entry says that its address is, or FDB_UNKNOWN if it was made for a port that is gone. */
static __always_inline __u32 fdb_destination(const struct vale_fdb_entry *entry)
{
	__u32 number = entry->port;
	struct vale_port_entry *port = bpf_map_lookup_elem(&ports, &number);

	if (!port || port->kind == VALE_PORT_FREE || port->generation != entry->generation)
		return FDB_UNKNOWN;
	return port->kind == VALE_PORT_RING ? number | FDB_RING : number;
}

static __always_inline bool fdb_entry_aged(const struct vale_fdb_entry *entry, __u64 age_ns)
{
	/* Another CPU may have renewed it after we read the clock: signed, so that is no age at all. */
	return age_ns && (__s64)(bpf_ktime_get_ns() - entry->seen_ns) > (__s64)age_ns;
}

/* Asks the maps. */
__noinline __u32 fdb_find(__u64 address, __u64 age_ns)
{
	struct vale_fdb_entry *entry = bpf_map_lookup_elem(&fdb_static, &address);
	__u32 destination = entry ? fdb_destination(entry) : FDB_UNKNOWN;

	if (destination != FDB_UNKNOWN)
		return destination;
	entry = bpf_map_lookup_elem(&fdb, &address);
	return entry && !fdb_entry_aged(entry, age_ns) ? fdb_destination(entry) : FDB_UNKNOWN;
}

/*
 * Writes down that `address` is behind the port `number`, by a claim of limit.h, unless it was set by
 * hand. Returns where the address is now said to be. A table that cannot take it leaves the address
 * unknown: frames to it are flooded.
 */
__noinline __u32 fdb_store(__u64 address, __u32 number, __u32 claim)
{
	struct vale_port_entry *port = bpf_map_lookup_elem(&ports, &number);
	struct vale_fdb_entry *entry, learned = {};
	struct vale_switch *state;
	__u32 zero = 0, destination;

	if (!port)
		return FDB_UNKNOWN;
	entry = bpf_map_lookup_elem(&fdb_static, &address);
	destination = entry ? fdb_destination(entry) : FDB_UNKNOWN;
	if (destination != FDB_UNKNOWN)
		return destination;
	learned.port = number;
	learned.claim = claim;
	learned.generation = port->generation;
	learned.seen_ns = bpf_ktime_get_ns();
	entry = bpf_map_lookup_elem(&fdb, &address);
	if (entry && entry->port == number && entry->generation == port->generation) {
		entry->claim = claim;
		entry->seen_ns = learned.seen_ns;
		return fdb_destination(entry);
	}
	if (bpf_map_update_elem(&fdb, &address, &learned, BPF_ANY))
		return FDB_UNKNOWN;
	state = bpf_map_lookup_elem(&switch_state, &zero);
	if (entry && state) /* it moved: what others have cached is wrong */
		__sync_fetch_and_add(&state->generation, 1);
	return fdb_destination(&learned);
}

/* Notes that `address`, the source of a frame, is behind `port`, a destination. */
static __always_inline void fdb_learn(const struct fdb_view *view, __u64 address, __u32 port)
{
	struct fdb_cache_slot *slot = fdb_cached(view, address);
	__u64 key = fdb_key(view, address);
	__u32 claim = 0;

	if (slot->key == key && slot->destination == port && slot->renewed)
		return;
	/* Only individual addresses can be learned; nobody has the address that is all zero. */
	if (eth_is_group(address) || !address)
		return;
	if (view->state->limited)
		claim = limit_claim(address, port & FDB_NUMBER, view->state->age_ns);
	if (claim != LIMIT_NO_CLAIM)
		fdb_cache_set(slot, key, fdb_store(address, port & FDB_NUMBER, claim), true);
}

/* Returns where `address` is. Those of groups are nowhere, and so never found in the cache. */
static __always_inline __u32 fdb_lookup(const struct fdb_view *view, __u64 address)
{
	struct fdb_cache_slot *slot = fdb_cached(view, address);
	__u64 key = fdb_key(view, address);
	__u32 destination;

	if (slot->key == key)
		return slot->destination;
	if (eth_is_group(address))
		return FDB_UNKNOWN;
	destination = fdb_find(address, view->state->age_ns);
	if (destination != FDB_UNKNOWN)
		fdb_cache_set(slot, key, destination, false);
	return destination;
}

#endif
