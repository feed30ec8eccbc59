// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * One port sends from 200,000 made-up addresses, as fast as it can. Its neighbours have spoken once and
 * are listening: what is for them alone goes to nobody else, if that port has a limit. Without one,
 * their addresses are pushed out of the table, and the attacker hears what is for them.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define NEIGHBOURS 40
#define SOURCES	   200000
#define BURST	   1000 /* sources, and then a frame to a neighbour */
#define LIMIT	   16

static struct frame frame;
static struct vale *vale;

/* What another CPU has learned lately, 128 addresses at most, the kernel does not push out for this one. */
static void on_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	cr_assert_eq(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
	sandbox_enter();
}

TestSuite(limit_flood, .init = on_one_cpu, .timeout = 120);

/* Neighbours are hosts 1 .. NEIGHBOURS behind vale1:them; vale1:us is who speaks to them. */
struct street {
	struct vale_port *them, *us, *attacker; /* the latter NULL: it has the container `a` */
	int socket;
};

static void limit_attacker(__u32 macs)
{
	struct vale_limits limits = { .size = sizeof(limits), .macs = macs };

	cr_assert_eq(vale_port_set_limits(vale, "vale1:attacker", &limits), 0, "%s",
		     vale_reason(vale));
}

static void open_street(struct street *street, const char *hook)
{
	*street = (struct street){};
	cr_assert_eq(vale_open(&vale, NULL), 0);
	must("%s create vale1 --fdb-size 1024", valectl());
	street->them = ring_open("vale1:them", NULL);
	street->us = ring_open("vale1:us", NULL);
	if (!hook) {
		street->attacker = ring_open("vale1:attacker", NULL);
		return;
	}
	traffic_quiet();
	container("a", 200);
	must("%s attach vale1:attacker a --hook %s", valectl(), hook);
	street->socket = traffic_open("a", "eth0", 0);
}

static void speak_once(struct street *street)
{
	for (int host = 1; host <= NEIGHBOURS; host++) {
		frame_plain(&frame, host, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		ring_send(street->them, 0, &frame);
	}
	ring_drain(street->us);
	if (street->attacker)
		ring_drain(street->attacker);
	else
		traffic_count(street->socket, 50);
}

static bool have_come(const void *frames)
{
	return traffic_stats("vale1:attacker").received_frames >= *(const __u64 *)frames;
}

/* To an address that is behind the attacker itself, so that nobody hears them. */
static void attack(struct street *street, int first)
{
	__u64 sent = first + BURST;

	frame_plain(&frame, 1000, 1000, FRAME_TYPE_OURS, 60);
	if (!street->attacker) {
		traffic_send_sources(street->socket, &frame, 1000 + first, BURST);
		cr_assert(eventually(have_come, &sent));
		return;
	}
	for (int i = 0; i < BURST; i++) {
		frame_set_address(frame.bytes + 6, 1000 + first + i);
		ring_inject(street->attacker, 0, &frame);
	}
	cr_assert_eq(vale_txsync(street->attacker, 0), 0);
}

/* Its own address may have been pushed out, too: then they hear the attacker. */
static void expect_at_neighbours(struct street *street)
{
	static struct frame got;

	do
		cr_assert(ring_receive(street->them, &got, 5000), "a frame is missing");
	while (!frame_equal(&frame, &got));
}

/* How many of the frames to neighbours went to all. */
static __u64 attack_street(struct street *street)
{
	__u64 before = traffic_stats("vale1:us").flooded;
	long heard = 0;

	frame_plain(&frame, 1000, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	for (int first = 0; first < SOURCES; first += BURST) {
		attack(street, first);
		frame_plain(&frame, 500, 1 + first / BURST % NEIGHBOURS, FRAME_TYPE_OURS, 60);
		ring_send(street->us, 0, &frame);
		expect_at_neighbours(street);
		heard += street->attacker ? ring_drain(street->attacker) : 0;
		ring_drain(street->us);
		ring_drain(street->them);
	}
	if (!street->attacker)
		heard = traffic_count(street->socket, 50);
	before = traffic_stats("vale1:us").flooded - before;
	cr_assert_eq(heard, before, "the attacker heard %ld of %llu frames", heard, before);
	return before;
}

static void check(const char *hook)
{
	struct street street;
	__u64 harm;

	open_street(&street, hook);
	speak_once(&street);
	limit_attacker(LIMIT);
	harm = attack_street(&street);
	cr_assert_eq(harm, 0, "%llu frames to neighbours went to all", harm);
	cr_assert_gt(traffic_stats("vale1:attacker").unlearned, SOURCES / 2);
	if (street.attacker)
		ring_expect_balance("vale1");
}

static void check_without(const char *hook)
{
	struct street street;
	__u64 harm;

	open_street(&street, hook);
	speak_once(&street);
	harm = attack_street(&street);
	cr_assert_gt(harm, NEIGHBOURS / 2, "%llu frames to neighbours went to all", harm);
	cr_assert_eq(traffic_stats("vale1:attacker").unlearned, 0);
}

Test(limit_flood, from_a_ring_with_a_limit)
{
	check(NULL);
}

Test(limit_flood, from_a_ring_without)
{
	check_without(NULL);
}

Test(limit_flood, from_a_device_with_a_limit)
{
	check("xdp");
}

Test(limit_flood, from_a_device_without)
{
	check_without("xdp");
}

Test(limit_flood, from_a_device_at_tc_with_a_limit)
{
	check("tc");
}
