/* SPDX-License-Identifier: GPL-2.0 */
/* Sends a frame out of the port or ports it is for, from a program that runs on a device. */
#ifndef VALE_BPF_DELIVER_H
#define VALE_BPF_DELIVER_H

#include "forward.h"
#include "stats.h"

struct deliver_from {
	__u32 port;
	__u32 length;
	bool sendable; /* by every driver: the whole frame is in one buffer */
	struct vale_stats *counters;
};

static __always_inline int deliver_drop(const struct deliver_from *from, enum vale_drop reason)
{
	from->counters->drops[reason]++;
	return XDP_DROP;
}

struct flood_count {
	const struct deliver_from *from;
	struct vale_stats *counters; /* in a map: the verifier would follow a sum on the stack */
};

/*
 * The kernel skips devices whose MTU is too small without a word, so these are counted here, each
 * as a drop of its port.
 */
static long flood_count_one(__u32 number, struct flood_count *count)
{
	struct vale_port *port = bpf_map_lookup_elem(&ports, &number);

	if (!port || port->kind != VALE_PORT_DEVICE || number == count->from->port)
		return 0;
	if (count->from->length > port->max_frame)
		stats_drop(number, VALE_DROP_MTU, 1);
	else
		count->counters->copies++;
	return 0;
}

/* To every port but the one it came from. The kernel copies the frame. */
static __always_inline int deliver_flood(const struct fdb_view *view,
					 const struct deliver_from *from)
{
	struct flood_count count = { .from = from, .counters = from->counters };
	__u64 copies = from->counters->copies;

	if (!from->sendable && !(view->state->flags & VALE_SWITCH_FRAGMENTS))
		return deliver_drop(from, VALE_DROP_JUMBO);
	bpf_loop(view->state->ports_end, flood_count_one, &count, 0);
	if (from->counters->copies == copies)
		return deliver_drop(from, VALE_DROP_NO_PORT);
	from->counters->flooded++;
	return bpf_redirect_map(&devmap, from->port, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
}

/* Before 6.3 the kernel loses a frame of several buffers that is redirected, without a word. */
static __always_inline bool takes_fragments(const struct fdb_view *view, __u32 destination)
{
	struct vale_port *port = bpf_map_lookup_elem(&ports, &destination);

	return port && !(port->flags & VALE_PORT_LINEAR) &&
	       view->state->flags & VALE_SWITCH_FRAGMENTS;
}

/*
 * To one port. Its MTU and whether it is up are checked by the kernel, which knows them best;
 * switch.bpf.c counts what it refuses.
 */
static __always_inline int deliver(const struct fdb_view *view, const struct deliver_from *from,
				   __u32 destination)
{
	if (destination == FORWARD_FLOOD)
		return deliver_flood(view, from);
	if (destination == from->port)
		return deliver_drop(from, VALE_DROP_OWN_PORT);
	if (!from->sendable && !takes_fragments(view, destination)) {
		stats_drop(destination, VALE_DROP_JUMBO, 1);
		return XDP_DROP;
	}
	/* The device of a port may have gone; the kernel has emptied its slot then. */
	if (bpf_redirect_map(&devmap, destination, XDP_DROP) != XDP_REDIRECT)
		return deliver_flood(view, from);
	return XDP_REDIRECT;
}

#endif
