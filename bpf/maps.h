/* SPDX-License-Identifier: GPL-2.0 */
/* The tables of a switch; include/vale/abi.h says what is in them. */
#ifndef VALE_BPF_MAPS_H
#define VALE_BPF_MAPS_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "vale/abi.h"

/* What others may change meanwhile is read once, and written at once. */
#define READ_ONCE(x)	 (*(volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

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
	__type(value, struct vale_port_entry);
} ports SEC(".maps");

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

/* Of most ports there is none. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__type(value, struct vale_limit);
} limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VALE_PORTS);
	__type(key, __u32);
	__type(value, struct vale_stats);
} stats SEC(".maps");

#endif
