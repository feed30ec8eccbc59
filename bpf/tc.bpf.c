// SPDX-License-Identifier: GPL-2.0
/*
 * The program of a device port at tc, where frames are still as the sender's stack has left them: a
 * frame may be 64 KiB that wait to be cut into segments, its checksum may be open, its VLAN tag
 * beside it. To devices it goes just so, and theirs is what is left to do. It takes the same
 * decisions by the same tables as the program at XDP.
 */
#define FRAME_IS_SKB

#include <linux/pkt_cls.h>

#include "deliver.h"
#include "forward.h"
#include "host.h"
#include "offload.h"
#include "segments.h"
#include "to_ring.h"

const volatile __u32 port = 0;
const volatile __u64 netns = 0;	   /* cookie of the namespace of the device */
const volatile __u32 segments = 0; /* number of the near end: see segments.h */

/* The stack behind the device stays connected (host.h). */
const volatile bool keeps_host = false;

/* A frame on its way. */
struct received {
	struct deliver_from from;
	struct __sk_buff *frame;
	bool for_rings; /* they can have it; asked where one may get it */
};

static __always_inline void count_sent(const struct received *in, __u32 number)
{
	struct vale_stats *counters = stats_of(number);

	if (!counters)
		return;
	counters->sent_frames++;
	counters->sent_bytes += in->from.frame.length;
	in->from.memory->sending = number;
}

/* ---- what plain frames are needed for ---------------------------------------------------------- */

/* A ring, or a device of another namespace, which only XDP can reach. */
static __always_inline bool is_beyond(const struct received *in, __u32 number)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	return entry && (entry->kind == VALE_PORT_RING ||
			 (entry->kind == VALE_PORT_DEVICE && entry->netns != netns));
}

/* Writes the way into the frame. */
static __always_inline long push_way(struct received *in, __u32 way)
{
	return bpf_skb_vlan_push(in->frame, bpf_htons(ETH_P_8021Q), way);
}

/* The far end counts it, as often as there are segments. */
static __always_inline int send_segments(struct received *in, __u32 number)
{
	if (!segments || push_way(in, segments_way(port, number))) {
		deliver_drop(&in->from, VALE_DROP_OFFLOAD, 1);
		return TC_ACT_SHOT;
	}
	in->from.counters->received_frames--;
	in->from.counters->received_bytes -= in->from.frame.length;
	return bpf_redirect(segments, 0);
}

static __always_inline long clone_segments(struct received *in, __u32 number)
{
	long error = push_way(in, segments_way(port, number));

	if (error)
		return error;
	error = push_way(in, SEGMENTS_COPY);
	if (!error) {
		error = bpf_clone_redirect(in->frame, segments, 0);
		bpf_skb_vlan_pop(in->frame);
	}
	bpf_skb_vlan_pop(in->frame);
	return error;
}

/* The same of a flood. */
static __always_inline void copy_segments(struct received *in, __u32 number)
{
	if (segments && !clone_segments(in, number))
		return;
	in->from.memory->copies++;
	deliver_drop(&in->from, VALE_DROP_OFFLOAD, 1);
}

/* ---- devices of this namespace ----------------------------------------------------------------- */

#define DEVICE_BUCKETS 256
#define DEVICE_STEPS   64 /* devices in one bucket that are looked at */

struct device_search {
	const struct hlist_node *node;
	__u32 ifindex;
	const struct net_device *found;
};

static long device_step(__u32 step, struct device_search *search)
{
	const struct hlist_node *node = search->node;
	const struct net_device *device;

	if (!node)
		return 1;
	device = (const void *)node - bpf_core_field_offset(struct net_device, index_hlist);
	if ((__u32)BPF_CORE_READ(device, ifindex) == search->ifindex)
		search->found = device;
	search->node = BPF_CORE_READ(node, next);
	return search->found != NULL;
}

/*
 * As the kernel finds it, by its number. (The devmap knows it, but a map that holds programs of XDP
 * is for such programs only.)
 */
static __always_inline const struct net_device *device_of_index(const struct __sk_buff *frame,
								__u32 ifindex)
{
	const struct sk_buff *skb = (const void *)frame;
	const struct net *net = BPF_CORE_READ(skb, dev, nd_net.net);
	const struct hlist_head *heads = BPF_CORE_READ(net, dev_index_head);
	struct device_search search = { .ifindex = ifindex };

	/* Whoever moves the port's device to another namespace moves the program with it. */
	if (BPF_CORE_READ(net, net_cookie) != netns)
		return NULL;
	heads += ifindex & (DEVICE_BUCKETS - 1);
	search.node = BPF_CORE_READ(heads, first);
	if (device_step(0, &search) == 0)
		bpf_loop(DEVICE_STEPS, device_step, &search, 0);
	return search.found;
}

/* So that what the switch sends is not taken for what the stack behind the device does. */
static __always_inline void mark_for(struct received *in, const struct vale_port_entry *entry)
{
	if (entry->flags & VALE_PORT_KEEPS_HOST)
		in->frame->mark = HOST_MARK;
}

static __always_inline int redirect_to(struct received *in, __u32 number,
				       const struct vale_port_entry *entry)
{
	count_sent(in, number);
	mark_for(in, entry);
	return bpf_redirect(entry->ifindex, 0);
}

/* ---- to one device ----------------------------------------------------------------------------- */

/* The kernel knows how long the segments will be. */
static __always_inline bool is_too_long(const struct received *in, __u32 ifindex)
{
	__u32 mtu = 0;

	return in->frame->gso_size &&
	       bpf_check_mtu(in->frame, ifindex, &mtu, 0, BPF_MTU_CHK_SEGS) ==
		       BPF_MTU_CHK_RET_SEGS_TOOBIG;
}

/* Or NULL: it does not take the frame, or only from XDP, or is none. */
static __always_inline const struct vale_port_entry *device_of(struct received *in, __u32 number,
							       __u32 *verdict)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);
	struct device_frame frame = { .is_skb = true };

	if (!in->frame->gso_size)
		frame.length = in->from.frame.length;
	*verdict = DEVICE_NONE;
	if (entry && entry->kind == VALE_PORT_DEVICE)
		*verdict = device_verdict_of(device_of_index(in->frame, entry->ifindex), &frame);
	if (!entry || *verdict != DEVICE_TAKES)
		return NULL;
	if (is_too_long(in, entry->ifindex)) {
		*verdict = VALE_DROP_MTU;
		return NULL;
	}
	return entry;
}

/* Returns TC_ACT_UNSPEC if there is no such device any more. */
static __always_inline int deliver_to_one(struct received *in, __u32 number)
{
	const struct vale_port_entry *entry;
	__u32 verdict;

	if (is_beyond(in, number))
		return send_segments(in, number);
	entry = device_of(in, number, &verdict);
	if (verdict == DEVICE_NONE && sockets_on(number) != VALE_PORTS)
		verdict = VALE_DROP_REFUSED; /* sockets take frames from XDP only */
	if (verdict == DEVICE_NONE)
		return TC_ACT_UNSPEC;
	if (!entry) {
		stats_lose(number, port, verdict, 1);
		return TC_ACT_SHOT;
	}
	return redirect_to(in, number, entry);
}

/* ---- to all other ports ------------------------------------------------------------------------ */

/* A copy for the port that was found before, memory->receiver: the frame itself is for the last one. */
static __always_inline void copy_to_held(struct received *in)
{
	__u32 held = in->from.memory->receiver;
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &held);

	if (!entry)
		return;
	count_sent(in, held); /* and what the device does not take, watch_stack() takes back */
	mark_for(in, entry);
	bpf_clone_redirect(in->frame, entry->ifindex, 0);
	in->frame->mark = 0;
}

static long flood_port(__u32 number, struct received *in)
{
	struct scratch *memory = in->from.memory;
	__u32 verdict;

	if (number == port)
		return 0;
	if (in->for_rings && to_ring(in->frame, in->from.frame.length, port, number)) {
		memory->copies++;
	} else if (is_beyond(in, number)) {
		memory->receivers++;
		copy_segments(in, number);
	} else if (device_of(in, number, &verdict)) {
		memory->copies++;
		copy_to_held(in);
		memory->receiver = number;
	} else if (verdict != DEVICE_NONE || sockets_on(number) != VALE_PORTS) {
		memory->copies++;
		stats_lose(number, port, verdict != DEVICE_NONE ? verdict : VALE_DROP_REFUSED, 1);
	}
	return 0;
}

static __always_inline int deliver_flood(struct received *in)
{
	struct deliver_from *from = &in->from;
	struct vale_port_entry *entry;
	__u32 held;

	in->for_rings = offload_put_header(in->frame);
	from->memory->receivers = 0;
	from->memory->receiver = VALE_PORTS;
	from->memory->copies = 0;
	bpf_loop(from->state->ports_end, flood_port, in, 0);
	if (!from->memory->copies && !from->memory->receivers) {
		deliver_drop(from, VALE_DROP_NO_PORT, 1);
		return TC_ACT_SHOT;
	}
	from->counters->flooded++;
	from->counters->copies += from->memory->copies;
	held = from->memory->receiver;
	entry = bpf_map_lookup_elem(&ports, &held);
	return entry ? redirect_to(in, held, entry) : TC_ACT_SHOT;
}

/* ---- a frame's way ----------------------------------------------------------------------------- */

static __always_inline int deliver(struct received *in, __u32 destination)
{
	struct deliver_from *from = &in->from;
	int verdict = TC_ACT_UNSPEC;

	from->memory->source = port;
	from->memory->length = from->frame.length;
	if (destination == port || destination == FORWARD_STORM) {
		deliver_drop(from, destination == port ? VALE_DROP_OWN_PORT : VALE_DROP_STORM, 1);
		return TC_ACT_SHOT;
	}
	if (destination & FDB_RING && offload_put_header(in->frame) &&
	    to_ring(in->frame, from->frame.length, port, destination & FDB_NUMBER))
		return TC_ACT_SHOT; /* it has been copied */
	if (destination != VALE_FLOOD)
		verdict = deliver_to_one(in, destination & FDB_NUMBER);
	return verdict == TC_ACT_UNSPEC ? deliver_flood(in) : verdict;
}

/* The addresses and the type, which are all but always in the frame's first part. */
static __always_inline const void *header_of(struct __sk_buff *frame)
{
	const void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;

	if (data + VALE_FRAME_MIN <= end)
		return data;
	if (bpf_skb_pull_data(frame, VALE_FRAME_MIN))
		return NULL;
	data = (void *)(long)frame->data;
	end = (void *)(long)frame->data_end;
	return data + VALE_FRAME_MIN <= end ? data : NULL;
}

SEC("tc")
int vale_classify(struct __sk_buff *frame)
{
	__u32 zero = 0, length = frame->len;
	struct received in = {
		.frame = frame,
		.from.port = port,
		.from.frame.length = length,
		.from.counters = stats_of(port),
		.from.memory = bpf_map_lookup_elem(&scratch, &zero),
	};
	struct deliver_from *from = &in.from;
	struct fdb_view view;
	const void *data;

	if (keeps_host && frame->mark == HOST_MARK) {
		frame->mark = 0;
		return TC_ACT_UNSPEC;
	}
	if (!from->counters || !from->memory || !fdb_view(&view, &from->memory->cache))
		return TC_ACT_SHOT;
	from->state = view.state;
	from->counters->received_frames++;
	from->counters->received_bytes += length;
	data = header_of(frame);
	if (!data) {
		deliver_drop(from, VALE_DROP_SHORT, 1);
		return TC_ACT_SHOT;
	}
	return deliver(&in, forward_one(&view, eth_addresses(data), port));
}

char LICENSE[] SEC("license") = "GPL";
