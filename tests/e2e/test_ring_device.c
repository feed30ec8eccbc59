// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Rings and devices in one switch, both ways: a veth of a container, and a tap that a process has. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/mixed.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"

#define LIVE_ROOM 3376 /* bytes that a live frame has room for on all kernels, */
#define LIVE_MOST 3520 /* and on none for more */

static struct mixed mixed;
static struct frame frame;
static struct arrival arrival;

TestSuite(ring_device, .init = sandbox_enter, .timeout = 120);

/* ---- exact bytes ------------------------------------------------------------------------------- */

Test(ring_device, frames_to_and_from_a_veth_are_the_same)
{
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	for (size_t length = VALE_FRAME_MIN; length <= 1514; length++) {
		frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		mixed_expect(&mixed, MIXED_VETH, &frame, "ring to veth");
		frame_plain(&frame, MIXED_VETH, 2, FRAME_TYPE_OURS, length);
		mixed_send(&mixed, MIXED_VETH, &frame);
		ring_expect(mixed.port[2], &frame, "veth to ring");
	}
	mixed_expect_none(&mixed, "at the end");
	cr_assert_eq(port_counter("vale1:veth", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:p2", "dropped"), 0);
	ring_expect_balance("vale1");
}

Test(ring_device, frames_to_and_from_a_tap_are_the_same)
{
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	for (size_t length = VALE_FRAME_MIN; length <= 1514; length++) {
		frame_plain(&frame, 1, MIXED_TAP, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		mixed_expect(&mixed, MIXED_TAP, &frame, "ring to tap");
		frame_plain(&frame, MIXED_TAP, 2, FRAME_TYPE_OURS, length);
		mixed_send(&mixed, MIXED_TAP, &frame);
		ring_expect(mixed.port[2], &frame, "tap to ring");
	}
	mixed_expect_none(&mixed, "at the end");
	cr_assert_eq(port_counter("vale1:tap", "dropped"), 0);
	ring_expect_balance("vale1");
}

/* Many at a time: each live frame has its own length and bytes. */
Test(ring_device, frames_of_one_batch_are_the_same)
{
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 100; i++) {
			frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 60 + i * 331 % 1455);
			ring_inject(mixed.port[1], 0, &frame);
		}
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		for (int i = 0; i < 100; i++) {
			frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 60 + i * 331 % 1455);
			mixed_expect(&mixed, MIXED_VETH, &frame, "in a batch");
		}
	}
}

/* ---- frames of several slots ------------------------------------------------------------------- */

Test(ring_device, frames_of_several_slots_go_to_devices_as_one)
{
	long long bytes;

	mixed_add_veth(&mixed, 9000);
	mixed_add_tap(&mixed, 9000);
	mixed_open(&mixed);
	bytes = port_counter("vale1:veth", "sent_bytes");
	for (size_t length = VALE_BUFFER_SIZE - 2; length <= LIVE_ROOM; length += 7) {
		bytes += length;
		frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		mixed_expect(&mixed, MIXED_VETH, &frame, "ring to veth");
		frame_plain(&frame, 1, MIXED_TAP, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		mixed_expect(&mixed, MIXED_TAP, &frame, "ring to tap");
	}
	cr_assert_eq(port_counter("vale1:p1", "drops.jumbo"), 0);
	cr_assert_eq(port_counter("vale1:veth", "sent_bytes"), bytes);
	ring_expect_balance("vale1");
}

/* As many slots as a frame can have; the last one is of what is left. */
Test(ring_device, frames_of_slots_that_are_filled_unequally)
{
	mixed_add_veth(&mixed, 9000);
	mixed_open(&mixed);
	for (size_t part = 50; part <= 1200; part += 50) {
		struct vale_ring *ring = vale_tx_ring(mixed.port[1], 0);

		frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 3000);
		for (size_t at = 0; at < frame.length; at += part) {
			size_t left = frame.length - at, length = left < part ? left : part;
			__u32 buffer = ring->slot[ring->head].buf_idx;

			memcpy(vale_ring_buffer(ring, buffer), frame.bytes + at, length);
			ring_put_slot(mixed.port[1], 0, length, left > part ? VALE_SLOT_MORE : 0);
		}
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		mixed_expect(&mixed, MIXED_VETH, &frame, "unequal slots");
	}
	mixed_expect_none(&mixed, "at the end");
	ring_expect_balance("vale1");
}

Test(ring_device, frames_of_devices_take_several_slots)
{
	mixed_add_veth(&mixed, 9000);
	mixed_open(&mixed);
	for (size_t length = VALE_BUFFER_SIZE - 1; length <= 9014; length += 61) {
		frame_plain(&frame, MIXED_VETH, 1, FRAME_TYPE_OURS, length);
		mixed_send(&mixed, MIXED_VETH, &frame);
		ring_expect(mixed.port[1], &frame, "veth to ring");
	}
	for (size_t slots = 1; slots <= 4; slots++) {
		frame_plain(&frame, MIXED_VETH, 1, FRAME_TYPE_OURS, slots * VALE_BUFFER_SIZE);
		mixed_send(&mixed, MIXED_VETH, &frame);
		ring_expect(mixed.port[1], &frame, "all of its last slot");
	}
	mixed_expect_none(&mixed, "at the end");
	ring_expect_balance("vale1");
}

/* And are counted where they are lost. */
Test(ring_device, frames_that_no_live_frame_has_room_for)
{
	mixed_add_veth(&mixed, 9000);
	mixed_open(&mixed);
	for (size_t length = LIVE_MOST + 1; length <= 65536; length *= 2) {
		frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, length);
		ring_send(mixed.port[1], 0, &frame);
		ring_expect(mixed.port[2], &frame, "to all: a ring takes it");
	}
	mixed_expect_none(&mixed, "too long");
	cr_assert_eq(port_counter("vale1:p1", "drops.jumbo"), 2 * 5);
	frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, LIVE_ROOM);
	ring_send(mixed.port[1], 0, &frame);
	mixed_expect(&mixed, MIXED_VETH, &frame, "the longest");
	ring_expect_balance("vale1");
}

Test(ring_device, frames_that_are_larger_than_the_device_s_mtu)
{
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	frame_plain(&frame, 1, MIXED_VETH, FRAME_TYPE_OURS, 1519);
	for (int i = 0; i < 10; i++)
		ring_inject(mixed.port[1], 0, &frame);
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	mixed_expect_none(&mixed, "too large");
	cr_assert_eq(port_counter("vale1:veth", "drops.mtu"), 10);
	cr_assert_eq(ring_lost("vale1:p1", VALE_DROP_MTU), 10);
	ring_expect_balance("vale1");
}

/* ---- to all ------------------------------------------------------------------------------------ */

static void flood_all(void)
{
	static const int hosts[] = { 1, 2, MIXED_VETH, MIXED_TAP };

	for (int i = 0; i < 4 * 50; i++) {
		int from = hosts[i % 4], to = i % 3 ? FRAME_EVERYONE : 1000;

		frame_plain(&frame, from, to, FRAME_TYPE_OURS, 60 + i);
		mixed_send(&mixed, from, &frame);
		for (int receiver = 0; receiver < 4; receiver++)
			if (hosts[receiver] != from)
				mixed_expect(&mixed, hosts[receiver], &frame, "to all");
		mixed_expect_none(&mixed, "to all");
	}
	ring_expect_balance("vale1");
}

Test(ring_device, a_flood_reaches_all_kinds_of_port_once)
{
	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	flood_all();
}

/* Ten frames: what is for the veth alone, and what is for all, take turns. */
static void expect_floods_among_others(bool flood_first)
{
	long long at_veth, at_tap;

	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	at_veth = port_counter("vale1:veth", "sent_frames");
	at_tap = port_counter("vale1:tap", "sent_frames");
	for (int i = 0; i < 10; i++) {
		bool flood = i % 2 != flood_first;

		frame_plain(&frame, 1, flood ? FRAME_EVERYONE : MIXED_VETH, FRAME_TYPE_OURS, 60);
		ring_inject(mixed.port[1], 0, &frame);
	}
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	cr_assert_eq(port_counter("vale1:veth", "sent_frames"), at_veth + 10);
	cr_assert_eq(port_counter("vale1:tap", "sent_frames"), at_tap + 5);
	cr_assert_eq(traffic_count(mixed.veth, 200), 10);
	ring_expect_balance("vale1");
}

/* The kernel sends all that is for one device at once, and by the rules of the first frame. */
Test(ring_device, a_frame_between_floods_is_counted_once)
{
	expect_floods_among_others(true);
}

Test(ring_device, a_flood_between_other_frames_is_counted)
{
	expect_floods_among_others(false);
}

/* As the switch does on kernels before 6.3. */
Test(ring_device, floods_for_which_the_kernel_makes_no_copies)
{
	struct vale_switch *state;
	int map;

	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	map = bpf_obj_get("/sys/fs/bpf/vale/vale1/switch");
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	cr_assert_neq(state, MAP_FAILED);
	state->flags &= ~VALE_SWITCH_FRAGMENTS;
	flood_all();
}

Test(ring_device, what_is_for_one_reaches_no_other_of_any_kind)
{
	static const int hosts[] = { 1, 2, MIXED_VETH, MIXED_TAP };

	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	for (int from = 0; from < 4; from++) {
		for (int to = 0; to < 4; to++) {
			frame_plain(&frame, hosts[from], hosts[to], FRAME_TYPE_OURS, 60);
			mixed_send(&mixed, hosts[from], &frame);
			if (from != to)
				mixed_expect(&mixed, hosts[to], &frame, "for one");
			usleep(20000);
			mixed_expect_none(&mixed, "for one");
		}
	}
	cr_assert_eq(port_counter("vale1:p1", "drops.own_port"), 1);
	ring_expect_balance("vale1");
}

/* ---- order ------------------------------------------------------------------------------------- */

static void receive_at_veth(struct stream *stream, long frames)
{
	for (long i = 0; i < frames; i++) {
		cr_assert(traffic_receive(mixed.veth, &arrival, 5000), "%ld of %ld came", i,
			  frames);
		stream_take(stream, arrival.frame.bytes, arrival.frame.length);
	}
}

/* To a ring, a veth and all, mixed: each gets its own in the order in which they were sent. */
Test(ring_device, order_is_kept_to_each_kind)
{
	struct stream at_ring = {}, at_veth = {};
	unsigned int seed = ring_seed();
	uint32_t number = 0;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	for (int round = 0; round < 200; round++) {
		long to_ring = 0, to_veth = 0;

		for (int i = ring_random(&seed) % 120; i >= 0; i--) {
			int which = ring_random(&seed) % 3;

			stream_put(mixed.port[1], 0, 1,
				   (int[]){ 2, MIXED_VETH, FRAME_EVERYONE }[which], &number, 1,
				   STREAM_MIN + ring_random(&seed) % 1000);
			to_ring += which != 1;
			to_veth += which != 0;
		}
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		cr_assert_eq(stream_receive(mixed.port[2], &at_ring), to_ring);
		receive_at_veth(&at_veth, to_veth);
	}
	mixed_expect_none(&mixed, "at the end");
	ring_expect_balance("vale1");
}

/* Two sources, a device and a ring, into one ring. */
Test(ring_device, order_is_kept_from_each_kind)
{
	struct stream stream = {};
	uint32_t from_veth = 0, from_ring = 0;

	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 50; i++) {
			frame.length = 60 + i;
			stream_write(frame.bytes, MIXED_VETH, 2, from_veth++, frame.length);
			mixed_send(&mixed, MIXED_VETH, &frame);
			stream_put(mixed.port[1], 0, 1, 2, &from_ring, 1, 60 + i);
		}
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		while (stream.frames < from_veth + from_ring &&
		       vale_port_poll(mixed.port[2], POLLIN, 5000) == POLLIN)
			stream_receive(mixed.port[2], &stream);
		cr_assert_eq(stream.from[MIXED_VETH], from_veth);
		cr_assert_eq(stream.from[1], from_ring);
	}
	cr_assert_eq(stream.missing, 0);
	ring_expect_balance("vale1");
}
