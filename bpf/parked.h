/* SPDX-License-Identifier: GPL-2.0 */
/* The frames of a tx ring that wait to be sent to devices. */
#ifndef VALE_BPF_PARKED_H
#define VALE_BPF_PARKED_H

#include "rings.h"

enum parked_answer {
	PARKED_NONE,
	PARKED_TAKEN,
	PARKED_GONE, /* somebody else was faster */
};

/* What was taken up. */
struct parked_part {
	struct vale_parked frame;
	__u32 segment;
	__u32 segments; /* 1, or all that were left */
};

/* Takes up the next one, or a segment of it. Others may, on other CPUs: each is taken once. */
static __always_inline enum parked_answer parked_take(struct vale_ring_state *state, bool whole,
						      struct parked_part *out)
{
	__u64 *place = (__u64 *)&state->parked_taken, word = READ_ONCE(*place), next;
	__u32 taken = word, left;

	if (taken == READ_ONCE(state->parked_put))
		return PARKED_NONE;
	out->frame = state->parked[taken & (VALE_SLOTS - 1)];
	out->segment = word >> 32;
	left = out->frame.segments - out->segment;
	out->segments = whole ? left : 1;
	next = left > out->segments ? word + (1ULL << 32) : (__u32)(taken + 1);
	if (__sync_val_compare_and_swap(place, word, next) != word)
		return PARKED_GONE;
	__sync_fetch_and_add(&state->live_taken, out->segments);
	return PARKED_TAKEN;
}

/* Its slots need not be kept, once nothing of it is left. */
static __always_inline void parked_done(struct vale_ring_state *state,
					const struct parked_part *part)
{
	if (part->segment + part->segments >= part->frame.segments)
		__sync_fetch_and_add(&state->parked_copied, 1);
}

#endif
