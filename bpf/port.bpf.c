// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of a device port. Each port loads its own, with its number as a constant: a
 * frame need not be asked where it came from, and devices of different network namespaces, which
 * may have the same ifindex, cannot be taken for each other.
 */
#include "way.h"

const volatile __u32 port = 0;

/*
 * In generic mode the frame stays an skb. The kernel keeps the note about an open checksum beside
 * it, and would add to one that we have completed; and it can send it, whatever it is made of.
 */
const volatile bool generic = false;

/* A tap runs a native program in generic mode on what its user writes and would wait for. */
const volatile bool tap = false;

/* What has work left for the device is for the port's program at tc. */
const volatile bool beside_tc = false;

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

/* Completes a checksum that was left open, or says where it is for the kernel to do so. */
static __always_inline void settle_checksum(struct xdp_md *frame, const struct checksum_span *open,
					    struct received *in)
{
	if (in->from.frame.is_skb)
		in->open = *open;
	else if (!checksum_complete(frame, open->start, open->length, open->field))
		in->from.counters->checksums++;
}

/* ---- a frame comes in ---------------------------------------------------------------------------- */

SEC("xdp.frags")
int vale_receive(struct xdp_md *frame)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	__u32 length = bpf_xdp_get_buff_len(frame);
	struct received in = { .from.port = port, .from.frame.length = length };
	struct deliver_from *from = &in.from;
	bool whole = is_segment(frame, length), is_open;
	struct eth_addresses addresses;
	struct checksum_span open = {};
	struct fdb_view view;

	is_open = checksum_is_open(data, end, &open);
	if (beside_tc && (!whole || is_open))
		return XDP_PASS;
	if (!receive_frame(&in, &view))
		return XDP_ABORTED;
	from->frame.fragments = length != (__u32)(end - data);
	from->frame.is_skb = is_skb(frame);

	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(from, VALE_DROP_SHORT, 1);
	if (!whole)
		return deliver_drop(from, VALE_DROP_OFFLOAD, 1);
	addresses = eth_addresses(data);
	if (is_open)
		settle_checksum(frame, &open, &in);
	return deliver(frame, &in, forward_one(&view, addresses, port));
}

/* ---- copies of a flood that go out to the device ----------------------------------------------- */

/*
 * Throws away the copy that comes back to where the frame came from. All frames that one CPU sends in
 * a row have come from one device, and no frame goes out where it came from: so what comes here with
 * this port for its source is such a copy.
 */
static __always_inline int transmit(void)
{
	__u32 zero = 0;
	struct scratch *memory = bpf_map_lookup_elem(&scratch, &zero);

	if (!memory || memory->source != port)
		return XDP_PASS;
	if (!generic)
		memory->returned++;
	return XDP_DROP;
}

SEC("xdp.frags/devmap")
int vale_transmit(struct xdp_md *frame)
{
	return transmit();
}

/* The same in flood_shared. */
SEC("xdp/devmap")
int vale_transmit_shared(struct xdp_md *frame)
{
	return transmit();
}

char LICENSE[] SEC("license") = "GPL";
