// SPDX-License-Identifier: GPL-2.0
/*
 * What a switch has beside its ports at tc: the program on the far end of the pair that makes plain
 * frames (segments.h), and one that watches what devices do with frames that tc has sent them.
 */
#include "segments.h"
#include "watch.h"
#include "way.h"

#define NET_XMIT_DROP 1 /* of the kernel's netdevice.h */

#define VLAN_WAY_OFFSET (ETH_TYPE_OFFSET + 2)

/* Takes the tag off that says where the frame goes. Returns false if there is none. */
static __always_inline bool take_way(struct xdp_md *frame, __u16 *way)
{
	void *data = (void *)(long)frame->data, *end = (void *)(long)frame->data_end;
	struct {
		__u64 destination; /* and two bytes of the source */
		__u32 source;
	} addresses;

	if (data + VLAN_WAY_OFFSET + sizeof(__u16) > end ||
	    *(__be16 *)(data + ETH_TYPE_OFFSET) != bpf_htons(ETH_P_8021Q))
		return false;
	*way = bpf_ntohs(*(__be16 *)(data + VLAN_WAY_OFFSET));
	addresses.destination = *(__u64 *)data;
	addresses.source = *(__u32 *)(data + sizeof(__u64));
	if (bpf_xdp_adjust_head(frame, VLAN_TAG_SIZE))
		return false;
	data = (void *)(long)frame->data;
	end = (void *)(long)frame->data_end;
	if (data + VALE_FRAME_MIN > end)
		return false;
	*(__u64 *)data = addresses.destination;
	*(__u32 *)(data + sizeof(__u64)) = addresses.source;
	return true;
}

SEC("xdp.frags")
int vale_segments(struct xdp_md *frame)
{
	struct received in = {};
	struct deliver_from *from = &in.from;
	struct vale_port_entry *entry;
	__u32 zero = 0, number;
	bool copy = false;
	__u16 way = 0;

	if (!take_way(frame, &way))
		return XDP_DROP;
	if (way == SEGMENTS_COPY) {
		copy = true;
		if (!take_way(frame, &way))
			return XDP_DROP;
	}
	from->port = segments_from(way);
	from->device = VALE_FLOOD; /* none */
	from->frame.length = bpf_xdp_get_buff_len(frame);
	from->frame.fragments = from->frame.length != (__u32)(frame->data_end - frame->data);
	from->state = bpf_map_lookup_elem(&switch_state, &zero);
	from->counters = stats_of(from->port);
	from->memory = bpf_map_lookup_elem(&scratch, &zero);
	if (!from->state || !from->counters || !from->memory)
		return XDP_ABORTED;
	if (copy) {
		from->counters->copies++;
	} else {
		from->counters->received_frames++;
		from->counters->received_bytes += from->frame.length;
	}
	number = segments_to(way);
	entry = bpf_map_lookup_elem(&ports, &number);
	if (entry && entry->kind == VALE_PORT_RING)
		number |= FDB_RING;
	return deliver(frame, &in, number);
}

/* ---- what devices do not take ------------------------------------------------------------------- */

/* The near end of the pair has no room for a frame that the far end was to count. */
static __always_inline void count_lost_way(const struct vale_switch *state,
					   const struct net_device *device,
					   const struct scratch *memory)
{
	struct vale_stats *counters = stats_of(memory->source);

	if (!counters || !watch_is(device, &state->segments))
		return;
	counters->received_frames++;
	counters->received_bytes += memory->length;
	counters->drops[VALE_DROP_REFUSED]++;
}

/* A driver has thrown away a frame that this CPU has just sent: its queue is full, mostly. */
SEC("tp_btf/net_dev_xmit")
int BPF_PROG(stack_transmitted, const struct sk_buff *skb, int verdict,
	     const struct net_device *device)
{
	__u32 zero = 0, port;
	struct vale_switch *state;
	struct scratch *memory;

	if (verdict != NET_XMIT_DROP)
		return 0;
	port = watch_port_of(device);
	memory = bpf_map_lookup_elem(&scratch, &zero);
	state = bpf_map_lookup_elem(&switch_state, &zero);
	if (!memory || !state)
		return 0;
	if (port == VALE_PORTS)
		count_lost_way(state, device, memory);
	else if (memory->sending == port)
		watch_take_back(port, VALE_DROP_REFUSED);
	return 0;
}

struct watcher on_stack SEC(".maps") = { .values = { (void *)&stack_transmitted } };

SEC("tp_btf/net_dev_xmit")
int watch_stack(void *context)
{
	bpf_tail_call(context, &on_stack, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
