// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What netmap does in its syncs and its poll(), done by the library's. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "monitor.h"

/* ---- slots whose bytes are elsewhere in the program --------------------------------------------- */

/* Slots that the sync is to send: from `first` up to the ring's head. */
struct span {
	struct vale_ring *ring;
	__u32 first, head, mask;
};

static void fetch(struct vale_ring *ring, struct vale_slot *slot)
{
	struct vale_slot copy = *(volatile struct vale_slot *)slot;
	struct iovec to = { vale_ring_buffer(ring, copy.buf_idx), copy.len };
	struct iovec from = { (void *)(unsigned long)copy.ptr, copy.len };

	if (!(copy.flags & NS_INDIRECT))
		return;
	/* An address that is none makes a slot that is none, as the switch counts it. */
	if (copy.len > VALE_BUFFER_SIZE ||
	    process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)copy.len)
		slot->len = 0;
}

/* A slot's index, length and flags in one word, in the order that they have in memory. */
static __u64 word_of(const struct vale_slot *slot)
{
	__u64 word;

	memcpy(&word, slot, sizeof(word));
	return word;
}

/* Four at a time: this is done for each slot that is sent, and finds nothing nearly always. */
static __u64 words_of(const struct vale_slot *slot, const struct vale_slot *end)
{
	__u64 a = 0, b = 0, c = 0, d = 0;

	for (; slot + 4 <= end; slot += 4) {
		a |= word_of(slot);
		b |= word_of(slot + 1);
		c |= word_of(slot + 2);
		d |= word_of(slot + 3);
	}
	for (; slot < end; slot++)
		a |= word_of(slot);
	return a | b | c | d;
}

static bool any_indirect(const struct span *span)
{
	const struct vale_slot *slots = span->ring->slot;
	struct vale_slot all;
	__u64 words;

	if (span->first <= span->head)
		words = words_of(slots + span->first, slots + span->head);
	else
		words = words_of(slots + span->first, slots + span->mask + 1) |
			words_of(slots, slots + span->head);
	memcpy(&all, &words, sizeof(words));
	return all.flags & NS_INDIRECT;
}

/* Not inlined: it is seldom done, and takes many registers. */
__attribute__((noinline)) static void fetch_all(const struct span *span)
{
	for (__u32 i = span->first; i != span->head; i = (i + 1) & span->mask)
		fetch(span->ring, &span->ring->slot[i]);
}

void sync_fetch_indirect(struct vale_ring *ring, __u32 first, __u32 head, __u32 mask)
{
	struct span span = { ring, first, head, mask };

	if (any_indirect(&span))
		fetch_all(&span);
}

/* ---- one ring ---------------------------------------------------------------------------------- */

/* Slots from `from` up to `to`. */
static __u32 distance(__u32 from, __u32 to, __u32 mask)
{
	return (to - from) & mask;
}

/*
 * cur is from head up to tail, of which the latter is the switch's. Otherwise head, too, is made what
 * no ring has, so that the library sets the ring back.
 */
static void check_cur(struct vale_ring *ring, __u32 mask)
{
	__u32 head = *(volatile __u32 *)&ring->head, cur = *(volatile __u32 *)&ring->cur;

	if (cur > mask || head > mask ||
	    distance(head, cur, mask) > distance(head, ring->tail, mask))
		ring->head = ~0u;
}

static bool has_monitors(const struct file *file)
{
	return __atomic_load_n(&file->pool->monitors, __ATOMIC_RELAXED);
}

static int sync_tx_ring(struct file *file, __u32 pair)
{
	struct vale_port *port = file->port;
	const struct vale_ring_state *state = &port->state[pair];
	struct vale_ring *ring = &port->region[pair].tx;
	__u32 mask = state->tx_mask, taken = state->tx_taken & mask, head;
	int error;

	check_cur(ring, mask);
	head = *(volatile __u32 *)&ring->head;
	if (head <= mask && head != taken) {
		sync_fetch_indirect(ring, taken, head, mask);
		if (has_monitors(file))
			monitor_sent(file, ring, taken, head);
	}
	error = vale_txsync(port, pair);
	return error > 0 || error == -EBUSY ? 0 : error; /* another thread does it */
}

/* Monitors first: what is given back may be filled anew. */
static int sync_rx_ring(struct file *file, __u32 pair)
{
	if (has_monitors(file))
		monitor_received(file);
	check_cur(&file->port->region[pair].rx, file->port->state[pair].rx_mask);
	return vale_rxsync(file->port, pair);
}

/* ---- pipes ------------------------------------------------------------------------------------- */

static int sync_tx_pipe(struct file *file)
{
	struct vale_ring *ring = file->pipe->tx;
	__u32 from = pipe_count(ring) & file->pipe->mask;

	if (has_monitors(file))
		monitor_sent(file, ring, from, *(volatile __u32 *)&ring->head & file->pipe->mask);
	return pipe_sync_tx(file->pipe);
}

static int sync_rx_pipe(struct file *file)
{
	if (has_monitors(file))
		monitor_received(file);
	return pipe_sync_rx(file->pipe);
}

/* ---- rings of a file ---------------------------------------------------------------------------- */

struct vale_ring *file_tx(const struct file *file, __u32 pair)
{
	return file->pipe ? file->pipe->tx : &file->port->region[pair].tx;
}

struct vale_ring *file_rx(const struct file *file, __u32 pair)
{
	return file->pipe ? file->pipe->rx : &file->port->region[pair].rx;
}

/* Where the tail would be after a sync. */
static __u32 tx_tail(const struct file *file, __u32 pair)
{
	return file->pipe ? pipe_tx_tail(file->pipe) : file->port->region[pair].tx.tail;
}

static __u32 rx_tail(const struct file *file, __u32 pair)
{
	const struct vale_ring_state *state = &file->port->state[pair];

	if (file->pipe)
		return pipe_rx_tail(file->pipe);
	return __atomic_load_n(&state->rx_published, __ATOMIC_SEQ_CST) & state->rx_mask;
}

/* ---- all of a file's --------------------------------------------------------------------------- */

int sync_tx(struct file *file)
{
	int result = file->pipe && file->pipe->shared->monitor ? -EIO : 0;

	for (__u32 pair = file->first_tx; pair < file->end_tx; pair++) {
		int error = file->pipe ? sync_tx_pipe(file) : sync_tx_ring(file, pair);

		result = error ? error : result;
	}
	return result;
}

int sync_rx(struct file *file)
{
	int result = 0;

	for (__u32 pair = file->first_rx; pair < file->end_rx; pair++) {
		int error = file->pipe ? sync_rx_pipe(file) : sync_rx_ring(file, pair);

		result = error ? error : result;
	}
	return result;
}

/* ---- poll -------------------------------------------------------------------------------------- */

static bool has_slots(const struct vale_ring *ring)
{
	return ring->cur != *(const volatile __u32 *)&ring->tail;
}

static bool any_tx_slots(const struct file *file)
{
	for (__u32 pair = file->first_tx; pair < file->end_tx; pair++)
		if (has_slots(file_tx(file, pair)))
			return true;
	return false;
}

static bool any_rx_slots(const struct file *file)
{
	for (__u32 pair = file->first_rx; pair < file->end_rx; pair++)
		if (has_slots(file_rx(file, pair)))
			return true;
	return false;
}

/* There are slots that a sync would send. */
static bool is_pending(const struct file *file)
{
	for (__u32 pair = file->first_tx; pair < file->end_tx; pair++) {
		struct vale_ring *ring = file_tx(file, pair);

		if (((*(volatile __u32 *)&ring->tail + 1) & (ring->num_slots - 1)) != ring->head)
			return true;
	}
	return false;
}

__u64 sync_position(const struct file *file)
{
	__u64 position = 0;

	for (__u32 pair = file->first_rx; pair < file->end_rx; pair++)
		position += file->pipe ? pipe_rx_tail(file->pipe)
				       : __atomic_load_n(&file->port->state[pair].rx_published,
							 __ATOMIC_SEQ_CST);
	for (__u32 pair = file->first_tx; pair < file->end_tx; pair++)
		position += (__u64)tx_tail(file, pair) << 32;
	return position;
}

bool sync_is_due(const struct file *file, short events)
{
	for (__u32 pair = file->first_tx; pair < file->end_tx && events & POLLOUT; pair++)
		if (file_tx(file, pair)->cur != tx_tail(file, pair))
			return true;
	for (__u32 pair = file->first_rx; pair < file->end_rx && events & POLLIN; pair++)
		if (file_rx(file, pair)->cur != rx_tail(file, pair))
			return true;
	return false;
}

short sync_poll(struct file *file, short events)
{
	short ready = 0;
	int error = 0;

	if (!atomic_load_explicit(&file->bound, memory_order_acquire) || file_use(file))
		return POLLERR;
	if (events & POLLOUT || (!file->no_tx_poll && is_pending(file)))
		error = sync_tx(file);
	if (!error && events & POLLOUT && any_tx_slots(file))
		ready |= POLLOUT;
	if (!error && (file->do_rx_poll || (events & POLLIN && !any_rx_slots(file))))
		error = sync_rx(file);
	if (!error && events & POLLIN && any_rx_slots(file))
		ready |= POLLIN;
	return error ? POLLERR : ready;
}
