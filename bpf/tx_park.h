/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The third part of a txsync: frames for devices. A program like txsync can send none, so they are
 * written down, and the client runs another program for each, which sends them: live.bpf.c.
 */
#ifndef VALE_BPF_TX_PARK_H
#define VALE_BPF_TX_PARK_H

#include "txsync.h"

struct parking {
	struct tx_work *work;
	struct vale_ring_state *state;
};

/* A frame has one entry, whatever number of slots it has. */
static long park_frame(__u32 step, struct parking *parking)
{
	struct vale_ring_state *state = parking->state;
	struct tx_work *work = parking->work;
	__u32 put = READ_ONCE(state->parked_put);
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
	state->parked[put & (VALE_SLOTS - 1)] = parked;
	WRITE_ONCE(state->parked_put, put + 1);
	return 0;
}

__noinline int tx_park(void)
{
	struct parking parking = { .work = own_work(), .state = own_state() };

	if (!parking.work || !parking.state)
		return 0;
	parking.work->run = parking.work->parked_first;
	parking.work->left = 0;
	bpf_loop(VALE_SLOTS, park_frame, &parking, 0);
	return 0;
}

#endif
