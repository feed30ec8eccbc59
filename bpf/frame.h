/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A frame as a program on a device gets it: from the driver by XDP, or as an skb by tc, in programs
 * that say so by FRAME_IS_SKB.
 */
#ifndef VALE_BPF_FRAME_H
#define VALE_BPF_FRAME_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifdef FRAME_IS_SKB

typedef struct __sk_buff frame_context;

static __always_inline long frame_load(frame_context *frame, __u32 offset, void *to, __u32 length)
{
	return bpf_skb_load_bytes(frame, offset, to, length);
}

static __always_inline __u32 frame_queue(const frame_context *frame)
{
	return frame->queue_mapping;
}

/* Words of the virtio-net header that says what the frame leaves to others: see offload.h. */
static __always_inline __u32 frame_header(const frame_context *frame, int word)
{
	return frame->cb[word];
}

#else

typedef struct xdp_md frame_context;

static __always_inline long frame_load(frame_context *frame, __u32 offset, void *to, __u32 length)
{
	return bpf_xdp_load_bytes(frame, offset, to, length);
}

static __always_inline __u32 frame_queue(const frame_context *frame)
{
	return frame->rx_queue_index;
}

/* Nothing is left open. */
static __always_inline __u32 frame_header(const frame_context *frame, int word)
{
	return 0;
}

#endif

#endif
