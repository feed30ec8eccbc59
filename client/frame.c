// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames, for who does not care for slots. */
#include <errno.h>
#include <string.h>

#include "client.h"

#define FRAME_MAX (VALE_FRAGMENTS * VALE_BUFFER_SIZE)

int vale_inject(struct vale_port *port, __u32 pair, const void *frame, __u32 length)
{
	struct vale_ring *ring = vale_tx_ring(port, pair);
	const unsigned char *bytes = frame;
	__u32 slot, slots = (length + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE;

	if (!ring)
		return -EINVAL;
	if (length < VALE_FRAME_MIN || slots > VALE_FRAGMENTS)
		return -EMSGSIZE;
	if (vale_ring_space(ring) < slots)
		return -ENOBUFS;
	for (slot = ring->head; length; slot = vale_ring_next(ring, slot)) {
		__u32 part = length < VALE_BUFFER_SIZE ? length : VALE_BUFFER_SIZE;

		memcpy(vale_ring_buffer(ring, ring->slot[slot].buf_idx), bytes, part);
		ring->slot[slot].len = part;
		length -= part;
		ring->slot[slot].flags = length ? VALE_SLOT_MORE : 0;
		bytes += part;
	}
	ring->head = ring->cur = slot;
	return 0;
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* Other processes may have the port open, and write what they like: so all is checked, once. */
static bool slot_at(const struct vale_port *port, struct vale_ring *ring, __u32 index,
		    struct vale_slot *out)
{
	*out = *(volatile struct vale_slot *)&ring->slot[index & (VALE_SLOTS - 1)];
	return out->len <= VALE_BUFFER_SIZE &&
	       out->buf_idx < port->regions * VALE_REGION_UNITS - 1 &&
	       out->buf_idx >= VALE_BUFFER_FIRST;
}

/* Puts together a frame that goes on in further slots. Returns its length. */
static __u32 assemble(struct vale_port *port, struct vale_ring *ring, struct vale_slot slot)
{
	__u32 length = 0, fragments = 0;

	if (!port->assembled)
		port->assembled = malloc(FRAME_MAX);
	for (;;) {
		if (port->assembled && length + slot.len <= FRAME_MAX) {
			memcpy(port->assembled + length, vale_ring_buffer(ring, slot.buf_idx),
			       slot.len);
			length += slot.len;
		}
		if (!(slot.flags & VALE_SLOT_MORE) || !vale_ring_space(ring) ||
		    ++fragments == VALE_FRAGMENTS)
			return port->assembled ? length : 0;
		if (!slot_at(port, ring, ring->head, &slot))
			slot = (struct vale_slot){};
		ring->head = ring->cur = vale_ring_next(ring, ring->head);
	}
}

/* The frame at the head of a ring, which moves on behind it. */
static const unsigned char *take_frame(struct vale_port *port, struct vale_ring *ring,
				       __u32 *length)
{
	while (vale_ring_space(ring)) {
		struct vale_slot slot;
		bool good = slot_at(port, ring, ring->head, &slot);

		ring->head = ring->cur = vale_ring_next(ring, ring->head);
		if (!good || !slot.len)
			continue;
		if (!(slot.flags & VALE_SLOT_MORE)) {
			*length = slot.len;
			return vale_ring_buffer(ring, slot.buf_idx);
		}
		*length = assemble(port, ring, slot);
		if (*length)
			return port->assembled;
	}
	return NULL;
}

/* Starting with the ring that is next, so that none is forgotten. */
static const unsigned char *take_any(struct vale_port *port, __u32 *length)
{
	for (__u32 tries = port->first; tries < port->end; tries++) {
		const unsigned char *frame;

		if (port->next_pair < port->first || port->next_pair >= port->end)
			port->next_pair = port->first;
		frame = take_frame(port, &port->region[port->next_pair].rx, length);
		if (frame)
			return frame;
		port->next_pair++;
	}
	return NULL;
}

const unsigned char *vale_next_frame(struct vale_port *port, __u32 *length)
{
	const unsigned char *frame = take_any(port, length);

	/* A sync gives back what was taken, so the last frame is valid until here. */
	if (frame || vale_rxsync(port, VALE_ALL_RINGS) < 0)
		return frame;
	return take_any(port, length);
}

int vale_dispatch(struct vale_port *port, int count,
		  int (*visit)(void *arg, const unsigned char *frame, __u32 length), void *arg)
{
	const unsigned char *frame;
	int visited = 0;
	__u32 length;

	while ((!count || visited < count) && (frame = vale_next_frame(port, &length))) {
		visited++;
		if (visit(arg, frame, length))
			break;
	}
	return visited;
}
