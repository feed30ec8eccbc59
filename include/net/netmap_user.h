/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What netmap's programs use of rings, and, with NETMAP_WITH_LIBS defined, the functions nm_open() to
 * nm_close() that are compiled into them: see <net/netmap.h>. Names and meanings are netmap's.
 */
#ifndef _NET_NETMAP_USER_H_
#define _NET_NETMAP_USER_H_

#include <string.h>

#include <net/netmap.h>

#define NETMAP_DEVICE_NAME "/dev/netmap"

#ifndef likely
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif

#define _NETMAP_OFFSET(type, ptr, offset) ((type)(void *)((char *)(ptr) + (offset)))

#define NETMAP_IF(_base, _ofs) _NETMAP_OFFSET(struct netmap_if *, _base, _ofs)

#define NETMAP_TXRING(nifp, index) \
	_NETMAP_OFFSET(struct netmap_ring *, nifp, (nifp)->ring_ofs[index])

/* Those of the host are between the tx and the rx rings. */
#define NETMAP_RXRING(nifp, index)                 \
	_NETMAP_OFFSET(struct netmap_ring *, nifp, \
		       (nifp)->ring_ofs[(index) + (nifp)->ni_tx_rings + (nifp)->ni_host_tx_rings])

#define NETMAP_BUF(ring, index) \
	((char *)(ring) + (ring)->buf_ofs + ((size_t)(index) * (ring)->nr_buf_size))

#define NETMAP_BUF_IDX(ring, buf) \
	(((char *)(buf) - ((char *)(ring) + (ring)->buf_ofs)) / (ring)->nr_buf_size)

/* Where in a slot's buffer the frame starts, for who has asked for that. */
#define NETMAP_ROFFSET(ring, slot) ((slot)->ptr & (ring)->offset_mask)
#define NETMAP_WOFFSET(ring, slot, offset)                           \
	do {                                                         \
		(slot)->ptr = ((slot)->ptr & ~(ring)->offset_mask) | \
			      ((offset) & (ring)->offset_mask);      \
	} while (0)
#define NETMAP_BUF_OFFSET(ring, slot) \
	(NETMAP_BUF(ring, (slot)->buf_idx) + NETMAP_ROFFSET(ring, slot))

static inline uint32_t nm_ring_next(struct netmap_ring *r, uint32_t i)
{
	return i + 1 == r->num_slots ? 0 : i + 1;
}

/* Slots were put into a tx ring that are not sent yet. */
static inline int nm_tx_pending(struct netmap_ring *r)
{
	return nm_ring_next(r, r->tail) != r->head;
}

/* Slots that are the program's. */
static inline uint32_t nm_ring_space(struct netmap_ring *ring)
{
	uint32_t slots = ring->tail - ring->head;

	return ring->tail < ring->head ? slots + ring->num_slots : slots;
}

static inline int nm_ring_empty(struct netmap_ring *ring)
{
	return ring->head == ring->tail;
}

/* Copies, perhaps up to 63 bytes more than asked: both places must have room for whole 64 bytes. */
static inline void nm_pkt_copy(const void *_src, void *_dst, int l)
{
	memcpy(_dst, _src, l < 1024 ? ((size_t)l + 63) & ~(size_t)63 : (size_t)l);
}

#ifdef NETMAP_WITH_LIBS
#include <net/netmap_frame.h>
#endif

#endif
