/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has which ring ports open. A client says so itself, but it is the kernel that knows which
 * process speaks, and that tells when a process has ended (switch.bpf.c), in whatever way.
 *
 * It is written down in the state of the port's first pair: a word for each process, its number in
 * the upper half and how often it has the port open in the lower one. A word changes as a whole, so
 * that threads of one process may come and go at a time; there are so many of them, so that a port's
 * owner cannot use up what others need.
 */
#ifndef VALE_BPF_CLIENT_H
#define VALE_BPF_CLIENT_H

#include <linux/errno.h>

#include "rings.h"
#include "stats.h"

/*
 * How many words there are of processes whose numbers leave the same rest: most processes that end
 * are nobody's clients, and need not be looked for.
 */
#define CLIENT_RESTS 4096

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLIENT_RESTS);
	__type(key, __u32);
	__type(value, __u32);
} clients SEC(".maps");

static __always_inline __u32 *client_rest(__u32 process)
{
	__u32 rest = process % CLIENT_RESTS;

	return bpf_map_lookup_elem(&clients, &rest);
}

/* ---- the words --------------------------------------------------------------------------------- */

struct client_change {
	__u64 *words;
	__u64 add;
	__u32 process; /* whose word is changed; 0: a free one */
	bool done;
};

/* How often one tries, that is, how many threads of a process may be faster. */
#define CLIENT_TRIES 64

static __always_inline void client_take_word(__u64 word, __u64 next)
{
	__u32 *rest = client_rest((word ? word : next) >> 32);

	if (rest && (!word || !next))
		__sync_fetch_and_add(rest, word ? -1 : 1);
}

static long client_step(__u32 step, struct client_change *change)
{
	__u32 i = step % VALE_CLIENTS;
	__u64 *place = &change->words[i], word = READ_ONCE(*place), next = word + change->add;

	if (word >> 32 != change->process)
		return 0;
	if (!(__u32)next)
		next = 0;
	if (__sync_val_compare_and_swap(place, word, next) != word)
		return 0; /* another thread was faster */
	client_take_word(word, next);
	change->done = true;
	return 1;
}

static __always_inline bool client_change(struct vale_ring_state *first, __u32 process, __u64 add)
{
	struct client_change change = {
		.words = first->client,
		.process = process,
		.add = add,
	};

	bpf_loop(VALE_CLIENTS * CLIENT_TRIES, client_step, &change, 0);
	return change.done;
}

/* ---- senders that wait for room ---------------------------------------------------------------- */

struct client_wake {
	__u64 *waiting;
	__u64 word;
	__u32 first; /* doorbell of the word's first bit */
};

static long client_wake_one(__u32 bit, struct client_wake *wake)
{
	if (wake->word >> (bit & 63) & 1)
		rings_wake(wake->first + bit);
	return 0;
}

static long client_wake_word(__u32 i, struct client_wake *wake)
{
	if (i >= VALE_WAITING)
		return 1;
	wake->word = __sync_lock_test_and_set(&wake->waiting[i], 0);
	wake->first = 64 * i;
	if (wake->word)
		bpf_loop(64, client_wake_one, wake, 0);
	return 0;
}

/* Wakes all senders that wait for room in a ring. */
static __always_inline void client_wake(struct vale_ring_state *state)
{
	struct client_wake wake = { .waiting = state->waiting };

	if (__sync_lock_test_and_set(&state->rx_wanted, 0))
		bpf_loop(VALE_WAITING, client_wake_word, &wake, 0);
}

/* ---- coming and going -------------------------------------------------------------------------- */

struct client_pairs {
	void *states; /* map of the port's pairs */
	__u32 times;
};

static long client_pair(__u32 pair, struct client_pairs *of)
{
	struct vale_ring_state *state = bpf_map_lookup_elem(of->states, &pair);

	if (!state)
		return 1;
	if (!__sync_add_and_fetch(&state->clients, of->times))
		client_wake(state); /* nobody makes room any more: frames are dropped now */
	return 0;
}

/* The port is open so many times more, or less. */
static __always_inline void client_count(void *states, int times)
{
	struct client_pairs of = { .states = states, .times = times };

	bpf_loop(VALE_RINGS, client_pair, &of, 0);
}

/* -E2BIG: VALE_CLIENTS processes have it open. */
static __always_inline int client_enter(void *states, struct vale_ring_state *first, __u32 process)
{
	if (!client_change(first, process, 1) && !client_change(first, 0, (__u64)process << 32 | 1))
		return -E2BIG;
	client_count(states, 1);
	return 0;
}

/* -ENOENT: it has not got it open. */
static __always_inline int client_leave(void *states, struct vale_ring_state *first, __u32 process)
{
	if (!client_change(first, process, -1))
		return -ENOENT;
	client_count(states, -1);
	return 0;
}

struct client_end {
	__u64 *words;
	__u32 process; /* 0: all */
	__u32 times;
};

static long client_end_step(__u32 i, struct client_end *end)
{
	__u64 *place = &end->words[i % VALE_CLIENTS], word = READ_ONCE(*place);

	if (!word || (end->process && word >> 32 != end->process))
		return 0;
	word = __sync_lock_test_and_set(place, 0);
	client_take_word(word, 0);
	end->times += (__u32)word;
	return 0;
}

/* The process has ended; or the port has, and `process` is 0. */
static __always_inline void client_end(void *states, struct vale_ring_state *first, __u32 process)
{
	struct client_end end = { .words = first->client, .process = process };

	bpf_loop(VALE_CLIENTS, client_end_step, &end, 0);
	if (end.times)
		client_count(states, -end.times);
}

#endif
