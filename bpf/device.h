/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel knows of the devices in the devmap at this moment. It refuses a frame for one of
 * them for the reasons below: with a word if the frame is for that device alone (switch.bpf.c
 * listens), without one if the frame is flooded. So a flood asks beforehand.
 */
#ifndef VALE_BPF_DEVICE_H
#define VALE_BPF_DEVICE_H

#include "vmlinux.h"
#include <linux/if_ether.h>
#include <bpf/bpf_core_read.h>

#include "devmaps.h"

#define VLAN_TAG_SIZE	  4
#define DEVICE_NO_CARRIER (1 << 2) /* in net_device.state */
#define DEVICE_UP	  1	   /* IFF_UP of <linux/if.h>, which includes the C library */

/* Not among enum vale_drop. */
#define DEVICE_TAKES VALE_DROP_REASONS
#define DEVICE_NONE  (VALE_DROP_REASONS + 1)

/* The slots of the devmap, for device_verdict(). */
static __always_inline const void *device_slots(void)
{
	return ((const struct bpf_dtab *)&devmap)->netdev_map;
}

static __always_inline const struct net_device *device_at(const void *slots, __u32 number)
{
	const struct bpf_dtab_netdev *slot = NULL;

	bpf_probe_read_kernel(&slot, sizeof(slot), slots + number * sizeof(slot));
	return slot ? BPF_CORE_READ(slot, dev) : NULL;
}

/* True if its driver sends what XDP gives it: in one buffer, or in several. */
static __always_inline bool device_transmits(const struct net_device *device, bool fragments)
{
	__u32 features;

	if (!bpf_core_field_exists(device->xdp_features))
		return BPF_CORE_READ(device, netdev_ops, ndo_xdp_xmit);
	features = BPF_CORE_READ(device, xdp_features);
	return features & (fragments ? NETDEV_XDP_ACT_NDO_XMIT_SG : NETDEV_XDP_ACT_NDO_XMIT);
}

struct device_frame {
	__u32 length;
	bool fragments; /* it is of several buffers */
	bool is_skb;	/* it leaves as the stack's frames do, not as XDP's */
	bool is_live;	/* a live frame, which the kernel cannot copy before 6.3 */
};

/* Why a device will not take the frame, DEVICE_TAKES, or DEVICE_NONE. */
static __always_inline __u32 device_verdict_of(const struct net_device *device,
					       const struct device_frame *frame)
{
	if (!device)
		return DEVICE_NONE;
	if (!frame->is_skb && !device_transmits(device, false))
		return VALE_DROP_REFUSED;
	if (!frame->is_skb && frame->fragments && !device_transmits(device, true))
		return VALE_DROP_JUMBO;
	if (!(BPF_CORE_READ(device, flags) & DEVICE_UP))
		return VALE_DROP_DOWN;
	/* Of the stack's frames the kernel would throw it away, and not say so. */
	if (frame->is_skb && BPF_CORE_READ(device, state) & DEVICE_NO_CARRIER)
		return VALE_DROP_DOWN;
	if (frame->length >
	    BPF_CORE_READ(device, mtu) + BPF_CORE_READ(device, hard_header_len) + VLAN_TAG_SIZE)
		return VALE_DROP_MTU;
	return DEVICE_TAKES;
}

/* The same of the device of a port. */
static __always_inline __u32 device_verdict(const void *slots, __u32 number,
					    const struct device_frame *frame)
{
	return device_verdict_of(device_at(slots, number), frame);
}

/*
 * True if the program of a device has been run on a frame that the stack already has: the frame
 * came by one of the device's own queues and not by one that its driver has for XDP.
 */
static __always_inline bool device_runs_on_skb(struct xdp_md *frame)
{
	const struct xdp_buff *buffer = (const void *)frame;
	const struct xdp_rxq_info *queue = BPF_CORE_READ(buffer, rxq);
	const struct net_device *device = BPF_CORE_READ(queue, dev);
	__u64 first = (__u64)BPF_CORE_READ(device, _rx);
	__u64 size =
		BPF_CORE_READ(device, num_rx_queues) * bpf_core_type_size(struct netdev_rx_queue);

	return (__u64)queue - first < size;
}

#endif
