// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Ports at tc: frames go on as the sender's stack has left them, and those whose receiver takes only
 * plain ones are made plain by the kernel on the way.
 */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

static struct frame frame, got;
static struct arrival arrival;

TestSuite(tc, .init = sandbox_enter, .timeout = 90);

static void add_container(const char *name, int host, const char *options)
{
	traffic_quiet();
	container(name, host);
	must("%s attach vale1:p%d %s %s", valectl(), host, name, options);
}

/* One whose port is a device of another namespace. */
static void add_distant(const char *name, int host)
{
	traffic_quiet();
	container(name, host);
	must("ip netns add %sx && ip link set dev %s netns %sx && ip -n %sx link set dev %s up",
	     name, name, name, name, name);
	must("%s attach vale1:p%d %s --netns %sx", valectl(), host, name, name);
}

/* A ring port whose client is host 9, which the containers know. */
static struct vale_port *add_client(const char *container)
{
	struct vale_port *port = ring_open("vale1:ring", NULL);

	must("ip -n %s neigh add 10.0.0.9 lladdr %s dev eth0", container, frame_address_text(9));
	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(9));
	return port;
}

static void expect_tcp(const char *from, const char *to)
{
	must("ip netns exec %s iperf3 -c %s -n 60M", from, to);
	must("ip netns exec %s iperf3 -c %s -n 60M -R", from, to);
}

/* ---- whole frames ------------------------------------------------------------------------------ */

Test(tc, is_chosen_for_a_container_that_leaves_work_to_its_device)
{
	add_container("a", 1, "");
	add_container("b", 2, "");
	cr_assert_str_eq(port_member("vale1:p1", "hook"), "tc");
	container("c", 3);
	must("ip netns exec c ethtool -K eth0 tx off");
	must("%s attach vale1:p3 c", valectl());
	cr_assert_str_eq(port_member("vale1:p3", "hook"), "xdp");
}

/* Frames of 64 KiB and not what they are cut into. */
Test(tc, a_stream_goes_through_in_large_frames)
{
	add_container("a", 1, "");
	add_container("b", 2, "");
	traffic_serve("b");
	must("ip netns exec a iperf3 -c 10.0.0.2 -n 100M");
	cr_assert_gt(port_counter("vale1:p1", "received_bytes"), 100000000);
	cr_assert_lt(port_counter("vale1:p1", "received_frames"), 40000);
	cr_assert_eq(port_counter("vale1:p1", "drops.offload"), 0);
	cr_assert_eq(port_counter("vale1:p2", "drops.mtu"), 0);
}

Test(tc, ports_at_tc_and_at_xdp_exchange_streams)
{
	add_container("a", 1, "--hook tc");
	add_container("b", 2, "--hook xdp");
	traffic_serve("b");
	expect_tcp("a", "10.0.0.2");
}

Test(tc, and_with_ports_of_other_namespaces)
{
	add_container("a", 1, "--hook tc");
	add_distant("b", 2);
	cr_assert_str_eq(port_member("vale1:p2", "hook"), "xdp");
	traffic_serve("b");
	expect_tcp("a", "10.0.0.2");
}

/* ---- plain frames for rings -------------------------------------------------------------------- */

Test(tc, a_plain_frame_gets_into_a_ring_as_it_is)
{
	struct vale_port *port;
	int socket;

	add_container("a", 1, "--hook tc");
	port = add_client("a");
	socket = traffic_open("a", "eth0", FRAME_TYPE_OURS);
	for (int length = 60; length <= 1514; length += 97) {
		frame_plain(&frame, 1, 9, FRAME_TYPE_OURS, length);
		cr_assert_eq(traffic_send(socket, &frame, 1), 1);
		cr_assert(ring_receive(port, &got, 1000));
		frame_expect(&frame, &got, "at the ring");
		frame_plain(&frame, 9, 1, FRAME_TYPE_OURS, length);
		ring_send(port, 0, &frame);
		cr_assert(traffic_receive(socket, &arrival, 1000));
		frame_expect(&frame, &arrival.frame, "at the container");
	}
}

static void expect_datagrams(struct vale_port *port, int count, int bytes)
{
	for (int i = 0; i < count; i++) {
		cr_assert(ring_receive(port, &got, 1000), "datagram %d of %d", i, count);
		cr_assert_eq(got.length, 42u + bytes);
		cr_assert_eq(frame_verify(got.bytes, got.length), FRAME_GOOD);
	}
	cr_assert_not(ring_receive(port, &got, 100));
}

Test(tc, an_open_checksum_is_filled_in_for_a_ring)
{
	struct vale_port *port;

	add_container("a", 1, "--hook tc");
	port = add_client("a");
	traffic_datagram("a", NULL, "10.0.0.9", 700, 0);
	expect_datagrams(port, 1, 700);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 1);
	cr_assert_eq(port_counter("vale1:ring", "sent_frames"), 1);
}

Test(tc, what_is_to_be_segmented_is_for_a_ring)
{
	struct vale_port *port;

	add_container("a", 1, "--hook tc");
	port = add_client("a");
	traffic_datagram("a", NULL, "10.0.0.9", 40000, 1000);
	expect_datagrams(port, 40, 1000);
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 40);
	cr_assert_eq(port_counter("vale1:ring", "sent_frames"), 40);
}

/* ---- to all ------------------------------------------------------------------------------------ */

/* Each gets one copy, whatever it takes to make it. */
Test(tc, a_broadcast_with_an_open_checksum_is_for_ports_of_every_kind)
{
	int at_tc, at_xdp, distant;
	struct vale_port *port;

	add_container("a", 1, "--hook tc");
	add_container("b", 2, "--hook tc");
	add_container("c", 3, "--hook xdp");
	add_distant("d", 4);
	port = add_client("a");
	at_tc = traffic_open("b", "eth0", 0x0800);
	at_xdp = traffic_open("c", "eth0", 0x0800);
	distant = traffic_open("d", "eth0", 0x0800);
	for (int i = 0; i < 20; i++)
		traffic_datagram("a", "eth0", "255.255.255.255", 600, 0);
	for (int i = 0; i < 20; i++)
		cr_assert(ring_receive(port, &got, 1000) &&
			  frame_verify(got.bytes, got.length) == FRAME_GOOD);
	cr_assert_not(ring_receive(port, &got, 100));
	cr_assert_eq(traffic_count(at_tc, 100), 20);
	cr_assert_eq(traffic_count(at_xdp, 100), 20);
	cr_assert_eq(traffic_count(distant, 100), 20);
	ring_expect_balance("vale1");
}

/* ---- where it can be, and what is left --------------------------------------------------------- */

Test(tc, all_ports_at_tc_are_in_one_namespace)
{
	add_container("a", 1, "--hook tc");
	traffic_quiet();
	container("b", 2);
	must("ip netns add x && ip link set dev b netns x && ip -n x link set dev b up");
	refused(1, "the ports of vale1 with the hook tc are all in one network namespace",
		"attach vale1:p2 b --netns x --hook tc");
	must("%s attach vale1:p2 b --netns x --hook xdp", valectl());
	must("ip netns exec a ping -c 2 -i 0.2 -W 1 10.0.0.2");
}

/* Its new namespace may have a device of the number that one of the switch's has in ours. */
Test(tc, a_device_that_is_moved_away_sends_to_nobody)
{
	int at_b;

	add_container("a", 1, "--hook tc");
	add_container("b", 2, "--hook tc");
	must("ip netns exec a ping -c 2 -i 0.2 -W 1 10.0.0.2");
	at_b = traffic_open("b", "eth0", FRAME_TYPE_OURS);
	must("ip netns add x && ip link set dev a netns x && ip -n x link set dev a up");
	cr_assert_str_eq(port_member("vale1:p1", "state"), "gone");
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(traffic_open("a", "eth0", FRAME_TYPE_OURS), &frame, 10), 10);
	cr_assert_eq(traffic_count(at_b, 100), 0);
	must("%s attach vale1:p1 a --netns x", valectl());
	cr_assert_eq(traffic_send(traffic_open("a", "eth0", FRAME_TYPE_OURS), &frame, 10), 10);
	cr_assert_eq(traffic_count(at_b, 100), 10);
}

Test(tc, nothing_is_left_of_it)
{
	char *before, links[65536];

	container("a", 1);
	must("%s create vale1 && %s destroy vale1", valectl(), valectl());
	before = bpffs_files();
	strcpy(links, must("ip -o link | cut -d: -f2").text);
	must("%s attach vale1:p1 a --hook tc", valectl());
	cr_assert_neq(program_on("a"), 0);
	cr_assert(strstr(must("ip -o link").text, "vseg-"));
	must("%s destroy vale1 --force", valectl());
	cr_assert_eq(program_on("a"), 0);
	cr_assert_str_eq(must("ip -o link | cut -d: -f2").text, links);
	bpffs_unchanged(before);
}
