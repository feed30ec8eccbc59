// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* txsync and rxsync of pipes. */
#include <errno.h>
#include <time.h>

#include "pipe.h"

/*
 * Slots that were sent, or given back, since the pipe was made: in a ring's own memory, each written
 * by one end. Of a tx ring that is sent, of an rx ring given back.
 */
static __u32 *count_of(struct vale_ring *ring)
{
	return (__u32 *)ring->unused;
}

__u32 pipe_count(struct vale_ring *ring)
{
	return __atomic_load_n(count_of(ring), __ATOMIC_SEQ_CST);
}

void pipe_set_count(struct vale_ring *ring, __u32 count)
{
	__atomic_store_n(count_of(ring), count, __ATOMIC_SEQ_CST);
}

__u32 pipe_tx_tail(const struct pipe_end *pipe)
{
	return (pipe_count(pipe->other_rx) - 1) & pipe->mask;
}

__u32 pipe_rx_tail(const struct pipe_end *pipe)
{
	return pipe_count(pipe->other_tx) & pipe->mask;
}

/* Slots from `from` up to `to`. */
static __u32 distance(__u32 from, __u32 to, __u32 mask)
{
	return (to - from) & mask;
}

/* How far the program has come, if that is within what is its own; if not, the ring is set back. */
static int take_head(struct vale_ring *ring, __u32 from, __u32 tail, __u32 mask, __u32 *slots)
{
	__u32 head = *(volatile __u32 *)&ring->head, cur = *(volatile __u32 *)&ring->cur;

	*slots = distance(from, head, mask);
	if (head <= mask && cur <= mask && *slots <= distance(from, tail, mask) &&
	    distance(from, cur, mask) >= *slots &&
	    distance(from, cur, mask) <= distance(from, tail, mask))
		return 0;
	ring->head = ring->cur = from;
	ring->tail = tail;
	return -EINVAL;
}

/* Those up to the end of the last frame that is whole. */
static __u32 whole_frames(const struct pipe_end *pipe, __u32 from, __u32 slots)
{
	while (slots && pipe->tx->slot[(from + slots - 1) & pipe->mask].flags & NS_MOREFRAG)
		slots--;
	return slots;
}

static void exchange(const struct pipe_end *pipe, __u32 index)
{
	struct vale_slot *sent = &pipe->tx->slot[index], *got = &pipe->other_rx->slot[index];
	struct vale_slot old = *got;

	*got = *sent;
	got->flags &= NS_MOREFRAG;
	sent->buf_idx = old.buf_idx;
	sent->flags = NS_BUF_CHANGED;
}

int pipe_sync_tx(struct pipe_end *pipe)
{
	__u32 count = pipe_count(pipe->tx), from = count & pipe->mask, slots;
	int error = take_head(pipe->tx, from, pipe_tx_tail(pipe), pipe->mask, &slots);

	if (error)
		return error;
	sync_fetch_indirect(pipe->tx, from, (from + slots) & pipe->mask, pipe->mask);
	slots = whole_frames(pipe, from, slots);
	for (__u32 i = 0; i < slots; i++)
		exchange(pipe, (from + i) & pipe->mask);
	if (slots) {
		pipe_set_count(pipe->tx, count + slots);
		bell_ring(pipe->shared, !pipe->end);
	}
	pipe->tx->tail = pipe_tx_tail(pipe);
	return 0;
}

static void take_time(struct vale_ring *ring)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	ring->ts[0] = now.tv_sec;
	ring->ts[1] = now.tv_nsec / 1000;
}

int pipe_sync_rx(struct pipe_end *pipe)
{
	__u32 count = pipe_count(pipe->rx), from = count & pipe->mask, slots;
	__u32 tail = pipe_rx_tail(pipe);
	int error = take_head(pipe->rx, from, tail, pipe->mask, &slots);

	if (error)
		return error;
	if (slots) {
		pipe_set_count(pipe->rx, count + slots);
		bell_ring(pipe->shared, !pipe->end);
	}
	if (pipe->rx->tail != tail)
		take_time(pipe->rx);
	pipe->rx->tail = tail;
	return 0;
}
