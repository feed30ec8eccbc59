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
 * In generic mode the frame stays an skb. The kernel keeps the note about an open checksum beside
 * it, and would add to one that we have completed; and it can send it, whatever it is made of.
 */
const volatile bool generic = false;

/* What fits into the MTU that nearly every device has need not be compared with its own. */
#define COMMON_FRAME_MAX (ETH_FRAME_LEN + VLAN_TAG_SIZE)

/*
 * Writes down the longest frame that the device's MTU allows. Nobody tells us when an MTU changes,
 * so it is looked at whenever a source is learned or renewed. Returns 0 if there is no port.
 */
static __always_inline __u32 note_max_frame(struct xdp_md *frame)
{
	__u32 number = port, mtu = 0;
	struct vale_port *self = bpf_map_lookup_elem(&ports, &number);

	if (!self)
		return 0;
	bpf_check_mtu(frame, 0, &mtu, 0, 0);
	if (mtu)
		self->max_frame = mtu + ETH_HLEN + VLAN_TAG_SIZE;
	return self->max_frame;
}

/* True unless the frame is longer than its sender's MTU, and so waits to be segmented. */
static __always_inline bool is_segment(struct xdp_md *frame, __u32 length)
{
	__u32 number = port;
	struct vale_port *self;

	if (length <= COMMON_FRAME_MAX)
		return true;
	self = bpf_map_lookup_elem(&ports, &number);
	return self && (length <= self->max_frame || length <= note_max_frame(frame));
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
		.counters = stats_of(port),
	};
	struct eth_addresses addresses;
	struct fdb_view view;
	__u32 destination;

	if (!from.counters || !fdb_view(&view))
		return XDP_ABORTED;
	from.counters->received_frames++;
	from.counters->received_bytes += from.length;
	from.sendable = generic || from.length == (__u32)(end - data);

	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(&from, VALE_DROP_SHORT);
	if (!is_segment(frame, from.length))
		return deliver_drop(&from, VALE_DROP_OFFLOAD);
	addresses = eth_addresses(data);
	if (!generic && checksum_is_open(data, end, &open) &&
	    !checksum_complete(frame, open.start, open.length, open.field))
		from.counters->checksums++;
	destination = forward(&view, addresses, port);
	if (view.learned)
		note_max_frame(frame);
	return deliver(&view, &from, destination);
}

static __always_inline int transmit(struct xdp_md *frame)
{
	struct vale_stats *counters = stats_of(port);

	if (!counters)
		return XDP_ABORTED;
	counters->sent_frames++;
	counters->sent_bytes += bpf_xdp_get_buff_len(frame);
	return XDP_PASS;
}

/* Frames that go out to the device: after the copying of a flood, before the device's queue. */
SEC("xdp.frags/devmap")
int vale_transmit(struct xdp_md *frame)
{
	return transmit(frame);
}

/* The same in devmap_shared. */
SEC("xdp/devmap")
int vale_transmit_shared(struct xdp_md *frame)
{
	return transmit(frame);
}

char LICENSE[] SEC("license") = "GPL";
