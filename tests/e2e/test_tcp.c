// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Containers whose stacks leave segmentation and checksums to their devices, as they do unasked. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

TestSuite(tcp, .init = sandbox_enter, .timeout = 240);

static void two_containers(const char *hook)
{
	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a %s", valectl(), hook);
	must("%s attach vale1:p2 b %s", valectl(), hook);
	traffic_serve("b");
}

/* What iperf3's client, run in container a, says; the caller owns the document. */
static json_t *iperf3(const char *arguments)
{
	struct output output = must("ip netns exec a iperf3 -J %s", arguments);
	json_t *document = json_loads(output.text, 0, NULL);

	cr_assert(document, "iperf3 printed no JSON");
	return document;
}

static double number(const json_t *document, const char *part, const char *name)
{
	const json_t *end = json_object_get(document, "end");

	return json_number_value(json_object_get(json_object_get(end, part), name));
}

/* A TCP whose every second frame is bad would still move some: ask for a rate, too. */
static void expect_tcp(const char *arguments)
{
	json_t *document = iperf3(arguments);
	double rate = number(document, "sum_received", "bits_per_second");

	cr_assert(rate > 100e6, "TCP runs at %.0f bit/s with %s", rate, arguments);
	cr_assert(number(document, "sum_received", "bytes") >= 30e6, "%s", arguments);
	json_decref(document);
}

/* A UDP counter of container NETNS. */
static long long udp_counter(const char *netns, const char *name)
{
	return atoll(
		must("ip netns exec %s nstat -asz | awk '$1 == \"%s\" { print $2 }'", netns, name)
			.text);
}

/* Frames that the switch or a container's socket had to throw away, and said so. */
static long long lost_with_a_word(void)
{
	long long lost = 0;

	for (const char *netns = "a"; netns; netns = *netns == 'a' ? "b" : NULL)
		lost += udp_counter(netns, "UdpRcvbufErrors") +
			udp_counter(netns, "Udp6RcvbufErrors") +
			traffic_link(netns, "eth0").send_drops;
	return lost + port_counter("vale1:p1", "dropped") + port_counter("vale1:p2", "dropped");
}

/* On a busy machine some of a stream without flow control is lost: but never without a word. */
static void expect_udp(const char *arguments)
{
	long long before = lost_with_a_word();
	json_t *document = iperf3(arguments);
	double packets = number(document, "sum", "packets");
	double lost = number(document, "sum", "lost_packets");

	cr_assert(packets >= 5000, "%.0f UDP packets with %s", packets, arguments);
	cr_assert(lost <= packets * 0.9, "%.0f of %.0f lost with %s", lost, packets, arguments);
	cr_assert(lost <= lost_with_a_word() - before, "%.0f lost, %lld with a word, with %s", lost,
		  lost_with_a_word() - before, arguments);
	json_decref(document);
	for (const char *netns = "a"; netns; netns = *netns == 'a' ? "b" : NULL) {
		cr_assert_eq(udp_counter(netns, "UdpInCsumErrors"), 0, "%s", arguments);
		cr_assert_eq(udp_counter(netns, "Udp6InCsumErrors"), 0, "%s", arguments);
	}
}

Test(tcp, iperf3_moves_data_both_ways_over_ipv4_and_ipv6)
{
	two_containers("");
	expect_tcp("-c 10.0.0.2 -n 60M");
	expect_tcp("-c 10.0.0.2 -n 60M -R");
	expect_tcp("-c fd00::2 -n 60M");
	expect_tcp("-c fd00::2 -n 60M -R");
	expect_udp("-u -c 10.0.0.2 -b 300M -l 1400 -n 8M");
	expect_udp("-u -c 10.0.0.2 -b 300M -l 1400 -n 8M -R");
	expect_udp("-u -c fd00::2 -b 300M -l 1400 -n 8M");
	expect_udp("-u -c fd00::2 -b 300M -l 1400 -n 8M -R");
	cr_assert_eq(port_counter("vale1:p1", "drops.offload"), 0);
	cr_assert_eq(port_counter("vale1:p2", "drops.offload"), 0);
}

/* ---- the checksums of what arrives ------------------------------------------------------------- */

/* Looks at all that waits at a receiver. Returns how many frames carried a checksum. */
static int expect_right_checksums(int socket)
{
	struct arrival arrival;
	int checked = 0, merged = 0;

	while (traffic_receive(socket, &arrival, 0)) {
		enum frame_verdict verdict =
			frame_verify(arrival.frame.bytes, arrival.frame.length);

		merged += arrival.open_checksum;
		if (verdict == FRAME_BAD)
			cr_assert_fail("a frame of %zu bytes arrived with a bad checksum%s",
				       arrival.frame.length,
				       arrival.open_checksum ? " (open)" : "");
		checked += verdict == FRAME_GOOD;
	}
	cr_assert_eq(merged, 0);
	return checked;
}

static void transfer_and_look(const char *arguments, int at_a, int at_b, int least)
{
	int checked;
	json_t *document = iperf3(arguments);

	json_decref(document);
	checked = expect_right_checksums(at_a) + expect_right_checksums(at_b);
	cr_assert(checked >= least, "only %d frames were seen with %s", checked, arguments);
}

/* `offloads`: what the containers have set for themselves after attach. */
static void look_at_checksums(const char *hook, const char *offloads)
{
	int at_a, at_b;

	two_containers(hook);
	traffic_keep_apart("a");
	traffic_keep_apart("b");
	must("ip netns exec a ethtool -K eth0 %s", offloads);
	must("ip netns exec b ethtool -K eth0 %s", offloads);
	at_a = traffic_open("a", "eth0", 0);
	at_b = traffic_open("b", "eth0", 0);
	transfer_and_look("-c 10.0.0.2 -n 8M", at_a, at_b, 2000);
	transfer_and_look("-c 10.0.0.2 -n 8M -R", at_a, at_b, 2000);
	transfer_and_look("-c fd00::2 -n 8M", at_a, at_b, 2000);
	transfer_and_look("-u -c 10.0.0.2 -b 300M -l 1111 -n 3M", at_a, at_b, 2000);
	transfer_and_look("-u -c fd00::2 -b 300M -l 1111 -n 3M", at_a, at_b, 2000);
}

Test(tcp, every_frame_arrives_with_a_right_checksum)
{
	look_at_checksums("--hook xdp", "gro on");
}

/* A container may set its device as it likes: then the switch adds up. */
Test(tcp, every_frame_arrives_with_a_right_checksum_when_the_containers_leave_them_open)
{
	look_at_checksums("--hook xdp", "tx on");
	cr_assert(port_counter("vale1:p1", "checksums_completed") > 5000);
	cr_assert(port_counter("vale1:p2", "checksums_completed") > 5000);
}

Test(tcp, every_frame_arrives_with_a_right_checksum_under_the_generic_hook)
{
	look_at_checksums("--hook generic", "gro on");
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 0);
}

Test(tcp, the_generic_hook_moves_data_both_ways)
{
	two_containers("--hook generic");
	must("ip netns exec a ping -c 3 -i 0.1 -W 1 10.0.0.2");
	must("ip netns exec a ping -c 3 -i 0.1 -W 1 fd00::2");
	expect_tcp("-c 10.0.0.2 -n 60M");
	expect_tcp("-c 10.0.0.2 -n 60M -R");
	expect_tcp("-c fd00::2 -n 60M");
	expect_udp("-u -c 10.0.0.2 -b 200M -l 1400 -n 8M");
}

Test(tcp, generic_and_native_ports_talk_to_each_other)
{
	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a --hook generic", valectl());
	must("%s attach vale1:p2 b --hook native", valectl());
	traffic_serve("b");
	must("ip netns exec a ping -c 3 -i 0.1 -W 1 10.0.0.2");
	expect_tcp("-c 10.0.0.2 -n 60M");
	expect_tcp("-c 10.0.0.2 -n 60M -R");
	expect_tcp("-c fd00::2 -n 60M -R");
}

/* The native hook takes segmentation from them in any case. */
Test(tcp, containers_may_switch_their_offloads_on_again)
{
	two_containers("");
	must("ip netns exec a ethtool -K eth0 tx on tso on gso on");
	must("ip netns exec b ethtool -K eth0 tx on tso on gso on");
	expect_tcp("-c 10.0.0.2 -n 60M");
	expect_tcp("-c fd00::2 -n 60M -R");
	cr_assert_eq(port_counter("vale1:p1", "drops.offload"), 0);
	cr_assert_eq(port_counter("vale1:p2", "drops.offload"), 0);
}

/* ---- other frames than plain ones of 1500 bytes ------------------------------------------------ */

Test(tcp, frames_of_nine_thousand_bytes)
{
	container("a", 1);
	container("b", 2);
	must("ip link set dev a mtu 9000 && ip -n a link set eth0 mtu 9000");
	must("ip link set dev b mtu 9000 && ip -n b link set eth0 mtu 9000");
	must("%s attach vale1:p1 a", valectl());
	must("%s attach vale1:p2 b", valectl());
	traffic_serve("b");
	must("ip netns exec a ping -c 3 -i 0.1 -W 1 -M do -s 8972 10.0.0.2");
	must("ip netns exec b ping -c 3 -i 0.1 -W 1 -M do -s 8952 fd00::1");
	cr_assert(run("ip netns exec a ping -c 1 -W 1 -M do -s 8973 10.0.0.2").status);
	expect_tcp("-c 10.0.0.2 -n 60M");
	expect_tcp("-c fd00::2 -n 60M -R");
	expect_udp("-u -c 10.0.0.2 -b 500M -l 8900 -n 60M");
	cr_assert_eq(port_counter("vale1:p1", "drops.offload"), 0);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
	cr_assert_gt(port_counter("vale1:p1", "received_bytes"),
		     6000 * port_counter("vale1:p1", "received_frames") / 2);
}
