// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What a port's program decides about a frame, and what it counts. That a flood says XDP_REDIRECT
 * proves nothing (it says so with nobody there too), so a flood is told by its counters here, and
 * proven at the receivers in tests/e2e/test_flood.c.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/program.h"
#include "tests/lib/sandbox.h"

#define TYPE 0x0806
#define MTU  1500

/* Bytes that a VLAN tag may add to what the MTU allows. */
#define LONGEST (MTU + 14 + 4)

static struct frame frame;

TestSuite(port, .init = sandbox_enter, .timeout = 60);

static uint32_t send(const struct program *from, int source, int destination, size_t length)
{
	frame_plain(&frame, source, destination, TYPE, length);
	return program_run(from, &frame, NULL);
}

static void expect(const char *port, const char *counter, long long value)
{
	long long is = port_counter(port, counter);

	if (is != value)
		cr_assert_fail("%s counts %s %lld, not %lld", port, counter, is, value);
}

Test(port, a_frame_to_a_known_address_is_redirected_and_not_flooded)
{
	struct program p1, p2;

	program_switch(3, MTU, "");
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	cr_assert_eq(send(&p1, 1, 2, 60), XDP_REDIRECT); /* nobody knows host 2 yet */
	expect("vale1:p1", "flooded", 1);
	cr_assert_eq(send(&p2, 2, 1, 60), XDP_REDIRECT);
	expect("vale1:p2", "flooded", 0);
	expect("vale1:p2", "copies", 0);
	cr_assert_eq(send(&p1, 1, 2, 60), XDP_REDIRECT);
	expect("vale1:p1", "flooded", 1);
	expect("vale1:p1", "received_frames", 2);
	expect("vale1:p1", "received_bytes", 120);
	expect("vale1:p1", "dropped", 0);
}

Test(port, a_frame_to_an_unknown_address_is_for_all_other_ports)
{
	struct program p1;

	program_switch(4, MTU, "");
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, 99, 60), XDP_REDIRECT);
	expect("vale1:p1", "flooded", 1);
	expect("vale1:p1", "copies", 3);
	expect("vale1:p1", "dropped", 0);
}

Test(port, broadcast_and_multicast_are_for_all_other_ports)
{
	struct program p1;

	program_switch(4, MTU, "");
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 60), XDP_REDIRECT);
	expect("vale1:p1", "copies", 3);
	frame_plain(&frame, 1, 2, TYPE, 60);
	memcpy(frame.bytes, "\x01\x00\x5e\x00\x00\x01", 6);
	cr_assert_eq(program_run(&p1, &frame, NULL), XDP_REDIRECT);
	expect("vale1:p1", "copies", 6);
	expect("vale1:p1", "flooded", 2);
}

Test(port, a_frame_for_its_own_port_is_dropped_and_counted)
{
	struct program p1;

	program_switch(3, MTU, "");
	p1 = program_of("vale1:p1");
	send(&p1, 1, FRAME_EVERYONE, 60);
	expect("vale1:p1", "drops.own_port", 0);
	cr_assert_eq(send(&p1, 2, 1, 60), XDP_DROP);
	expect("vale1:p1", "drops.own_port", 1);
	cr_assert_eq(send(&p1, 1, 1, 60), XDP_DROP);
	expect("vale1:p1", "drops.own_port", 2);
	expect("vale1:p1", "flooded", 1);
}

Test(port, a_flood_with_no_other_port_is_dropped_and_counted)
{
	struct program p1;

	program_switch(1, MTU, "");
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 60), XDP_DROP);
	cr_assert_eq(send(&p1, 1, 2, 60), XDP_DROP);
	expect("vale1:p1", "drops.no_port", 2);
	expect("vale1:p1", "flooded", 0);
	expect("vale1:p1", "copies", 0);
}

/* The kernel makes no frame without a whole Ethernet header, not even for a test. */
Test(port, fourteen_bytes_are_a_frame_and_fewer_are_none)
{
	struct program p1;
	int answer;

	program_switch(2, MTU, "");
	p1 = program_of("vale1:p1");
	for (size_t length = 0; length < 14; length++) {
		frame_plain(&frame, 1, 2, TYPE, 14);
		frame.length = length;
		answer = program_try(&p1, &frame, NULL);
		cr_assert(answer == -EINVAL || answer == XDP_DROP, "%zu bytes: %d", length, answer);
	}
	expect("vale1:p1", "received_frames", port_counter("vale1:p1", "drops.short"));
	expect("vale1:p1", "flooded", 0);
	cr_assert_eq(send(&p1, 1, 2, 14), XDP_REDIRECT);
	expect("vale1:p1", "flooded", 1);
	expect("vale1:p1", "received_bytes", 14);
}

Test(port, a_frame_longer_than_the_senders_mtu_is_dropped_as_offload)
{
	struct program p1;

	program_switch(2, MTU, "");
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, 2, LONGEST), XDP_REDIRECT);
	expect("vale1:p1", "dropped", 0);
	cr_assert_eq(send(&p1, 1, 2, LONGEST + 1), XDP_DROP);
	expect("vale1:p1", "drops.offload", 1);
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 3000), XDP_DROP);
	expect("vale1:p1", "drops.offload", 2);
	expect("vale1:p1", "flooded", 1);
}

Test(port, an_mtu_that_was_raised_after_attach_counts)
{
	struct program p1;

	program_switch(2, MTU, "");
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, 2, LONGEST + 1), XDP_DROP);
	must("ip link set d1 mtu 3000 && ip link set far1 mtu 3000");
	send(&p1, 1, FRAME_EVERYONE, 3014);
	expect("vale1:p1", "drops.offload", 1);
	expect("vale1:p2", "drops.mtu", 1); /* the only receiver's is still smaller */
	expect("vale1:p1", "copies", port_counter("vale1:p1", "flooded"));
	expect("vale1:p1", "dropped", 1); /* or the frame would count as two */
}

Test(port, a_flood_passes_over_a_port_whose_mtu_is_too_small_and_counts_it_there)
{
	struct program p1;

	program_switch(2, MTU, "");
	must("ip link add small mtu 1000 type veth peer name far_small mtu 1000");
	must("ip link set far_small up && ip link set small up");
	must("%s attach vale1:p3 small", valectl());
	p1 = program_of("vale1:p1");
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 1014), XDP_REDIRECT);
	expect("vale1:p1", "copies", 2);
	expect("vale1:p3", "drops.mtu", 0);
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 1300), XDP_REDIRECT);
	expect("vale1:p1", "copies", 4); /* it was meant for that port, too */
	expect("vale1:p3", "drops.mtu", 1);
}

Test(port, a_detached_port_is_no_receiver)
{
	struct program p1;

	program_switch(3, MTU, "");
	p1 = program_of("vale1:p1");
	send(&p1, 1, FRAME_EVERYONE, 60);
	expect("vale1:p1", "copies", 2);
	must("%s detach vale1:p3", valectl());
	send(&p1, 1, FRAME_EVERYONE, 60);
	expect("vale1:p1", "copies", 3);
	must("ip link del d2");
	cr_assert_eq(send(&p1, 1, FRAME_EVERYONE, 60), XDP_DROP, "a gone device is a receiver");
	expect("vale1:p1", "drops.no_port", 1);
	expect("vale1:p1", "copies", 3);
}
