/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many frames a port may send to all others: token buckets. A bucket is one number, the time at
 * which it will be full again: what is taken from it moves that on, and nothing but the clock fills
 * it.
 */
#ifndef VALE_BPF_STORM_H
#define VALE_BPF_STORM_H

#include "eth.h"
#include "maps.h"

#define STORM_NS_PER_SECOND 1000000000ULL

/* Other CPUs may be in the way so often. */
#define STORM_TRIES 8

/* What a frame is that goes to all. */
static __always_inline enum vale_storm storm_kind(__u64 destination)
{
	if (destination == ETH_ADDRESS_MASK)
		return VALE_STORM_BROADCAST;
	return eth_is_group(destination) ? VALE_STORM_MULTICAST : VALE_STORM_UNKNOWN;
}

/* NULL: the port has no limit of that kind. */
static __always_inline struct vale_bucket *storm_bucket(__u32 number, __u32 kind)
{
	struct vale_limit *limit = bpf_map_lookup_elem(&limits, &number);

	if (!limit || kind >= VALE_STORMS || !limit->storm[kind].rate)
		return NULL;
	return &limit->storm[kind];
}

/* Takes room for so many frames, or as many as there is for; returns how many. */
__noinline __u32 storm_take(__u32 number, __u32 kind, __u32 wanted)
{
	struct vale_bucket *bucket = storm_bucket(number, kind);
	__u64 now, full, start, frame_ns, room;

	if (!bucket)
		return wanted;
	now = bpf_ktime_get_ns();
	frame_ns = STORM_NS_PER_SECOND / bucket->rate;
	for (int i = 0; i < STORM_TRIES; i++) {
		full = READ_ONCE(bucket->full_ns);
		start = full > now ? full : now;
		if (start - now >= bucket->burst * frame_ns)
			return 0;
		room = (bucket->burst * frame_ns - (start - now)) / frame_ns;
		if (room > wanted)
			room = wanted;
		if (!room || __sync_val_compare_and_swap(&bucket->full_ns, full,
							 start + room * frame_ns) == full)
			return room;
	}
	return 0;
}

/* Gives room back that was taken and not needed; what was taken from may be another bucket. */
__noinline int storm_return(__u32 number, __u32 kind, __u32 frames)
{
	struct vale_bucket *bucket = storm_bucket(number, kind);
	__u64 full, ns;

	if (!bucket)
		return 0;
	ns = frames * (STORM_NS_PER_SECOND / bucket->rate);
	for (int i = 0; i < STORM_TRIES; i++) {
		full = READ_ONCE(bucket->full_ns);
		if (full < ns ||
		    __sync_val_compare_and_swap(&bucket->full_ns, full, full - ns) == full)
			break;
	}
	return 0;
}

#endif
