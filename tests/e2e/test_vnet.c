// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ring ports with a virtio-net header before their frames, and without, in one switch. */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/vnet.h"

static struct frame whole, joined, got, expected;

TestSuite(vnet, .init = sandbox_enter, .timeout = 240);

/* Ports 1 .. 2 of vale1 with headers of these sizes, and 3 with that of 2; all know each other. */
static struct vale_port **open_ports(int first, int second)
{
	static struct vale_port *ports[4];
	struct vale_open_options options = { .ring.vnet_header = first };

	ports[1] = ring_open("vale1:p1", &options);
	options.ring.vnet_header = second;
	ports[2] = ring_open("vale1:p2", &options);
	ports[3] = ring_open("vale1:p3", &options);
	for (int i = 1; i <= 3; i++) {
		int before = i == 1 ? first : second;
		struct virtio_net_hdr none = {};

		frame_plain(&whole, i, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		vnet_join(&joined, &none, before, &whole);
		cr_assert_eq(vnet_send(ports[i], &joined), 0);
	}
	for (int i = 1; i <= 3; i++)
		cr_assert_eq(ring_drain(ports[i]), 2, "port %d: frames of three neighbours", i);
	return ports;
}

static void build(int to, int version, int protocol, int payload, int tags)
{
	const struct frame_options options = {
		.from = 1,
		.to = to,
		.version = version,
		.protocol = protocol,
		.payload = payload,
		.tags = tags,
		.checksum = FRAME_PARTIAL,
	};

	frame_build(&whole, &options);
}

static void expect_all(struct vale_port *port, int size)
{
	int number = 0;

	do
		cr_assert(ring_take(port, 0, &got), "segment %d did not come", number);
	while (!vnet_expect_segment(&whole, size, number++, &got));
	cr_assert(!ring_take(port, 0, &got), "more than %d segments", number);
}

/* ---- the same header --------------------------------------------------------------------------- */

Test(vnet, frames_of_64_kilobytes_pass_whole_between_equal_headers)
{
	for (int before = 10; before <= 12; before += 2) {
		struct vale_port **ports = open_ports(before, before);
		struct virtio_net_hdr header;

		build(2, 4, IPPROTO_TCP, 65000, 0);
		header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1448);
		vnet_join(&joined, &header, before, &whole);
		for (int i = 0; i < 40; i++) {
			cr_assert_eq(vnet_send(ports[1], &joined), 0);
			ring_expect(ports[2], &joined, "whole");
			cr_assert_eq(vnet_send_apart(ports[1], &joined, before), 0);
			ring_expect(ports[2], &joined, "with its header in a slot of its own");
		}
		cr_assert(!ring_take(ports[3], 0, &got), "it was for one port");
		ring_expect_balance("vale1");
		for (int i = 1; i <= 3; i++)
			vale_port_close(ports[i]);
	}
}

/* ---- another header, or none ------------------------------------------------------------------- */

Test(vnet, a_header_is_put_before_frames_or_taken_off)
{
	static const int sizes[][2] = { { 0, 10 }, { 0, 12 },  { 10, 0 },
					{ 12, 0 }, { 10, 12 }, { 12, 10 } };
	static const size_t lengths[] = { 14, 15, 60, 1514, 2036, 2037, 2048, 2049, 4096, 9014 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vale_port **ports = open_ports(sizes[i][0], sizes[i][1]);
		struct virtio_net_hdr none = {};

		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			frame_plain(&whole, 1, 2, FRAME_TYPE_OURS, lengths[j]);
			vnet_join(&joined, &none, sizes[i][0], &whole);
			vnet_join(&expected, &none, sizes[i][1], &whole);
			cr_assert_eq(vnet_send(ports[1], &joined), 0);
			ring_expect(ports[2], &expected, "one");
			if (!sizes[i][0])
				continue;
			cr_assert_eq(vnet_send_apart(ports[1], &joined, sizes[i][0]), 0);
			ring_expect(ports[2], &expected, "with its header in a slot of its own");
		}
		frame_plain(&whole, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 777);
		vnet_join(&joined, &none, sizes[i][0], &whole);
		vnet_join(&expected, &none, sizes[i][1], &whole);
		cr_assert_eq(vnet_send(ports[1], &joined), 0);
		ring_expect(ports[2], &expected, "flooded");
		ring_expect(ports[3], &expected, "flooded");
		ring_expect_balance("vale1");
		for (int k = 1; k <= 3; k++)
			vale_port_close(ports[k]);
	}
}

Test(vnet, what_a_header_says_goes_on_to_another_header)
{
	struct vale_port **ports = open_ports(12, 10);
	struct virtio_net_hdr header;

	build(2, 6, IPPROTO_TCP, 50000, 1);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV6, 1428);
	vnet_join(&joined, &header, 12, &whole);
	vnet_join(&expected, &header, 10, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	ring_expect(ports[2], &expected, "whole");
	ring_expect_balance("vale1");
}

/* ---- checksums and segments -------------------------------------------------------------------- */

Test(vnet, open_checksums_are_completed)
{
	struct vale_port **ports = open_ports(12, 0);

	for (int version = 4; version <= 6; version += 2)
		for (int tags = 0; tags <= 2; tags++)
			for (int payload = 0; payload <= 4100; payload += payload < 40 ? 1 : 677) {
				int protocol = payload & 1 ? IPPROTO_UDP : IPPROTO_TCP;
				struct virtio_net_hdr header;

				build(2, version, protocol, payload, tags);
				header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_NONE, 0);
				vnet_join(&joined, &header, 12, &whole);
				cr_assert_eq(vnet_send(ports[1], &joined), 0);
				cr_assert(ring_take(ports[2], 0, &got));
				cr_assert_eq(got.length, whole.length);
				cr_assert_eq(frame_verify(got.bytes, got.length), FRAME_GOOD);
				whole.bytes[whole.checksum] = got.bytes[whole.checksum];
				whole.bytes[whole.checksum + 1] = got.bytes[whole.checksum + 1];
				frame_expect(&whole, &got, "nothing else has changed");
			}
	ring_expect_balance("vale1");
}

struct cut_case {
	int version, protocol, tags, payload, size;
	__u8 type;
};

static const struct cut_case cuts[] = {
	{ 4, IPPROTO_TCP, 0, 65000, 1448, VIRTIO_NET_HDR_GSO_TCPV4 },
	{ 4, IPPROTO_TCP, 0, 65000, 1448, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN },
	{ 4, IPPROTO_TCP, 2, 30001, 537, VIRTIO_NET_HDR_GSO_TCPV4 },
	{ 4, IPPROTO_TCP, 0, 1, 1448, VIRTIO_NET_HDR_GSO_TCPV4 },
	{ 4, IPPROTO_TCP, 0, 1448 * 3, 1448, VIRTIO_NET_HDR_GSO_TCPV4 },
	{ 6, IPPROTO_TCP, 0, 65000, 1428, VIRTIO_NET_HDR_GSO_TCPV6 },
	{ 6, IPPROTO_TCP, 1, 40000, 8900, VIRTIO_NET_HDR_GSO_TCPV6 },
	{ 4, IPPROTO_UDP, 0, 20000, 1472, VNET_UDP_L4 },
	{ 6, IPPROTO_UDP, 1, 20001, 999, VNET_UDP_L4 },
};

Test(vnet, frames_are_cut_into_segments)
{
	struct vale_port **ports = open_ports(12, 0);
	unsigned long long sent = 0;

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		const struct cut_case *cut = &cuts[i];
		struct virtio_net_hdr header;

		build(2, cut->version, cut->protocol, cut->payload, cut->tags);
		if (cut->protocol == IPPROTO_TCP)
			whole.bytes[whole.transport + 13] |= 0x80 | 0x08 | 0x01;
		header = vnet_header(&whole, cut->type, cut->size);
		vnet_join(&joined, &header, 12, &whole);
		cr_assert_eq(vnet_send(ports[1], &joined), 0);
		expect_all(ports[2], cut->size);
		cr_assert_eq(vnet_send_apart(ports[1], &joined, 12), 0);
		expect_all(ports[2], cut->size);
		sent += 2 * ((cut->payload + cut->size - 1) / cut->size);
	}
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), sent + 2);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), sent + 1);
	ring_expect_balance("vale1");
}

Test(vnet, floods_are_cut_for_each_port_that_needs_it)
{
	struct vale_port **ports = open_ports(12, 0);
	struct vale_open_options options = { .ring.vnet_header = 12 };
	struct vale_port *equal = ring_open("vale1:p4", &options);
	struct virtio_net_hdr header;

	build(FRAME_EVERYONE, 4, IPPROTO_UDP, 10000, 0);
	header = vnet_header(&whole, VNET_UDP_L4, 1000);
	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	expect_all(ports[2], 1000);
	expect_all(ports[3], 1000);
	ring_expect(equal, &joined, "whole");
	ring_expect_balance("vale1");
}

/* ---- what makes no sense ----------------------------------------------------------------------- */

static void expect_bad(struct vale_port **ports, const char *what,
		       const struct virtio_net_hdr *header)
{
	__u64 dropped = ring_dropped("vale1:p2", VALE_DROP_HEADER);
	__u64 lost = ring_lost("vale1:p1", VALE_DROP_HEADER);

	vnet_join(&joined, header, 12, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	cr_assert(!ring_take(ports[2], 0, &got), "%s: a frame came", what);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_HEADER), dropped + 1, "%s", what);
	cr_assert_eq(ring_lost("vale1:p1", VALE_DROP_HEADER), lost + 1, "%s", what);
}

#define bad(change)                                                                               \
	do {                                                                                      \
		struct virtio_net_hdr bad_ = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1448); \
		bad_.change;                                                                      \
		expect_bad(ports, #change, &bad_);                                                \
	} while (0)

Test(vnet, headers_that_make_no_sense_lose_the_frame_and_are_counted)
{
	struct vale_port **ports = open_ports(12, 0);
	struct virtio_net_hdr header;

	build(2, 4, IPPROTO_TCP, 5000, 0);
	bad(gso_size = 0);
	bad(gso_size = 1); /* more segments than a ring has slots */
	bad(flags = 0);
	bad(gso_type = VIRTIO_NET_HDR_GSO_TCPV6);
	bad(gso_type = VIRTIO_NET_HDR_GSO_UDP);
	bad(gso_type = VNET_UDP_L4);
	bad(gso_type = 2);
	bad(gso_type = 0x7f);
	whole.bytes[whole.transport + 12] = 0x40; /* a TCP header of 16 bytes */
	bad(hdr_len = 0);
	whole.bytes[whole.transport + 12] = 0x50;
	whole.bytes[whole.network] = 0x44; /* an IP header of 16 */
	bad(hdr_len = 0);
	whole.bytes[whole.network] = 0x45;
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_NONE, 0);
	header.csum_start = 13;
	expect_bad(ports, "csum_start = 13", &header);
	header.csum_start = 161;
	expect_bad(ports, "csum_start = 161", &header);
	header.csum_start = 34;
	header.csum_offset = 0xffff;
	expect_bad(ports, "csum_offset = 0xffff", &header);
	whole.length = 52;
	header.csum_offset = 17;
	expect_bad(ports, "a checksum behind the frame's end", &header);
	build(2, 4, IPPROTO_TCP, 5000, 0);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1448);
	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	expect_all(ports[2], 1448);
	ring_expect_balance("vale1");
}

Test(vnet, frames_that_are_shorter_than_a_header_and_addresses_are_invalid)
{
	struct vale_port **ports = open_ports(12, 0);
	__u64 invalid = ring_dropped("vale1:p1", VALE_DROP_INVALID);

	ring_put_slot(ports[1], 0, 25, 0);
	ring_put_slot(ports[1], 0, 12, 0);
	ring_put_slot(ports[1], 0, 12, VALE_SLOT_MORE);
	ring_put_slot(ports[1], 0, 13, 0);
	ring_put_slot(ports[1], 0, 11, VALE_SLOT_MORE);
	ring_put_slot(ports[1], 0, 60, 0);
	cr_assert_eq(vale_txsync(ports[1], 0), 0);
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_INVALID), invalid + 4);
	cr_assert_eq(ring_drain(ports[2]) + ring_drain(ports[3]), 0);
	ring_expect_balance("vale1");
}

Test(vnet, a_frame_of_more_segments_than_the_receiver_has_slots_is_too_large)
{
	struct vale_open_options options = { .ring.rx_slots = 16 };
	struct vale_port **ports = open_ports(12, 0);
	struct vale_port *small = ring_open("vale1:p4", &options);
	struct virtio_net_hdr header;

	frame_plain(&whole, 4, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(small, 0, &whole);
	build(4, 4, IPPROTO_TCP, 1000 * 16, 0);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1000);
	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	cr_assert_eq(ring_dropped("vale1:p4", VALE_DROP_JUMBO), 1);
	header.gso_size = 1100; /* 15 segments */
	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(ports[1], &joined), 0);
	expect_all(small, 1100);
	ring_expect_balance("vale1");
}

/* ---- no room, and bound ports ------------------------------------------------------------------ */

Test(vnet, a_lossless_port_waits_until_all_of_a_frame_has_room)
{
	struct vale_open_options options = { .flags = VALE_OPEN_LOSSLESS, .ring.vnet_header = 12 };
	struct vale_port *sender = ring_open("vale1:s", &options), *receiver;
	struct virtio_net_hdr header;
	int answer;

	options = (struct vale_open_options){ .ring.rx_slots = 64 };
	receiver = ring_open("vale1:r", &options);
	frame_plain(&whole, 2, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(receiver, 0, &whole);
	ring_drain(sender);
	build(2, 4, IPPROTO_TCP, 40 * 1000, 0);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1000);
	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(sender, &joined), 0);
	answer = vnet_send(sender, &joined);
	cr_assert_eq(answer, VALE_TX_BLOCKED);
	for (int number = 0; number < 40; number++) {
		cr_assert(ring_take(receiver, 0, &got));
		vnet_expect_segment(&whole, 1000, number, &got);
	}
	cr_assert_eq(vale_rxsync(receiver, 0), 0);
	cr_assert_eq(vale_txsync(sender, 0), 0);
	expect_all(receiver, 1000);
	cr_assert_eq(port_counter("vale1:r", "dropped"), 0);
	ring_expect_balance("vale1");
}

Test(vnet, a_bound_port_sends_from_its_address_only)
{
	struct vale_port **ports = open_ports(0, 0), *bound;
	struct virtio_net_hdr none = {};
	struct vale_open_options equal = { .ring.vnet_header = 12 };
	struct vale_port *fourth = ring_open("vale1:p4", &equal);

	must("%s port add vale1:b --mac %s --vnet-header 12", valectl(), frame_address_text(9));
	bound = ring_open("vale1:b", NULL);
	frame_plain(&whole, 9, FRAME_EVERYONE, FRAME_TYPE_OURS, 500);
	vnet_join(&joined, &none, 12, &whole);
	cr_assert_eq(vnet_send(bound, &joined), 0);
	cr_assert_eq(vnet_send_apart(bound, &joined, 12), 0);
	for (int i = 0; i < 2; i++) {
		ring_expect(ports[2], &whole, "without a header");
		ring_expect(fourth, &joined, "with one");
	}
	whole.bytes[11] = 8;
	vnet_join(&joined, &none, 12, &whole);
	cr_assert_eq(vnet_send(bound, &joined), 0);
	cr_assert_eq(vnet_send_apart(bound, &joined, 12), 0);
	cr_assert_eq(ring_dropped("vale1:b", VALE_DROP_SPOOFED), 2);
	cr_assert_eq(ring_drain(ports[2]) + ring_drain(fourth), 0);
	ring_expect_balance("vale1");
}
