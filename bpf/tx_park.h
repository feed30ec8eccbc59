/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The third part of a txsync: frames for devices. A program like txsync can send none, so they are
 * written down, and the client runs another program for each, which sends them: live.bpf.c.
 */
#ifndef VALE_BPF_TX_PARK_H
#define VALE_BPF_TX_PARK_H

#include "stats.h"
#include "tx_convert.h"

struct parking {
	struct tx_work *work;
	struct vale_ring_state *state;
	const struct vale_switch *shared;
	__u32 cut;   /* frames more than there were, since some are cut */
	__u32 unfit; /* frames whose virtio-net header makes no sense, */
	__u32 unfit_floods;
	__u32 lost;	   /* frames for which there was no place, */
	__u32 lost_floods; /* those among them that were for all, */
	__u32 lost_copies; /* and copies of such */
	__u32 copies;	   /* all of them */
	struct vale_parked frame;
};

/*
 * A client that sends slots that are not its own, since what is in them still waits, could have more
 * frames wait than there are places.
 */
static __always_inline bool has_place(const struct vale_ring_state *state)
{
	return state->parked_put - READ_ONCE(state->parked_taken) < VALE_SLOTS;
}

static __always_inline bool park(struct vale_ring_state *state, struct vale_parked parked)
{
	__u32 put = READ_ONCE(state->parked_put);

	if (!has_place(state))
		return false;
	state->parked[put & (VALE_SLOTS - 1)] = parked;
	WRITE_ONCE(state->live_put, state->live_put + parked.segments);
	WRITE_ONCE(state->parked_put, put + 1);
	return true;
}

static long park_copy(__u32 number, struct parking *parking)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	if (!entry || entry->kind != VALE_PORT_DEVICE)
		return 0;
	parking->frame.port = number;
	parking->copies += parking->frame.segments;
	if (!park(parking->state, parking->frame))
		parking->lost_copies += parking->frame.segments;
	return 0;
}

/*
 * Kernels before 6.3 make copies of a live frame that start 40 bytes before it: there each device gets
 * the frame by itself.
 */
static __always_inline bool can_copy(const struct parking *parking)
{
	return parking->shared->flags & VALE_SWITCH_FRAGMENTS;
}

static __always_inline void park_or_lose(struct parking *parking, struct vale_parked parked)
{
	bool flooded = parked.port == VALE_FLOOD;

	if (flooded && !can_copy(parking)) {
		parking->frame = parked;
		parking->frame.fragments |= VALE_PARKED_COPY;
		bpf_loop(parking->shared->ports_end, park_copy, parking, 0);
		return;
	}
	if (!flooded)
		parking->cut += parked.segments - 1;
	if (!park(parking->state, parked)) {
		parking->lost += parked.segments;
		parking->lost_floods += flooded ? parked.segments : 0;
	}
}

/* A frame has one entry, whatever number of slots it has. */
static long park_frame(__u32 step, struct parking *parking)
{
	struct vale_ring_state *state = parking->state;
	struct tx_work *work = parking->work;
	struct vale_parked parked = {};

	if (!READ_ONCE(work->left)) {
		struct tx_run *run = &work->run_of[work->run & (VALE_SLOTS - 1)];

		if (work->run == TX_NO_RUN)
			return 1;
		work->slot = run->slot;
		work->left = run->fragmented ? 1 : run->slots;
		work->fragments = run->fragmented ? run->slots : 1;
		work->to = run->to;
		work->run = run->next_parked;
	}
	parked.slot = work->slot & state->tx_mask;
	parked.fragments = work->fragments;
	parked.port = work->to;
	work->slot++;
	work->left--;
	parked.segments = work->header ? tx_segments(parked.slot, parked.fragments) : 1;
	if (parked.segments) {
		park_or_lose(parking, parked);
	} else {
		parking->unfit++;
		parking->unfit_floods += work->to == VALE_FLOOD;
	}
	return 0;
}

__noinline int tx_park(void)
{
	struct parking parking = { .work = own_work(), .state = own_state() };
	struct vale_stats *counters = stats_of(port);
	__u32 zero = 0;

	parking.shared = bpf_map_lookup_elem(&switch_state, &zero);
	if (!parking.work || !parking.state || !parking.shared || !counters)
		return 0;
	parking.work->run = parking.work->parked_first;
	parking.work->left = 0;
	bpf_loop(VALE_SLOTS, park_frame, &parking, 0);
	if (parking.cut)
		stats_add(&counters->received_frames, parking.cut);
	if (parking.lost) {
		stats_add(&counters->copies, parking.lost_floods);
		stats_add(&counters->drops[VALE_DROP_INVALID], parking.lost);
	}
	if (parking.unfit) {
		stats_add(&counters->copies, parking.unfit_floods);
		stats_add(&counters->drops[VALE_DROP_HEADER], parking.unfit);
	}
	if (parking.copies) {
		stats_add(&counters->copies, parking.copies);
		stats_add(&counters->drops[VALE_DROP_CUT], parking.lost_copies);
	}
	return 0;
}

#endif
