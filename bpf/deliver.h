/* SPDX-License-Identifier: GPL-2.0 */
/* Sends a frame out of the device or devices it is for, from a program that runs on a device. */
#ifndef VALE_BPF_DELIVER_H
#define VALE_BPF_DELIVER_H

#include "device.h"
#include "stats.h"

struct deliver_from {
	__u32 port;
	__u32 device; /* port on whose device the program runs */
	struct device_frame frame;
	struct vale_switch *state;
	struct vale_stats *counters;
	struct scratch *memory;
};

static __always_inline int deliver_drop(const struct deliver_from *from, enum vale_drop reason,
					__u32 frames)
{
	from->counters->drops[reason] += frames;
	return XDP_DROP;
}

/* Before 6.3 the kernel loses a frame of several buffers that is redirected, without a word. */
static __always_inline bool redirects_fragments(const struct deliver_from *from)
{
	return from->state->flags & VALE_SWITCH_FRAGMENTS;
}

static __always_inline bool has_fragments(const struct deliver_from *from)
{
	return from->frame.fragments && !from->frame.is_skb;
}

/* Counts the frame as sent. What the kernel refuses after all, switch.bpf.c takes back. */
static __always_inline int redirect(const struct deliver_from *from, __u32 destination)
{
	struct vale_stats *counters = stats_of(destination);

	if (!counters || bpf_redirect_map(&devmap, destination, XDP_DROP) != XDP_REDIRECT)
		return XDP_DROP;
	counters->sent_frames++;
	counters->sent_bytes += from->frame.length;
	return XDP_REDIRECT;
}

/* ---- to sockets on a device -------------------------------------------------------------------- */

/* The port on whose device the port `number` has its sockets; VALE_PORTS: it has none. */
static __always_inline __u32 sockets_on(__u32 number)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	return entry && entry->kind == VALE_PORT_SOCKETS ? entry->on : VALE_PORTS;
}

/* ---- to every other device --------------------------------------------------------------------- */

struct flood_walk {
	const struct deliver_from *from;
	const void *slots;
};

/*
 * Notes whether a device takes part in the flood; one that cannot counts the frame as dropped.
 * Returns false if the port has no device.
 */
static __always_inline bool flood_ask(__u32 number, const struct flood_walk *walk)
{
	const struct deliver_from *from = walk->from;
	struct scratch *memory = from->memory;
	__u32 verdict = device_verdict(walk->slots, number, &from->frame);

	if (verdict == DEVICE_NONE)
		return false;
	memory->copies++;
	if (verdict == DEVICE_TAKES) {
		memory->receivers++;
		memory->receiver = number;
	} else {
		stats_lose(number, from->port, verdict, 1);
	}
	return true;
}

/*
 * Counts the copy that a device gets: before the kernel makes it, since one of its queues may have
 * frames for this device alone, and then runs vale_transmit() for all of them or for none. From an
 * skb copies are made in the order of the ports, and none behind the first that cannot take it.
 */
static long flood_count(__u32 number, struct flood_walk *walk)
{
	const struct deliver_from *from = walk->from;
	struct vale_stats *counters;
	__u32 verdict;

	if (number == from->port)
		return 0;
	verdict = device_verdict(walk->slots, number, &from->frame);
	if (verdict != DEVICE_TAKES) {
		from->memory->cut |= verdict != DEVICE_NONE && from->frame.is_skb;
		return 0;
	}
	if (from->memory->cut) {
		stats_lose(number, from->port, VALE_DROP_CUT, 1);
		return 0;
	}
	counters = stats_of(number);
	if (counters) {
		counters->sent_frames++;
		counters->sent_bytes += from->frame.length;
	}
	return 0;
}

/*
 * All devices have been asked. The kernel copies the frame, and may give a copy back to the port it
 * came from: there vale_transmit() throws it away. (The kernel's flag to leave that port out would
 * leave out every port whose device has the same ifindex, in whatever namespace.)
 */
static __always_inline int flood_devices(struct flood_walk *walk)
{
	const struct deliver_from *from = walk->from;
	struct scratch *memory = from->memory;

	if (!memory->receivers)
		return XDP_DROP;
	if (memory->receivers == 1)
		return redirect(from, memory->receiver);
	if (from->frame.is_live && !redirects_fragments(from))
		return deliver_drop(from, VALE_DROP_CUT, memory->receivers);
	if (has_fragments(from)) /* the kernel would copy the first buffer only */
		return deliver_drop(from, VALE_DROP_JUMBO, memory->receivers);
	memory->cut = false;
	bpf_loop(from->state->ports_end, flood_count, walk, 0);
	return bpf_redirect_map(&flood, 0, BPF_F_BROADCAST);
}

/* ---- to one device ----------------------------------------------------------------------------- */

static __always_inline bool takes_fragments(const struct deliver_from *from, __u32 destination)
{
	return redirects_fragments(from) &&
	       device_verdict(device_slots(), destination, &from->frame) != VALE_DROP_JUMBO;
}

/*
 * The MTU of the one device and whether it is up are checked by the kernel, which knows them best.
 * Returns XDP_PASS if there is no such device: it has gone, and the kernel has emptied its slot.
 */
static __always_inline int deliver_to_device(const struct deliver_from *from, __u32 destination)
{
	if (has_fragments(from) && !takes_fragments(from, destination)) {
		stats_lose(destination, from->port, VALE_DROP_JUMBO, 1);
		return XDP_DROP;
	}
	return redirect(from, destination) == XDP_REDIRECT ? XDP_REDIRECT : XDP_PASS;
}

#endif
