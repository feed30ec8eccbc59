// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* txsync and rxsync over AF_XDP. */
#include <errno.h>
#include <linux/if_xdp.h>
#include <sched.h>
#include <sys/socket.h>

#include "xsk.h"

/* How often the kernel is asked to send before frames are left for the next time. */
#define SEND_TRIES 256

/*
 * Frames that the kernel may have at a time. It drops what is sent while the queue between the ends of
 * a pair is full: that has room for 256, less some that it frees together.
 */
#define IN_FLIGHT 192

/* One of so many syncs that find nothing looks whether the interface is still there. */
#define LOOK_AFTER 16

/* 6.6: the frame goes on in the next descriptor. */
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

static __u32 distance(__u32 from, __u32 to, __u32 mask)
{
	return (to - from) & mask;
}

/* The port was detached, or its interface is gone: nothing comes of it any more. */
bool xsk_is_gone(struct vale_port *port)
{
	struct xsk *xsk = port->xsk;
	socklen_t size = sizeof(int);
	int error = 0;

	if (__atomic_load_n(&xsk->shared->removed, __ATOMIC_RELAXED) ||
	    getsockopt(port->doorbell[port->first], SOL_SOCKET, SO_ERROR, &error, &size) || error)
		xsk->gone = true;
	return xsk->gone;
}

/* ---- rx ---------------------------------------------------------------------------------------- */

void xsk_give(struct vale_port *port, __u32 pair, __u32 slot, __u32 slots)
{
	const struct vale_ring *ring = &port->region[pair].rx;
	struct xsk *xsk = port->xsk;
	struct xsk_ring_prod *fill = &xsk->queue[pair].fill;
	__u32 mask = port->state[pair].rx_mask, at, given = 0;

	/* There is room for all the buffers that ever come back, unless the client has made some up. */
	if (!slots || xsk_ring_prod__reserve(fill, slots, &at) != slots)
		return;
	for (__u32 i = 0; i < slots; i++, slot++) {
		__u32 index = ring->slot[slot & mask].buf_idx;

		if (xsk_is_buffer(port, index))
			*xsk_ring_prod__fill_addr(fill, at + given++) =
				xsk_offset(port, index) - xsk->headroom;
	}
	fill->cached_prod -= slots - given;
	xsk_ring_prod__submit(fill, given);
	if (xsk_ring_prod__needs_wakeup(fill))
		recvfrom(port->doorbell[pair], NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* As in the rx ring of a ring port, each slot of a frame of several says how many they are. */
static void finish_frame(struct vale_port *port, __u32 pair, __u32 behind)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	__u32 mask = port->state[pair].rx_mask;

	for (__u32 i = 1; i <= queue->rx_fragments && queue->rx_fragments > 1; i++)
		port->region[pair].rx.slot[(behind - i) & mask].flags |= queue->rx_fragments << 8;
	queue->rx_fragments = 0;
}

/* What has come goes into slots. Returns how many. */
static __u32 take(struct vale_port *port, __u32 pair, __u32 room)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	struct vale_ring *ring = &port->region[pair].rx;
	__u32 published = port->state[pair].rx_published, mask = port->state[pair].rx_mask, at;
	__u32 slots = xsk_ring_cons__peek(&queue->rx, room, &at);

	for (__u32 i = 0; i < slots; i++) {
		const struct xdp_desc *descriptor = xsk_ring_cons__rx_desc(&queue->rx, at + i);
		struct vale_slot *slot = &ring->slot[published & mask];
		bool more = descriptor->options & XDP_PKT_CONTD;

		slot->buf_idx = xsk_index(port, xsk_umem__add_offset_to_addr(descriptor->addr));
		slot->len = descriptor->len;
		slot->flags = more ? VALE_SLOT_MORE : 0;
		queue->rx_fragments++;
		published++;
		if (!more)
			finish_frame(port, pair, published);
	}
	if (slots)
		xsk_ring_cons__release(&queue->rx, slots);
	port->xsk->state[pair].rx_published = published;
	return slots;
}

int xsk_rxsync(struct vale_port *port, __u32 pair)
{
	struct vale_control *control = &port->region[pair].control;
	struct vale_ring *ring = &port->region[pair].rx;
	__u32 mask = port->state[pair].rx_mask, released = control->rx_released & mask;
	__u32 published = port->state[pair].rx_published & mask;
	__u32 slots = distance(released, ring->head, mask), came;

	if (ring->head > mask || slots > distance(released, published, mask)) {
		ring->head = ring->cur = released;
		ring->tail = published;
		return -EINVAL;
	}
	xsk_give(port, pair, released, slots);
	control->rx_released += slots;
	came = take(port, pair, mask - distance(ring->head, published, mask));
	ring->tail = port->state[pair].rx_published & mask;
	if (came)
		port_take_time(ring);
	else if (port->xsk->gone ||
		 (++port->xsk->queue[pair].idle % LOOK_AFTER == 0 && xsk_is_gone(port)))
		return -ENXIO;
	return 0;
}

/* ---- tx by live frames ------------------------------------------------------------------------- */

/* Frames that end before head. */
static __u32 count_frames(const struct vale_ring *ring, __u32 from, __u32 to, __u32 mask)
{
	__u32 frames = 0;

	for (__u32 slot = from; slot != to; slot = (slot + 1) & mask)
		frames += !(ring->slot[slot].flags & VALE_SLOT_MORE);
	/* One without an end must be taken up, too. */
	return frames + (from != to && ring->slot[(to - 1) & mask].flags & VALE_SLOT_MORE ? 1 : 0);
}

static int send_live(struct vale_port *port, __u32 pair)
{
	struct vale_xsk_cursor *cursor = &port->xsk->shared->cursor[pair];
	struct vale_ring *ring = &port->region[pair].tx;
	__u32 mask = port->state[pair].tx_mask, head = ring->head;
	int error = 0;

	__atomic_store_n(&cursor->end, head, __ATOMIC_RELEASE);
	for (int tries = 0; tries < SEND_TRIES && !error && cursor->next != head; tries++) {
		error = port_run_live(port, pair, count_frames(ring, cursor->next, head, mask));
		/* A signal or a want of memory: the rest is sent next time. */
		if (error == -EINTR || error == -ENOMEM)
			error = 0;
		if (tries && xsk_is_gone(port))
			error = -ENXIO;
	}
	port->xsk->state[pair].tx_taken = cursor->next & mask;
	ring->tail = (cursor->next - 1) & mask;
	return error;
}

/* ---- tx by the socket -------------------------------------------------------------------------- */

/* The kernel has sent these: their slots are the client's again, up to the first that is not. */
static void complete(struct vale_port *port, __u32 pair)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	__u32 mask = port->state[pair].tx_mask, at;
	__u32 slots = xsk_ring_cons__peek(&queue->completion, mask + 1, &at);

	for (__u32 i = 0; i < slots; i++) {
		__u64 address = *xsk_ring_cons__comp_addr(&queue->completion, at + i);
		__u32 index = xsk_index(port, xsk_umem__add_offset_to_addr(address));

		if (xsk_is_buffer(port, index))
			queue->tx_slot[queue->tx_slot_of[index] & mask] = XSK_SLOT_DONE;
	}
	if (slots)
		xsk_ring_cons__release(&queue->completion, slots);
	while (queue->tx_oldest != port->state[pair].tx_taken &&
	       queue->tx_slot[queue->tx_oldest] == XSK_SLOT_DONE)
		queue->tx_oldest = (queue->tx_oldest + 1) & mask;
}

/* Slots of the frame at `slot`; `*good` says whether it can be sent. */
static __u32 frame_slots(const struct vale_port *port, __u32 pair, __u32 slot, bool *good)
{
	const struct vale_ring *ring = &port->region[pair].tx;
	__u32 mask = port->state[pair].tx_mask, slots = 0;
	bool more = true;

	*good = true;
	for (; more && slot != ring->head; slot = (slot + 1) & mask) {
		const struct vale_slot *at = &ring->slot[slot];

		more = at->flags & VALE_SLOT_MORE;
		*good &= at->len && at->len <= port->xsk->room && xsk_is_buffer(port, at->buf_idx);
		slots++;
	}
	*good &= !more && (slots == 1 || port->xsk->fragments);
	return slots;
}

static void put_frame(struct vale_port *port, __u32 pair, __u32 slot, __u32 slots)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	__u32 mask = port->state[pair].tx_mask, at;

	/* The ring has places enough: see make_umem(). */
	if (xsk_ring_prod__reserve(&queue->tx, slots, &at) != slots)
		return;
	for (__u32 i = 0; i < slots; i++, slot = (slot + 1) & mask) {
		const struct vale_slot *from = &port->region[pair].tx.slot[slot];
		struct xdp_desc *descriptor = xsk_ring_prod__tx_desc(&queue->tx, at + i);

		descriptor->addr = xsk_offset(port, from->buf_idx);
		descriptor->len = from->len;
		descriptor->options = i + 1 < slots ? XDP_PKT_CONTD : 0;
		queue->tx_slot[slot] = XSK_SLOT_SENT;
		queue->tx_slot_of[from->buf_idx] = slot;
	}
	xsk_ring_prod__submit(&queue->tx, slots);
}

/* In copy mode the kernel sends while it is asked to, some frames at a time. */
static int kick(struct vale_port *port, __u32 pair)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	struct xsk_ring_prod *tx = &queue->tx;

	for (int tries = 0; tries < SEND_TRIES && xsk_ring_prod__needs_wakeup(tx); tries++) {
		if (__atomic_load_n(tx->consumer, __ATOMIC_ACQUIRE) == tx->cached_prod)
			break;
		if (sendto(port->doorbell[pair], NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 ||
		    errno == EAGAIN || errno == EINTR)
			continue;
		/* Its queue is full, or too much of it is on its way. */
		if (errno == EBUSY || errno == ENOBUFS)
			return 0;
		return errno == ENXIO || errno == ENETDOWN ? -ENXIO : -errno;
	}
	return 0;
}

/* Gives the kernel frames as long as the pair's queue has room for them. Returns the next slot. */
static __u32 put_frames(struct vale_port *port, __u32 pair)
{
	const struct xsk_queue *queue = &port->xsk->queue[pair];
	__u32 mask = port->state[pair].tx_mask, slot = port->state[pair].tx_taken;

	while (slot != port->region[pair].tx.head) {
		bool good;
		__u32 slots = frame_slots(port, pair, slot, &good);

		if (distance(queue->tx_oldest, slot, mask) + slots > IN_FLIGHT &&
		    queue->tx_oldest != slot)
			break;
		if (good)
			put_frame(port, pair, slot, slots);
		else
			port->xsk->shared->invalid++;
		slot = (slot + slots) & mask;
	}
	return slot;
}

static int send_by_socket(struct vale_port *port, __u32 pair)
{
	struct xsk_queue *queue = &port->xsk->queue[pair];
	struct vale_ring *ring = &port->region[pair].tx;
	struct vale_ring_state *state = &port->xsk->state[pair];
	int error = 0;

	complete(port, pair);
	for (int tries = 0; tries < SEND_TRIES && !error; tries++) {
		state->tx_taken = put_frames(port, pair);
		error = kick(port, pair);
		complete(port, pair);
		if (state->tx_taken == ring->head)
			break;
		sched_yield(); /* to whoever takes frames out of the queue */
	}
	ring->tail = (queue->tx_oldest - 1) & state->tx_mask;
	return error ? error : state->tx_taken == ring->head ? 0 : VALE_TX_BLOCKED;
}

/* ---- tx ---------------------------------------------------------------------------------------- */

int xsk_txsync(struct vale_port *port, __u32 pair)
{
	struct vale_ring *ring = &port->region[pair].tx;
	const struct vale_ring_state *state = &port->state[pair];
	__u32 mask = state->tx_mask, taken = state->tx_taken;

	if (ring->head > mask ||
	    distance(taken, ring->head, mask) > distance(taken, ring->tail & mask, mask)) {
		ring->head = ring->cur = taken;
		return -EINVAL;
	}
	if (port->xsk->gone)
		return -ENXIO;
	return port->xsk->by_socket ? send_by_socket(port, pair) : send_live(port, pair);
}
