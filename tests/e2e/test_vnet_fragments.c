// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A datagram of more than one packet, whose virtio-net header asks for IP fragments: as they are seen
 * by rings, and put together again by a stack.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "tests/lib/vnet.h"

#define FRAGMENT_HEADER 8    /* of IPv6 */
#define UDP_PORT	5201 /* to which frame_build() sends */
#define CONTAINER	8

static struct frame whole, joined, got, packet;

TestSuite(vnet_fragments, .init = sandbox_enter, .timeout = 180);

static void build(int to, int version, int payload, int tags, int ip_options)
{
	const struct frame_options options = {
		.from = 1,
		.to = to,
		.version = version,
		.protocol = IPPROTO_UDP,
		.payload = payload,
		.tags = tags,
		.ip_options = ip_options,
		.checksum = FRAME_PARTIAL,
	};

	frame_build(&whole, &options);
}

static int send_whole(struct vale_port *port, int size, bool apart)
{
	const struct virtio_net_hdr header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_UDP, size);

	vnet_join(&joined, &header, 12, &whole);
	return apart ? vnet_send_apart(port, &joined, 12) : vnet_send(port, &joined);
}

static bool is_ipv6(void)
{
	return whole.bytes[whole.network] >> 4 == 6;
}

/* ---- what rings see ---------------------------------------------------------------------------- */

/* `got` is a fragment; returns where it is in its packet, and where its bytes begin. */
static size_t expect_ipv4(size_t *payload, bool *more)
{
	uint16_t word = frame_get16(&got, whole.network + 6);

	*payload = whole.transport;
	*more = word & 0x2000;
	cr_assert(!(word & 0xc000), "flags %#x", word);
	cr_assert_eq(frame_get16(&got, whole.network + 2), got.length - whole.network);
	cr_assert_eq(frame_get16(&got, whole.network + 4), frame_get16(&whole, whole.network + 4));
	cr_assert_neq(frame_verify(got.bytes, got.length), FRAME_BAD, "the IP header's checksum");
	return (word & 0x1fff) * 8U;
}

static size_t expect_ipv6(size_t *payload, bool *more)
{
	static uint8_t number[4];
	const uint8_t *header = got.bytes + whole.transport;
	uint16_t word = frame_get16(&got, whole.transport + 2);

	*payload = whole.transport + FRAGMENT_HEADER;
	*more = word & 1;
	cr_assert_eq(frame_get16(&got, whole.network + 4), got.length - whole.transport);
	cr_assert_eq(got.bytes[whole.network + 6], IPPROTO_FRAGMENT);
	cr_assert(header[0] == IPPROTO_UDP && !header[1] && !(word & 6));
	if (!(word & ~7))
		memcpy(number, header + 4, sizeof(number));
	cr_assert_eq(memcmp(number, header + 4, sizeof(number)), 0, "another packet's number");
	return word & ~7;
}

/* All fragments come, in order; put together, they are the datagram with its checksum complete. */
static void expect_fragments(struct vale_port *port, int size)
{
	size_t at = 0, payload, length;
	bool more = true;

	size &= ~7;
	memcpy(&packet, &whole, sizeof(packet));
	while (more) {
		cr_assert(ring_take(port, 0, &got), "the fragment at %zu did not come", at);
		cr_assert_eq(memcmp(got.bytes, whole.bytes, whole.network), 0, "addresses");
		cr_assert_eq(is_ipv6() ? expect_ipv6(&payload, &more)
				       : expect_ipv4(&payload, &more),
			     at);
		length = got.length - payload;
		cr_assert(more ? length == (size_t)size : length <= (size_t)size);
		cr_assert_leq(whole.transport + at + length, whole.length);
		memcpy(packet.bytes + whole.transport + at, got.bytes + payload, length);
		at += length;
	}
	cr_assert(!ring_take(port, 0, &got), "more than all");
	cr_assert_eq(whole.transport + at, whole.length, "%zu bytes", at);
	cr_assert_eq(frame_verify(packet.bytes, packet.length), FRAME_GOOD, "the checksum");
	memcpy(packet.bytes + whole.checksum, whole.bytes + whole.checksum, 2);
	frame_expect(&whole, &packet, "put together");
}

/* It fits into one packet, and so goes as it was. */
static void expect_one(struct vale_port *port)
{
	cr_assert(ring_take(port, 0, &got));
	cr_assert_eq(frame_verify(got.bytes, got.length), FRAME_GOOD);
	memcpy(got.bytes + whole.checksum, whole.bytes + whole.checksum, 2);
	frame_expect(&whole, &got, "in one packet");
}

static const struct fragments_case {
	int version, payload, size, tags, ip_options;
} cases[] = {
	{ 4, 60000, 1480, 0, 0 }, { 4, 1473, 1480, 0, 0 },  { 4, 5001, 1003, 2, 0 },
	{ 4, 9000, 1440, 0, 40 }, { 6, 60000, 1448, 0, 0 }, { 6, 1441, 1448, 1, 0 },
	{ 6, 20001, 8900, 2, 0 }, { 6, 300, 8, 0, 0 },	    { 4, 300, 15, 1, 4 },
};

/* A sender with a header, and a receiver without one. */
static void open_ports(struct vale_port *ports[2])
{
	struct vale_open_options options = { .ring.vnet_header = 12 };

	ports[0] = ring_open("vale1:p1", &options);
	ports[1] = ring_open("vale1:p2", NULL);
	frame_plain(&whole, 2, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(ports[1], 0, &whole);
	ring_drain(ports[0]);
}

Test(vnet_fragments, of_a_datagram_for_a_ring)
{
	struct vale_port *ports[2];

	open_ports(ports);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int apart = 0; apart < 2; apart++) {
			build(2, cases[i].version, cases[i].payload, cases[i].tags,
			      cases[i].ip_options);
			cr_assert_eq(send_whole(ports[0], cases[i].size, apart), 0);
			expect_fragments(ports[1], cases[i].size);
		}
	ring_expect_balance("vale1");
}

Test(vnet_fragments, none_of_a_datagram_that_fits)
{
	struct vale_port *ports[2];

	open_ports(ports);
	for (int version = 4; version <= 6; version += 2) {
		build(2, version, 1000, 0, 0);
		cr_assert_eq(send_whole(ports[0], 1008, false), 0);
		expect_one(ports[1]);
	}
	ring_expect_balance("vale1");
}

Test(vnet_fragments, of_what_is_no_whole_datagram_are_none)
{
	struct vale_port *ports[2];
	unsigned long long dropped = 0;

	open_ports(ports);
	build(2, 4, 66000, 0, 0); /* more than a packet can be */
	send_whole(ports[0], 1480, false);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_HEADER), ++dropped);
	build(2, 4, 5000, 0, 0);
	send_whole(ports[0], 7, false);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_HEADER), ++dropped);
	frame_put16(&whole, whole.network + 6, 0x2000); /* a fragment already */
	send_whole(ports[0], 1480, false);
	cr_assert_eq(ring_dropped("vale1:p2", VALE_DROP_HEADER), ++dropped);
	cr_assert(!ring_take(ports[1], 0, &got));
	build(2, 4, 5000, 0, 0);
	cr_assert_eq(send_whole(ports[0], 1480, false), 0);
	expect_fragments(ports[1], 1480);
	ring_expect_balance("vale1");
}

/* ---- what a stack makes of them ---------------------------------------------------------------- */

static int listen_at_container(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(UDP_PORT) };
	struct timeval limit = { .tv_sec = 10 };
	int home = traffic_enter("c");
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	traffic_leave(home);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

static void expect_datagram(int fd, size_t length)
{
	static uint8_t bytes[FRAME_MAX];
	ssize_t got_bytes = recv(fd, bytes, sizeof(bytes), 0);

	cr_assert_eq(got_bytes, (ssize_t)length, "%zd bytes of %zu", got_bytes, length);
	cr_assert_eq(memcmp(bytes, whole.bytes + whole.transport + 8, length), 0);
}

static void expect_at_container(const char *hook)
{
	struct vale_open_options options = { .ring.vnet_header = 12 };
	struct vale_port *port;
	int fd;

	container("c", CONTAINER);
	must("%s attach vale1:port c --hook %s", valectl(), hook);
	port = ring_open("vale1:p1", &options);
	fd = listen_at_container();
	for (int i = 0; i < 20; i++) {
		int payload = 1473 + i * 3001;

		build(CONTAINER, i % 2 ? 6 : 4, payload, 0, 0);
		cr_assert_eq(send_whole(port, i % 2 ? 1448 : 1480, i % 3 == 0), 0);
		expect_datagram(fd, payload);
	}
	close(fd);
	ring_expect_balance("vale1");
}

Test(vnet_fragments, are_one_datagram_to_a_stack_behind_xdp)
{
	expect_at_container("xdp");
}

Test(vnet_fragments, are_one_datagram_to_a_stack_behind_tc)
{
	expect_at_container("tc");
}
