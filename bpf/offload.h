/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a frame of a stack leaves to others, a checksum or that it be cut into segments, as a
 * virtio-net header says it: so a ring port whose client has such a header gets the frame whole. The
 * header is kept in the frame's control block: on the stack, 6.1 has no room for it.
 */
#ifndef VALE_BPF_OFFLOAD_H
#define VALE_BPF_OFFLOAD_H

#include "vmlinux.h"
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/virtio_net.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "vnet.h"

/* And two bytes that the longer kind of header has for a number of buffers, and that are 0. */
union offload {
	struct virtio_net_hdr header;
	__u32 word[3];
};

/* skb->ip_summed */
#define CHECKSUM_PARTIAL 3

/* skb_shared_info.gso_type */
#define GSO_TCPV4  (1 << 0)
#define GSO_DODGY  (1 << 1) /* who made it may have made it wrong: as with any header */
#define GSO_ECN	   (1 << 2)
#define GSO_TCPV6  (1 << 4)
#define GSO_UDP_L4 (1 << 17)

#define UDP_HEADER   8
#define TCP_WORDS_AT 12 /* where a TCP header says how long it is, in its upper half */

/* The largest packet of IPv6, and its Ethernet header. Kernels may be told to make larger ones. */
#define OFFLOAD_MOST (14 + 40 + 0xffff)

static __always_inline __u32 offload_gso_type(const struct __sk_buff *frame)
{
	const struct sk_buff *skb = (const void *)frame;
	const struct skb_shared_info *shared =
		(const void *)BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end);

	return BPF_CORE_READ(shared, gso_type);
}

/* Of the transport header; 0: there is none. */
static __always_inline __u32 offload_transport_size(struct __sk_buff *frame, __u32 transport,
						    bool tcp)
{
	__u8 words = 0;

	if (!tcp)
		return UDP_HEADER;
	bpf_skb_load_bytes(frame, transport + TCP_WORDS_AT, &words, sizeof(words));
	return words >> 4 << 2;
}

/* How it is to be cut. False: in a way that headers know no word for, as in tunnels. */
static __always_inline bool offload_read_segments(struct __sk_buff *frame,
						  struct virtio_net_hdr *header)
{
	__u32 type = offload_gso_type(frame), kind = type & ~(GSO_DODGY | GSO_ECN);

	if (kind == GSO_TCPV4)
		header->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	else if (kind == GSO_TCPV6)
		header->gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	else if (kind == GSO_UDP_L4)
		header->gso_type = VNET_GSO_UDP_L4;
	else
		return false;
	if (type & GSO_ECN)
		header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	header->gso_size = frame->gso_size;
	header->hdr_len = header->csum_start +
			  offload_transport_size(frame, header->csum_start, kind != GSO_UDP_L4);
	return true;
}

/* False: no header can say it. */
static __always_inline bool offload_read(struct __sk_buff *frame, struct virtio_net_hdr *header)
{
	const struct sk_buff *skb = (const void *)frame;

	if (frame->vlan_present)
		return false;
	if (BPF_CORE_READ_BITFIELD_PROBED(skb, ip_summed) != CHECKSUM_PARTIAL)
		return !frame->gso_size;
	if (frame->len > OFFLOAD_MOST)
		return false;
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = BPF_CORE_READ(skb, csum_start) - BPF_CORE_READ(skb, mac_header);
	header->csum_offset = BPF_CORE_READ(skb, csum_offset);
	return !frame->gso_size || offload_read_segments(frame, header);
}

/* Puts the header where frame_header() finds it. False: there is none that says it all. */
static __always_inline bool offload_put_header(struct __sk_buff *frame)
{
	union offload offload = {};

	if (!offload_read(frame, &offload.header))
		return false;
	frame->cb[0] = offload.word[0];
	frame->cb[1] = offload.word[1];
	frame->cb[2] = offload.word[2];
	return true;
}

#endif
