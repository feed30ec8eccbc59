// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The host on a switch: by an interface of its own, and by that of a network card, which is a veth
 * here, whose far end in a namespace is the wire and another host on it.
 */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

TestSuite(host, .init = sandbox_enter, .timeout = 120);

static bool host_can_ping(const char *address)
{
	return !run("ping -c 5 -i 0.2 -W 1 %s", address).status;
}

static void expect_tcp(const char *to)
{
	must("iperf3 -c %s -n 100M", to);
	must("iperf3 -c %s -n 100M -R", to);
}

static bool is_there(const char *device)
{
	return !run("ip link show %s", device).status;
}

/* The names of all interfaces. */
static void links(char out[65536])
{
	strcpy(out, must("ip -o link | cut -d: -f2").text);
}

static void links_are(const char *before)
{
	cr_assert_str_eq(must("ip -o link | cut -d: -f2").text, before);
}

/* What the host sends by `device` comes to a ring client, 10.0.0.9. */
static void host_reaches_a_ring_by(const char *device)
{
	struct vale_port *port = ring_open("vale1:ring", NULL);
	struct frame got;

	must("ip neigh add 10.0.0.9 lladdr %s dev %s", frame_address_text(9), device);
	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(9));
	run("ping -c 1 -W 1 -s 1000 10.0.0.9");
	do
		cr_assert(ring_receive(port, &got, 1000));
	while (got.bytes[0] & 1);
	cr_assert_eq(got.length, 1042);
}

/* ---- an interface of its own ------------------------------------------------------------------- */

Test(host, has_an_interface_called_like_the_switch)
{
	container("a", 1);
	must("%s attach vale1:pa a", valectl());
	must("%s host vale1", valectl());
	must("ip addr add 10.0.0.200/24 dev vale1");
	cr_assert(host_can_ping("10.0.0.1"));
	cr_assert(can_ping("a", "10.0.0.200"));
	cr_assert_str_eq(port_member("vale1:host", "kind"), "host");
	cr_assert_str_eq(port_member("vale1:host", "outer"), "vale1");
	cr_assert_str_eq(port_member("vale1:host", "hook"), "tc");
	refused(1, "there is a port vale1:host", "host vale1 other");
	must("%s detach vale1:host", valectl());
	cr_assert_not(is_there("vale1"));
	cr_assert_not(host_can_ping("10.0.0.1"));
}

Test(host, has_a_name_and_a_port_of_the_users_choice)
{
	char before[65536];

	links(before);
	must("%s host vale1:me lan0", valectl());
	must("%s host vale1:you lan1", valectl());
	cr_assert(is_there("lan0") && is_there("lan1"));
	refused(1, "there is a network interface of that name", "host vale1:they lan1");
	refused(1, "it is no name of a network interface", "host vale1:they a-name-too-long-");
	refused(1, "a port must not be called like", "host vale1:lan2 lan2");
	refused(2, "name a switch", "host");
	refused(1, "is no name of a port", "host lan3");
	cr_assert_not(is_there("lan2"));
	must("%s destroy vale1 --force", valectl());
	links_are(before);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1 ! -name sysctl").text);
}

Test(host, streams_in_large_frames)
{
	container("a", 1);
	must("%s attach vale1:pa a", valectl());
	must("%s host vale1", valectl());
	must("ip addr add 10.0.0.200/24 dev vale1");
	traffic_serve("a");
	expect_tcp("10.0.0.1");
	cr_assert_gt(port_counter("vale1:host", "received_bytes"), 100000000);
	cr_assert_lt(port_counter("vale1:host", "received_frames"), 60000);
	cr_assert_eq(port_counter("vale1:host", "drops.offload"), 0);
}

Test(host, talks_with_ports_of_every_kind)
{
	traffic_quiet();
	container("a", 1);
	must("%s attach vale1:pa a --hook xdp", valectl());
	must("%s host vale1", valectl());
	must("ip addr add 10.0.0.200/24 dev vale1");
	traffic_serve("a");
	expect_tcp("10.0.0.1");
	host_reaches_a_ring_by("vale1");
}

/* ---- by a network card ------------------------------------------------------------------------- */

/* This host is 10.0.0.200 on the card `wire`, at whose other end is 10.0.0.1. */
static void card(void)
{
	container("wire", 1);
	must("ip addr add 10.0.0.200/24 dev wire && (ip -6 addr add fd00::200/64 dev wire nodad || true)");
	cr_assert(host_can_ping("10.0.0.1"));
}

Test(host, is_cut_off_from_a_card_that_is_a_port)
{
	card();
	must("%s attach vale1:nic wire", valectl());
	must("ip neigh flush dev wire");
	cr_assert_not(host_can_ping("10.0.0.1"));
}

Test(host, stays_connected_through_a_card)
{
	card();
	container("a", 2);
	must("%s attach vale1:nic wire --host", valectl());
	must("%s attach vale1:pa a", valectl());
	cr_assert(host_can_ping("10.0.0.1"), "the wire");
	cr_assert(host_can_ping("10.0.0.2"), "a container");
	cr_assert(host_can_ping("fd00::1"));
	cr_assert(can_ping("wire", "10.0.0.200"));
	cr_assert(can_ping("wire", "10.0.0.2"));
	cr_assert(can_ping("a", "10.0.0.200"));
	cr_assert(can_ping("a", "10.0.0.1"));
	cr_assert_gt(port_counter("vale1:nic^", "received_frames"), 5);
	cr_assert_gt(port_counter("vale1:nic^", "sent_frames"), 5);
	cr_assert_str_eq(port_member("vale1:nic", "hook"), "tc");
	cr_assert_str_eq(port_member("vale1:nic^", "kind"), "host");
	cr_assert_str_eq(port_member("vale1:nic^", "outer"), "wire");
	must("%s detach vale1:nic", valectl());
	cr_assert(host_can_ping("10.0.0.1"), "afterwards");
	cr_assert_not(host_can_ping("10.0.0.2"));
}

Test(host, streams_through_a_card)
{
	card();
	container("a", 2);
	must("%s attach vale1:nic wire --host", valectl());
	must("%s attach vale1:pa a", valectl());
	traffic_serve("wire");
	traffic_serve("a");
	expect_tcp("10.0.0.1");
	expect_tcp("10.0.0.2");
	must("ip netns exec a iperf3 -c 10.0.0.1 -n 60M");
	cr_assert_lt(port_counter("vale1:nic^", "received_frames"), 100000);
}

/* The host's addresses are behind its side, and each frame comes to it once. */
Test(host, gets_each_frame_once)
{
	int here, there;
	struct frame frame;

	traffic_quiet();
	card();
	must("%s attach vale1:nic wire --host", valectl());
	here = traffic_open(NULL, "wire", FRAME_TYPE_OURS);
	there = traffic_open("wire", "eth0", FRAME_TYPE_OURS);
	frame_plain(&frame, 1, 77, FRAME_TYPE_OURS, 100);
	memset(frame.bytes, 0xff, 6);
	cr_assert_eq(traffic_send(there, &frame, 10), 10);
	cr_assert_eq(traffic_count(here, 200), 10);
	frame_plain(&frame, 3, 77, FRAME_TYPE_OURS, 100);
	memset(frame.bytes, 0xff, 6);
	cr_assert_eq(traffic_send(here, &frame, 10), 10);
	cr_assert_eq(traffic_count(there, 200), 10);
	cr_assert_eq(traffic_count(here, 200), 0, "what it has sent itself");
	ring_expect_balance("vale1");
}

Test(host, stays_connected_through_a_card_at_xdp)
{
	card();
	container("a", 2);
	must("%s attach vale1:nic wire --host --hook xdp", valectl());
	must("%s attach vale1:pa a", valectl());
	cr_assert(host_can_ping("10.0.0.1"));
	cr_assert(can_ping("wire", "10.0.0.200"));
	cr_assert(can_ping("a", "10.0.0.200"));
	traffic_serve("wire");
	expect_tcp("10.0.0.1");
	must("%s destroy vale1 --force", valectl());
	cr_assert(host_can_ping("10.0.0.1"), "afterwards");
}

Test(host, rings_talk_with_the_host_of_a_card)
{
	traffic_quiet();
	card();
	must("%s attach vale1:nic wire --host", valectl());
	host_reaches_a_ring_by("wire");
}

Test(host, side_has_the_mtu_of_the_card)
{
	card();
	must("ip -n wire link set dev eth0 mtu 3000 && ip link set dev wire mtu 3000");
	must("%s attach vale1:nic wire --host", valectl());
	must("ping -c 2 -i 0.2 -W 1 -M do -s 2900 10.0.0.1");
}

Test(host, side_cannot_be_had_with_everything)
{
	char *before;

	card();
	must("%s create vale1", valectl());
	before = bpffs_files();
	refused(1, "use '--hook tc'", "attach vale1:nic wire --host --hook generic");
	refused(2, "--host is for an interface that is there", "attach vale1:nic --xsk x0 --host");
	refused(1, "14 characters at most", "attach vale1:nine_more wire --host");
	refused(1, "is no name of a port", "attach vale1:nic^ wire");
	refused(1, "is no name of a port", "port add vale1:nic^");
	cr_assert_eq(program_on("wire"), 0);
	bpffs_unchanged(before);
	must("%s attach vale1:nic wire --host", valectl());
	refused(1, "it goes with 'vale1:nic'", "detach vale1:nic^");
	cr_assert(host_can_ping("10.0.0.1"));
}

Test(host, leaves_nothing_behind)
{
	char before[65536], *files;

	card();
	links(before);
	must("%s create vale1 && %s destroy vale1", valectl(), valectl());
	files = bpffs_files();
	must("%s attach vale1:nic wire --host", valectl());
	must("%s detach vale1:nic && %s destroy vale1", valectl(), valectl());
	links_are(before);
	cr_assert_eq(program_on("wire"), 0);
	cr_assert_null(strstr(must("bpftool net show dev wire").text, "vale_"));
	bpffs_unchanged(files);
	/* The card's deletion takes the host's side along, too. */
	must("%s attach vale1:nic wire --host", valectl());
	must("ip link del wire");
	must("%s detach vale1:nic && %s destroy vale1", valectl(), valectl());
	cr_assert_null(strstr(must("ip -o link").text, ": v"));
}

/* ---- what a card has to do --------------------------------------------------------------------- */

static bool is_promiscuous(const char *device)
{
	return strstr(must("ip link show %s", device).text, "PROMISC");
}

Test(host, a_card_gives_all_frames_while_it_is_a_port)
{
	veth("wire", "far");
	must("ip link add link wire card0 type macvlan mode bridge && ip link set card0 up");
	cr_assert_not(is_promiscuous("card0"));
	must("%s attach vale1:nic card0 --hook generic", valectl());
	cr_assert(is_promiscuous("card0"));
	must("%s detach vale1:nic", valectl());
	cr_assert_not(is_promiscuous("card0"));
	/* What the user has set so stays so. */
	must("ip link set card0 promisc on");
	must("%s attach vale1:nic card0 --hook tc && %s detach vale1:nic", valectl(), valectl());
	cr_assert(is_promiscuous("card0"));
}

Test(host, the_ends_of_a_pair_are_no_cards)
{
	container("a", 1);
	must("%s attach vale1:pa a", valectl());
	cr_assert_not(is_promiscuous("a"));
}
