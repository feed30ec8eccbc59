/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has which ring ports open. A client says so itself, but it is the kernel that knows which
 * process speaks, and that tells when a process has ended (switch.bpf.c), in whatever way.
 */
#ifndef VALE_BPF_CLIENT_H
#define VALE_BPF_CLIENT_H

#include "rings.h"
#include "stats.h"

/* In place of a port: the process has some port open. */
#define CLIENT_ANY VALE_PORTS

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, struct vale_client);
	__type(value, __u32); /* how often */
} clients SEC(".maps");

/* Adds to what is written down; what comes to 0 is removed. Returns 0 or -errno. */
static __always_inline long client_add(__u32 process, __u32 port, int times)
{
	struct vale_client key = { .process = process, .port = port };
	__u32 none = 0, *opened;
	long error;

	opened = bpf_map_lookup_elem(&clients, &key);
	if (!opened) {
		error = bpf_map_update_elem(&clients, &key, &none, BPF_NOEXIST);
		opened = bpf_map_lookup_elem(&clients, &key);
		if (!opened)
			return error;
	}
	if (__sync_add_and_fetch(opened, times) == 0)
		bpf_map_delete_elem(&clients, &key);
	return 0;
}

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

struct client_pairs {
	__u32 port;
	int times;
};

static long client_pair(__u32 pair, struct client_pairs *of)
{
	struct vale_ring_state *state = rings_state(of->port, pair);

	if (!state)
		return 1;
	if (!__sync_add_and_fetch(&state->clients, of->times))
		client_wake(state); /* nobody makes room any more: frames are dropped now */
	return 0;
}

/* The port has so many clients more, or less. */
static __always_inline void client_count(__u32 port, int times)
{
	struct client_pairs of = { .port = port, .times = times };

	bpf_loop(VALE_RINGS, client_pair, &of, 0);
}

#endif
