/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Completes the checksums that a sender left open.
 *
 * A stack whose device offers checksum offload sends TCP and UDP with only the sum of the pseudo
 * header in the checksum field (CHECKSUM_PARTIAL) and a note beside the frame that the rest is to
 * be added. XDP does not see the note, and a frame that leaves by XDP loses it: the receiver would
 * drop the frame. So the frame itself is asked: if its field equals the pseudo header's sum, it is
 * open. A frame with a complete checksum looks like that once in 65,536 times; completing it then
 * computes the same value again.
 *
 * Not seen here: checksums inside tunnels, and SCTP's.
 */
#ifndef VALE_BPF_CHECKSUM_H
#define VALE_BPF_CHECKSUM_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>

#include "device.h"
#include "sum.h"

#define ETH_TYPE_OFFSET	 12
#define IP_FRAGMENT_MASK 0x3fff /* more fragments, or an offset */
#define CHECKSUM_STEPS	 (65535 / CHECKSUM_BLOCK + 1)

/* The part of a frame a checksum covers, and where in the frame the checksum is. */
struct checksum_span {
	__u32 start;
	__u32 length;
	__u32 field;
};

/* Where the network header starts: behind the addresses, up to two VLAN tags, and the type. */
static __always_inline __u32 network_offset(const void *data, const void *end, __be16 *type)
{
	__u32 offset = ETH_TYPE_OFFSET;

#pragma clang loop unroll(full)
	for (int tags = 0; tags <= 2; tags++) {
		const __be16 *at = data + offset;

		if ((const void *)(at + 1) > end)
			return 0;
		*type = *at;
		if (*type != bpf_htons(ETH_P_8021Q) && *type != bpf_htons(ETH_P_8021AD))
			return offset + sizeof(*type);
		offset += VLAN_TAG_SIZE;
	}
	return 0;
}

/* True if `sum`, that of the pseudo header, is what stands in the checksum field, which is covered. */
static __always_inline bool field_is_open(const void *data, const void *end, __u8 protocol,
					  __u64 sum, struct checksum_span *span)
{
	__u32 offset = protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check)
					       : offsetof(struct udphdr, check);
	const __u16 *field = data + span->start + offset;

	span->field = span->start + offset;
	if ((const void *)(field + 1) > end || offset + sizeof(*field) > span->length)
		return false;
	sum += bpf_htons(protocol) + (__u64)bpf_htonl(span->length);
	return *field == checksum_fold(sum);
}

/* Finds an open checksum in the frame. */
static __always_inline bool checksum_is_open(const void *data, const void *end,
					     struct checksum_span *span)
{
	__be16 type = 0;
	__u32 network = network_offset(data, end, &type);
	__u8 protocol;
	__u64 sum;

	if (!network)
		return false;
	if (type == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = data + network;
		__u32 header;

		if ((const void *)(ip + 1) > end)
			return false;
		protocol = ip->protocol;
		header = ip->ihl * 4;
		span->length = bpf_ntohs(ip->tot_len) - header;
		if (ip->frag_off & bpf_htons(IP_FRAGMENT_MASK))
			return false;
		span->start = network + header;
		sum = checksum_words(&ip->saddr, 2);
	} else if (type == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = data + network;

		if ((const void *)(ip + 1) > end)
			return false;
		protocol = ip->nexthdr;
		span->length = bpf_ntohs(ip->payload_len);
		span->start = network + sizeof(*ip);
		sum = checksum_words(ip->saddr.in6_u.u6_addr32, 8);
	} else {
		return false;
	}
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return false;
	return field_is_open(data, end, protocol, sum, span);
}

struct checksum_walk {
	struct xdp_md *frame;
	__u8 *block;
	__u32 offset;
	__u32 left;
	__u32 sum;
};

static long checksum_step(__u32 step, struct checksum_walk *walk)
{
	__u32 length = walk->left < CHECKSUM_BLOCK ? walk->left : CHECKSUM_BLOCK;
	__u8 *block = walk->block;

	if (!length)
		return 1;
	/*
	 * Says once more that it is 1 to CHECKSUM_BLOCK: the verifier of 6.1 learns no lower end
	 * from a comparison with zero. The barrier keeps the compiler, which does, from dropping
	 * it.
	 */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (CHECKSUM_BLOCK - 1)) + 1;
	if (bpf_xdp_load_bytes(walk->frame, walk->offset, block, length))
		return 1;
	/* Sums are of whole words: what is behind an odd end counts as zero. */
	block[length] = 0;
	block[length + 1] = 0;
	block[length + 2] = 0;
	walk->sum = bpf_csum_diff(NULL, 0, (__be32 *)block, (length + 3) & ~3, walk->sum);
	walk->offset += length;
	walk->left -= length;
	return 0;
}

/* Completes the checksum of `span`. Returns 0 or what the helpers answered. */
__noinline int checksum_complete(struct xdp_md *frame, __u32 start, __u32 length, __u32 field)
{
	struct checksum_walk walk = { .frame = frame, .offset = start, .left = length };
	struct scratch *memory;
	__u32 zero = 0;
	__u16 check;

	memory = bpf_map_lookup_elem(&scratch, &zero);
	if (!memory)
		return -1;
	walk.block = memory->block;
	bpf_loop(CHECKSUM_STEPS, checksum_step, &walk, 0);
	if (walk.left) /* the IP header promises more than the frame has: leave it as it is */
		return -1;
	check = checksum_of(walk.sum);
	return bpf_xdp_store_bytes(frame, field, &check, sizeof(check));
}

#endif
