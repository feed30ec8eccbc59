/* SPDX-License-Identifier: GPL-2.0 */
/* The maps of a switch; include/vale/abi.h says what is in them. */
#ifndef VALE_BPF_MAPS_H
#define VALE_BPF_MAPS_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "vale/abi.h"

#define FDB_CACHE_BITS	10
#define FDB_CACHE_SLOTS (1 << FDB_CACHE_BITS)
#define CHECKSUM_BLOCK	512 /* the most that bpf_csum_diff() takes on 6.1 */

/* A lookup that was answered by the hash maps, kept while `stamp` says that it may be. */
struct fdb_cache_slot {
	__u64 key;
	__u64 stamp;
	__u32 port;
	__u32 renewed; /* the hash maps have been told, too, that it is behind that port */
};

/* Working memory; nobody but the programs of one CPU sees it. */
struct scratch {
	struct fdb_cache_slot cache[FDB_CACHE_SLOTS];
	__u8 block[CHECKSUM_BLOCK + 4];
	__u32 source;	 /* port that the frames come from that this CPU is delivering */
	__u32 length;	 /* of the last of them */
	__u32 returned;	 /* copies of a flood that its own source has thrown away, see port.bpf.c */
	__u32 receivers; /* of the flood at hand: ports that can take the frame, */
	__u32 receiver;	 /* one of them, */
	__u32 refusers;	 /* and ports that cannot */
	__u32 unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_switch);
} switch_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__type(value, struct vale_port);
} ports SEC(".maps");

/*
 * enum vale_devmap says what they are for. In programs that share their device, the loader puts the
 * *_shared ones in the place of the others.
 */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} devmap SEC(".maps"), devmap_shared SEC(".maps"), flood SEC(".maps"), flood_shared SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VALE_PORTS);
	__type(key, struct vale_device);
	__type(value, __u32);
} devices SEC(".maps");

/* The loader sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct vale_fdb_key);
	__type(value, struct vale_fdb_entry);
} fdb SEC(".maps");

/* Apart from the learned ones, or a flood of sources would push these out of the LRU hash. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, struct vale_fdb_key);
	__type(value, struct vale_fdb_entry);
} fdb_static SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__type(value, struct vale_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

#endif
