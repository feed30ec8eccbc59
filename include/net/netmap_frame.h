/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Frames for who does not care for slots: nm_inject(), nm_nextpkt(), nm_dispatch(). */
#ifndef _NET_NETMAP_FRAME_H_
#define _NET_NETMAP_FRAME_H_

#include <net/netmap_open.h>

static inline int nm_inject_into_(struct netmap_ring *ring, const unsigned char *bytes, size_t size)
{
	uint32_t slots = (size + ring->nr_buf_size - 1) / ring->nr_buf_size, at = ring->head;

	if (!slots || nm_ring_space(ring) < slots)
		return 0;
	for (; slots; slots--, at = nm_ring_next(ring, at)) {
		struct netmap_slot *slot = &ring->slot[at];
		size_t part = slots > 1 ? ring->nr_buf_size : size;

		memcpy(NETMAP_BUF(ring, slot->buf_idx), bytes, part);
		slot->len = part;
		slot->flags = slots > 1 ? NS_MOREFRAG : 0;
		bytes += part;
		size -= part;
	}
	ring->head = ring->cur = at;
	return 1;
}

/* Puts a frame into a tx ring; the next sync sends it. Its size, or 0: there is no room. */
static inline int nm_inject(struct nm_desc *d, const void *frame, size_t size)
{
	unsigned int rings = d->last_tx_ring - d->first_tx_ring + 1, ring = d->cur_tx_ring;

	for (unsigned int tries = 0; tries < rings; tries++, ring++) {
		if (ring > d->last_tx_ring)
			ring = d->first_tx_ring;
		if (nm_inject_into_(NETMAP_TXRING(d->nifp, ring), (const unsigned char *)frame,
				    size)) {
			d->cur_tx_ring = ring;
			return (int)size;
		}
	}
	return 0;
}

static inline void nm_take_slot_(struct nm_desc *d, struct netmap_ring *ring)
{
	struct netmap_slot *slot = &ring->slot[ring->head];

	d->hdr.ts = ring->ts;
	d->hdr.len = d->hdr.caplen = slot->len;
	d->hdr.slot = slot;
	d->hdr.buf = (uint8_t *)NETMAP_BUF_OFFSET(ring, slot);
	d->hdr.flags = 0;
	d->hdr.d = d;
	ring->cur = ring->head = nm_ring_next(ring, ring->head);
}

/* The next slot of any rx ring, valid until the next sync; NULL: there is none. */
static inline unsigned char *nm_nextpkt(struct nm_desc *d, struct nm_pkthdr *header)
{
	unsigned int rings = d->last_rx_ring - d->first_rx_ring + 1, at = d->cur_rx_ring;

	for (unsigned int tries = 0; tries < rings; tries++, at++) {
		struct netmap_ring *ring;

		if (at > d->last_rx_ring)
			at = d->first_rx_ring;
		ring = NETMAP_RXRING(d->nifp, at);
		if (nm_ring_empty(ring))
			continue;
		d->cur_rx_ring = at;
		nm_take_slot_(d, ring);
		*header = d->hdr;
		return d->hdr.buf;
	}
	return NULL;
}

/* Puts the slots of a frame together, which starts in the one just taken; NULL: no memory. */
static inline unsigned char *nm_assemble_(struct nm_desc *d, struct netmap_ring *ring)
{
	unsigned char *whole =
			      (unsigned char *)malloc((size_t)NETMAP_MAX_FRAGS * ring->nr_buf_size),
		      *start;
	struct netmap_slot *first = d->hdr.slot;
	uint32_t length = 0;

	for (int slots = 0; whole; slots++) {
		start = d->hdr.buf;
		memcpy(whole + length, start, d->hdr.len);
		length += d->hdr.len;
		if (!(d->hdr.slot->flags & NS_MOREFRAG) || nm_ring_empty(ring) ||
		    slots + 1 == NETMAP_MAX_FRAGS)
			break;
		nm_take_slot_(d, ring);
	}
	d->hdr.len = d->hdr.caplen = length;
	d->hdr.slot = first;
	d->hdr.buf = whole;
	return whole;
}

static inline int nm_dispatch_ring_(struct nm_desc *d, struct netmap_ring *ring, int count,
				    nm_cb_t visit, unsigned char *arg)
{
	int visited = 0;

	for (; !nm_ring_empty(ring) && visited != count; visited++) {
		unsigned char *whole = NULL;

		nm_take_slot_(d, ring);
		if (d->hdr.slot->flags & NS_MOREFRAG)
			whole = nm_assemble_(d, ring);
		if (!nm_ring_empty(ring))
			d->hdr.flags |= NM_MORE_PKTS;
		visit(arg, &d->hdr, d->hdr.buf);
		free(whole);
	}
	return visited;
}

/* Calls `visit` for up to `count` frames, -1 or 0: all that are there. How many that were. */
static inline int nm_dispatch(struct nm_desc *d, int count, nm_cb_t visit, unsigned char *arg)
{
	unsigned int rings = d->last_rx_ring - d->first_rx_ring + 1, at = d->cur_rx_ring;
	int visited = 0, limit = count > 0 ? count : -1;

	for (unsigned int tries = 0; tries < rings && visited != limit; tries++, at++) {
		if (at > d->last_rx_ring)
			at = d->first_rx_ring;
		visited += nm_dispatch_ring_(d, NETMAP_RXRING(d->nifp, at),
					     limit < 0 ? -1 : limit - visited, visit, arg);
	}
	d->cur_rx_ring = at > d->last_rx_ring ? d->first_rx_ring : at;
	return visited;
}

#endif
