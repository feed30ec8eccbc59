/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Puts frames into the rx ring of a ring port. Any number of senders do so at a time, each in its
 * own context, without a lock: kernels before 6.7 allow none in a program like txsync.
 *
 * A sender leases slots by moving on `rx_reserved`, and fills them while others fill theirs. Then it
 * moves on `rx_published`, if all before its slots are published, or else writes down at the first of
 * its slots that it is done; and whoever has done either moves `rx_published` over every lease that
 * is done: the client sees slots in order, and none before it is filled.
 * tests/model/lease.pml is a model of this that spin has checked.
 */
#ifndef VALE_BPF_RECEIVE_H
#define VALE_BPF_RECEIVE_H

#include "rings.h"

/* How often a sender tries again because another one was faster. */
#define LEASE_TRIES 64

struct receiver {
	void *region_map;
	struct vale_region *region;
	struct vale_ring_state *state;
	__u8 *buffers;
	__u32 port;
	__u32 doorbell;
	__u32 shift;
	__u32 first; /* index of the first buffer */
	__u32 mask;
	__u32 header; /* bytes of its virtio-net header */
};

/* The rx ring of the port `port` for frames of a sender's ring `ring`. False: there is none. */
static __always_inline bool receiver_find(struct receiver *receiver, __u32 port, __u32 ring)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &port);

	if (!entry || entry->kind != VALE_PORT_RING || !entry->rings)
		return false;
	if (ring >= entry->rings)
		ring %= entry->rings;
	receiver->port = port;
	receiver->doorbell = vale_doorbell(port, ring);
	receiver->state = rings_state(port, ring);
	receiver->region_map = bpf_map_lookup_elem(&regions, &port);
	if (!receiver->state || !receiver->region_map)
		return false;
	ring = receiver->state->region;
	receiver->region = bpf_map_lookup_elem(receiver->region_map, &ring);
	if (!receiver->region)
		return false;
	receiver->shift = receiver->state->shift;
	receiver->buffers = rings_buffers(receiver->region, receiver->shift);
	receiver->first = rings_first(ring);
	receiver->mask = receiver->state->rx_mask;
	receiver->header = READ_ONCE(receiver->state->vnet_header) & 15;
	return true;
}

/*
 * Slots that are free behind `reserved`. What the client says it has released bounds them, and what
 * is published does, whatever the client says: leases must not overtake each other.
 */
static __always_inline __u32 receiver_room(const struct receiver *receiver, __u32 reserved)
{
	struct vale_ring_state *state = receiver->state;
	__u32 size =
		receiver->mask; /* one slot stays free, or a full ring would look like an empty one */
	__u32 used = reserved - READ_ONCE(receiver->region->control.rx_released);
	__u32 leased = reserved - READ_ONCE(state->rx_published);
	__u32 room;

	if (used > size || leased > size)
		return 0;
	room = size - (used > leased ? used : leased);
	WRITE_ONCE(state->rx_limit, reserved + room);
	return room;
}

/* The same, by what was found last time if that will do: the client's memory is in its own cache. */
static __always_inline __u32 receiver_room_for(const struct receiver *receiver, __u32 reserved,
					       __u32 slots)
{
	__u32 room = READ_ONCE(receiver->state->rx_limit) - reserved;

	return room >= slots && room <= receiver->mask ? room : receiver_room(receiver, reserved);
}

struct lease {
	const struct receiver *receiver;
	__u32 slots; /* wanted, and then leased */
	__u32 first; /* count of the first */
};

static long receiver_try_lease(__u32 step, struct lease *lease)
{
	struct vale_ring_state *state = lease->receiver->state;
	__u32 reserved = READ_ONCE(state->rx_reserved);
	__u32 room = receiver_room_for(lease->receiver, reserved, lease->slots);
	__u32 slots = lease->slots < room ? lease->slots : room;

	if (slots && __sync_val_compare_and_swap(&state->rx_reserved, reserved, reserved + slots) !=
			     reserved)
		return 0;
	lease->first = reserved;
	lease->slots = slots;
	return 1;
}

/* Leases up to `lease->slots` slots; 0 if there are none, or others were always faster. */
static __always_inline void receiver_lease(struct lease *lease)
{
	if (!receiver_try_lease(0, lease) &&
	    bpf_loop(LEASE_TRIES, receiver_try_lease, lease, 0) == LEASE_TRIES)
		lease->slots = 0;
}

/* Moves on over one lease that is done; false: the next one is not. */
static __always_inline bool receiver_advance(struct vale_ring_state *state)
{
	__u32 published = READ_ONCE(state->rx_published);
	__u64 *lease = &state->lease[published & (VALE_SLOTS - 1)];
	__u64 word = READ_ONCE(*lease);

	/*
	 * Only one gets it, and only where it is next: a word names its lease, and so is not taken
	 * for a later one's by a sender that was interrupted while the ring went round. Others see
	 * the lease gone, and the count as it was, until that one has moved the count: an exchange,
	 * and so a full barrier between this and its next look at a lease. Whoever writes down a
	 * lease has one, too, between that and its look at this: so not both miss what the other
	 * one did.
	 */
	if (!word || (__u32)word != published ||
	    __sync_val_compare_and_swap(lease, word, 0) != word)
		return false;
	__sync_lock_test_and_set(&state->rx_published, published + (__u32)(word >> 32));
	return true;
}

static long receiver_advance_step(__u32 step, struct receiver *receiver)
{
	return !receiver_advance(receiver->state);
}

/*
 * Moves the count on over a lease that is the first which is not published, and so nobody else can:
 * a store, ordered behind those into the slots, and then a full barrier. An exchange is all that,
 * but makes the CPU wait first for the slots' cache lines and then for that of the count. Where
 * stores are not reordered anyway, it waits for all at once.
 */
static __always_inline void receiver_move(struct vale_ring_state *state, __u32 published)
{
#ifdef __TARGET_ARCH_x86
	__u64 word = 0;

	asm volatile("" ::: "memory");
	WRITE_ONCE(state->rx_published, published);
	asm volatile("lock *(u64 *)(%0 + 0) += %1" : : "r"(&word), "r"(word) : "memory");
#else
	__sync_lock_test_and_set(&state->rx_published, published);
#endif
}

/* The slots of a lease are filled. Wakes the client if it sleeps. */
static __always_inline void receiver_publish(struct receiver *receiver, __u32 first, __u32 slots)
{
	struct vale_ring_state *state = receiver->state;
	struct vale_control *control = &receiver->region->control;

	if (READ_ONCE(state->rx_published) == first)
		receiver_move(state, first + slots);
	else
		__sync_lock_test_and_set(&state->lease[first & (VALE_SLOTS - 1)],
					 (__u64)slots << 32 | first);
	/* Mostly it is the only one; behind one that took long, there may be many. */
	if (receiver_advance(state) && receiver_advance(state))
		bpf_loop(VALE_SLOTS, receiver_advance_step, receiver, 0);
	if (READ_ONCE(control->rx_sleeping) && __sync_lock_test_and_set(&control->rx_sleeping, 0))
		rings_wake(receiver->doorbell);
}

/* The slot of that count. */
static __always_inline struct vale_slot *receiver_slot(const struct receiver *receiver, __u32 count)
{
	return &receiver->region->rx.slot[count & receiver->mask & (VALE_SLOTS - 1)];
}

/* ---- so many slots or none --------------------------------------------------------------------- */

static long receiver_empty_step(__u32 i, struct lease *lease)
{
	if (i >= lease->slots)
		return 1;
	WRITE_ONCE(*(__u32 *)&receiver_slot(lease->receiver, lease->first + i)->len, 0);
	return 0;
}

/* Slots that were leased in vain are given back, or else stay empty. */
static __always_inline void receiver_give_back(struct receiver *receiver, struct lease *lease)
{
	__u32 end = lease->first + lease->slots;

	if (!lease->slots ||
	    __sync_val_compare_and_swap(&receiver->state->rx_reserved, end, lease->first) == end)
		return;
	bpf_loop(VALE_SLOTS, receiver_empty_step, lease, 0);
	receiver_publish(receiver, lease->first, lease->slots);
}

/* True: they are leased, and to be published. `lease` knows the receiver. */
static __always_inline bool receiver_lease_all(struct receiver *receiver, struct lease *lease,
					       __u32 slots)
{
	lease->slots = slots;
	receiver_lease(lease);
	if (lease->slots == slots)
		return true;
	receiver_give_back(receiver, lease);
	return false;
}

/* Fills in the slot `i` of a frame of so many bytes, which has so many slots. */
static __always_inline void receiver_set_slot(struct vale_slot *slot, __u32 i, __u32 slots,
					      __u32 length)
{
	__u32 flags = 0;

	if (slots > 1)
		flags = slots << 8 | (i + 1 < slots ? VALE_SLOT_MORE : 0);
	WRITE_ONCE(*(__u32 *)&slot->len, flags << 16 | length);
}

#endif
