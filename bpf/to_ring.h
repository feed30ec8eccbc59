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

/* Fills one slot; returns 0. If there is no such buffer, the slot is empty: the client's own fault. */
static __always_inline long to_ring_slot(struct to_ring *to, __u32 i)
{
	struct vale_slot *slot = receiver_slot(&to->receiver, to->lease.first + i);
	__u32 offset = i * VALE_BUFFER_SIZE, length = to->length - offset, flags = 0;
	__u8 *buffer =
		rings_buffer(to->receiver.region_map, to->receiver.shift, READ_ONCE(slot->buf_idx));

	if (to->slots > 1)
		flags = to->slots << 8 | (i + 1 < to->slots ? VALE_SLOT_MORE : 0);
	if (length > VALE_BUFFER_SIZE)
		length = VALE_BUFFER_SIZE;
	/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (VALE_BUFFER_SIZE - 1)) + 1;
	if (!buffer || frame_load(to->frame, offset, buffer, length))
		length = 0;
	WRITE_ONCE(*(__u32 *)&slot->len, flags << 16 | length);
	return 0;
}

static long to_ring_step(__u32 i, struct to_ring *to)
{
	return i >= to->slots || to_ring_slot(to, i);
}

/* All of the frame, or nothing: slots that were leased for it in vain are given back, or empty. */
static long to_ring_empty(__u32 i, struct to_ring *to)
{
	if (i >= to->lease.slots)
		return 1;
	WRITE_ONCE(*(__u32 *)&receiver_slot(&to->receiver, to->lease.first + i)->len, 0);
	return 0;
}

static __always_inline bool to_ring_give_back(struct to_ring *to)
{
	__u32 end = to->lease.first + to->lease.slots;

	if (!to->lease.slots || __sync_val_compare_and_swap(&to->receiver.state->rx_reserved, end,
							    to->lease.first) == end)
		return false;
	bpf_loop(VALE_FRAGMENTS, to_ring_empty, to, 0);
	return true;
}

/* Returns true, or the reason to drop the frame. */
static __always_inline bool to_ring_fill(struct to_ring *to)
{
	bool filled;

	to->lease.receiver = &to->receiver;
	to->lease.slots = to->slots;
	receiver_lease(&to->lease);
	filled = to->lease.slots == to->slots;
	if (filled && to->slots == 1)
		to_ring_slot(to, 0);
	else if (filled)
		bpf_loop(VALE_FRAGMENTS, to_ring_step, to, 0);
	else if (!to_ring_give_back(to))
		return false;
	receiver_publish(&to->receiver, to->lease.first, to->lease.slots);
	return filled;
}

/* `source`: the port it has come from. Returns false if `number` is no ring port. */
static __always_inline bool to_ring(frame_context *frame, __u32 length, __u32 source, __u32 number)
{
	struct vale_stats *counters = stats_of(number);
	struct to_ring to = {
		.frame = frame,
		.length = length,
		.slots = (length + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE,
	};

	/* A device's queues are to the rings of a port as a client's rings are. */
	if (!counters || !receiver_find(&to.receiver, number, frame_queue(frame)))
		return false;
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
