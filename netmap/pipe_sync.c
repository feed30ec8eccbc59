// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* txsync and rxsync of pipes. */
#include <errno.h>
#include <time.h>

#include "pipe.h"

/*
 * Counts of slots since the pipe was made, in a ring's own memory, each written by one end. Of a tx
 * ring, slots that were sent, and whose buffers came back; of an rx ring, that were given back.
 */
enum { COUNT, CAME_BACK };

static __u32 *word_of(const struct vale_ring *ring, int number)
{
	return (__u32 *)ring->unused + number;
}

__u32 pipe_count(const struct vale_ring *ring)
{
	return __atomic_load_n(word_of(ring, COUNT), __ATOMIC_SEQ_CST);
}

void pipe_set_count(struct vale_ring *ring, __u32 count)
{
	__atomic_store_n(word_of(ring, COUNT), count, __ATOMIC_SEQ_CST);
}

__u32 pipe_came_back(const struct vale_ring *ring)
{
	return __atomic_load_n(word_of(ring, CAME_BACK), __ATOMIC_RELAXED);
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

static void move(const struct pipe_end *pipe, __u32 index)
{
	struct vale_slot *got = &pipe->other_rx->slot[index];

	*got = pipe->tx->slot[index];
	got->flags &= NS_MOREFRAG;
}

/* Slots that the other end has given back: with the buffers that it has put there. */
static void take_back(const struct pipe_end *pipe)
{
	__u32 from = pipe_came_back(pipe->tx), count = pipe_count(pipe->other_rx);

	for (; (count - from) & pipe->mask; from++) {
		__u32 index = from & pipe->mask;

		pipe->tx->slot[index].buf_idx = pipe->other_rx->slot[index].buf_idx;
		pipe->tx->slot[index].flags = NS_BUF_CHANGED;
	}
	__atomic_store_n(word_of(pipe->tx, CAME_BACK), from, __ATOMIC_RELAXED);
}

static int sync_tx_ring(struct pipe_end *pipe)
{
	__u32 count = pipe_count(pipe->tx), from = count & pipe->mask, slots;
	__u32 tail = (pipe_came_back(pipe->tx) - 1) & pipe->mask;
	int error = take_head(pipe->tx, from, tail, pipe->mask, &slots);

	if (error)
		return error;
	sync_fetch_indirect(pipe->tx, from, (from + slots) & pipe->mask, pipe->mask);
	slots = whole_frames(pipe, from, slots);
	for (__u32 i = 0; i < slots; i++)
		move(pipe, (from + i) & pipe->mask);
	if (slots) {
		pipe_set_count(pipe->tx, count + slots);
		bell_ring(pipe->shared, !pipe->end);
	}
	take_back(pipe);
	pipe->tx->tail = (pipe_came_back(pipe->tx) - 1) & pipe->mask;
	return 0;
}

/* A thread that waits to receive sends what is before head, as netmap's poll() does: perhaps while
 * the one whose the tx ring is does so, too. */
int pipe_sync_tx(struct pipe_end *pipe)
{
	int error;

	if (__atomic_exchange_n(&pipe->tx_busy, true, __ATOMIC_ACQUIRE))
		return 0;
	error = sync_tx_ring(pipe);
	__atomic_store_n(&pipe->tx_busy, false, __ATOMIC_RELEASE);
	return error;
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
