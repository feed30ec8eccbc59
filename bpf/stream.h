/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A frame in the slots of a tx ring, read as a stream of bytes: it may be cut anywhere into slots of
 * any length. The client may change it meanwhile; then other bytes are read, and nothing else.
 */
#ifndef VALE_BPF_STREAM_H
#define VALE_BPF_STREAM_H

#include "rings.h"

/* Bytes that are read at a time: as many as the kernel sums up at once. */
#define STREAM_BLOCK 512

/* A slot is left in one step and what is in it read in another. */
#define STREAM_STEPS (2 * VALE_FRAGMENTS + 2)

/* In memory of a map: what steps tell each other. */
struct stream {
	__u32 mask;  /* of the ring, */
	__u32 shift; /* and of its memory */
	__u32 slot;  /* the frame's first, */
	__u32 slots;
	__u32 place; /* where it is read: of these the one, */
	__u32 byte;  /* and in it the byte, */
	__u32 at;    /* which is this one of the frame's */
	__u32 wanted;
	__u32 got;
	__u32 skipping; /* it is not of interest what the bytes are */
	__u8 block[2 * STREAM_BLOCK];
};

/* The ring. On the stack, since it has pointers. */
struct source {
	struct stream *stream;
	const struct vale_slot *slots;
	void *region_map;
};

static __always_inline void stream_copy(struct stream *stream, __u32 length, const __u8 *from)
{
	/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (STREAM_BLOCK - 1)) + 1;
	bpf_probe_read_kernel(stream->block + (READ_ONCE(stream->got) & (STREAM_BLOCK - 1)), length,
			      from);
}

static long stream_step(__u32 step, struct source *source)
{
	struct stream *stream = source->stream;
	__u32 left = READ_ONCE(stream->wanted) - READ_ONCE(stream->got);
	__u32 place = READ_ONCE(stream->place), byte = READ_ONCE(stream->byte), length;
	const __u8 *buffer;
	__u64 word;

	if (!left || place >= READ_ONCE(stream->slots))
		return 1;
	place = (stream->slot + place) & stream->mask & (VALE_SLOTS - 1);
	word = READ_ONCE(*(const __u64 *)&source->slots[place]);
	length = word >> 32 & 0xffff;
	if (byte >= length || byte >= VALE_BUFFER_SIZE) {
		WRITE_ONCE(stream->place, stream->place + 1);
		WRITE_ONCE(stream->byte, 0);
		return 0;
	}
	buffer = rings_buffer(source->region_map, stream->shift, word);
	if (!buffer || length > VALE_BUFFER_SIZE)
		return 1;
	length -= byte;
	if (length > left)
		length = left;
	if (!stream->skipping)
		stream_copy(stream, length, buffer + (byte & (VALE_BUFFER_SIZE - 1)));
	WRITE_ONCE(stream->byte, byte + length);
	WRITE_ONCE(stream->got, stream->got + length);
	return 0;
}

static __always_inline __u32 stream_go(struct source *source, __u32 length, bool skipping)
{
	struct stream *stream = source->stream;

	stream->wanted = length;
	stream->got = 0;
	stream->skipping = skipping;
	bpf_loop(STREAM_STEPS, stream_step, source, 0);
	length = READ_ONCE(stream->got);
	stream->at += length;
	return length;
}

/* Reads up to STREAM_BLOCK bytes into the block; returns how many there were. */
static __always_inline __u32 stream_read(struct source *source, __u32 length)
{
	return stream_go(source, length < STREAM_BLOCK ? length : STREAM_BLOCK, false);
}

/* Goes to that byte of the frame. */
static __always_inline void stream_seek(struct source *source, __u32 at)
{
	struct stream *stream = source->stream;

	if (stream->at == at)
		return;
	stream->place = 0;
	stream->byte = 0;
	stream->at = 0;
	stream_go(source, at, true);
}

/* The frame of so many slots, from that one on; returns how long it is. */
static __always_inline __u32 stream_open(struct source *source, __u32 slot, __u32 slots)
{
	struct stream *stream = source->stream;
	__u32 length;

	stream->slot = slot;
	stream->slots = slots;
	stream->at = ~0u;
	stream_seek(source, VALE_FRAGMENTS * VALE_BUFFER_SIZE);
	length = stream->at;
	stream_seek(source, 0);
	return length;
}

#endif
