// SPDX-License-Identifier: GPL-2.0
/*
 * The two programs of a device port. Each port loads its own, with its number as a constant: a
 * frame need not be asked where it came from, and devices of different network namespaces, which
 * may have the same ifindex, cannot be taken for each other.
 */
#include "checksum.h"
#include "deliver.h"

const volatile __u32 port = 0;

/*
 * Not in generic mode: there the kernel keeps the note beside the frame, and would add to a
 * checksum that we have already completed.
 */
const volatile bool complete_checksums = true;

/*
 * True if the device's MTU allows the frame. `max_frame` is what we saw last; since nobody tells us
 * when the MTU changes, it is asked again before a frame is turned down.
 */
static __always_inline bool sender_may_send(struct xdp_md *frame, __u32 length)
{
	__u32 number = port, mtu = 0;
	struct vale_port *self = bpf_map_lookup_elem(&ports, &number);

	if (!self || length <= self->max_frame)
		return self;
	bpf_check_mtu(frame, 0, &mtu, 0, 0);
	if (mtu)
		self->max_frame = mtu + ETH_HLEN + VLAN_TAG_SIZE;
	return length <= self->max_frame;
}

/* Frames that come in from the device. */
SEC("xdp.frags")
int vale_receive(struct xdp_md *frame)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	struct checksum_span open = {};
	struct deliver_from from = {
		.port = port,
		.length = bpf_xdp_get_buff_len(frame),
		.linear = true,
		.counters = stats_of(port),
	};
	struct eth_addresses addresses;
	struct fdb_view view;

	if (!from.counters || !fdb_view(&view))
		return XDP_ABORTED;
	from.counters->received_frames++;
	from.counters->received_bytes += from.length;
	from.linear = from.length == (__u32)(end - data);

	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(&from, VALE_DROP_SHORT);
	if (!sender_may_send(frame, from.length))
		return deliver_drop(&from, VALE_DROP_OFFLOAD);
	addresses = eth_addresses(data);
	if (complete_checksums && checksum_is_open(data, end, &open) &&
	    !checksum_complete(frame, open.start, open.length, open.field))
		from.counters->checksums++;
	return deliver(&view, &from, forward(&view, addresses, port));
}

/* Frames that go out to the device: after the copying of a flood, before the device's queue. */
SEC("xdp.frags/devmap")
int vale_transmit(struct xdp_md *frame)
{
	struct vale_stats *counters = stats_of(port);

	if (!counters)
		return XDP_ABORTED;
	counters->sent_frames++;
	counters->sent_bytes += bpf_xdp_get_buff_len(frame);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
