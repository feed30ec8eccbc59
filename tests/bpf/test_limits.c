// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What the limits of a port do to single frames: how many go to all, how many sources are learned. */
#include <linux/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/program.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "vale.h"

#define FRAMES 50
#define BURST  5

static struct frame frame;
static struct program p1, p2;
static struct vale *vale;

TestSuite(limits, .init = sandbox_enter, .timeout = 60);

static void make_switch(const char *options)
{
	program_switch(3, 0, options);
	p1 = program_of("vale1:p1");
	p2 = program_of("vale1:p2");
	cr_assert_eq(vale_open(&vale, NULL), 0);
}

static void limit(const char *port, const struct vale_limits *given)
{
	struct vale_limits limits = *given;

	limits.size = sizeof(limits);
	cr_assert_eq(vale_port_set_limits(vale, port, &limits), 0, "%s", vale_reason(vale));
}

static void limit_macs(__u32 macs)
{
	limit("vale1:p1", &(struct vale_limits){ .macs = macs });
}

static uint32_t say(const struct program *from, int source, int destination)
{
	frame_plain(&frame, source, destination, FRAME_TYPE_OURS, 60);
	return program_run(from, &frame, NULL);
}

/* ---- storms ------------------------------------------------------------------------------------ */

enum destination { BROADCAST, MULTICAST, UNKNOWN, KNOWN, DESTINATIONS };

static const char *const words[] = { "broadcast", "multicast", "unknown" };

static void send_to(enum destination destination)
{
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	if (destination == MULTICAST)
		memcpy(frame.bytes, "\x01\x00\x5e\x00\x00\x01", 6);
	else if (destination >= UNKNOWN)
		frame_set_address(frame.bytes, destination == KNOWN ? 2 : 77);
	program_run(&p1, &frame, NULL);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void expect_storm(enum destination destination, bool is_limited)
{
	struct vale_stats before = traffic_stats("vale1:p1"), after;
	long long drops, flooded;
	double start = now();

	for (int i = 0; i < FRAMES; i++)
		send_to(destination);
	after = traffic_stats("vale1:p1");
	drops = after.drops[VALE_DROP_STORM] - before.drops[VALE_DROP_STORM];
	flooded = after.flooded - before.flooded;
	cr_assert_eq(drops + flooded, destination == KNOWN ? 0 : FRAMES, "%lld and %lld", drops,
		     flooded);
	if (!is_limited)
		cr_assert_eq(drops, 0, "%d: %lld dropped", destination, drops);
	else /* one more for each second */
		cr_assert(flooded >= BURST && flooded <= BURST + 1 + now() - start,
			  "%s: %lld flooded", words[destination], flooded);
}

/* Each kind is limited, and the others are not. */
Test(limits, a_storm_is_cut_down_to_its_rate)
{
	struct vale_limits limits;

	make_switch("");
	say(&p2, 2, 1);
	for (int limited = BROADCAST; limited <= UNKNOWN; limited++) {
		for (int kind = 0; kind < DESTINATIONS; kind++)
			expect_storm(kind, false);
		limits = (struct vale_limits){};
		limits.storm[limited] = (struct vale_rate){ 1, BURST };
		limit("vale1:p1", &limits);
		for (int kind = 0; kind < DESTINATIONS; kind++)
			expect_storm(kind, kind == limited);
		limit("vale1:p1", &(struct vale_limits){});
	}
}

Test(limits, of_one_port_and_no_other)
{
	make_switch("");
	limit("vale1:p2",
	      &(struct vale_limits){ .storm = { { 1, BURST }, { 1, BURST }, { 1, BURST } } });
	expect_storm(BROADCAST, false);
	expect_storm(UNKNOWN, false);
}

static bool goes_through(const void *arg)
{
	(void)arg;
	return say(&p1, 1, FRAME_EVERYONE) == XDP_REDIRECT;
}

Test(limits, after_a_storm_there_is_room_again)
{
	make_switch("");
	limit("vale1:p1", &(struct vale_limits){ .storm = { { 2, 1 } } });
	for (int i = 0; i < 3; i++) {
		for (int n = 0; n < 100 && say(&p1, 1, FRAME_EVERYONE) == XDP_REDIRECT; n++)
			;
		cr_assert(eventually(goes_through, NULL), "no frame in five seconds");
	}
	cr_assert_gt(traffic_stats("vale1:p1").drops[VALE_DROP_STORM], 0);
}

/* The highest rate there is takes more than a test can send. */
Test(limits, what_is_below_its_rate_is_let_through)
{
	make_switch("");
	limit("vale1:p1", &(struct vale_limits){ .storm = { { VALE_RATE_MAX, 0 } } });
	expect_storm(BROADCAST, false);
}

/* ---- addresses --------------------------------------------------------------------------------- */

/* Addresses that were learned behind a port; `host` (0: any) alone. */
static size_t count_learned(const char *port, int host)
{
	struct vale_fdb_info *items = NULL;
	size_t all = 0, count = 0;
	uint8_t mac[6];

	cr_assert_eq(vale_fdb_list(vale, "vale1", &items, &all), 0, "%s", vale_reason(vale));
	frame_set_address(mac, host);
	for (size_t i = 0; i < all; i++)
		count += !strcmp(items[i].port, port) && !items[i].is_static &&
			 (!host || !memcmp(items[i].mac, mac, sizeof(mac)));
	free(items);
	return count;
}

static size_t learned(const char *port)
{
	return count_learned(port, 0);
}

static bool knows(int host)
{
	return count_learned("p1", host);
}

static __u64 unlearned(const char *port)
{
	return traffic_stats(port).unlearned;
}

/* All of them are forwarded, learned or not. */
static void speak(const struct program *from, int first, int count)
{
	for (int i = 0; i < count; i++)
		cr_assert_eq(say(from, first + i, FRAME_EVERYONE), XDP_REDIRECT);
}

/* Whether a host that speaks is learned: there is no room before others have aged, or so. */
static bool is_learned(const void *host)
{
	say(&p1, *(const int *)host, FRAME_EVERYONE);
	cr_assert_leq(learned("p1"), 3);
	return knows(*(const int *)host);
}

static void expect_room_for(int host)
{
	cr_assert(eventually(is_learned, &host), "host %d was not learned in five seconds", host);
}

static void expect_no_room(void)
{
	__u64 before = unlearned("vale1:p1");

	say(&p1, 999, FRAME_EVERYONE);
	cr_assert(!knows(999));
	cr_assert_eq(unlearned("vale1:p1"), before + 1);
}

Test(limits, no_more_addresses_are_learned_than_allowed)
{
	make_switch("");
	limit_macs(3);
	speak(&p1, 100, 50);
	speak(&p2, 200, 50);
	cr_assert_eq(learned("p1"), 3);
	cr_assert_eq(learned("p2"), 50);
	cr_assert(knows(100) && knows(101) && knows(102));
	cr_assert_eq(unlearned("vale1:p1"), 47);
	cr_assert_eq(unlearned("vale1:p2"), 0);
	cr_assert_eq(port_counter("vale1:p1", "dropped"), 0);
	/* What is to an address that was not learned is flooded; and to one that was, is not. */
	cr_assert_eq(traffic_stats("vale1:p2").flooded, 50);
	say(&p2, 200, 149);
	cr_assert_eq(traffic_stats("vale1:p2").flooded, 51);
	say(&p2, 200, 101);
	cr_assert_eq(traffic_stats("vale1:p2").flooded, 51);
}

Test(limits, the_most_that_a_limit_allows)
{
	make_switch("");
	limit_macs(1024);
	speak(&p1, 100, 1100);
	cr_assert_eq(learned("p1"), 1024);
	limit_macs(0);
	speak(&p1, 100, 1100);
	cr_assert_eq(learned("p1"), 1100);
}

/* The oldest go, one by one, and those that speak stay. */
Test(limits, there_is_room_when_addresses_have_aged)
{
	make_switch("--age 2");
	limit_macs(3);
	speak(&p1, 100, 3);
	for (int host = 200; host < 203; host++)
		expect_room_for(host);
}

/* For two seconds, while another one would like to. False: the machine has made a pause of half a one. */
static bool speaks_on(void)
{
	double start = now(), last, pause = 0;

	must("%s fdb vale1 flush", valectl());
	speak(&p1, 100, 3);
	for (last = now(); last - start < 2; last = now()) {
		say(&p1, 999, FRAME_EVERYONE);
		speak(&p1, 100, 3);
		if (now() - last > pause)
			pause = now() - last;
	}
	return pause < 0.5;
}

Test(limits, an_address_that_speaks_keeps_its_place)
{
	make_switch("--age 1");
	limit_macs(3);
	for (int i = 0; i < 10 && !speaks_on(); i++)
		;
	cr_assert(knows(100) && knows(101) && knows(102));
	cr_assert(!knows(999));
}

Test(limits, there_is_room_when_addresses_were_removed)
{
	make_switch("--age 0");
	limit_macs(3);
	speak(&p1, 100, 3);
	expect_no_room();
	must("%s fdb vale1 del %s", valectl(), frame_address_text(101));
	expect_room_for(200);
	expect_no_room();
	must("%s fdb vale1 flush p1", valectl());
	for (int host = 300; host < 303; host++)
		expect_room_for(host);
	expect_no_room();
}

/* One that moves away, and back, a hundred times takes no more than one place. */
Test(limits, there_is_room_when_addresses_have_moved)
{
	make_switch("--age 0");
	limit_macs(3);
	for (int i = 0; i < 100; i++) {
		say(&p1, 200, FRAME_EVERYONE);
		say(&p2, 200, FRAME_EVERYONE);
	}
	for (int host = 200; host < 203; host++)
		expect_room_for(host);
	expect_no_room();
	say(&p2, 201, FRAME_EVERYONE);
	expect_room_for(100);
	cr_assert(knows(200) && knows(202));
	expect_no_room();
}

/* Addresses that the table itself has forgotten, for those of another port. */
Test(limits, there_is_room_when_addresses_were_pushed_out)
{
	cpu_set_t cpu;

	/* Each CPU has addresses of its own that are not pushed out by others. */
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	cr_assert_eq(sched_setaffinity(0, sizeof(cpu), &cpu), 0);
	make_switch("--age 0 --fdb-size 128");
	limit_macs(3);
	speak(&p1, 100, 3);
	/* None of them is used, or the table would keep it. */
	speak(&p2, 1000, 5000);
	cr_assert_eq(learned("p1"), 0, "the flood was too small");
	for (int host = 200; host < 203; host++)
		expect_room_for(host);
}

Test(limits, addresses_set_by_hand_do_not_count)
{
	make_switch("");
	limit_macs(3);
	must("%s fdb vale1 add %s p1", valectl(), frame_address_text(50));
	say(&p1, 50, FRAME_EVERYONE);
	speak(&p1, 100, 3);
	say(&p1, 50, FRAME_EVERYONE);
	cr_assert_eq(unlearned("vale1:p1"), 0);
	cr_assert_eq(learned("p1"), 3);
	expect_no_room();
}

/* What was learned without a limit is forgotten, so that the new one holds at once. */
Test(limits, a_limit_holds_from_the_moment_it_is_set)
{
	make_switch("");
	speak(&p1, 100, 50);
	cr_assert_eq(learned("p1"), 50);
	limit_macs(20);
	speak(&p1, 100, 50);
	cr_assert_eq(learned("p1"), 20);
	limit_macs(3);
	speak(&p1, 100, 50);
	cr_assert_eq(learned("p1"), 3);
}

/* Their frames come on two CPUs, or more, at once. */
static void *speak_loudly(void *argument)
{
	struct frame *own = argument;

	for (int i = 0; i < 20000; i++) {
		frame_set_address(own->bytes + 6,
				  1000 + i % 50 + (i / 50 % 2 ? own->bytes[20] : 0));
		program_run(&p1, own, NULL);
	}
	return NULL;
}

Test(limits, several_cpus_learn_no_more_than_allowed)
{
	static struct frame frames[4];
	pthread_t threads[4];

	make_switch("");
	limit_macs(3);
	for (int i = 0; i < 4; i++) {
		frame_plain(&frames[i], 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		frames[i].bytes[20] = 60 * i;
		cr_assert_eq(pthread_create(&threads[i], NULL, speak_loudly, &frames[i]), 0);
	}
	for (int i = 0; i < 20; i++)
		cr_assert_leq(learned("p1"), 3);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	/* Two that came at once may have left it with one less, until the next one speaks. */
	for (int host = 1000; host < 1003; host++)
		say(&p1, host, FRAME_EVERYONE);
	cr_assert_leq(learned("p1"), 3);
	must("%s fdb vale1 flush", valectl());
	for (int host = 200; host < 203; host++)
		expect_room_for(host);
	expect_no_room();
}
