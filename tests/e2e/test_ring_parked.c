// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames that wait in a ring to be sent to a device, and what becomes of them if they cannot be. */
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/mixed.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct mixed mixed;
static struct frame frame;

TestSuite(ring_parked, .init = sandbox_enter, .timeout = 60);

/* Without the second part of vale_txsync(), which sends them. */
static void park(int to, int frames)
{
	frame_plain(&frame, 1, to, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < frames; i++)
		ring_inject(mixed.port[1], 0, &frame);
	cr_assert_eq(port_run(mixed.port[1]->txsync[0]), frames);
}

Test(ring_parked, slots_of_parked_frames_are_not_the_client_s_until_they_are_sent)
{
	struct vale_ring *ring;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	ring = vale_tx_ring(mixed.port[1], 0);
	park(MIXED_VETH, 20);
	cr_assert_eq(vale_ring_space(ring), ring->num_slots - 1 - 20);
	mixed_expect_none(&mixed, "parked");
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	for (int i = 0; i < 20; i++)
		mixed_expect(&mixed, MIXED_VETH, &frame, "parked and sent");
	cr_assert_eq(vale_ring_space(ring), ring->num_slots - 1);
	mixed_expect_none(&mixed, "at the end");
}

static void expect_parked_lost(const char *command, const char *dropping, const char *reason)
{
	long long before;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	before = port_counter(dropping, reason);
	park(MIXED_VETH, 20);
	must("%s", command);
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	cr_assert_eq(vale_ring_space(vale_tx_ring(mixed.port[1], 0)), VALE_SLOTS - 1);
	cr_assert_eq(port_counter(dropping, reason), before + 20, "%s", command);
	ring_expect_balance("vale1");
	/* The ring works on. */
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	ring_send(mixed.port[1], 0, &frame);
}

Test(ring_parked, parked_frames_for_a_device_that_has_gone_down)
{
	expect_parked_lost("ip link set dev c down", "vale1:veth", "drops.down");
	ring_expect(mixed.port[2], &frame, "afterwards");
}

/* What nobody is known to take goes to all others, as ever. */
Test(ring_parked, parked_frames_for_a_device_that_has_gone)
{
	mixed_add_tap(&mixed, 1500);
	expect_parked_lost("ip link del c", "vale1:p1", "flooded");
	cr_assert_eq(port_counter("vale1:tap", "sent_frames"), 20 + 3);
	mixed.tap = 0;
}

Test(ring_parked, parked_frames_for_a_device_that_has_gone_and_was_the_last)
{
	expect_parked_lost("ip link del c", "vale1:p1", "drops.no_port");
}

Test(ring_parked, parked_floods_for_a_device_that_has_gone)
{
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	park(FRAME_EVERYONE, 20);
	cr_assert_eq(ring_drain(mixed.port[2]), 20);
	must("ip link del c");
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	cr_assert_eq(port_counter("vale1:p1", "drops.no_port"), 20);
	cr_assert_eq(ring_drain(mixed.port[2]), 0);
	ring_expect_balance("vale1");
}

Test(ring_parked, parked_frames_of_a_client_that_closes_its_port)
{
	must("%s port add vale1:p1", valectl());
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	park(MIXED_VETH, 20);
	vale_port_close(mixed.port[1]);
	mixed.port[1] = ring_open("vale1:p1", NULL);
	cr_assert_eq(port_counter("vale1:p1", "drops.closed"), 20);
	frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 99);
	ring_send(mixed.port[1], 0, &frame);
	mixed_expect(&mixed, MIXED_VETH, &frame, "of the second client");
	mixed_expect_none(&mixed, "of the first client");
	ring_expect_balance("vale1");
}

/* A client sends slots once more that are not its own, since what is in them waits. */
Test(ring_parked, no_more_frames_wait_than_there_are_places)
{
	struct vale_ring *ring;
	const int batch = 1000;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	ring = vale_tx_ring(mixed.port[1], 0);
	frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 60);
	while (!vale_inject(mixed.port[1], 0, frame.bytes, frame.length))
		;
	ring->head = mixed.port[1]->state->tx_taken & (VALE_SLOTS - 1);
	for (int i = 1; i <= 3; i++) {
		ring->head = (ring->head + batch) & (VALE_SLOTS - 1);
		cr_assert_eq(port_run(mixed.port[1]->txsync[0]),
			     i * batch < VALE_SLOTS ? i * batch : VALE_SLOTS);
	}
	cr_assert_eq(port_counter("vale1:p1", "drops.invalid"), 3 * batch - VALE_SLOTS);
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	ring_expect_balance("vale1");
	ring_drain(mixed.port[2]); /* the slot that was never filled in has no address */
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	mixed_send(&mixed, 1, &frame);
	mixed_expect(&mixed, 2, &frame, "afterwards");
}

Test(ring_parked, frames_for_a_tap_that_nobody_reads)
{
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	for (int i = 0; i < 20; i++) {
		frame_plain(&frame, 1, MIXED_TAP, FRAME_TYPE_OURS, 60);
		for (int k = 0; k < 100; k++)
			ring_inject(mixed.port[1], 0, &frame);
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	}
	cr_assert_eq(port_counter("vale1:tap", "drops.refused") +
			     port_counter("vale1:tap", "sent_frames"),
		     2000 + 2);
	cr_assert_gt(port_counter("vale1:tap", "drops.refused"), 0);
	ring_expect_balance("vale1");
}
