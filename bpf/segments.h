/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of frames that are not all in their bytes, to a port that takes bytes only.
 *
 * The kernel can cut a frame into segments, fill in checksums and put in VLAN tags, for a device that
 * cannot do so itself. A veth pair that can do nothing is such a device: what goes into its near end
 * (tc.bpf.c) comes out of its far end (segments.bpf.c) in plain frames. There the frame's own way has
 * been forgotten, so it is written into it: in a VLAN tag, where it comes from and where it goes.
 */
#ifndef VALE_BPF_SEGMENTS_H
#define VALE_BPF_SEGMENTS_H

#include <linux/if_ether.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>

/* In place of a way: the real one is in the next tag, and the frame is a copy of one that is flooded. */
#define SEGMENTS_COPY 0xffff

static __always_inline __u16 segments_way(__u32 from, __u32 to)
{
	return from << 8 | to;
}

static __always_inline __u32 segments_from(__u16 way)
{
	return way >> 8;
}

static __always_inline __u32 segments_to(__u16 way)
{
	return way & 0xff;
}

#endif
