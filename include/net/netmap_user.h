/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What netmap's programs use of rings, and, with NETMAP_WITH_LIBS defined, the functions nm_open() to
 * nm_close() that are compiled into them: see <net/netmap.h>. Names and meanings are netmap's.
 */
#ifndef _NET_NETMAP_USER_H_
#define _NET_NETMAP_USER_H_

#include <ctype.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

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

static inline void nm_pkt_copy(const void *_src, void *_dst, int l)
{
	memcpy(_dst, _src, (size_t)l);
}

#ifndef ND /* what programs that are written for netmap print with */

__attribute__((format(printf, 3, 4))) static inline void nm_print_(const char *function, int line,
								   const char *format, ...)
{
	struct timeval now;
	va_list arguments;

	gettimeofday(&now, NULL);
	fprintf(stderr, "%03d.%06d %s [%d] ", (int)(now.tv_sec % 1000), (int)now.tv_usec, function,
		line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

/* Whether it is one of the first `limit` times in its second. */
static inline int nm_is_early_(time_t *second, int *count, int limit)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	if (*second != now.tv_sec) {
		*second = now.tv_sec;
		*count = 0;
	}
	return (*count)++ < limit;
}

#define ND(...) \
	do {    \
	} while (0)
#define D(...) nm_print_(__func__, __LINE__, __VA_ARGS__)
#define RD(limit, ...)                                        \
	do {                                                  \
		static time_t second_;                        \
		static int count_;                            \
		if (nm_is_early_(&second_, &count_, (limit))) \
			D(__VA_ARGS__);                       \
	} while (0)

#endif

#ifdef NETMAP_WITH_LIBS
#include <net/netmap_frame.h>
#endif

#endif
