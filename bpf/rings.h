/* SPDX-License-Identifier: GPL-2.0 */
/* The memory of the ring ports, by port number and pair of rings: include/vale/ring.h. */
#ifndef VALE_BPF_RINGS_H
#define VALE_BPF_RINGS_H

#include "maps.h"
#include "vale/ring.h"

/*
 * What the maps of one port are made like: the kernel takes no others into those of the switch. A
 * port has as many elements as pairs of rings.
 */
struct region_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_region);
};

struct ring_state_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_ring_state);
};

struct doorbell_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__array(values, struct region_map);
} regions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__array(values, struct ring_state_map);
} ring_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VALE_PORTS *VALE_RINGS); /* by vale_doorbell() */
	__type(key, __u32);
	__array(values, struct doorbell_map);
} doorbells SEC(".maps");

/*
 * Nobody calls this. clang describes a structure that it has first met in the definition of a map in
 * a map only by its name, unless it meets it elsewhere under another one.
 */
typedef struct vale_region region_value;
typedef struct vale_ring_state ring_state_value;

int rings_types(const region_value *region, const ring_state_value *state)
{
	return 0;
}

static __always_inline struct vale_ring_state *rings_state(__u32 port, __u32 pair)
{
	void *map = bpf_map_lookup_elem(&ring_states, &port);

	return map ? bpf_map_lookup_elem(map, &pair) : NULL;
}

/* Wakes who waits for a pair. A doorbell that is full has been rung and not been heard yet. */
static __always_inline void rings_wake(__u32 doorbell)
{
	void *map = bpf_map_lookup_elem(&doorbells, &doorbell);
	__u64 word = 0;

	if (map)
		bpf_ringbuf_output(map, &word, sizeof(word), BPF_RB_FORCE_WAKEUP);
}

/* Where the first buffer of a region is. */
static __always_inline __u8 *rings_buffers(struct vale_region *region, __u32 shift)
{
	return region->buffers[0] + (shift & VALE_SHIFT_MASK);
}

/* Its index. */
static __always_inline __u32 rings_first(__u32 region)
{
	return region * VALE_REGION_UNITS + VALE_BUFFER_FIRST;
}

/*
 * Where the buffer of an index is, in whichever region of the memory, or NULL if there is no such
 * buffer. For most, the region of the ring whose slot has the index need not be looked up again.
 */
static __always_inline __u8 *rings_buffer(void *region_map, __u32 shift, __u32 index)
{
	__u32 number = index / VALE_REGION_UNITS;
	struct vale_region *region = bpf_map_lookup_elem(region_map, &number);

	index -= rings_first(number);
	if (!region || index >= VALE_REGION_BUFFERS)
		return NULL;
	/* Not before it is known to be there. */
	asm volatile("" : "+r"(region));
	return rings_buffers(region, shift) + index * VALE_BUFFER_SIZE;
}

/* The same, of the memory of a port. */
static __always_inline __u8 *rings_port_buffer(__u32 port, __u32 index)
{
	const struct vale_ring_state *state = rings_state(port, 0);
	void *region_map = bpf_map_lookup_elem(&regions, &port);

	return state && region_map ? rings_buffer(region_map, state->shift, index) : NULL;
}

#endif
