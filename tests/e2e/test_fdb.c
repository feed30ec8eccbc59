// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Where frames go when addresses move, age and are flushed, counted at the receivers. */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define FRAMES 100

static struct frame frame;
static int ends[5];

TestSuite(fdb, .init = sandbox_enter, .timeout = 60);

/* Hosts 1 .. count behind ports p1 ... Nobody has said anything yet. */
static void containers(int count, const char *create_options)
{
	char name[8];

	traffic_quiet();
	must("%s create vale1 %s", valectl(), create_options);
	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		container(name, i);
		must("%s attach vale1:p%d c%d", valectl(), i, i);
		ends[i] = traffic_open(name, "eth0", FRAME_TYPE_OURS);
	}
}

/* Sends from the end of port `end` as host `from`. */
static void say(int end, int from, int to, long count)
{
	frame_plain(&frame, from, to, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(ends[end], &frame, count), count);
}

/* How many frames each of the first three got since the last time. */
static void expect_arrived(long at1, long at2, long at3, const char *what)
{
	long expected[] = { 0, at1, at2, at3 };

	for (int i = 1; i <= 3; i++) {
		long count = traffic_count(ends[i], 50);

		cr_assert_eq(count, expected[i], "%s: %ld frames at %d, not %ld", what, count, i,
			     expected[i]);
	}
}

Test(fdb, a_host_that_moves_gets_its_frames_at_its_new_port_at_once)
{
	containers(3, "");
	say(2, 50, FRAME_EVERYONE, 1);
	expect_arrived(1, 0, 1, "hello");
	for (int i = 0; i < 5; i++) {
		say(1, 1, 50, FRAMES);
		expect_arrived(0, FRAMES, 0, "before the move");
		say(3, 50, FRAME_EVERYONE, 1);
		say(1, 1, 50, FRAMES);
		expect_arrived(1, 1, FRAMES, "after the move");
		say(2, 50, FRAME_EVERYONE, 1);
		expect_arrived(1, 0, 1, "the move back");
	}
}

/* Host 50 goes on talking to host 1 from here and from there, with no pause in between. */
Test(fdb, no_frame_is_lost_or_doubled_while_a_host_moves)
{
	long seen = 0;

	containers(3, "");
	say(1, 1, FRAME_EVERYONE, 1);
	expect_arrived(0, 1, 1, "hello");
	for (int i = 0; i < 200; i++)
		say(2 + i % 2, 50, 1, 10);
	seen = traffic_count(ends[1], 100);
	cr_assert_eq(seen, 2000);
	expect_arrived(0, 0, 0, "others");
}

Test(fdb, an_address_that_is_old_floods_until_it_is_heard_again)
{
	containers(3, "--age 1");
	say(2, 2, FRAME_EVERYONE, 1);
	say(1, 1, 2, FRAMES);
	expect_arrived(1, FRAMES, 1, "known");
	usleep(1600000);
	say(1, 1, 2, FRAMES);
	expect_arrived(0, FRAMES, FRAMES, "forgotten");
	say(2, 2, FRAME_EVERYONE, 1);
	say(1, 1, 2, FRAMES);
	expect_arrived(1, FRAMES, 1, "heard again");
}

/* A host that is only spoken to ages; one that speaks does not, however busy the lookups. */
Test(fdb, an_address_in_use_does_not_age)
{
	containers(3, "--age 1");
	say(2, 2, FRAME_EVERYONE, 1);
	expect_arrived(1, 0, 1, "hello");
	for (int i = 0; i < 25; i++) {
		say(2, 2, 1, 1);
		say(1, 1, 2, 1);
		usleep(100000);
	}
	/* Host 1 was unknown for one frame. */
	expect_arrived(25, 25, 1, "in use");
}

Test(fdb, a_static_address_stays_where_it_was_set)
{
	containers(3, "--age 1");
	must("%s fdb vale1 add %s p2", valectl(), frame_address_text(2));
	say(3, 2, FRAME_EVERYONE, 10); /* somebody else says that he is host 2 */
	say(1, 1, 2, FRAMES);
	expect_arrived(10, FRAMES + 10, 0, "claimed by another");
	usleep(1600000);
	say(1, 1, 2, FRAMES);
	expect_arrived(0, FRAMES, 0, "old");
	must("%s fdb vale1 del %s", valectl(), frame_address_text(2));
	say(1, 1, 2, FRAMES);
	expect_arrived(0, FRAMES, FRAMES, "deleted");
}

Test(fdb, flushed_addresses_flood)
{
	containers(3, "");
	say(2, 2, FRAME_EVERYONE, 1);
	say(3, 3, FRAME_EVERYONE, 1);
	expect_arrived(2, 1, 1, "hello");
	say(1, 1, 2, FRAMES);
	expect_arrived(0, FRAMES, 0, "known");
	must("%s fdb vale1 flush p2", valectl());
	say(1, 1, 2, FRAMES);
	say(1, 1, 3, FRAMES);
	expect_arrived(0, FRAMES, 2 * FRAMES, "one port flushed");
	must("%s fdb vale1 flush", valectl());
	say(1, 1, 3, FRAMES);
	expect_arrived(0, FRAMES, FRAMES, "all flushed");
}

Test(fdb, addresses_of_a_port_that_left_flood)
{
	containers(3, "");
	say(2, 2, FRAME_EVERYONE, 1);
	say(1, 1, 2, FRAMES);
	expect_arrived(1, FRAMES, 1, "known");
	must("%s detach vale1:p2", valectl());
	say(1, 1, 2, FRAMES);
	expect_arrived(0, 0, FRAMES, "detached");
	must("%s attach vale1:p2 c2", valectl());
	say(1, 1, 2, FRAMES);
	expect_arrived(0, FRAMES, FRAMES, "attached again");
	say(2, 2, FRAME_EVERYONE, 1);
	say(1, 1, 2, FRAMES);
	expect_arrived(1, FRAMES, 1, "heard again");
	must("ip link del c2");
	say(1, 1, 2, FRAMES);
	cr_assert_eq(traffic_count(ends[3], 50), FRAMES);
}

/*
 * 100,000 sources through one port, in a table for 1024. Hosts 1 and 2 go on talking and lose
 * nothing: what is forgotten is flooded, and so gets there as well.
 */
Test(fdb, a_flood_of_sources_costs_others_no_frame)
{
	const int sources = 100000, burst = 500, pair = 20;
	long at1 = 0, at2 = 0, total = 0, addresses;
	json_t *document;

	containers(3, "--fdb-size 1024");
	say(1, 1, FRAME_EVERYONE, 1);
	say(2, 2, FRAME_EVERYONE, 1);
	expect_arrived(1, 1, 2, "hello");
	for (int first = 0; first < sources; first += burst) {
		/* To the flooder's own port, so that nobody hears it. */
		frame_plain(&frame, 0, 3, FRAME_TYPE_OURS, 60);
		say(3, 3, FRAME_EVERYONE, 1);
		frame_plain(&frame, 0, 3, FRAME_TYPE_OURS, 60);
		cr_assert_eq(traffic_send_sources(ends[3], &frame, 1000 + first, burst), burst);
		say(1, 1, 2, pair);
		say(2, 2, 1, pair);
		total += pair;
	}
	at1 = traffic_count(ends[1], 100) + traffic_overflow(ends[1]);
	at2 = traffic_count(ends[2], 100) + traffic_overflow(ends[2]);
	/* Also the flooder's own hello, once a burst. */
	cr_assert_eq(at2, total + sources / burst, "host 2 got %ld of %ld frames", at2, total);
	cr_assert_eq(at1, total + sources / burst, "host 1 got %ld of %ld frames", at1, total);
	cr_assert_eq(port_counter("vale1:p3", "received_frames"), sources + sources / burst);
	cr_assert_eq(port_counter("vale1:p3", "drops.own_port"), sources);
	document = valectl_json("show vale1");
	addresses = json_integer_value(json_object_get(document, "addresses"));
	json_decref(document);
	cr_assert(addresses > 512 && addresses <= 1024, "%ld addresses", addresses);
}
