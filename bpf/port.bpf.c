// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of a device port. Each port loads its own, with its number as a constant: a
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

/* Returns true if the frame's checksum had been left open. */
static __always_inline bool complete_checksum(struct xdp_md *frame, const void *data,
					      const void *end)
{
	struct checksum_span open = {};

	return !generic && checksum_is_open(data, end, &open) && !is_skb(frame) &&
	       !checksum_complete(frame, open.start, open.length, open.field);
}

/* Frames that come in from the device. */
SEC("xdp.frags")
int vale_receive(struct xdp_md *frame)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	struct deliver_from from = {
		.port = port,
		.frame.length = bpf_xdp_get_buff_len(frame),
		.counters = stats_of(port),
	};
	struct eth_addresses addresses;
	struct fdb_view view;

	if (!from.counters || !fdb_view(&view))
		return XDP_ABORTED;
	from.memory = view.memory;
	from.counters->received_frames++;
	from.counters->received_bytes += from.frame.length;
	from.frame.fragments = from.frame.length != (__u32)(end - data);

	if (data + VALE_FRAME_MIN > end)
		return deliver_drop(&from, VALE_DROP_SHORT, 1);
	if (!is_segment(frame, from.frame.length))
		return deliver_drop(&from, VALE_DROP_OFFLOAD, 1);
	addresses = eth_addresses(data);
	if (complete_checksum(frame, data, end))
		from.counters->checksums++;
	from.frame.is_skb = is_skb(frame);
	return deliver(&view, &from, forward(&view, addresses, port));
}

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

/* Copies of a flood that go out to the device. */
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
