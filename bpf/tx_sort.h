/* SPDX-License-Identifier: GPL-2.0 */
/* The first part of a txsync: which frames go where. */
#ifndef VALE_BPF_TX_SORT_H
#define VALE_BPF_TX_SORT_H

#include "forward.h"
#include "txsync.h"

/* Frames in one step of a bpf_loop: a step is a call, and calls are what costs. */
#define TX_CHUNK 16

/* Enough steps for a ring. A number that depends on the batch would be one more thing to verify. */
#define TX_STEPS (VALE_SLOTS / TX_CHUNK)

/* On the stack, for the steps. */
struct tx_sorting {
	struct tx_work *work;
	struct vale_ring_state *state;
	struct tx_ring ring;
	struct fdb_view view;
	__u32 header;
};

/* ---- runs and queues --------------------------------------------------------------------------- */

/* Devices get it, in the order of the ring. */
static __always_inline void park_run(struct tx_work *work, struct tx_run *run, __u32 number)
{
	run->next_parked = TX_NO_RUN;
	if (work->parked_first == TX_NO_RUN)
		work->parked_first = number;
	else
		work->run_of[work->parked_last & (VALE_SLOTS - 1)].next_parked = number;
	work->parked_last = number;
	work->parked_slots += run->slots;
}

/* The ring port `to` gets it, or all of them. */
static __always_inline void enqueue_run(struct tx_work *work, struct tx_run *run, __u32 number,
					__u32 to, __u32 frames)
{
	struct tx_queue *queue = &work->queue[to & FDB_NUMBER];

	run->next = TX_NO_RUN;
	if (!queue->slots) {
		if (to != VALE_FLOOD)
			work->destination[work->destinations++ & 255] = to;
		queue->first = number;
		queue->frames = 0;
		queue->bytes = 0;
	} else {
		work->run_of[queue->last & (VALE_SLOTS - 1)].next = number;
	}
	queue->last = number;
	queue->slots += run->slots;
	queue->frames += frames;
	queue->bytes += work->bytes - work->run_bytes;
}

/* The run at hand ends before the slot of that count. */
static __always_inline void end_run(struct tx_sorting *sorting, __u32 count, bool fragmented)
{
	struct tx_work *work = sorting->work;
	__u32 number = work->runs++ & (VALE_SLOTS - 1), slots = count - work->run_start;
	struct tx_run *run = &work->run_of[number];
	__u32 frames = fragmented ? 1 : slots, to = work->to;

	work->frames += frames;
	if (to == SELF) {
		work->own_port += frames;
		return;
	}
	run->slot = work->run_start & sorting->ring.mask;
	run->slots = slots;
	run->to = to;
	run->fragmented = fragmented;
	work->fragmented += fragmented;
	if (to == VALE_FLOOD || to & FDB_RING)
		enqueue_run(work, run, number, to, frames);
	if (to == VALE_FLOOD ? sorting->view.state->devices : !(to & FDB_RING))
		park_run(work, run, number);
}

static __always_inline void change_run(struct tx_sorting *sorting, __u32 count, __u32 to)
{
	struct tx_work *work = sorting->work;

	if (work->to != TX_NOWHERE)
		end_run(sorting, count, false);
	work->to = to;
	work->run_start = count;
	work->run_bytes = work->bytes;
}

/* ---- frames ------------------------------------------------------------------------------------ */

static __always_inline bool is_spoofed(__u64 source)
{
	for (__u32 i = 0; i < VALE_BOUND_MACS && i < bound; i++)
		if (bound_macs[i] == source)
			return false;
	return true;
}

/* Room is taken once for all frames of the batch, `left` at the most, and what is left given back. */
static __always_inline bool is_storm(struct tx_work *work, enum vale_storm kind, __u32 left)
{
	if (!(work->storm_asked & 1 << kind)) {
		work->storm_asked |= 1 << kind;
		work->storm_room[kind] = storm_take(port, kind, left);
	}
	if (!work->storm_room[kind])
		return true;
	work->storm_room[kind]--;
	return false;
}

static __always_inline void return_room(const struct tx_work *work)
{
	for (__u32 kind = 0; kind < VALE_STORMS; kind++)
		if (work->storm_asked & 1 << kind && work->storm_room[kind])
			storm_return(port, kind, work->storm_room[kind]);
}

/*
 * Where a frame goes whose first bytes are at `data`. A bound port's frame is sent with the
 * addresses that were seen here, whatever its client does to it meanwhile.
 */
static __always_inline __u32 frame_destination(struct tx_sorting *sorting, const __u8 *data,
					       __u32 count)
{
	struct tx_work *work = sorting->work;
	__u32 slot = count & sorting->ring.mask & (VALE_SLOTS - 1), to;
	struct eth_addresses addresses;

	if (bound) {
		__u64 *header = sorting->state->header[slot];

		header[0] = READ_ONCE(*(const __u64 *)data);
		header[1] = READ_ONCE(*(const __u64 *)(data + sizeof(__u64)));
		addresses = eth_addresses(header);
		if (is_spoofed(addresses.source)) {
			work->spoofed++;
			return TX_NOWHERE;
		}
	} else {
		addresses = eth_addresses(data);
	}
	if (addresses.source == work->last_source) {
		to = fdb_lookup(&sorting->view, addresses.destination);
	} else {
		work->last_source = addresses.source;
		to = forward(&sorting->view, addresses, SELF);
	}
	if (forward_is_limited(&sorting->view, to) &&
	    is_storm(work, storm_kind(addresses.destination), work->end - count)) {
		work->storm++;
		return TX_NOWHERE;
	}
	return to;
}

/* ---- frames of several slots, and what makes no sense ------------------------------------------ */

enum {
	FRAME_OPEN, /* its end was not seen */
	FRAME_WHOLE,
	FRAME_INVALID,
};

/* The addresses are in the first slot, behind the header, or in the one behind that which has it. */
static __always_inline bool is_too_short(struct tx_sorting *sorting, __u32 i, __u32 length,
					 bool more)
{
	struct tx_work *work = sorting->work;
	__u32 header = sorting->header;

	if (!i) {
		work->frame_head = header && length == header && more;
		return !work->frame_head && length < header + VALE_FRAME_MIN;
	}
	return i == 1 && work->frame_head && length < VALE_FRAME_MIN;
}

static long look_at_fragment(__u32 i, struct tx_sorting *sorting)
{
	struct tx_work *work = sorting->work;
	__u32 count = READ_ONCE(work->count) + i;
	__u64 word;

	if (count == READ_ONCE(work->end))
		return 1;
	word = tx_slot(&sorting->ring, count);
	work->frame_slots++;
	work->frame_bytes += SLOT_LENGTH(word);
	if (i >= VALE_FRAGMENTS || !tx_buffer(word) ||
	    is_too_short(sorting, i, SLOT_LENGTH(word), SLOT_MORE(word)))
		work->frame_state = FRAME_INVALID;
	if (SLOT_MORE(word))
		return 0;
	if (work->frame_state == FRAME_OPEN)
		work->frame_state = FRAME_WHOLE;
	return 1;
}

static __always_inline bool tx_sorting(struct tx_sorting *sorting)
{
	sorting->work = own_work();
	sorting->state = own_state();
	if (sorting->state)
		sorting->header = sorting->state->vnet_header & 15;
	return sorting->work && sorting->state && tx_ring(&sorting->ring) &&
	       fdb_view(&sorting->view, &sorting->work->cache);
}

/* Where its addresses are. NULL: in no buffer. */
static __always_inline const __u8 *frame_data(const struct tx_sorting *sorting, __u32 count)
{
	const __u8 *data;

	if (READ_ONCE(sorting->work->frame_head))
		return tx_buffer(tx_slot(&sorting->ring, count + 1));
	data = tx_buffer(tx_slot(&sorting->ring, count));
	return data ? data + sorting->header : NULL;
}

/* Any frame, whole or not, valid or not, that starts at the slot `work->count`. */
__noinline int tx_sort_any(void)
{
	struct tx_sorting sorting = {};
	__u32 count, to = TX_NOWHERE;
	struct tx_work *work;
	const __u8 *data;

	if (!tx_sorting(&sorting))
		return 0;
	work = sorting.work;
	count = READ_ONCE(work->count);
	work->frame_slots = 0;
	work->frame_bytes = 0;
	work->frame_state = FRAME_OPEN;
	/* To its end, however long it is: what is behind the last slot allowed is no frame. */
	bpf_loop(VALE_SLOTS, look_at_fragment, &sorting, 0);
	data = frame_data(&sorting, count);
	if (work->frame_state != FRAME_WHOLE || !data)
		work->invalid++;
	else
		to = frame_destination(&sorting, data, count);
	change_run(&sorting, count, to);
	work->count = count + work->frame_slots;
	if (to == TX_NOWHERE) {
		work->frames++;
		return 0;
	}
	work->bytes += work->frame_bytes;
	end_run(&sorting, work->count, true);
	work->to = TX_NOWHERE;
	return 0;
}

/* ---- all frames of a batch --------------------------------------------------------------------- */

/* False: it is none of one slot with a buffer of the ring's own region. */
static __always_inline bool sort_frame(struct tx_sorting *sorting, __u32 count)
{
	struct tx_work *work = sorting->work;
	__u64 word = tx_slot(&sorting->ring, count);
	__u32 buffer = SLOT_BUFFER(word) - sorting->ring.first, length = word >> 32, to;
	__u32 least = sorting->header + VALE_FRAME_MIN;

	/* One comparison: with the flag that is of interest, the number is too large. */
	length &= (__u32)VALE_SLOT_MORE << 16 | 0xffff;
	if (buffer >= VALE_REGION_BUFFERS || length - least > VALE_BUFFER_SIZE - least)
		return false;
	to = frame_destination(sorting,
			       sorting->ring.buffers + buffer * VALE_BUFFER_SIZE + sorting->header,
			       count);
	if (to != work->to)
		change_run(sorting, count, to);
	if (to == TX_NOWHERE)
		work->frames++;
	work->bytes += length;
	return true;
}

static long sort_chunk(__u32 step, struct tx_sorting *sorting)
{
	struct tx_work *work = sorting->work;

	for (__u32 i = 0; i < TX_CHUNK; i++) {
		__u32 count = READ_ONCE(work->count);

		if (count == READ_ONCE(work->end))
			return 1;
		if (sort_frame(sorting, count))
			WRITE_ONCE(work->count, count + 1);
		else
			tx_sort_any();
	}
	return READ_ONCE(work->count) == READ_ONCE(work->end);
}

/* Frames that had no room last time. The others that were sorted then are done with. */
static long sort_blocked(__u32 step, struct tx_sorting *sorting)
{
	struct tx_work *work = sorting->work;
	__u32 count = READ_ONCE(work->count);
	__u8 *blocked = &work->blocked[count & sorting->ring.mask & (VALE_SLOTS - 1)];

	/* A frame may end behind it, if the client has made it longer meanwhile. */
	if ((__s32)(count - READ_ONCE(work->sorted)) >= 0)
		return 1;
	if (*blocked) {
		*blocked = 0;
		tx_sort_any();
	} else {
		change_run(sorting, count, TX_NOWHERE);
		work->count = count + 1;
	}
	return 0;
}

__noinline int tx_sort(void)
{
	struct tx_sorting sorting = {};

	if (!tx_sorting(&sorting))
		return 0;
	if (sorting.work->sorted != sorting.work->count)
		bpf_loop(VALE_SLOTS, sort_blocked, &sorting, 0);
	bpf_loop(TX_STEPS, sort_chunk, &sorting, 0);
	change_run(&sorting, sorting.work->end, TX_NOWHERE);
	return_room(sorting.work);
	return 0;
}

#endif
