// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What stacks leave to others, at a ring port that has a virtio-net header: it is told of it, and gets
 * the frame whole.
 */
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/relay.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "tests/lib/vnet.h"

#define RING	9
#define BYTES	40000
#define SEGMENT 1000
#define LONGEST (14 + 40 + 65535)
#define HEADERS 42 /* of Ethernet, IPv4 and UDP */

static struct frame got, plain;

TestSuite(vnet_stack, .init = sandbox_enter, .timeout = 120);

static struct vale_port *open_headered(const char *name, __u32 bytes)
{
	return ring_open(name, &(struct vale_open_options){ .ring.vnet_header = bytes });
}

/* Container a, at tc, knows who is at the ring port vale1:ring. */
static struct vale_port *open_receiver(__u32 header)
{
	traffic_quiet();
	container("a", 1);
	must("%s attach vale1:p1 a --hook tc", valectl());
	must("ip -n a neigh add 10.0.0.9 lladdr %s dev eth0", frame_address_text(RING));
	return open_headered("vale1:ring", header);
}

static void ring_is_known(void)
{
	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(RING));
}

/* What has come is such a datagram, in one piece, with a header that says what is left to do. */
static void expect_whole(struct vale_port *port, int before, int bytes, int segment)
{
	struct virtio_net_hdr header;

	cr_assert(ring_receive(port, &got, 5000), "no frame");
	cr_assert_eq(got.length, before + HEADERS + bytes);
	memcpy(&header, got.bytes, sizeof(header));
	cr_assert_eq(header.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	cr_assert_eq(header.csum_start, 34);
	cr_assert_eq(header.csum_offset, 6);
	cr_assert_eq(header.gso_type, segment ? VNET_UDP_L4 : VIRTIO_NET_HDR_GSO_NONE);
	cr_assert_eq(header.gso_size, segment);
	cr_assert_eq(header.hdr_len, segment ? HEADERS : 0);
	if (before == 12)
		cr_assert_eq(got.bytes[10] | got.bytes[11], 0);
	cr_assert(!ring_receive(port, &plain, 100), "one too many");
}

/* It is what the header says: who has none gets it cut, with all checksums. */
static void send_on(struct vale_port *from, struct vale_port *to)
{
	frame_set_address(got.bytes + 12, 2);
	cr_assert_eq(vnet_send(from, &got), 0);
	for (int at = 0; at < BYTES; at += SEGMENT) {
		cr_assert(ring_receive(to, &plain, 5000), "no segment at %d", at);
		cr_assert_eq(plain.length, HEADERS + SEGMENT);
		cr_assert_eq(memcmp(plain.bytes + HEADERS, got.bytes + 12 + HEADERS + at, SEGMENT),
			     0);
		cr_assert_eq(frame_verify(plain.bytes, plain.length), FRAME_GOOD);
	}
	cr_assert(!ring_receive(to, &plain, 100), "more segments");
}

Test(vnet_stack, a_datagram_that_is_to_be_cut_comes_whole)
{
	struct vale_port *port = open_receiver(12), *other = ring_open("vale1:other", NULL);

	ring_is_known();
	must("%s fdb vale1 add %s other", valectl(), frame_address_text(2));
	traffic_datagram("a", NULL, "10.0.0.9", BYTES, SEGMENT);
	expect_whole(port, 12, BYTES, SEGMENT);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 1);
	cr_assert_eq(port_counter("vale1:ring", "sent_frames"), 1);
	cr_assert_eq(port_counter("vale1:ring", "sent_bytes"), HEADERS + BYTES);
	send_on(port, other);
	ring_expect_balance("vale1");
}

Test(vnet_stack, a_checksum_stays_open)
{
	struct vale_port *port = open_receiver(10);

	ring_is_known();
	traffic_datagram("a", NULL, "10.0.0.9", 700, 0);
	expect_whole(port, 10, 700, 0);
	cr_assert(frame_is_open(got.bytes + 10, got.length - 10));
}

/* Nobody knows where it is: those without a header get segments. */
Test(vnet_stack, a_flood_is_whole_where_it_can_be)
{
	struct vale_port *port = open_receiver(12), *other = ring_open("vale1:other", NULL);

	traffic_datagram("a", NULL, "10.0.0.9", BYTES, SEGMENT);
	expect_whole(port, 12, BYTES, SEGMENT);
	for (int at = 0; at < BYTES; at += SEGMENT) {
		cr_assert(ring_receive(other, &plain, 5000), "no segment at %d", at);
		cr_assert_eq(plain.length, HEADERS + SEGMENT);
		cr_assert_eq(frame_verify(plain.bytes, plain.length), FRAME_GOOD);
	}
	cr_assert(!ring_receive(other, &plain, 100), "more segments");
	ring_expect_balance("vale1");
}

/* From container to container, by a client between two switches. */
static void carry_streams(const char *target, const char *options)
{
	struct relay relay = { .header = 12 };

	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a --hook tc && %s attach vale2:p2 b --hook tc", valectl(),
	     valectl());
	must("ip -n a link set dev eth0 %s", options);
	relay.port[0] = open_headered("vale1:ring", 12);
	relay.port[1] = open_headered("vale2:ring", 12);
	traffic_serve("b");
	for (int from = 0; from < 2; from++) {
		relay_start(&relay);
		must("ip netns exec a iperf3 -c %s -n 20M %s", target, from ? "-R" : "");
		relay_stop(&relay);
		checksums_expect(&relay.came[from], 10 << 20, from ? "back" : "there");
		cr_assert_gt(relay.came[from].open, relay.came[from].good);
		cr_assert_gt(relay.came[from].longest, 20000);
		cr_assert_leq(relay.came[from].longest, LONGEST);
	}
	ring_expect_balance("vale1");
	ring_expect_balance("vale2");
}

Test(vnet_stack, streams_go_in_large_frames)
{
	carry_streams("10.0.0.2", "up");
}

/* Of frames that are larger than packets can be, which stacks may be told to make, segments come. */
Test(vnet_stack, streams_of_ipv6_go_in_large_frames)
{
	carry_streams("fd00::2", "gso_max_size 150000");
}
