// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * VLAN tags pass as they are. A stack leaves its tags to a device that offers to put them in, and
 * XDP does not see such a tag: without care the frame would go on untagged, into another VLAN.
 */
#include <bpf/libbpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/bpf/tagger.skel.h"
#include "tests/lib/checksums.h"
#include "tests/lib/relay.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define VLAN	    100
#define PLAIN_FRAME 1514
#define TAG	    4
#define STREAM_BYTES \
	(1 << 20) /* that come of a stream at least: some are still in buffers at its end */

static struct frame frame;
static struct arrival arrival;

TestSuite(vlan, .init = sandbox_enter, .timeout = 60);

static void three_containers(const char *hook)
{
	container("a", 1);
	container("b", 2);
	container("c", 3);
	must("%s attach vale1:p1 a %s", valectl(), hook);
	must("%s attach vale1:p2 b %s", valectl(), hook);
	must("%s attach vale1:p3 c %s", valectl(), hook);
}

static void put_program(int ifindex, enum bpf_tc_attach_point where, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = where);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = 1, .priority = 1);

	cr_assert_eq(bpf_tc_attach(&hook, &options), 0, "cannot attach the tagger");
}

/* All that leaves the container is of the VLAN, and nothing else comes in. */
static void put_into_vlan(const char *netns, int vlan)
{
	struct tagger_bpf *tagger = tagger_bpf__open();
	int home = traffic_enter(netns), ifindex = if_nametoindex("eth0");
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	cr_assert(tagger);
	tagger->rodata->vlan = vlan;
	cr_assert_eq(tagger_bpf__load(tagger), 0);
	cr_assert_eq(bpf_tc_hook_create(&hook), 0);
	put_program(ifindex, BPF_TC_EGRESS, bpf_program__fd(tagger->progs.tag));
	put_program(ifindex, BPF_TC_INGRESS, bpf_program__fd(tagger->progs.untag));
	tagger_bpf__destroy(tagger);
	traffic_leave(home);
}

/* The tag is in the frame that the sender gives to its device. */
static void expect_frames_unmodified(const char *hook)
{
	int from, to;
	struct frame_options options = {
		.from = 1, .to = 2, .version = 4, .protocol = IPPROTO_UDP, .payload = 64
	};

	three_containers(hook);
	from = traffic_open("a", "eth0", 0);
	to = traffic_open("b", "eth0", 0);
	traffic_count(to, 100);
	for (options.tags = 0; options.tags <= 2; options.tags++) {
		frame_build(&frame, &options);
		cr_assert_eq(traffic_send(from, &frame, 1), 1);
		do
			cr_assert(traffic_receive(to, &arrival, 1000), "%d tags", options.tags);
		while (arrival.frame.length < frame.length || arrival.frame.bytes[0] != 0x02);
		frame_expect(&frame, &arrival.frame, frame_describe(&options));
	}
}

Test(vlan, tagged_frames_pass_unmodified)
{
	expect_frames_unmodified("");
}

Test(vlan, tagged_frames_pass_unmodified_under_the_generic_hook)
{
	expect_frames_unmodified("--hook generic");
}

static bool is_from(int host)
{
	uint8_t address[6];

	frame_set_address(address, host);
	return !memcmp(arrival.frame.bytes + 6, address, 6);
}

/* a and b are in the VLAN and c is not: what they say does not get there untagged. */
static void expect_vlans_apart(const char *hook)
{
	int outside, heard = 0;

	three_containers(hook);
	put_into_vlan("a", VLAN);
	put_into_vlan("b", VLAN);
	outside = traffic_open("c", "eth0", 0);
	must("ip netns exec a ping -c 3 -i 0.1 -W 1 10.0.0.2");
	must("ip netns exec b ping -c 2 -i 0.1 -W 1 -M do -s 1472 10.0.0.1");
	cr_assert(run("ip netns exec a ping -c 1 -W 1 10.0.0.3").status, "a container in a VLAN "
									 "reaches one outside");
	while (traffic_receive(outside, &arrival, 100)) {
		if (!is_from(1) && !is_from(2))
			continue;
		heard++;
		cr_assert_eq(frame_get16(&arrival.frame, 12), 0x8100,
			     "a frame lost its tag on the way");
	}
	cr_assert_gt(heard, 0, "not even a broadcast got there");
}

Test(vlan, what_containers_send_into_a_vlan_stays_in_it)
{
	expect_vlans_apart("--hook xdp");
}

Test(vlan, what_containers_send_into_a_vlan_stays_in_it_at_tc)
{
	expect_vlans_apart("--hook tc");
}

Test(vlan, what_containers_send_into_a_vlan_stays_in_it_under_the_generic_hook)
{
	expect_vlans_apart("--hook generic");
}

Test(vlan, containers_in_different_vlans_do_not_hear_each_other)
{
	three_containers("");
	put_into_vlan("a", VLAN);
	put_into_vlan("b", VLAN + 1);
	put_into_vlan("c", VLAN);
	must("ip netns exec a ping -c 2 -i 0.1 -W 1 10.0.0.3");
	cr_assert(run("ip netns exec a ping -c 1 -W 1 10.0.0.2").status);
}

/* Open checksums and segmentation together with tags. */
Test(vlan, tcp_and_udp_in_a_vlan_arrive_with_right_checksums)
{
	int to, good = 0;

	three_containers("--hook xdp");
	put_into_vlan("a", VLAN);
	put_into_vlan("b", VLAN);
	traffic_keep_apart("b");
	to = traffic_open("b", "eth0", 0);
	traffic_serve("b");
	must("ip netns exec a iperf3 -c 10.0.0.2 -n 8M");
	must("ip netns exec a iperf3 -u -c 10.0.0.2 -b 100M -l 1111 -n 3M");
	while (traffic_receive(to, &arrival, 0)) {
		enum frame_verdict verdict =
			frame_verify(arrival.frame.bytes, arrival.frame.length);

		cr_assert_neq(verdict, FRAME_BAD);
		if (frame_get16(&arrival.frame, 12) == 0x8100)
			good += verdict == FRAME_GOOD;
	}
	cr_assert(good > 4000, "only %d tagged frames with a checksum", good);
}

/* At tc a tag is beside the frame; what a ring gets has it inside. */
Test(vlan, a_tag_is_in_the_frame_that_a_ring_gets)
{
	static struct frame got;
	struct vale_port *port;

	three_containers("--hook tc");
	put_into_vlan("a", VLAN);
	port = ring_open("vale1:ring", NULL);
	must("ip -n a neigh add 10.0.0.9 lladdr %s dev eth0", frame_address_text(9));
	must("%s fdb vale1 add %s ring", valectl(), frame_address_text(9));
	run("ip netns exec a ping -c 1 -W 1 -s 100 10.0.0.9");
	do /* the neighbours' own multicast frames come here, too */
		cr_assert(ring_receive(port, &got, 1000));
	while (got.bytes[0] & 1);
	cr_assert_eq(got.length, 14u + 4 + 20 + 8 + 100);
	cr_assert_eq(frame_get16(&got, 12), 0x8100);
	cr_assert_eq(frame_get16(&got, 14), VLAN);
	cr_assert_eq(frame_get16(&got, 16), 0x0800);
}

/* ---- streams with all that stacks leave to their devices ---------------------------------------- */

static void expect_tagged(const struct checksums *came, long bytes, const char *what)
{
	checksums_expect(came, bytes, what);
	cr_assert_eq(came->tagged, came->good + came->open, "%s: %ld without a tag", what,
		     came->good + came->open - came->tagged);
}

/* From a to b, that is 10.0.0.2. */
static const char *const streams[] = {
	"iperf3 -n 2M -w 128K -c 10.0.0.2",
	"iperf3 -n 2M -w 128K -c fd00::2",
	"iperf3 -n 2M -w 128K -c fd00::2 -R",
};

#define STREAMS (sizeof(streams) / sizeof(streams[0]))

Test(vlan, streams_at_tc_pass_in_large_frames_with_tags)
{
	struct checksums came = {};
	int at_b;

	three_containers("--hook tc");
	put_into_vlan("a", VLAN);
	put_into_vlan("b", VLAN);
	at_b = traffic_open("b", "eth0", 0);
	traffic_serve("b");
	for (size_t i = 0; i < STREAMS; i++)
		must("ip netns exec a %s", streams[i]);
	must("ip netns exec a iperf3 -u -b 100M -l 1111 -n 1M -c fd00::2");
	checksums_collect(&came, at_b);
	expect_tagged(&came, 2 * STREAM_BYTES, "at tc");
	cr_assert_gt(came.open, 0);
	cr_assert_gt(came.longest, 10000);
}

/* Where another switch begins. */
static void expect_tags_in_a_ring(const char *hook, __u32 header)
{
	struct vale_open_options options = { .ring.vnet_header = header };
	struct relay relay = { .header = header };

	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a --hook %s", valectl(), hook);
	must("%s attach vale2:p2 b --hook %s", valectl(), hook);
	put_into_vlan("a", VLAN);
	put_into_vlan("b", VLAN);
	relay.port[0] = ring_open("vale1:ring", &options);
	relay.port[1] = ring_open("vale2:ring", &options);
	traffic_serve("b");
	for (size_t i = 0; i < STREAMS; i++) {
		bool back = strstr(streams[i], "-R");

		relay_start(&relay);
		must("ip netns exec a %s", streams[i]);
		relay_stop(&relay);
		expect_tagged(&relay.came[0], back ? 1 : STREAM_BYTES, streams[i]);
		expect_tagged(&relay.came[1], back ? STREAM_BYTES : 1, streams[i]);
		cr_assert_leq(relay.came[0].longest, PLAIN_FRAME + TAG);
		cr_assert_leq(relay.came[1].longest, PLAIN_FRAME + TAG);
	}
}

Test(vlan, streams_from_tc_are_plain_frames_with_tags_in_a_ring)
{
	expect_tags_in_a_ring("tc", 0);
}

/* A tag that is beside the frame has no place in the header: the kernel puts it in, and does the rest. */
Test(vlan, streams_from_tc_are_the_same_behind_a_header)
{
	expect_tags_in_a_ring("tc", 12);
}

Test(vlan, streams_from_xdp_are_plain_frames_with_tags_in_a_ring)
{
	expect_tags_in_a_ring("xdp", 0);
}

Test(vlan, streams_from_the_generic_hook_are_plain_frames_with_tags_in_a_ring)
{
	expect_tags_in_a_ring("generic", 0);
}
