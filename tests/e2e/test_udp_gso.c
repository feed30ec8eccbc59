// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A program hands its stack many datagrams at once (UDP_SEGMENT), which go on as one frame that is to
 * be cut up. Each of them arrives, whole and by itself, wherever the frame goes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/checksums.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define PORT	 4242
#define MOST	 60000
#define RING	 9 /* host behind the ring */
#define EVERYONE "255.255.255.255"

struct burst {
	int segment;
	int bytes; /* all together; the last datagram may be shorter */
};

static const struct burst bursts[] = {
	{ 1, 40 }, { 99, 1980 }, { 1000, 40000 }, { 1000, 40321 }, { 1452, MOST }, { 1452, 1453 },
};

#define BURSTS (sizeof(bursts) / sizeof(bursts[0]))

static unsigned char payload[MOST];
static struct frame got;

static void set_up(void)
{
	sandbox_enter();
	for (int i = 0; i < MOST; i++)
		payload[i] = i * 7 + i / 251;
}

TestSuite(udp_gso, .init = set_up, .timeout = 120);

/* ---- sockets ----------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static socklen_t parse(const char *text, union address *out)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(out, 0, sizeof(*out));
	out->any.sa_family = family;
	if (family == AF_INET) {
		out->ipv4.sin_port = htons(PORT);
		cr_assert_eq(inet_pton(family, text, &out->ipv4.sin_addr), 1);
		return sizeof(out->ipv4);
	}
	out->ipv6.sin6_port = htons(PORT);
	cr_assert_eq(inet_pton(family, text, &out->ipv6.sin6_addr), 1);
	return sizeof(out->ipv6);
}

static int open_socket(const char *netns, int family)
{
	int home = traffic_enter(netns), fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	traffic_leave(home);
	cr_assert_geq(fd, 0, "no socket: %s", strerror(errno));
	return fd;
}

static void set(int fd, int level, int option, int value)
{
	cr_assert_eq(setsockopt(fd, level, option, &value, sizeof(value)), 0, "%s",
		     strerror(errno));
}

/* For datagrams to any of the addresses of the container. */
static int listen_at(const char *netns)
{
	struct timeval limit = { .tv_sec = 5 };
	union address any;
	socklen_t size = parse("::", &any);
	int fd = open_socket(netns, AF_INET6);

	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	cr_assert_eq(bind(fd, &any.any, size), 0, "%s", strerror(errno));
	return fd;
}

static void send_burst(const char *netns, const char *to, const struct burst *burst)
{
	union address address;
	socklen_t size = parse(to, &address);
	int fd = open_socket(netns, address.any.sa_family);

	set(fd, SOL_UDP, UDP_SEGMENT, burst->segment);
	set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	if (!strcmp(to, EVERYONE)) /* there is no route */
		cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4), 0);
	cr_assert_eq(sendto(fd, payload, burst->bytes, 0, &address.any, size), burst->bytes,
		     "%d bytes to %s: %s", burst->bytes, to, strerror(errno));
	close(fd);
}

/* ---- receivers --------------------------------------------------------------------------------- */

static int piece(const struct burst *burst, int at)
{
	return burst->bytes - at < burst->segment ? burst->bytes - at : burst->segment;
}

static void expect_at_socket(int fd, const struct burst *burst, const char *what)
{
	static unsigned char bytes[MOST];

	for (int at = 0; at < burst->bytes; at += burst->segment) {
		ssize_t length = recv(fd, bytes, sizeof(bytes), 0);

		cr_assert_eq(length, piece(burst, at), "%s: %zd bytes in place of %d at %d of %d",
			     what, length, piece(burst, at), at, burst->bytes);
		cr_assert_eq(memcmp(bytes, payload + at, length), 0, "%s: other bytes at %d of %d",
			     what, at, burst->bytes);
	}
	cr_assert_lt(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), 0, "%s: one too many", what);
}

/* Of what comes to the ring, stacks send some without being asked: but that is no UDP. */
static size_t receive_datagram(struct vale_port *port, const char *what)
{
	for (;;) {
		size_t network = 14;
		int protocol;

		cr_assert(ring_receive(port, &got, 5000), "%s: no frame", what);
		protocol = got.bytes[network + (frame_get16(&got, 12) == 0x0800 ? 9 : 6)];
		if (protocol == IPPROTO_UDP)
			return network + (frame_get16(&got, 12) == 0x0800 ? 20 : 40) + 8;
	}
}

static void expect_at_ring(struct vale_port *port, const struct burst *burst, const char *what)
{
	for (int at = 0; at < burst->bytes; at += burst->segment) {
		size_t headers = receive_datagram(port, what);

		cr_assert_eq(got.length, headers + piece(burst, at), "%s: %zu bytes at %d of %d",
			     what, got.length, at, burst->bytes);
		cr_assert_eq(memcmp(got.bytes + headers, payload + at, piece(burst, at)), 0,
			     "%s: other bytes at %d of %d", what, at, burst->bytes);
		cr_assert_eq(frame_verify(got.bytes, got.length), FRAME_GOOD, "%s: at %d of %d",
			     what, at, burst->bytes);
	}
}

/* ---- one receiver ------------------------------------------------------------------------------ */

/* Host 1, which leaves all to its device. */
static void add_sender(int mtu)
{
	container("a", 1);
	must("ip link set dev a mtu %d && ip -n a link set eth0 mtu %d", mtu, mtu);
	must("%s attach vale1:p1 a --hook tc", valectl());
}

/* Host 2. `plain`: its device can be reached with plain frames only. */
static void expect_at_container(const char *options, bool plain)
{
	int socket, capture;

	add_sender(1500);
	container("b", 2);
	if (strstr(options, "--netns"))
		must("ip netns add x && ip link set dev b netns x && ip -n x link set dev b up");
	must("%s attach vale1:p2 b %s", valectl(), options);
	capture = traffic_open("b", "eth0", 0);
	socket = listen_at("b");
	for (size_t i = 0; i < 2 * BURSTS; i++) {
		const struct burst *burst = &bursts[i / 2];
		const char *to = i % 2 ? "fd00::2" : "10.0.0.2";
		struct checksums came = {};

		send_burst("a", to, burst);
		expect_at_socket(socket, burst, to);
		checksums_collect(&came, capture);
		checksums_expect(&came, burst->bytes, to);
		if (plain)
			cr_assert(!came.open && came.longest <= 1514, "%s: %zu bytes", to,
				  came.longest);
	}
}

Test(udp_gso, to_a_container_at_tc)
{
	expect_at_container("--hook tc", false);
	/* As one frame each. */
	cr_assert_lt(port_counter("vale1:p2", "sent_frames"), 100);
}

Test(udp_gso, to_a_container_at_xdp)
{
	expect_at_container("--hook xdp", false);
}

Test(udp_gso, to_a_container_at_the_generic_hook)
{
	expect_at_container("--hook generic", false);
}

Test(udp_gso, to_a_container_whose_port_is_in_another_namespace)
{
	expect_at_container("--netns x", true);
}

static struct vale_port *add_ring(void)
{
	struct vale_port *port = ring_open("vale1:ring", NULL);

	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(RING));
	must("ip -n a neigh add 10.0.0.%d lladdr %s dev eth0", RING, frame_address_text(RING));
	must("ip -n a neigh add fd00::%d lladdr %s dev eth0", RING, frame_address_text(RING));
	return port;
}

Test(udp_gso, to_a_ring)
{
	struct vale_port *port;

	add_sender(1500);
	port = add_ring();
	for (size_t i = 0; i < BURSTS; i++) {
		send_burst("a", "10.0.0.9", &bursts[i]);
		expect_at_ring(port, &bursts[i], "IPv4");
		send_burst("a", "fd00::9", &bursts[i]);
		expect_at_ring(port, &bursts[i], "IPv6");
	}
	cr_assert_eq(port_counter("vale1:p1", "drops.offload"), 0);
	ring_expect_balance("vale1");
}

/* Each datagram takes several slots. */
Test(udp_gso, of_nine_thousand_bytes_to_a_ring)
{
	const struct burst large = { 8952, MOST };
	struct vale_port *port;

	add_sender(9000);
	port = add_ring();
	send_burst("a", "10.0.0.9", &large);
	expect_at_ring(port, &large, "IPv4");
	send_burst("a", "fd00::9", &large);
	expect_at_ring(port, &large, "IPv6");
}

/* ---- all --------------------------------------------------------------------------------------- */

Test(udp_gso, to_all_kinds_of_port_at_once)
{
	static const char *const hooks[] = { "tc", "xdp", "generic" };
	struct vale_port *port;
	int sockets[3];

	traffic_quiet();
	add_sender(1500);
	for (int i = 0; i < 3; i++) {
		char netns[] = { 'b' + i, '\0' };

		container(netns, 2 + i);
		must("%s attach vale1:p%d %s --hook %s", valectl(), 2 + i, netns, hooks[i]);
		sockets[i] = listen_at(netns);
	}
	port = ring_open("vale1:ring", NULL);
	for (size_t i = 0; i < BURSTS; i++) {
		send_burst("a", EVERYONE, &bursts[i]);
		for (int j = 0; j < 3; j++)
			expect_at_socket(sockets[j], &bursts[i], hooks[j]);
		expect_at_ring(port, &bursts[i], "ring");
	}
	ring_expect_balance("vale1");
}
