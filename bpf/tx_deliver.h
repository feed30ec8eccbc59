/* SPDX-License-Identifier: GPL-2.0 */
/* The second part of a txsync: ring ports get their frames. */
#ifndef VALE_BPF_TX_DELIVER_H
#define VALE_BPF_TX_DELIVER_H

#include "copy.h"
#include "receive.h"
#include "stats.h"
#include "tx_convert.h"
#include "tx_sort.h"

/* On the stack, for the steps. */
struct delivery {
	struct tx_work *work;
	struct tx_ring from;
	struct vale_slot *into;
	__u8 *buffers;
	__u32 first;
	__u32 mask;
	__u32 port;
	__u32 lossless;
};

/* ---- copying ----------------------------------------------------------------------------------- */

/*
 * With a buffer of another region of its memory, or one that is none: the slot of that count, into the
 * buffer `index` of the port `to_port`. Returns how many bytes.
 */
__noinline int tx_copy_far(__u32 count, __u32 to_port, __u32 index)
{
	struct tx_ring ring = {};
	const __u8 *from;
	__u64 word;
	__u8 *to;

	if (!tx_ring(&ring))
		return 0;
	word = tx_slot(&ring, count);
	from = tx_buffer(word);
	to = rings_port_buffer(to_port, index);
	if (!from || !to)
		return 0;
	copy_buffer(to, from, SLOT_LENGTH(word));
	return SLOT_LENGTH(word);
}

/* The slot of that count of the own ring, into one of the receiver's. */
static __always_inline void deliver_slot(struct delivery *delivery, __u32 slot, __u32 count)
{
	__u64 word = tx_slot(&delivery->from, slot);
	struct vale_slot *into = &delivery->into[count & delivery->mask & (VALE_SLOTS - 1)];
	__u32 from = SLOT_BUFFER(word) - delivery->from.first, length = SLOT_LENGTH(word);
	__u32 index = READ_ONCE(into->buf_idx), to = index - delivery->first;

	if (from < VALE_REGION_BUFFERS && to < VALE_REGION_BUFFERS && length <= VALE_BUFFER_SIZE)
		copy_buffer(delivery->buffers + to * VALE_BUFFER_SIZE,
			    delivery->from.buffers + from * VALE_BUFFER_SIZE, length);
	else
		length = tx_copy_far(slot, delivery->port, index);
	WRITE_ONCE(*(__u32 *)&into->len, length); /* and no flags */
}

static long deliver_chunk(__u32 step, struct delivery *delivery)
{
	struct tx_work *work = delivery->work;

	for (__u32 i = 0; i < TX_CHUNK; i++) {
		__u32 count = READ_ONCE(work->into);

		if (count == READ_ONCE(work->into_end))
			return 1;
		if (!READ_ONCE(work->left)) {
			next_run(work);
			/* A frame is not torn. */
			if (work->fragments > work->into_end - count)
				return 1;
		}
		work->left--;
		WRITE_ONCE(work->into, count + 1);
		deliver_slot(delivery, work->slot++, count);
	}
	return READ_ONCE(work->into) == READ_ONCE(work->into_end);
}

/* ---- what few frames need, and so is not done while copying ------------------------------------ */

/*
 * A bound port's client may have changed addresses since they were looked at, and must not: these
 * are put back, into the buffer `index` of the port `to_port`.
 */
__noinline int tx_bind(__u32 slot, __u32 to_port, __u32 index, __u32 at)
{
	const struct vale_ring_state *state = own_state();
	const __u64 *header;
	__u8 *to;

	if (!state)
		return 0;
	to = rings_port_buffer(to_port, index);
	if (!to)
		return 0;
	to += at & 15;
	header = state->header[slot & (VALE_SLOTS - 1)];
	WRITE_ONCE(*(__u64 *)to, header[0]);
	WRITE_ONCE(*(__u32 *)(to + sizeof(__u64)), (__u32)header[1]);
	return 0;
}

/*
 * The slot just filled, of a bound port. Addresses are behind the virtio-net header, or in the slot
 * behind it. Returns how long it is.
 */
static __always_inline __u32 bind_slot(struct delivery *delivery, const struct vale_slot *into,
				       __u32 length)
{
	struct tx_work *work = delivery->work;
	__u32 slot = work->slot & delivery->from.mask, at = work->header;

	if (is_first_slot(work)) {
		work->bind_next = at && length == at && work->fragments > 1;
		if (work->bind_next)
			return length;
	} else if (work->bind_next) {
		work->bind_next = 0;
		slot = (slot - 1) & delivery->from.mask;
		at = 0;
	} else {
		return length;
	}
	tx_bind(slot, delivery->port, READ_ONCE(into->buf_idx), at);
	return length < at + VALE_FRAME_MIN ? at + VALE_FRAME_MIN : length;
}

/* The slots of a frame of several say how many, and all but the last that there are more. */
static long finish_slot(__u32 step, struct delivery *delivery)
{
	struct tx_work *work = delivery->work;
	__u32 count = READ_ONCE(work->into), length, flags;
	struct vale_slot *into = &delivery->into[count & delivery->mask & (VALE_SLOTS - 1)];

	if (count == READ_ONCE(work->into_end))
		return 1;
	work->into = count + 1;
	if (!READ_ONCE(work->left))
		next_run(work);
	work->left--;
	length = READ_ONCE(into->len);
	if (bound)
		length = bind_slot(delivery, into, length);
	work->slot++;
	flags = work->fragments << 8;
	if (flags && work->left)
		flags |= VALE_SLOT_MORE;
	WRITE_ONCE(*(__u32 *)&into->len, flags << 16 | length);
	return 0;
}

/* ---- what finds no room ------------------------------------------------------------------------ */

/* Leased, and not filled: an empty slot, which receivers pass over. */
static long empty_slot(__u32 step, struct delivery *delivery)
{
	__u32 count = READ_ONCE(delivery->work->into);

	if (count == READ_ONCE(delivery->work->into_end))
		return 1;
	delivery->work->into = count + 1;
	WRITE_ONCE(*(__u32 *)&delivery->into[count & delivery->mask & (VALE_SLOTS - 1)].len, 0);
	return 0;
}

/* Goes through the slots that were not delivered. Those that are to wait are marked. */
static long leave_slot(__u32 step, struct delivery *delivery)
{
	struct tx_work *work = delivery->work;
	__u32 slot, first, bytes;

	if (!READ_ONCE(work->to_leave))
		return 1;
	work->to_leave--;
	if (!READ_ONCE(work->left))
		next_run(work);
	slot = work->slot++ & delivery->from.mask & (VALE_SLOTS - 1);
	work->left--;
	first = is_first_slot(work);
	bytes = READ_ONCE(delivery->from.slots[slot].len);
	/* A frame that is larger than the ring would wait for ever. */
	if (delivery->lossless && !work->flooded && work->fragments <= delivery->mask) {
		/* Of a frame its first slot: the others go where that goes. */
		work->blocked[slot] = first;
		if (!work->wanted)
			work->wanted = work->fragments ? work->fragments : 1;
		work->blocked_count.frames += first;
		work->blocked_count.bytes += bytes;
	} else {
		work->undelivered.frames += first;
		work->undelivered.bytes += bytes;
	}
	return 0;
}

/* ---- a destination ----------------------------------------------------------------------------- */

/* Copies as many slots as were leased, or less, since no frame is torn. */
static __always_inline __u32 fill_lease(struct delivery *delivery, const struct lease *lease,
					const struct tx_queue *queue, const struct tx_queue *flood)
{
	struct tx_work *work = delivery->work;
	__u32 filled;

	begin_runs(work, queue, flood);
	work->into = lease->first;
	work->into_end = lease->first + lease->slots;
	bpf_loop(TX_STEPS, deliver_chunk, delivery, 0);
	filled = READ_ONCE(work->into) - lease->first;
	if (bound || work->fragmented) {
		begin_runs(work, queue, flood);
		work->into = lease->first;
		work->into_end = lease->first + filled;
		bpf_loop(VALE_SLOTS, finish_slot, delivery, 0);
	}
	return filled;
}

/* Leases, fills and publishes slots of the receiver's ring; returns how many were filled. */
static __always_inline __u32 deliver_slots(struct delivery *delivery, struct receiver *receiver,
					   const struct tx_queue *queue,
					   const struct tx_queue *flood)
{
	struct lease lease = { .receiver = receiver, .slots = queue->slots + flood->slots };
	struct tx_work *work = delivery->work;
	__u32 filled, end;

	receiver_lease(&lease);
	if (!lease.slots)
		return 0;
	filled = fill_lease(delivery, &lease, queue, flood);
	end = lease.first + lease.slots;
	/* If it was the last lease, it may be shorter. */
	if (filled != lease.slots && __sync_val_compare_and_swap(&receiver->state->rx_reserved, end,
								 lease.first + filled) == end)
		lease.slots = filled;
	if (filled != lease.slots) {
		work->into_end = end;
		bpf_loop(VALE_SLOTS, empty_slot, delivery, 0);
	}
	if (lease.slots)
		receiver_publish(receiver, lease.first, lease.slots);
	return filled;
}

/*
 * The receiver will run its `wake` when it has released slots, which may have happened just now:
 * false if so many are free.
 */
static __always_inline bool wait_for(const struct receiver *receiver, __u32 slots)
{
	__u32 doorbell = vale_doorbell(port, pair);

	__sync_fetch_and_or(&receiver->state->waiting[doorbell / 64 % VALE_WAITING],
			    1ULL << doorbell % 64);
	__sync_lock_test_and_set(&receiver->state->rx_wanted, 1);
	return receiver_room(receiver, READ_ONCE(receiver->state->rx_reserved)) < slots;
}

/* The client may have changed lengths since they were added up: at another port that is not seen. */
static __always_inline void take_off(struct tx_count *from, __u64 frames, __u64 bytes)
{
	from->frames -= frames;
	from->bytes -= bytes < from->bytes ? bytes : from->bytes;
}

static __always_inline void count_delivery(const struct tx_work *work, __u32 number,
					   struct tx_count *offered, enum vale_drop reason)
{
	struct vale_stats *receiver = stats_of(number), *sender = stats_of(port);
	__u64 lost = work->undelivered.frames;

	if (!receiver || !sender)
		return;
	take_off(offered, lost, work->undelivered.bytes);
	if (work->converts) {
		offered->frames += work->extra.frames - work->unfit;
		offered->bytes = work->extra.bytes;
	}
	stats_add(&receiver->sent_frames, offered->frames);
	stats_add(&receiver->sent_bytes, offered->bytes);
	if (!lost)
		return;
	stats_add(&receiver->drops[reason], lost);
	stats_add(&sender->lost[reason], lost);
}

static __always_inline void offer(struct tx_count *offered, const struct tx_queue *queue)
{
	if (!queue->slots)
		return;
	offered->frames += queue->frames;
	offered->bytes += queue->bytes;
}

/* Counts what the port `number` got and what not, and marks what is to wait. */
static __always_inline void finish(struct delivery *delivery, const struct receiver *receiver,
				   bool closed)
{
	struct tx_work *work = delivery->work;
	struct tx_count *offered = &work->offered, *blocked = &work->blocked_count;

	work->queue[receiver->port & FDB_NUMBER].slots = 0;
	delivery->lossless = work->lossless && !closed;
	if (work->to_leave)
		bpf_loop(VALE_SLOTS, leave_slot, delivery, 0);
	if (blocked->frames != work->blocked_before.frames) {
		work->answer |= wait_for(receiver, work->wanted) ? VALE_TX_BLOCKED : VALE_TX_AGAIN;
		take_off(offered, blocked->frames - work->blocked_before.frames,
			 blocked->bytes - work->blocked_before.bytes);
	}
	count_delivery(work, receiver->port, offered, closed ? VALE_DROP_CLOSED : VALE_DROP_FULL);
}

/* Notes what there is for the port: its own queue, and the flood. */
static __always_inline void begin(struct tx_work *work, const struct tx_queue *queue,
				  const struct tx_queue *flood)
{
	work->offered.frames = 0;
	work->offered.bytes = 0;
	offer(&work->offered, queue);
	offer(&work->offered, flood);
	work->blocked_before = work->blocked_count;
	work->undelivered.frames = 0;
	work->undelivered.bytes = 0;
	work->wanted = 0;
	work->converts = 0;
	work->receivers++;
	begin_runs(work, queue, flood);
	work->to_leave = queue->slots + flood->slots;
}

/* Gives a ring port what it gets. Returns 1 if that is to be converted: tx_convert(), tx_converted(). */
__noinline int tx_deliver(__u32 number)
{
	struct tx_work *work = own_work();
	struct tx_queue *queue, *flood;
	struct delivery delivery = { .work = work };
	struct receiver receiver;
	bool closed;

	if (!work || number >= VALE_PORTS || !tx_ring(&delivery.from))
		return 0;
	queue = &work->queue[number];
	flood = &work->queue[VALE_FLOOD];
	if (!receiver_find(&receiver, number, pair)) {
		work->gone += queue->slots ? queue->frames : 0;
		queue->slots = 0;
		return 0;
	}
	begin(work, queue, flood);
	closed = !READ_ONCE(receiver.state->clients);
	if (!closed && receiver.header != work->header)
		return 1;
	delivery.into = receiver.region->rx.slot;
	delivery.buffers = receiver.buffers;
	delivery.first = receiver.first;
	delivery.mask = receiver.mask;
	delivery.port = number;
	if (!closed)
		work->to_leave -= deliver_slots(&delivery, &receiver, queue, flood);
	finish(&delivery, &receiver, closed);
	return 0;
}

/* What tx_convert() could do for the port is done. */
__noinline int tx_converted(__u32 number)
{
	struct delivery delivery = { .work = own_work() };
	struct receiver receiver;

	if (!delivery.work || number >= VALE_PORTS || !tx_ring(&delivery.from))
		return 0;
	delivery.work->extra_frames += delivery.work->extra.frames;
	/* A port that has gone in between has nobody to count it. */
	if (receiver_find(&receiver, number, pair)) {
		delivery.mask = receiver.mask;
		finish(&delivery, &receiver, false);
	} else {
		delivery.work->queue[number].slots = 0;
	}
	return 0;
}

#endif
