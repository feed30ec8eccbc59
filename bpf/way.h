/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a frame that a program on a device has: to the port or the ports that it is for. */
#ifndef VALE_BPF_WAY_H
#define VALE_BPF_WAY_H

#include "checksum.h"
#include "deliver.h"
#include "forward.h"
#include "to_ring.h"

/* A frame of the port `from.port`, on its way. */
struct received {
	struct deliver_from from;
	struct checksum_span open; /* a checksum that is left to the kernel */
	__u16 check;		   /* what the kernel expects in its place */
	bool completed;
};

/* Counts a frame that the program of the port `from.port` has got. False: the switch is not there. */
static __always_inline bool receive_frame(struct received *in, struct fdb_view *view)
{
	struct deliver_from *from = &in->from;
	__u32 zero = 0;

	from->device = from->port;
	from->counters = stats_of(from->port);
	from->memory = bpf_map_lookup_elem(&scratch, &zero);
	if (!from->counters || !from->memory || !fdb_view(view, &from->memory->cache))
		return false;
	from->state = view->state;
	from->counters->received_frames++;
	from->counters->received_bytes += from->frame.length;
	return true;
}

/*
 * The stack completes what is left open when the frame, an skb, is sent; rings take bytes only. So
 * the checksum is completed before the frame is copied into a ring, and taken back afterwards.
 */
static __always_inline void complete_for_rings(struct xdp_md *frame, struct received *in)
{
	if (!in->open.length || in->completed ||
	    bpf_xdp_load_bytes(frame, in->open.field, &in->check, sizeof(in->check)))
		return;
	in->completed = !checksum_complete(frame, in->open.start, in->open.length, in->open.field);
}

static __always_inline void take_back_for_devices(struct xdp_md *frame, struct received *in)
{
	if (in->completed)
		bpf_xdp_store_bytes(frame, in->open.field, &in->check, sizeof(in->check));
}

/* ---- to sockets on this device ----------------------------------------------------------------- */

/* Counts the frame as sent. What a socket does not take after all, switch.bpf.c takes back. */
static __always_inline int to_sockets(struct xdp_md *frame, const struct deliver_from *from,
				      __u32 number)
{
	__u32 queue = frame->rx_queue_index;
	struct vale_stats *counters = stats_of(number);

	from->memory->sockets = number;
	if (!counters || queue >= VALE_QUEUES ||
	    bpf_redirect_map(&sockets, vale_socket(from->port, queue), XDP_DROP) != XDP_REDIRECT) {
		stats_lose(number, from->port, VALE_DROP_CLOSED, 1);
		return XDP_DROP;
	}
	counters->sent_frames++;
	counters->sent_bytes += from->frame.length;
	return XDP_REDIRECT;
}

/* XDP_PASS: the port has no sockets. */
static __always_inline int deliver_to_sockets(struct xdp_md *frame, const struct deliver_from *from,
					      __u32 number)
{
	__u32 on = sockets_on(number);

	if (on == from->device)
		return to_sockets(frame, from, number);
	if (on == VALE_PORTS)
		return XDP_PASS;
	stats_lose(number, from->port, VALE_DROP_REFUSED, 1);
	return XDP_DROP;
}

/* ---- to all other ports ------------------------------------------------------------------------ */

struct flood_step {
	struct xdp_md *frame;
	struct received *in;
	struct flood_walk walk;
};

/* Those on this device get the frame if nobody else does: the kernel makes no copy for a socket. */
static __always_inline void flood_sockets(const struct deliver_from *from, __u32 number)
{
	__u32 on = sockets_on(number);

	if (on == VALE_PORTS)
		return;
	from->memory->copies++;
	if (on == from->device)
		from->memory->sockets = number;
	else
		stats_lose(number, from->port, VALE_DROP_REFUSED, 1);
}

/* Ring ports get the frame at once; of devices is noted who can take it. */
static long flood_port(__u32 number, struct flood_step *step)
{
	const struct deliver_from *from = &step->in->from;

	if (number == from->port)
		return 0;
	if (to_ring(step->frame, from->frame.length, from->port, number))
		from->memory->copies++;
	else if (!flood_ask(number, &step->walk))
		flood_sockets(from, number);
	return 0;
}

static __always_inline int deliver_flood(struct xdp_md *frame, struct received *in)
{
	struct flood_step step = {
		.frame = frame,
		.in = in,
		.walk = { .from = &in->from, .slots = device_slots() },
	};
	struct deliver_from *from = &in->from;
	struct scratch *memory = from->memory;

	if (has_fragments(from) && !redirects_fragments(from))
		return deliver_drop(from, VALE_DROP_JUMBO, 1);
	memory->receivers = 0;
	memory->copies = 0;
	memory->sockets = VALE_FLOOD;
	if (from->state->rings)
		complete_for_rings(frame, in);
	bpf_loop(from->state->ports_end, flood_port, &step, 0);
	if (!memory->copies)
		return deliver_drop(from, VALE_DROP_NO_PORT, 1);
	from->counters->flooded++;
	from->counters->copies += memory->copies;
	take_back_for_devices(frame, in);
	if (memory->sockets != VALE_FLOOD && memory->copies == 1)
		return to_sockets(frame, from, memory->sockets);
	if (memory->sockets != VALE_FLOOD)
		stats_lose(memory->sockets, from->port, VALE_DROP_REFUSED, 1);
	return flood_devices(&step.walk);
}

/* ---- a frame's way ----------------------------------------------------------------------------- */

static __always_inline int deliver(struct xdp_md *frame, struct received *in, __u32 destination)
{
	struct deliver_from *from = &in->from;
	int verdict = XDP_PASS;

	from->memory->source = from->port;
	from->memory->length = from->frame.length;
	if (destination == from->port)
		return deliver_drop(from, VALE_DROP_OWN_PORT, 1);
	if (destination == FORWARD_STORM)
		return deliver_drop(from, VALE_DROP_STORM, 1);
	if (destination & FDB_RING) {
		complete_for_rings(frame, in);
		if (to_ring(frame, from->frame.length, from->port, destination & FDB_NUMBER))
			return XDP_DROP; /* it has been copied */
	} else if (destination != VALE_FLOOD) {
		verdict = deliver_to_device(from, destination);
		if (verdict == XDP_PASS)
			verdict = deliver_to_sockets(frame, from, destination);
	}
	return verdict == XDP_PASS ? deliver_flood(frame, in) : verdict;
}

#endif
