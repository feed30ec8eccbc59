/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a frame's virtio-net header asks for: a checksum to be completed, a frame to be cut into
 * segments. The client has written it, and may have written anything.
 */
#ifndef VALE_BPF_VNET_H
#define VALE_BPF_VNET_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <bpf/bpf_endian.h>

#include "maps.h"
#include "vale/ring.h"

/* Bytes of a frame that have all its headers: two VLAN tags, and IP and TCP with all options. */
#define VNET_HEAD 160

/* Room behind them for what is read at an offset that is no more than a byte says. */
#define VNET_HEAD_ROOM 384

#define VNET_VLAN_TAGS 2
#define VNET_VLAN_TAG  4
#define VNET_ETH_TYPE  12

/* VIRTIO_NET_HDR_GSO_UDP_L4, which the headers of 6.1 have not. */
#define VNET_GSO_UDP_L4 5

#define VNET_DONT_FRAGMENT   0x4000
#define VNET_FRAGMENT_HEADER 8 /* of IPv6 */
#define VNET_FRAGMENT_ALIGN  8
#define VNET_DATAGRAM_MAX    0xffff

/* In memory of a map, where programs may read at any offset. */
struct vnet {
	struct virtio_net_hdr header; /* as it came */
	__u8 pad[6];
	__u8 head[VNET_HEAD_ROOM]; /* the frame's first bytes */
	__u32 head_length;	   /* of these there are so many */
	__u32 length;		   /* of the frame */

	/* found in it: */
	__u32 network; /* where headers start */
	__u32 transport;
	__u32 payload;	/* what follows headers; all that, up to here, each segment begins with */
	__u32 size;	/* bytes of a segment behind that */
	__u32 segments; /* 1: it is not cut */
	__u32 is_cut;	/* each segment gets headers of its own, even if there is one */
	__u32 field;	/* where the checksum is, from `transport` on; 0: none is open */
	__u32 tcp;
	__u32 ipv6;
	__u32 fragments; /* segments are the IP fragments of one datagram, */
	__u32 inserted;	 /* each with so many more bytes of headers, which `length` has */
};

static __always_inline __u16 vnet_head_16(const struct vnet *vnet, __u32 at)
{
	return READ_ONCE(*(const __u16 *)(vnet->head + (at & 0xff)));
}

static __always_inline __u8 vnet_head_8(const struct vnet *vnet, __u32 at)
{
	return READ_ONCE(vnet->head[at & 0xff]);
}

/* Goes as it is: a receiver with a header of its own does what this one says. */
static __always_inline void vnet_pass(struct vnet *vnet)
{
	vnet->payload = ETH_HLEN;
	vnet->size = vnet->length - ETH_HLEN;
	vnet->segments = 1;
	vnet->is_cut = 0;
	vnet->field = 0;
	vnet->fragments = 0;
	vnet->inserted = 0;
}

/* One checksum is to be completed, from a start on, which is where the payload begins here. */
static __always_inline int vnet_checksum(struct vnet *vnet)
{
	__u32 start = vnet->header.csum_start, field = vnet->header.csum_offset;

	if (start < ETH_HLEN || start > VNET_HEAD || field > VNET_HEAD - sizeof(__u16) ||
	    start + field + sizeof(__u16) > vnet->length)
		return -1;
	vnet->transport = start;
	vnet->payload = start;
	vnet->size = vnet->length - start;
	vnet->field = start + field;
	return 0;
}

/* The type behind VLAN tags; `network` is behind it. */
static __always_inline __u16 vnet_type(struct vnet *vnet)
{
	__u32 at = VNET_ETH_TYPE;
	__u16 type = 0;

#pragma clang loop unroll(full)
	for (int tags = 0; tags <= VNET_VLAN_TAGS; tags++) {
		type = bpf_ntohs(vnet_head_16(vnet, at));
		if (type != ETH_P_8021Q && type != ETH_P_8021AD)
			break;
		at += VNET_VLAN_TAG;
	}
	vnet->network = at + sizeof(type);
	return type;
}

/* Finds where the transport header is; returns its protocol, or -1: the frame is another one. */
static __always_inline int vnet_transport(struct vnet *vnet, bool ipv6)
{
	__u16 type = vnet_type(vnet);
	__u32 network = vnet->network, words;

	vnet->ipv6 = ipv6;
	if (type != (ipv6 ? ETH_P_IPV6 : ETH_P_IP))
		return -1;
	if (ipv6) {
		vnet->transport = network + sizeof(struct ipv6hdr);
		return vnet_head_8(vnet, network + offsetof(struct ipv6hdr, nexthdr));
	}
	words = vnet_head_8(vnet, network) & 0xf;
	if (words < sizeof(struct iphdr) / 4)
		return -1;
	vnet->transport = network + 4 * words;
	return vnet_head_8(vnet, network + offsetof(struct iphdr, protocol));
}

static __always_inline int vnet_cut_udp(struct vnet *vnet)
{
	bool ipv6 = vnet_type(vnet) == ETH_P_IPV6;

	if (vnet_transport(vnet, ipv6) != IPPROTO_UDP)
		return -1;
	vnet->payload = vnet->transport + sizeof(struct udphdr);
	vnet->field = vnet->transport + offsetof(struct udphdr, check);
	vnet->tcp = 0;
	return 0;
}

/*
 * A datagram goes in fragments of its packet: what is left of `size` for each is returned, 0 if it
 * cannot be. Behind the IP header all is payload, the UDP header as well.
 */
static __always_inline __u32 vnet_cut_packet(struct vnet *vnet, __u32 size)
{
	__u32 offset;

	if (vnet_cut_udp(vnet) || vnet->length - vnet->transport > VNET_DATAGRAM_MAX)
		return 0;
	offset = vnet_head_16(vnet, vnet->network + offsetof(struct iphdr, frag_off));
	if (!vnet->ipv6 && offset & ~bpf_htons(VNET_DONT_FRAGMENT))
		return 0;
	size &= ~(VNET_FRAGMENT_ALIGN - 1);
	vnet->fragments = 1;
	vnet->payload = vnet->transport;
	if (vnet->ipv6 && vnet->length - vnet->transport > size) {
		vnet->inserted = VNET_FRAGMENT_HEADER;
		vnet->payload += VNET_FRAGMENT_HEADER;
		vnet->length += VNET_FRAGMENT_HEADER;
	}
	return size;
}

static __always_inline int vnet_cut_tcp(struct vnet *vnet, bool ipv6)
{
	__u32 words;

	if (vnet_transport(vnet, ipv6) != IPPROTO_TCP)
		return -1;
	words = vnet_head_8(vnet, vnet->transport + 12) >> 4; /* doff */
	if (words < sizeof(struct tcphdr) / 4)
		return -1;
	vnet->payload = vnet->transport + 4 * words;
	vnet->field = vnet->transport + offsetof(struct tcphdr, check);
	vnet->tcp = 1;
	return 0;
}

static __always_inline int vnet_cut(struct vnet *vnet, __u8 type)
{
	__u32 size = vnet->header.gso_size;
	int error = -1;

	if (!(vnet->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || !size)
		return -1;
	if (type == VIRTIO_NET_HDR_GSO_TCPV4 || type == VIRTIO_NET_HDR_GSO_TCPV6)
		error = vnet_cut_tcp(vnet, type == VIRTIO_NET_HDR_GSO_TCPV6);
	else if (type == VNET_GSO_UDP_L4)
		error = vnet_cut_udp(vnet);
	else if (type == VIRTIO_NET_HDR_GSO_UDP)
		error = (size = vnet_cut_packet(vnet, size)) ? 0 : -1;
	if (error || vnet->payload - vnet->inserted > vnet->head_length ||
	    vnet->payload >= vnet->length)
		return -1;
	vnet->size = size;
	vnet->segments = (vnet->length - vnet->payload + size - 1) / size;
	if (vnet->segments > VALE_SLOTS)
		return -1;
	vnet->is_cut = 1;
	return 0;
}

/* What is to be done for a receiver without a header. -1: it makes no sense, or is not known. */
static __always_inline int vnet_parse(struct vnet *vnet)
{
	__u8 type = vnet->header.gso_type & ~VIRTIO_NET_HDR_GSO_ECN;

	vnet_pass(vnet);
	if (type != VIRTIO_NET_HDR_GSO_NONE)
		return vnet_cut(vnet, type);
	return vnet->header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? vnet_checksum(vnet) : 0;
}

#endif
