// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Where frames between ring ports go. */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

#define PORTS		5
#define ALL_BUT(number) (0x3e & ~(1 << (number)))

static struct vale_port *port[PORTS + 1];
static struct frame frame;

TestSuite(ring_switch, .init = sandbox_enter, .timeout = 60);

static void open_all(void)
{
	ring_open_many("p", PORTS, NULL, port);
	ring_introduce(port, PORTS);
}

/* Sends `frame` by port `from`: the ports whose bits are set in `to` get it, and no others. */
static void expect_frame_at(int from, unsigned int to, const char *what)
{
	ring_send(port[from], 0, &frame);
	for (int i = 1; i <= PORTS; i++) {
		if (to >> i & 1)
			ring_expect(port[i], &frame, what);
		cr_assert_eq(ring_drain(port[i]), 0, "%s: one too many at port %d", what, i);
	}
}

static void expect_at(int from, int source, int destination, unsigned int to, const char *what)
{
	frame_plain(&frame, source, destination, FRAME_TYPE_OURS, 100);
	expect_frame_at(from, to, what);
}

/* ---- destinations ------------------------------------------------------------------------------ */

Test(ring_switch, what_was_learned_goes_to_its_port_alone)
{
	open_all();
	for (int from = 1; from <= PORTS; from++)
		for (int to = 1; to <= PORTS; to++)
			expect_at(from, from, to, from == to ? 0 : 1 << to, "learned");
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_OWN_PORT), 1);
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 1); /* the introduction */
	ring_expect_balance("vale1");
}

Test(ring_switch, what_is_unknown_goes_to_all_others)
{
	open_all();
	for (int from = 1; from <= PORTS; from++)
		expect_at(from, from, 1000, ALL_BUT(from), "unknown");
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 2);
	cr_assert_eq(port_counter("vale1:p1", "copies"), 2 * (PORTS - 1));
	ring_expect_balance("vale1");
}

Test(ring_switch, what_is_for_a_group_goes_to_all_others)
{
	static const unsigned char groups[][6] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 0x01, 0x00, 0x5e, 0, 0, 1 },
		{ 0x33, 0x33, 0, 0, 0, 1 },
		{ 0x01, 0x80, 0xc2, 0, 0, 0 },
		{ 0x03, 0, 0, 0, 0, 2 }, /* host 2 with the group bit */
	};

	open_all();
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
		memcpy(frame.bytes, groups[i], 6);
		expect_frame_at(1, ALL_BUT(1), "for a group");
	}
}

Test(ring_switch, a_group_or_nobody_as_a_source_is_not_learned)
{
	open_all();
	for (int first = 0; first < 2; first++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
		memset(frame.bytes + 6, 0, 6);
		frame.bytes[6] = first;
		expect_frame_at(1, 1 << 2, "from nobody");
		frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 100);
		memset(frame.bytes, 0, 6);
		frame.bytes[0] = first;
		expect_frame_at(2, ALL_BUT(2), "for nobody");
	}
}

Test(ring_switch, alone_in_the_switch_a_port_loses_what_it_sends_and_counts_it)
{
	struct vale_port *alone = ring_open("vale1:a", NULL);

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	ring_send(alone, 0, &frame);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(alone, 0, &frame);
	cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_NO_PORT), 2);
	cr_assert_eq(port_counter("vale1:a", "flooded"), 0);
	ring_expect_balance("vale1");
	/* Not alone any more. */
	ring_open("vale1:b", NULL);
	ring_send(alone, 0, &frame);
	cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_NO_PORT), 2);
	cr_assert_eq(port_counter("vale1:a", "flooded"), 1);
}

Test(ring_switch, switches_do_not_meet)
{
	struct vale_port *other = ring_open("vale2:p1", NULL);

	open_all();
	expect_at(1, 1, FRAME_EVERYONE, ALL_BUT(1), "in its own switch");
	cr_assert_eq(ring_drain(other), 0);
	frame_plain(&frame, 9, 2, FRAME_TYPE_OURS, 100);
	ring_send(other, 0, &frame);
	for (int i = 1; i <= PORTS; i++)
		cr_assert_eq(ring_drain(port[i]), 0);
	cr_assert_eq(ring_dropped("vale2:p1", VALE_DROP_NO_PORT), 1);
}

/* ---- several destinations in one batch --------------------------------------------------------- */

/* Round after round: to each of the others, to all, to itself, to nobody known. */
static int put_batch(int number)
{
	static const int to[] = { 2, 3, FRAME_EVERYONE, 4, 5, 1, 1000, 2 };
	const int count = sizeof(to) / sizeof(to[0]);

	for (int i = 0; i < count; i++) {
		frame_plain(&frame, 1, to[i], FRAME_TYPE_OURS, 60 + number * count + i);
		ring_inject(port[1], 0, &frame);
	}
	return count;
}

static void expect_batch(int receiver, int number)
{
	static const int to[] = { 2, 3, FRAME_EVERYONE, 4, 5, 1, 1000, 2 };
	const int count = sizeof(to) / sizeof(to[0]);

	for (int i = 0; i < count; i++) {
		if (to[i] != receiver && to[i] != FRAME_EVERYONE && to[i] != 1000)
			continue;
		frame_plain(&frame, 1, to[i], FRAME_TYPE_OURS, 60 + number * count + i);
		ring_expect(port[receiver], &frame, "one of a batch");
	}
}

Test(ring_switch, a_batch_for_many_is_sorted)
{
	open_all();
	for (int round = 0; round < 20; round++) {
		for (int number = 0; number < 50; number++)
			put_batch(number);
		cr_assert_eq(vale_txsync(port[1], 0), 0);
		for (int receiver = 2; receiver <= PORTS; receiver++) {
			for (int number = 0; number < 50; number++)
				expect_batch(receiver, number);
			cr_assert_eq(ring_drain(port[receiver]), 0);
		}
		cr_assert_eq(ring_drain(port[1]), 0);
		ring_expect_balance("vale1");
	}
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_OWN_PORT), 20 * 50);
	cr_assert_eq(port_counter("vale1:p2", "sent_frames"), 20 * 50 * 4 + 4);
	cr_assert_eq(port_counter("vale1:p3", "dropped"), 0);
}

/* ---- addresses --------------------------------------------------------------------------------- */

Test(ring_switch, an_address_that_moves_is_followed_with_the_next_frame)
{
	open_all();
	for (int i = 0; i < 10; i++) {
		expect_at(2, 2, 1, 1 << 1, "from its first place");
		expect_at(1, 1, 2, 1 << 2, "to its first place");
		expect_at(3, 2, 1, 1 << 1, "from its second place");
		expect_at(1, 1, 2, 1 << 3, "to its second place");
	}
}

Test(ring_switch, an_address_set_by_hand_does_not_move)
{
	open_all();
	must("%s fdb vale1 add %s p4", valectl(), frame_address_text(2));
	expect_at(1, 1, 2, 1 << 4, "to its place");
	expect_at(3, 2, 1, 1 << 1, "from elsewhere");
	expect_at(1, 1, 2, 1 << 4, "to its place");
	expect_at(4, 4, 2, 0, "on its own port");
	must("%s fdb vale1 del %s", valectl(), frame_address_text(2));
	expect_at(1, 1, 2, ALL_BUT(1), "nowhere");
	expect_at(3, 2, 1, 1 << 1, "from elsewhere");
	expect_at(1, 1, 2, 1 << 3, "to where it is");
}

Test(ring_switch, flush_forgets_and_who_speaks_is_learned_again)
{
	open_all();
	expect_at(1, 1, 2, 1 << 2, "learned");
	must("%s fdb vale1 flush", valectl());
	expect_at(1, 1, 2, ALL_BUT(1), "forgotten");
	expect_at(2, 2, 1, 1 << 1, "learned by its last frame");
	expect_at(1, 1, 2, 1 << 2, "learned again");
}

/* The one who speaks on has only one address, as most have. */
Test(ring_switch, an_address_is_forgotten_when_it_is_old_and_not_while_it_is_used)
{
	must("%s create vale1 --age 1", valectl());
	open_all();
	for (int i = 0; i < 8; i++) { /* 1.6 s */
		usleep(200000);
		expect_at(2, 2, FRAME_EVERYONE, ALL_BUT(2), "to all");
	}
	expect_at(1, 1, 2, 1 << 2, "in use");
	expect_at(1, 1, 3, ALL_BUT(1), "old");
}

Test(ring_switch, the_address_of_a_port_that_was_closed_floods)
{
	open_all();
	expect_at(1, 1, 2, 1 << 2, "open");
	vale_port_close(port[2]);
	ring_send(port[1], 0, &frame);
	for (int i = 3; i <= PORTS; i++)
		ring_expect(port[i], &frame, "closed");
	port[2] = ring_open("vale1:new", NULL); /* takes the free number */
	expect_at(1, 1, 2, ALL_BUT(1), "another port");
}
