/* SPDX-License-Identifier: GPL-2.0 */
/* Puts a frame that a device has received into the rx ring of a ring port. */
#ifndef VALE_BPF_TO_RING_H
#define VALE_BPF_TO_RING_H

#include "devmaps.h"
#include "frame.h"
#include "receive.h"
#include "stats.h"

/* On the stack, for the steps. */
struct to_ring {
	frame_context *frame;
	struct receiver receiver;
	struct lease lease;
	__u32 length;
	__u32 slots;
};

/* Before the frame, if its client wants one. */
static __always_inline void to_ring_header(const struct to_ring *to, __u8 *buffer)
{
	if (to->receiver.header) {
		*(volatile __u32 *)buffer = frame_header(to->frame, 0);
		*(volatile __u32 *)(buffer + 4) = frame_header(to->frame, 1);
		*(volatile __u32 *)(buffer + 8) = frame_header(to->frame, 2);
	}
}

/* Fills one slot; returns 0. If there is no such buffer, the slot is empty: the client's own fault. */
static __always_inline long to_ring_slot(struct to_ring *to, __u32 i)
{
	struct vale_slot *slot = receiver_slot(&to->receiver, to->lease.first + i);
	__u32 before = i ? 0 : to->receiver.header & 15, offset = 0, length;
	__u8 *buffer =
		rings_buffer(to->receiver.region_map, to->receiver.shift, READ_ONCE(slot->buf_idx));

	if (i)
		offset = i * VALE_BUFFER_SIZE - to->receiver.header;
	length = to->length - offset;
	if (length > VALE_BUFFER_SIZE - before)
		length = VALE_BUFFER_SIZE - before;
	/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (VALE_BUFFER_SIZE - 1)) + 1;
	if (buffer && !i)
		to_ring_header(to, buffer);
	if (!buffer || frame_load(to->frame, offset, buffer + before, length))
		length = before = 0;
	receiver_set_slot(slot, i, to->slots, before + length);
	return 0;
}

static long to_ring_step(__u32 i, struct to_ring *to)
{
	return i >= to->slots || to_ring_slot(to, i);
}

/* All of the frame, or nothing. */
static __always_inline bool to_ring_fill(struct to_ring *to)
{
	to->lease.receiver = &to->receiver;
	if (!receiver_lease_all(&to->receiver, &to->lease, to->slots))
		return false;
	if (to->slots == 1)
		to_ring_slot(to, 0);
	else
		bpf_loop(VALE_FRAGMENTS, to_ring_step, to, 0);
	receiver_publish(&to->receiver, to->lease.first, to->lease.slots);
	return true;
}

/* Who has no header could not be told what the frame leaves to others. */
static __always_inline bool to_ring_takes(const struct to_ring *to)
{
	return !frame_header(to->frame, 0) || to->receiver.header;
}

/*
 * `source`: the port it has come from. Returns false if `number` is no ring port, or cannot have what
 * the frame leaves to others.
 */
static __always_inline bool to_ring(frame_context *frame, __u32 length, __u32 source, __u32 number)
{
	struct vale_stats *counters = stats_of(number);
	struct to_ring to = {
		.frame = frame,
		.length = length,
	};

	/* A device's queues are to the rings of a port as a client's rings are. */
	if (!counters || !receiver_find(&to.receiver, number, frame_queue(frame)))
		return false;
	if (!to_ring_takes(&to))
		return false;
	to.slots = (to.receiver.header + length + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE;
	if (!READ_ONCE(to.receiver.state->clients)) {
		stats_lose(number, source, VALE_DROP_CLOSED, 1);
	} else if (to.slots > VALE_FRAGMENTS || !to_ring_fill(&to)) {
		stats_lose(number, source, VALE_DROP_FULL, 1);
	} else {
		counters->sent_frames++;
		counters->sent_bytes += length;
	}
	return true;
}

#endif
