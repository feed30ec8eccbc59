// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "vnet.h"

#include <string.h>

#include <criterion/criterion.h>

#include "ring.h"

#define IPV4_LENGTH 2
#define IPV4_ID	    4
#define IPV6_LENGTH 4
#define TCP_SEQ	    4
#define TCP_FLAGS   13
#define UDP_LENGTH  4

struct virtio_net_hdr vnet_header(const struct frame *frame, __u8 gso_type, __u16 size)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type,
		.gso_size = size,
		.csum_start = frame->transport,
		.csum_offset = frame->checksum - frame->transport,
	};
}

void vnet_join(struct frame *out, const struct virtio_net_hdr *header, int before,
	       const struct frame *frame)
{
	memset(out->bytes, 0, before);
	if (before)
		memcpy(out->bytes, header, sizeof(*header));
	memcpy(out->bytes + before, frame->bytes, frame->length);
	out->length = before + frame->length;
	out->network = out->transport = out->checksum = 0;
}

int vnet_send(struct vale_port *port, const struct frame *joined)
{
	ring_inject(port, 0, joined);
	return vale_txsync(port, 0);
}

/* Slots of unequal lengths, most of them odd. */
int vnet_send_apart(struct vale_port *port, const struct frame *joined, int before)
{
	struct vale_ring *ring = vale_tx_ring(port, 0);
	size_t at = 0, length = before;

	while (at < joined->length) {
		bool more = at + length < joined->length;
		__u32 index = ring->slot[ring->head].buf_idx;

		memcpy(vale_ring_buffer(ring, index), joined->bytes + at, length);
		ring_put_slot(port, 0, length, more ? VALE_SLOT_MORE : 0);
		at += length;
		length = at % 3 ? 1999 : 2047;
		if (length > joined->length - at)
			length = joined->length - at;
	}
	return vale_txsync(port, 0);
}

static unsigned int get32(const struct frame *frame, size_t at)
{
	return (unsigned int)frame_get16(frame, at) << 16 | frame_get16(frame, at + 2);
}

static bool is_ipv6(const struct frame *whole)
{
	return whole->bytes[whole->network] >> 4 == 6;
}

static void expect_tcp(const struct frame *whole, int size, int number, bool last,
		       const struct frame *got)
{
	size_t at = whole->transport;
	__u8 flags = whole->bytes[at + TCP_FLAGS];

	if (number)
		flags &= ~0x80;
	if (!last)
		flags &= ~(0x08 | 0x01);
	cr_assert_eq(got->bytes[at + TCP_FLAGS], flags, "segment %d: flags %#x", number,
		     got->bytes[at + TCP_FLAGS]);
	cr_assert_eq(get32(got, at + TCP_SEQ),
		     get32(whole, at + TCP_SEQ) + (unsigned int)(number * size));
}

static void expect_ip(const struct frame *whole, int number, const struct frame *got)
{
	size_t at = whole->network;

	if (is_ipv6(whole)) {
		cr_assert_eq(frame_get16(got, at + IPV6_LENGTH), got->length - whole->transport);
		return;
	}
	cr_assert_eq(frame_get16(got, at + IPV4_LENGTH), got->length - at);
	cr_assert_eq(frame_get16(got, at + IPV4_ID),
		     (uint16_t)(frame_get16(whole, at + IPV4_ID) + number));
}

bool vnet_expect_segment(const struct frame *whole, int size, int number, const struct frame *got)
{
	bool tcp = whole->checksum - whole->transport == 16;
	size_t payload =
		whole->transport + (tcp ? whole->bytes[whole->transport + 12] >> 4 << 2 : 8);
	size_t from = payload + (size_t)number * size, left = whole->length - from;
	bool last = left <= (size_t)size;
	size_t length = last ? left : (size_t)size;

	cr_assert_eq(got->length, payload + length, "segment %d: %zu bytes", number, got->length);
	cr_assert_eq(frame_verify(got->bytes, got->length), FRAME_GOOD, "segment %d: checksums",
		     number);
	cr_assert_eq(memcmp(got->bytes + payload, whole->bytes + from, length), 0,
		     "segment %d: payload", number);
	cr_assert_eq(memcmp(got->bytes, whole->bytes, whole->network), 0, "segment %d: addresses",
		     number);
	expect_ip(whole, number, got);
	if (tcp)
		expect_tcp(whole, size, number, last, got);
	else
		cr_assert_eq(frame_get16(got, whole->transport + UDP_LENGTH), 8 + length);
	return last;
}
