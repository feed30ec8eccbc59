// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of a device port. Each port loads its own, with its number as a constant: a
 * frame need not be asked where it came from, and devices of different network namespaces, which
 * may have the same ifindex, cannot be taken for each other.
 */
#include "checksum.h"
#include "deliver.h"
#include "forward.h"
#include "to_ring.h"

const volatile __u32 port = 0;

/*
 * In generic mode the frame stays an skb. The kernel keeps the note about an open checksum beside
 * it, and would add to one that we have completed; and it can send it, whatever it is made of.
 */
const volatile bool generic = false;

/* A tap runs a native program in generic mode on what its user writes and would wait for. */
const volatile bool tap = false;

/* What fits into the MTU that nearly every device has need not be compared with its own. */
#define COMMON_FRAME_MAX (ETH_FRAME_LEN + VLAN_TAG_SIZE)

/* True unless the frame is longer than its sender's MTU, and so waits to be segmented. */
static __always_inline bool is_segment(struct xdp_md *frame, __u32 length)
{
	__u32 mtu = 0;

	if (length <= COMMON_FRAME_MAX)
		return true;
	bpf_check_mtu(frame, 0, &mtu, 0, 0);
	return length <= mtu + ETH_HLEN + VLAN_TAG_SIZE;
}

static __always_inline bool is_skb(struct xdp_md *frame)
{
	return generic || (tap && device_runs_on_skb(frame));
}

/* Frames that come in from the device, on their way. */
struct received {
	struct deliver_from from;
	struct checksum_span open; /* a checksum that is left to the kernel */
	__u16 check;		   /* what the kernel expects in its place */
	bool completed;
};

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

/* Completes the frame's checksum if it was left open, or says where it is for the kernel to do so. */
static __always_inline void look_at_checksum(struct xdp_md *frame, const void *data,
					     const void *end, struct received *in)
{
	struct checksum_span open = {};

	if (!checksum_is_open(data, end, &open))
		return;
	if (is_skb(frame))
		in->open = open;
	else if (!checksum_complete(frame, open.start, open.length, open.field))
		in->from.counters->checksums++;
}

/* ---- to all other ports ------------------------------------------------------------------------ */

struct flood_step {
	struct xdp_md *frame;
	struct received *in;
	struct flood_walk walk;
};

/* Ring ports get the frame at once; of devices is noted who can take it. */
static long flood_port(__u32 number, struct flood_step *step)
{
	if (number == port)
		return 0;
	if (to_ring(step->frame, step->in->from.frame.length, port, number))
		step->in->from.memory->copies++;
	else
		flood_ask(number, &step->walk);
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
	memory->refusers = 0;
	memory->copies = 0;
	if (from->state->rings)
		complete_for_rings(frame, in);
	bpf_loop(from->state->ports_end, flood_port, &step, 0);
	if (!memory->copies)
		return deliver_drop(from, VALE_DROP_NO_PORT, 1);
	from->counters->flooded++;
	from->counters->copies += memory->copies;
	take_back_for_devices(frame, in);
	return flood_devices(&step.walk);
}

/* ---- a frame's way ----------------------------------------------------------------------------- */

static __always_inline int deliver(struct xdp_md *frame, struct received *in, __u32 destination)
{
	struct deliver_from *from = &in->from;
	int verdict = XDP_PASS;

	from->memory->source = port;
	from->memory->length = from->frame.length;
	if (destination == port)
		return deliver_drop(from, VALE_DROP_OWN_PORT, 1);
	if (destination & FDB_RING) {
		complete_for_rings(frame, in);
		if (to_ring(frame, from->frame.length, port, destination & FDB_NUMBER))
			return XDP_DROP; /* it has been copied */
	} else if (destination != VALE_FLOOD) {
		verdict = deliver_to_device(from, destination);
	}
	return verdict == XDP_PASS ? deliver_flood(frame, in) : verdict;
}

SEC("xdp.frags")
int vale_receive(struct xdp_md *frame)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	__u32 zero = 0, length = bpf_xdp_get_buff_len(frame);
	struct received in = {
		.from.port = port,
		.from.frame.length = length,
		.from.counters = stats_of(port),
		.from.memory = bpf_map_lookup_elem(&scratch, &zero),
	};
	struct deliver_from *from = &in.from;
	struct eth_addresses addresses;
	struct fdb_view view;

	if (!from->counters || !from->memory || !fdb_view(&view, &from->memory->cache))
		return XDP_ABORTED;
	from->state = view.state;
	from->counters->received_frames++;
	from->counters->received_bytes += length;
	from->frame.fragments = length != (__u32)(end - data);

	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(from, VALE_DROP_SHORT, 1);
	if (!is_segment(frame, length))
		return deliver_drop(from, VALE_DROP_OFFLOAD, 1);
	addresses = eth_addresses(data);
	look_at_checksum(frame, data, end, &in);
	from->frame.is_skb = is_skb(frame);
	return deliver(frame, &in, forward(&view, addresses, port));
}

/* ---- copies of a flood that go out to the device ----------------------------------------------- */

/* The copy that comes back to where the frame came from. */
static __always_inline bool is_own(void)
{
	__u32 zero = 0;
	struct scratch *memory = bpf_map_lookup_elem(&scratch, &zero);

	if (!memory || memory->source != port)
		return false;
	if (!generic)
		memory->returned++;
	return true;
}

/*
 * All frames that one CPU sends in a row have come from one device, and no frame goes out where it
 * came from: so what comes here with this port for its source is such a copy.
 */
static __always_inline int transmit(struct xdp_md *frame)
{
	struct vale_stats *counters = stats_of(port);

	if (!counters)
		return XDP_ABORTED;
	if (is_own())
		return XDP_DROP;
	counters->sent_frames++;
	counters->sent_bytes += bpf_xdp_get_buff_len(frame);
	return XDP_PASS;
}

SEC("xdp.frags/devmap")
int vale_transmit(struct xdp_md *frame)
{
	return transmit(frame);
}

/* The same in flood_shared. */
SEC("xdp/devmap")
int vale_transmit_shared(struct xdp_md *frame)
{
	return transmit(frame);
}

char LICENSE[] SEC("license") = "GPL";
