// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A ring port with a virtio-net header, and devices, which have none. */
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/mixed.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/vnet.h"

#define HOST 20

static struct mixed mixed;
static struct frame whole, joined, got;

TestSuite(vnet_device, .init = sandbox_enter, .timeout = 180);

/* A port of the switch with a header, that the others know. */
static struct vale_port *open_port(void)
{
	struct vale_open_options options = { .ring.vnet_header = 12 };
	struct vale_port *port = ring_open("vale1:v", &options);
	struct virtio_net_hdr none = {};

	frame_plain(&whole, HOST, 1, FRAME_TYPE_OURS, 60);
	vnet_join(&joined, &none, 12, &whole);
	cr_assert_eq(vnet_send(port, &joined), 0);
	ring_expect(mixed.port[1], &whole, "without a header");
	return port;
}

static void build(int to, int protocol, int payload)
{
	const struct frame_options options = {
		.from = HOST,
		.to = to,
		.version = 4,
		.protocol = protocol,
		.payload = payload,
		.checksum = FRAME_PARTIAL,
	};

	frame_build(&whole, &options);
}

/* The frame of build(), with a header that asks for segments of `size` bytes. */
static void send_whole(struct vale_port *port, __u8 type, __u16 size)
{
	const struct virtio_net_hdr header = vnet_header(&whole, type, size);

	vnet_join(&joined, &header, 12, &whole);
	cr_assert_eq(vnet_send(port, &joined), 0);
}

/* The tap has no GRO that would put segments together again. */
static bool read_tap(int timeout_ms)
{
	struct pollfd wait = { .fd = mixed.tap, .events = POLLIN };
	ssize_t length;

	if (poll(&wait, 1, timeout_ms) <= 0)
		return false;
	length = read(mixed.tap, got.bytes, sizeof(got.bytes));
	cr_assert_gt(length, 0);
	got.length = length;
	return true;
}

static void expect_segments(int size)
{
	int number = 0;

	do
		cr_assert(read_tap(10000), "segment %d did not come", number);
	while (!vnet_expect_segment(&whole, size, number++, &got));
	cr_assert(!read_tap(100), "more segments");
}

Test(vnet_device, devices_get_segments_with_complete_checksums)
{
	struct vale_port *port;
	long long sent, received;

	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	port = open_port();
	sent = port_counter("vale1:tap", "sent_frames");
	received = port_counter("vale1:v", "received_frames");
	build(MIXED_TAP, IPPROTO_TCP, 60000);
	send_whole(port, VIRTIO_NET_HDR_GSO_TCPV4, 1460);
	expect_segments(1460);
	cr_assert_eq(vnet_send_apart(port, &joined, 12), 0);
	expect_segments(1460);
	build(MIXED_TAP, IPPROTO_UDP, 1001);
	send_whole(port, VIRTIO_NET_HDR_GSO_NONE, 0);
	expect_segments(1001);
	cr_assert_eq(port_counter("vale1:tap", "sent_frames"), sent + 2 * 42 + 1);
	cr_assert_eq(port_counter("vale1:v", "received_frames"), received + 2 * 42 + 1);
	ring_expect_balance("vale1");
}

/* More live frames than a ring has slots. */
Test(vnet_device, a_ring_full_of_frames_to_be_cut_is_sent)
{
	struct virtio_net_hdr header;
	struct vale_port *port;
	long long sent;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	port = open_port();
	sent = port_counter("vale1:veth", "sent_frames");
	build(MIXED_VETH, IPPROTO_TCP, 60000);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1000);
	vnet_join(&joined, &header, 12, &whole);
	for (int i = 0; i < 30; i++)
		ring_inject(port, 0, &joined);
	cr_assert_eq(vale_txsync(port, 0), 0);
	cr_assert_eq(port_counter("vale1:veth", "sent_frames") +
			     port_counter("vale1:veth", "drops.refused"),
		     sent + 30 * 60);
	cr_assert_eq(vale_ring_space(vale_tx_ring(port, 0)), VALE_SLOTS - 1, "all is sent");
	ring_expect_balance("vale1");
}

Test(vnet_device, floods_go_to_devices_and_rings_as_each_takes_them)
{
	struct vale_port *port;
	long long sent;

	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	port = open_port();
	sent = port_counter("vale1:veth", "sent_frames");
	build(FRAME_EVERYONE, IPPROTO_UDP, 5000);
	send_whole(port, VNET_UDP_L4, 1200);
	expect_segments(1200);
	for (int number = 0; number < 5; number++) {
		cr_assert(ring_receive(mixed.port[1], &got, 5000));
		vnet_expect_segment(&whole, 1200, number, &got);
	}
	cr_assert_eq(port_counter("vale1:veth", "sent_frames"), sent + 5);
	ring_expect_balance("vale1");
}

Test(vnet_device, what_makes_no_sense_or_does_not_fit_is_dropped_and_counted)
{
	struct vale_port *port;

	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	port = open_port();
	build(MIXED_TAP, IPPROTO_TCP, 20000);
	send_whole(port, VIRTIO_NET_HDR_GSO_TCPV6, 1460);
	cr_assert_eq(ring_dropped("vale1:v", VALE_DROP_HEADER), 1);
	send_whole(port, VIRTIO_NET_HDR_GSO_TCPV4, 4000);
	cr_assert_eq(ring_dropped("vale1:v", VALE_DROP_JUMBO), 5);
	send_whole(port, VIRTIO_NET_HDR_GSO_TCPV4, 2000); /* longer than the device's MTU */
	cr_assert_eq(ring_dropped("vale1:tap", VALE_DROP_MTU), 10);
	cr_assert(!read_tap(100));
	ring_expect_balance("vale1");
	send_whole(port, VIRTIO_NET_HDR_GSO_TCPV4, 1460);
	expect_segments(1460);
}

Test(vnet_device, frames_of_devices_get_an_empty_header)
{
	struct virtio_net_hdr none = {};
	struct vale_port *port;

	mixed_add_veth(&mixed, 9000);
	mixed_add_tap(&mixed, 9000);
	mixed_open(&mixed);
	port = open_port();
	for (size_t length = 60; length <= 9014; length += length < 2000 ? 97 : 9) {
		int host = length % 2 && length < 1500 ? MIXED_TAP : MIXED_VETH;

		frame_plain(&whole, host, HOST, FRAME_TYPE_OURS, length);
		vnet_join(&joined, &none, 12, &whole);
		mixed_send(&mixed, host, &whole);
		ring_expect(port, &joined, "from a device");
		if (length > 2100)
			length += 400;
	}
	ring_expect_balance("vale1");
}
