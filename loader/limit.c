// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a port may do to the others of its switch. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"

#define LEAST_BURST 10

/* Who is killed or fails leaves a number that is too large: that costs time, and nothing else. */
static int update_total(const struct maps *maps)
{
	__u32 key, *from = NULL, count = 0;

	while (count < VALE_PORTS && !bpf_map_get_next_key(maps->fd[MAP_LIMITS], from, &key)) {
		from = &key;
		count++;
	}
	if (count < VALE_PORTS && errno != ENOENT)
		return -errno;
	__atomic_store_n(&maps->state->limited, count, __ATOMIC_RELEASE);
	return 0;
}

int limit_forget(const struct maps *maps, __u32 number)
{
	int error = maps_delete(maps, MAP_LIMITS, &number);

	return error ? error : update_total(maps);
}

/* ---- to be shown ------------------------------------------------------------------------------- */

/* The same answer as the dataplane's: bpf/limit.h. */
static __u32 count_learned(const struct maps *maps, __u32 number, const struct vale_limit *limit)
{
	__u32 count = 0;

	for (__u32 claim = 0; claim < limit->claimed && claim < limit->macs; claim++) {
		struct vale_fdb_entry entry;

		if (claim < VALE_LIMIT_MACS &&
		    !bpf_map_lookup_elem(maps->fd[MAP_FDB], &limit->claims[claim], &entry) &&
		    entry.port == number && entry.claim == claim && fdb_matches(maps, &entry))
			count++;
	}
	return count;
}

void limit_describe(const struct maps *maps, __u32 number, struct vale_port_info *info)
{
	struct vale_limit limit;

	info->limits.size = sizeof(info->limits);
	if (bpf_map_lookup_elem(maps->fd[MAP_LIMITS], &number, &limit))
		return;
	info->limits.macs = limit.macs;
	for (int kind = 0; kind < VALE_STORMS; kind++) {
		info->limits.storm[kind].rate = limit.storm[kind].rate;
		info->limits.storm[kind].burst = limit.storm[kind].burst;
	}
	info->learned = count_learned(maps, number, &limit);
}

/* ---- to be set --------------------------------------------------------------------------------- */

static int take_rate(struct vale *vale, const struct vale_rate *given, struct vale_bucket *out)
{
	if (given->rate > VALE_RATE_MAX || given->burst > VALE_RATE_MAX)
		return fail(vale, ERANGE, "a rate, and a burst, is at most %u frames",
			    VALE_RATE_MAX);
	out->rate = given->rate;
	out->burst = given->burst ? given->burst : given->rate / 10;
	if (!given->burst && out->burst < LEAST_BURST)
		out->burst = LEAST_BURST;
	return 0;
}

static int take_limits(struct vale *vale, const struct vale_limits *given, struct vale_limit *out)
{
	struct vale_limits limits = {};
	int error = take_options(vale, &limits, sizeof(limits), given);

	if (!error && limits.macs > VALE_LIMIT_MACS)
		error = fail(vale, ERANGE, "a limit of addresses is at most %u", VALE_LIMIT_MACS);
	out->macs = limits.macs;
	for (int kind = 0; kind < VALE_STORMS && !error; kind++)
		error = take_rate(vale, &limits.storm[kind], &out->storm[kind]);
	return error;
}

static bool is_none(const struct vale_limit *limit)
{
	for (int kind = 0; kind < VALE_STORMS; kind++)
		if (limit->storm[kind].rate)
			return false;
	return !limit->macs;
}

/* What is learned from then on has a claim. */
static int put(struct maps *maps, __u32 number, const struct vale_limit *limit)
{
	int error = 0;

	__atomic_store_n(&maps->state->limited, VALE_PORTS, __ATOMIC_RELEASE);
	if (bpf_map_update_elem(maps->fd[MAP_LIMITS], &number, limit, BPF_ANY))
		error = -errno;
	else if (limit->macs)
		error = fdb_purge(maps, &number, false);
	maps_next_generation(maps);
	return error ? error : update_total(maps);
}

int vale_port_set_limits(struct vale *vale, const char *text, const struct vale_limits *limits)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_limit limit = {};
	CLEANUP_CLOSE int lock = -1;
	struct vale_port_entry port;
	__u32 number;
	int error = take_limits(vale, limits, &limit);

	if (!error)
		error = port_open_locked(vale, text, &maps, &lock, &number, &port);
	if (error)
		return error;
	limit.port = number;
	limit.generation = port.generation;
	if (is_none(&limit))
		error = limit_forget(&maps, number);
	else
		error = put(&maps, number, &limit);
	return error ? fail_bpf(vale, -error, "cannot set the limits") : 0;
}
