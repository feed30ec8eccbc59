/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Makes frames for a receiver of the frame of a ring whose virtio-net header is another than the
 * receiver's: one that is the same, or as many as it is to be cut into. Where they go: sink.h.
 */
#ifndef VALE_BPF_CUT_H
#define VALE_BPF_CUT_H

#include "sink.h"
#include "sum.h"
#include "vnet.h"

#define CUT_STEPS (VALE_FRAGMENTS * VALE_BUFFER_SIZE / STREAM_BLOCK)

/* A frame at hand, in memory of a map. */
struct cut {
	struct stream stream;
	struct vnet vnet;
	__u32 header; /* bytes of the virtio-net header that the frame has, */
	__u32 before; /* and of the one that the receiver's has */
	__u32 bound;  /* its addresses are these, whatever its client says now */
	__u64 addresses[2];

	/* slots of a ring that it is written into */
	__u32 phase;
	__u32 segment;
	__u32 each; /* for a segment, but for the last one */
	__u32 lease_first;
	__u32 lease_slots;

	/* the segment at hand */
	__u32 at;   /* where it is filled in */
	__u32 left; /* bytes of the frame that it still gets */
	__u32 failed;
	__u32 summing; /* bytes are summed up and not written */
	__u32 check;   /* what has been found by that */
	__u64 sum;
	__u8 head[STREAM_BLOCK + VNET_HEAD_ROOM]; /* the beginning of it */
};

/* On the stack, since it has pointers. */
struct cutting {
	struct cut *cut;
	struct source source;
	struct sink *sink;
};

/* ---- sums, for which programs like txsync have no helper --------------------------------------- */

struct cut_bytes {
	__be32 words[STREAM_BLOCK / sizeof(__be32)];
};

/* Folded; of whole words. A global function, which the verifier walks once. */
__noinline int cut_sum(const struct cut_bytes *bytes, __u32 length)
{
	__u64 sum = 0;

	if (!bytes)
		return 0;
	for (__u32 at = 0; at < STREAM_BLOCK / sizeof(__be32) && at * sizeof(__be32) < length; at++)
		sum += ((volatile const __be32 *)bytes->words)[at];
	return checksum_fold(sum);
}

/* ---- the frame --------------------------------------------------------------------------------- */

/*
 * The frame of so many slots, from that one on, whose header is `header` bytes. Returns in how many
 * it is to be cut; -1: its header makes no sense.
 */
static __always_inline int cut_open(struct cutting *cutting, __u32 slot, __u32 slots, __u32 header,
				    __u32 before)
{
	struct cut *cut = cutting->cut;
	struct vnet *vnet = &cut->vnet;
	__u32 length = stream_open(&cutting->source, slot, slots);

	cut->failed = 0;
	cut->summing = 0;
	cut->header = header;
	cut->before = before;
	__builtin_memset(&vnet->header, 0, sizeof(vnet->header));
	if (length < header + VALE_FRAME_MIN)
		return -1;
	vnet->length = length - header;
	if (header) {
		if (stream_read(&cutting->source, header) != header)
			return -1;
		__builtin_memcpy(&vnet->header, cut->stream.block, sizeof(vnet->header));
	}
	length = vnet->length < VNET_HEAD ? vnet->length : VNET_HEAD;
	vnet->head_length = stream_read(&cutting->source, length);
	if (vnet->head_length != length)
		return -1;
	__builtin_memcpy(vnet->head, cut->stream.block, VNET_HEAD);
	if (!before && vnet_parse(vnet))
		return -1;
	if (before)
		vnet_pass(vnet);
	return vnet->segments;
}

/* How long a segment is, without the receiver's header. */
static __always_inline __u32 cut_length(const struct vnet *vnet, __u32 segment)
{
	__u32 done = segment * vnet->size, left = vnet->length - vnet->payload - done;

	return vnet->payload + (left < vnet->size ? left : vnet->size);
}

/* ---- a segment's headers ----------------------------------------------------------------------- */

static __always_inline void cut_put_16(struct cut *cut, __u32 at, __u16 value)
{
	*(volatile __u16 *)(cut->head + (at & 0xff)) = value;
}

static __always_inline void cut_put_32(struct cut *cut, __u32 at, __u32 value)
{
	*(volatile __u32 *)(cut->head + (at & 0xff)) = value;
}

static __always_inline __u32 cut_get_32(const struct cut *cut, __u32 at)
{
	return *(volatile const __u32 *)(cut->head + (at & 0xff));
}

static __always_inline __u64 cut_sum_head(struct cut *cut, __u32 at, __u32 length)
{
	return cut_sum((const struct cut_bytes *)(cut->head + (at & 0xff)), length);
}

/* Of the pseudo header: the addresses. */
static __always_inline __u64 cut_sum_addresses(struct cut *cut)
{
	const struct vnet *vnet = &cut->vnet;

	if (vnet->ipv6)
		return cut_sum_head(cut, vnet->network + offsetof(struct ipv6hdr, saddr), 32);
	return cut_sum_head(cut, vnet->network + offsetof(struct iphdr, saddr), 8);
}

#define CUT_MORE_IPV4 0x2000
#define CUT_MORE_IPV6 1

/* Where a fragment is in its packet; a packet of only one may have been forbidden to be cut. */
static __always_inline __be16 cut_fragment_offset(const struct vnet *vnet, __u32 segment)
{
	bool more = segment + 1 != vnet->segments;
	__u32 offset = segment * vnet->size;

	if (vnet->ipv6)
		return bpf_htons(offset | (more ? CUT_MORE_IPV6 : 0));
	if (vnet->segments == 1)
		return vnet_head_16(vnet, vnet->network + offsetof(struct iphdr, frag_off));
	return bpf_htons(offset / VNET_FRAGMENT_ALIGN | (more ? CUT_MORE_IPV4 : 0));
}

/* Its number has to be the same in all fragments, which may be made by different runs of a program. */
static __always_inline void cut_fragment_header(struct cut *cut, __u32 segment)
{
	const struct vnet *vnet = &cut->vnet;
	__u32 at = vnet->transport;
	__u32 sum = cut_sum((const struct cut_bytes *)vnet->head,
			    vnet->head_length & ~(sizeof(__be32) - 1));

	*(volatile __u8 *)(cut->head + ((vnet->network + offsetof(struct ipv6hdr, nexthdr)) &
					0xff)) = IPPROTO_FRAGMENT;
	cut_put_16(cut, at, bpf_htons(IPPROTO_UDP << 8));
	cut_put_16(cut, at + 2, cut_fragment_offset(vnet, segment));
	cut_put_32(cut, at + 4, cut->stream.slot << 16 | sum);
}

static __always_inline void cut_ipv4(struct cut *cut, __u32 segment, __u32 length)
{
	const struct vnet *vnet = &cut->vnet;
	__u32 at = vnet->network;
	__u16 id = bpf_ntohs(vnet_head_16(vnet, at + offsetof(struct iphdr, id)));

	cut_put_16(cut, at + offsetof(struct iphdr, tot_len), bpf_htons(length - at));
	if (vnet->fragments)
		cut_put_16(cut, at + offsetof(struct iphdr, frag_off),
			   cut_fragment_offset(vnet, segment));
	else
		cut_put_16(cut, at + offsetof(struct iphdr, id), bpf_htons(id + segment));
	cut_put_16(cut, at + offsetof(struct iphdr, check), 0);
	cut_put_16(cut, at + offsetof(struct iphdr, check),
		   ~checksum_fold(cut_sum_head(cut, at, vnet->transport - at)));
}

static __always_inline void cut_ipv6(struct cut *cut, __u32 length)
{
	__u32 at = cut->vnet.network;

	cut_put_16(cut, at + offsetof(struct ipv6hdr, payload_len),
		   bpf_htons(length - cut->vnet.transport));
}

/* What a stack says once for all segments: at the first one, or at the last. */
#define CUT_CWR	 0x80
#define CUT_LAST (0x01 | 0x08) /* FIN, PSH */

static __always_inline void cut_tcp(struct cut *cut, __u32 segment)
{
	const struct vnet *vnet = &cut->vnet;
	__u32 at = vnet->transport, sequence = at + offsetof(struct tcphdr, seq);
	__u8 flags = vnet_head_8(vnet, at + 13);

	cut_put_32(cut, sequence,
		   bpf_htonl(bpf_ntohl(cut_get_32(cut, sequence)) + segment * vnet->size));
	if (segment)
		flags &= ~CUT_CWR;
	if (segment + 1 != vnet->segments)
		flags &= ~CUT_LAST;
	*(volatile __u8 *)(cut->head + ((at + 13) & 0xff)) = flags;
}

static __always_inline void cut_headers(struct cut *cut, __u32 segment)
{
	struct vnet *vnet = &cut->vnet;
	__u32 length = cut_length(vnet, segment), transport = length - vnet->transport;

	if (vnet->ipv6)
		cut_ipv6(cut, length);
	else
		cut_ipv4(cut, segment, length);
	if (vnet->inserted)
		cut_fragment_header(cut, segment);
	if (vnet->fragments)
		return;
	cut->sum += cut_sum_addresses(cut);
	if (vnet->tcp)
		cut_tcp(cut, segment);
	else
		cut_put_16(cut, vnet->transport + offsetof(struct udphdr, len),
			   bpf_htons(transport));
	cut_put_16(cut, vnet->field, 0);
	cut->sum += bpf_htons(vnet->tcp ? IPPROTO_TCP : IPPROTO_UDP) + (__u64)bpf_htonl(transport);
	cut->sum += cut_sum_head(cut, vnet->transport, vnet->payload - vnet->transport);
}

/* ---- a segment --------------------------------------------------------------------------------- */

static long cut_step(__u32 step, struct cutting *cutting)
{
	struct cut *cut = cutting->cut;
	__u8 *block = cut->stream.block;
	__u32 got;

	if (!READ_ONCE(cut->left))
		return 1;
	got = stream_read(&cutting->source, cut->left);
	if (!got || got > STREAM_BLOCK) {
		cut->failed = 1;
		return 1;
	}
	if (cut->vnet.field && cut->summing == cut->vnet.fragments) {
		/* Sums are of whole words: what is behind an odd end counts as zero. */
		*(volatile __u16 *)(block + (got & (2 * STREAM_BLOCK - 1))) = 0;
		*(volatile __u16 *)(block + ((got + 2) & (2 * STREAM_BLOCK - 1))) = 0;
		cut->sum += cut_sum((const struct cut_bytes *)block, got);
	}
	if (!cut->summing && sink_write(cutting->sink, cut->at, block, got))
		cut->failed = 1;
	cut->at += got;
	cut->left -= got;
	return 0;
}

/* The receiver's own header, which says the same as far as both can. */
static __always_inline int cut_write_header(struct cutting *cutting)
{
	struct cut *cut = cutting->cut;
	__u8 *block = cut->stream.block;

	if (!cut->before)
		return 0;
	*(volatile __u32 *)(block + sizeof(cut->vnet.header) - 2) = 0;
	*(volatile __u32 *)(block + sizeof(cut->vnet.header)) = 0;
	__builtin_memcpy(block, &cut->vnet.header, sizeof(cut->vnet.header));
	return sink_write(cutting->sink, 0, block, cut->before);
}

static __always_inline int cut_write_head(struct cutting *cutting, __u32 segment)
{
	struct cut *cut = cutting->cut;

	__builtin_memcpy(cut->head, cut->vnet.head, VNET_HEAD);
	cut->sum = 0;
	if (cut->vnet.is_cut)
		cut_headers(cut, segment);
	if (cut->bound)
		__builtin_memcpy(cut->head, cut->addresses, 2 * VALE_MAC_SIZE);
	return sink_write(cutting->sink, cut->before, cut->head, cut->vnet.payload);
}

static __always_inline int cut_write_checksum(struct cutting *cutting)
{
	struct cut *cut = cutting->cut;
	const struct vnet *vnet = &cut->vnet;
	__u16 check = vnet->fragments ? cut->check : checksum_of(cut->sum);

	if (!vnet->field || (vnet->fragments && READ_ONCE(cut->segment)))
		return 0;
	*(volatile __u16 *)cut->stream.block = check;
	return sink_write(cutting->sink, cut->before + vnet->field + vnet->inserted,
			  cut->stream.block, sizeof(check));
}

/*
 * The checksum of a datagram that goes in fragments is of all of it, and needed for the first of them:
 * as if one were begun, but nothing is written.
 */
static __always_inline void cut_begin_sum(struct cutting *cutting)
{
	struct cut *cut = cutting->cut;
	const struct vnet *vnet = &cut->vnet;
	__u32 length = vnet->length - vnet->payload;

	__builtin_memcpy(cut->head, vnet->head, VNET_HEAD);
	cut->sum = bpf_htons(IPPROTO_UDP) + (__u64)bpf_htonl(length);
	cut->sum += cut_sum_addresses(cut);
	cut->sum += (__u16)~vnet_head_16(vnet, vnet->field); /* it counts as zero */
	stream_seek(&cutting->source, cut->header + vnet->transport);
	cut->summing = 1;
	cut->left = length;
}

/* A segment of the frame that is open, up to where cut_step() goes on, as long as bytes are left. */
static __always_inline void cut_begin(struct cutting *cutting, __u32 segment)
{
	struct cut *cut = cutting->cut;
	__u32 payload = cut->vnet.payload;

	cut->segment = segment;
	if (cut_write_header(cutting) || cut_write_head(cutting, segment))
		cut->failed = 1;
	stream_seek(&cutting->source,
		    cut->header + payload - cut->vnet.inserted + segment * cut->vnet.size);
	cut->at = cut->before + payload;
	cut->left = cut_length(&cut->vnet, segment) - payload;
}

/* And the rest. `failed`: that did not work, and what was written is void. */
static __always_inline void cut_end(struct cutting *cutting)
{
	struct cut *cut = cutting->cut;

	if (READ_ONCE(cut->left))
		cut->failed = 1;
	else if (cut->summing)
		cut->check = checksum_of(cut->sum);
	else if (cut_write_checksum(cutting))
		cut->failed = 1;
}

#endif
