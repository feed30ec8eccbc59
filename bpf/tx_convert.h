/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a ring port gets whose virtio-net header is not as long as the sender's: each frame by
 * itself, with another header or none, and without one in as many frames as it says.
 */
#ifndef VALE_BPF_TX_CONVERT_H
#define VALE_BPF_TX_CONVERT_H

#include "cut.h"
#include "receive.h"
#include "stats.h"
#include "tx_runs.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cut);
} cut_memory SEC(".maps");

static __always_inline bool tx_cutting(struct cutting *cutting)
{
	struct tx_ring ring = {};
	__u32 zero = 0;

	cutting->cut = bpf_map_lookup_elem(&cut_memory, &zero);
	if (!cutting->cut || !tx_ring(&ring))
		return false;
	cutting->source.stream = &cutting->cut->stream;
	cutting->source.slots = ring.slots;
	cutting->source.region_map = &region;
	cutting->cut->stream.mask = ring.mask;
	cutting->cut->stream.shift = shift;
	return true;
}

/* In how many frames the one of these slots is sent to a device, or 0: its header makes no sense. */
__noinline int tx_segments(__u32 slot, __u32 slots)
{
	const struct tx_work *work = own_work();
	struct cutting cutting = {};
	int segments;

	if (!work || !tx_cutting(&cutting))
		return 0;
	segments = cut_open(&cutting, slot, slots, work->header & 15, 0);
	return segments < 0 ? 0 : segments;
}

/* ---- a frame ----------------------------------------------------------------------------------- */

/*
 * Kernels before 6.7 have little stack for calls in calls, so what loops in each other would be is one
 * loop, whose steps know by the phase what is to be done.
 */
enum convert_phase {
	CONVERT_FRAME,
	CONVERT_SUM,
	CONVERT_SEGMENT,
	CONVERT_BYTES,
};

/* Steps of all frames of a ring. */
#define CONVERT_STEPS (1 << 20)

/* Of one step. */
struct converting {
	struct cutting cutting;
	struct sink sink;
	struct lease lease;
	struct tx_work *work;
};

static __always_inline __u32 slots_of(const struct cut *cut, __u32 segment)
{
	return (cut->before + cut_length(&cut->vnet, segment) + VALE_BUFFER_SIZE - 1) /
	       VALE_BUFFER_SIZE;
}

/* The frame is dropped, for a reason of its own. */
static __always_inline void convert_drop(struct converting *of, enum vale_drop reason)
{
	struct vale_stats *receiver = stats_of(of->sink.receiver.port), *sender = stats_of(port);

	of->work->unfit++;
	if (!receiver || !sender)
		return;
	stats_add(&receiver->drops[reason], 1);
	stats_add(&sender->lost[reason], 1);
}

static __always_inline void convert_pass(struct tx_work *work, __u32 slots)
{
	work->slot += slots;
	work->left -= slots;
	work->to_leave -= slots;
}

/* Opens the frame of so many slots. False: there is no room for it. */
static __always_inline bool convert_open(struct converting *of, __u32 slots)
{
	struct tx_work *work = of->work;
	struct cut *cut = of->cutting.cut;
	__u32 first = work->slot & cut->stream.mask & (VALE_SLOTS - 1), total;
	struct vale_ring_state *state = own_state();
	int segments;

	segments =
		cut_open(&of->cutting, first, slots, work->header & 15, of->sink.receiver.header);
	if (segments <= 0 || !state) {
		convert_drop(of, VALE_DROP_HEADER);
		convert_pass(work, slots);
		return true;
	}
	cut->bound = bound;
	__builtin_memcpy(cut->addresses, state->header[first], sizeof(cut->addresses));
	cut->each = slots_of(cut, 0);
	total = (segments - 1) * cut->each + slots_of(cut, segments - 1);
	if (cut->each > VALE_FRAGMENTS - 1 || total > of->sink.receiver.mask) {
		convert_drop(of, VALE_DROP_JUMBO);
		convert_pass(work, slots);
		return true;
	}
	of->lease.receiver = &of->sink.receiver;
	if (!receiver_lease_all(&of->sink.receiver, &of->lease, total)) {
		work->wanted = total;
		return false;
	}
	cut->lease_first = of->lease.first;
	cut->lease_slots = total;
	cut->segment = 0;
	cut->phase = cut->vnet.fragments ? CONVERT_SUM : CONVERT_SEGMENT;
	return true;
}

/* The slots that have been filled say how much is in them. */
static long convert_finish(__u32 i, struct converting *of)
{
	const struct cut *cut = of->cutting.cut;
	__u32 segment, length;

	if (i >= cut->lease_slots || !cut->each)
		return 1;
	segment = i / cut->each;
	i -= segment * cut->each;
	of->sink.first = cut->lease_first + segment * cut->each;
	length = cut->before + cut_length(&cut->vnet, segment) - i * VALE_BUFFER_SIZE;
	if (length > VALE_BUFFER_SIZE)
		length = VALE_BUFFER_SIZE;
	of->work->extra.bytes += length;
	receiver_set_slot(receiver_slot(&of->sink.receiver, of->sink.first + i), i,
			  slots_of(cut, segment), sink_buffer(&of->sink, i) ? length : 0);
	return 0;
}

/* All its segments are written. */
static __always_inline void convert_close(struct converting *of)
{
	struct tx_work *work = of->work;
	struct cut *cut = of->cutting.cut;
	__u32 more = cut->vnet.segments - 1;

	of->lease.receiver = &of->sink.receiver;
	of->lease.first = cut->lease_first;
	of->lease.slots = cut->lease_slots;
	if (READ_ONCE(cut->failed)) {
		/* Its client has spoiled it meanwhile. */
		bpf_loop(VALE_SLOTS, receiver_empty_step, &of->lease, 0);
		convert_drop(of, VALE_DROP_INVALID);
	} else {
		bpf_loop(VALE_SLOTS, convert_finish, of, 0);
		work->extra.frames += more;
		work->extra_copies += work->flooded ? more : 0;
	}
	receiver_publish(&of->sink.receiver, cut->lease_first, cut->lease_slots);
	convert_pass(work, cut->stream.slots);
	cut->phase = CONVERT_FRAME;
}

/* Returns 1 if there is no other, or no room for it. */
static __always_inline long convert_next(struct converting *of)
{
	struct tx_work *work = of->work;

	if (!READ_ONCE(work->to_leave))
		return 1;
	if (!READ_ONCE(work->left))
		next_run(work);
	return !convert_open(of, work->fragments ? work->fragments : 1);
}

static __always_inline bool converting(struct converting *of)
{
	struct cut *cut;

	of->work = own_work();
	if (!of->work || !tx_cutting(&of->cutting) ||
	    !receiver_find(&of->sink.receiver, of->work->converted, pair))
		return false;
	cut = of->cutting.cut;
	of->cutting.sink = &of->sink;
	of->sink.first = cut->lease_first + cut->segment * cut->each;
	return true;
}

static long convert_step(__u32 step, void *context)
{
	struct converting of = {};
	struct cut *cut;

	if (!converting(&of))
		return 1;
	cut = of.cutting.cut;
	if (READ_ONCE(cut->phase) == CONVERT_BYTES) {
		if (READ_ONCE(cut->left) && !READ_ONCE(cut->failed)) {
			cut_step(0, &of.cutting);
			return 0;
		}
		cut_end(&of.cutting);
		cut->segment += !cut->summing;
		cut->summing = 0;
		cut->phase = CONVERT_SEGMENT;
		return 0;
	}
	if (READ_ONCE(cut->phase) == CONVERT_FRAME)
		return convert_next(&of);
	if (READ_ONCE(cut->phase) == CONVERT_SUM) {
		cut_begin_sum(&of.cutting);
		cut->phase = CONVERT_BYTES;
		return 0;
	}
	if (READ_ONCE(cut->failed) || cut->segment >= cut->vnet.segments) {
		convert_close(&of);
		return 0;
	}
	cut_begin(&of.cutting, cut->segment);
	cut->phase = CONVERT_BYTES;
	return 0;
}

/* Frames of the runs that have begun, in their order, as many as there is room for. */
__noinline int tx_convert(__u32 number)
{
	struct tx_work *work = own_work();
	__u32 zero = 0;
	struct cut *cut = bpf_map_lookup_elem(&cut_memory, &zero);

	if (!work || !cut || number >= VALE_PORTS)
		return 0;
	work->converts = 1;
	work->converted = number;
	work->unfit = 0;
	work->extra.frames = 0;
	work->extra.bytes = 0;
	cut->phase = CONVERT_FRAME;
	bpf_loop(CONVERT_STEPS, convert_step, NULL, 0);
	return 0;
}

#endif
