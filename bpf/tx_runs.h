/* SPDX-License-Identifier: GPL-2.0 */
/* The slots of a destination, in the order of the ring. */
#ifndef VALE_BPF_TX_RUNS_H
#define VALE_BPF_TX_RUNS_H

#include "txsync.h"

/* Own ones and those of the flood, whichever were sent earlier: runs are numbered in that order. */
static __always_inline void next_run(struct tx_work *work)
{
	bool flooded = work->run_flood < work->run;
	__u32 number = flooded ? work->run_flood : work->run;
	struct tx_run *run = &work->run_of[number & (VALE_SLOTS - 1)];

	work->flooded = flooded;
	work->slot = run->slot;
	work->left = run->slots;
	work->fragments = run->fragmented ? run->slots : 0;
	if (flooded)
		work->run_flood = run->next;
	else
		work->run = run->next;
}

/* From the first one on. */
static __always_inline void begin_runs(struct tx_work *work, const struct tx_queue *queue,
				       const struct tx_queue *flood)
{
	work->run = queue->slots ? queue->first : TX_NO_RUN;
	work->run_flood = flood->slots ? flood->first : TX_NO_RUN;
	work->left = 0;
}

/* The slot just taken is the first of its frame. */
static __always_inline bool is_first_slot(const struct tx_work *work)
{
	return !work->fragments || work->left + 1 == work->fragments;
}

#endif
