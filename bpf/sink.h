/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where frames are written that cut.h makes: slots of a ring, or a live frame, in programs that say so
 * by SINK_IS_FRAME.
 */
#ifndef VALE_BPF_SINK_H
#define VALE_BPF_SINK_H

#include "receive.h"
#include "stream.h"

#ifdef SINK_IS_FRAME

struct sink {
	struct xdp_md *frame;
};

static __always_inline int sink_write(struct sink *sink, __u32 at, const __u8 *from, __u32 length)
{
	/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (STREAM_BLOCK - 1)) + 1;
	return bpf_xdp_store_bytes(sink->frame, at, (void *)from, length);
}

#else

/* Slots of the receiver's, from one on. */
struct sink {
	struct receiver receiver;
	__u32 first;
};

static __always_inline __u8 *sink_buffer(const struct sink *sink, __u32 i)
{
	const struct receiver *receiver = &sink->receiver;
	__u32 index = READ_ONCE(receiver_slot(receiver, sink->first + i)->buf_idx);

	return rings_buffer(receiver->region_map, receiver->shift, index);
}

static __always_inline int sink_copy(const struct sink *sink, __u32 at, const __u8 *from,
				     __u32 length)
{
	__u8 *buffer = sink_buffer(sink, at / VALE_BUFFER_SIZE);

	if (!buffer)
		return -1;
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (STREAM_BLOCK - 1)) + 1;
	return bpf_probe_read_kernel(buffer + (at & (VALE_BUFFER_SIZE - 1)), length, from);
}

/* A block may end in the next slot. */
static __always_inline int sink_write(struct sink *sink, __u32 at, const __u8 *from, __u32 length)
{
	__u32 room = VALE_BUFFER_SIZE - (at & (VALE_BUFFER_SIZE - 1));

	if (length <= room)
		return sink_copy(sink, at, from, length);
	return sink_copy(sink, at, from, room) ||
	       sink_copy(sink, at + room, from + (room & (STREAM_BLOCK - 1)), length - room);
}

#endif

#endif
