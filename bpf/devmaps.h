/* SPDX-License-Identifier: GPL-2.0 */
/* The ports that are devices, and the memory of the programs that run on them. */
#ifndef VALE_BPF_DEVMAPS_H
#define VALE_BPF_DEVMAPS_H

#include "fdb.h"
#include "maps.h"

#define CHECKSUM_BLOCK 512 /* the most that bpf_csum_diff() takes on 6.1 */

/*
 * Working memory; nobody but the programs of one CPU sees it. What the steps of a loop tell each other
 * is here and not on the stack: kernels before 6.7 take what is on the stack before a loop for what
 * each of its steps finds there.
 */
struct scratch {
	struct fdb_cache cache;
	__u8 block[CHECKSUM_BLOCK + 4];
	__u32 source;	 /* port that the frames come from that this CPU is delivering */
	__u32 length;	 /* of the last of them */
	__u32 returned;	 /* copies of a flood that its own source has thrown away, see port.bpf.c */
	__u32 receivers; /* of the flood at hand: devices that can take the frame, */
	__u32 receiver;	 /* and the last of them */
	__u32 cut;	 /* there is one that cannot, and behind it the kernel does not go on */
	__u32 copies;	 /* ports it is meant for */
	__u32 sockets;	 /* port whose sockets got the last frame, or could; VALE_FLOOD: none */
	__u32 sending;	 /* port that tc has sent a frame to last */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

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
	__uint(max_entries, 2 * VALE_PORTS); /* AF_XDP ports have two */
	__type(key, struct vale_device);
	__type(value, __u32);
} devices SEC(".maps");

/*
 * The kernel gives a socket the frames of its own queue of its own device, and no others. So they are
 * by the port of that device, and the queue.
 */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, VALE_PORTS *VALE_QUEUES);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

#endif
