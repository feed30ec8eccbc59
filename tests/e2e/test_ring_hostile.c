// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Clients that write garbage into all of their memory while others exchange frames: these get all
 * of their frames, whole and in order, the counters add up, nothing is written that is nobody's to
 * write, and the kernel has nothing to say.
 *
 * Environment: VALE_HOSTILE_SECONDS=N   how long each attack takes (otherwise 2)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/guard.h"
#include "tests/lib/mixed.h"
#include "tests/lib/neighbours.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/scribble.h"
#include "tests/lib/traffic.h"

#define MOST	 4
#define LEAST	 200 /* syncs of each */
#define ENOUGH	 100 /* frames of theirs that come to others */
#define WAIT	 120 /* seconds that a slow machine may take for this */
#define ATTACKER 20  /* hosts: and 21 ... */
#define GUARD	 30

/* A port of an attacker's. */
struct evil {
	const char *options;
	unsigned int flags;
	bool header; /* of which it also changes the size */
};

struct attacker {
	char port[32];
	struct client *client;
	struct scribble scribble;
};

static struct attacker attacker[MOST];
static int attackers, hosts[MOST + 1];
static struct vale_port *receiver;
static struct mixed mixed; /* of which there is the veth, or nothing */
static int kernel_log;
static bool *stop;

static void enter(void)
{
	sandbox_enter();
	stop = pump_flag();
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(kernel_log, 0, "/dev/kmsg: %s", strerror(errno));
	cr_assert_geq(lseek(kernel_log, 0, SEEK_END), 0);
}

TestSuite(ring_hostile, .init = enter);

static void expect_quiet_kernel(void)
{
	static const char *const complaints[] = {
		"BUG:",	 "WARNING:",   "Oops",	 "Call Trace",
		"UBSAN", "protection", "lockup", "detected stall"
	};
	char line[8192];
	ssize_t length;

	/* -EPIPE: some were overwritten; what is left is still to be read. */
	while ((length = read(kernel_log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[length > 0 ? length : 0] = 0;
		errno = 0;
		for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++)
			cr_assert_not(strstr(line, complaints[i]), "the kernel says: %s", line);
	}
}

static time_t seconds(void)
{
	const char *given = getenv("VALE_HOSTILE_SECONDS");

	return given ? atol(given) : 2;
}

/* ---- attacks ----------------------------------------------------------------------------------- */

static void open_attackers(const struct evil *evil)
{
	for (attackers = 0; attackers < MOST && evil[attackers].options; attackers++) {
		struct attacker *self = &attacker[attackers];

		snprintf(self->port, sizeof(self->port), "vale1:evil%d", attackers + 1);
		must("%s port add %s %s", valectl(), self->port, evil[attackers].options);
		self->client = client_start();
		client_opens(self->client, self->port, evil[attackers].flags);
		hosts[attackers] = ATTACKER + attackers;
		neighbours_fix_address(hosts[attackers], self->port + strlen("vale1:"));
	}
}

static void start_attackers(const struct evil *evil, unsigned int seed)
{
	for (int i = 0; i < attackers; i++) {
		struct scribble *scribble = &attacker[i].scribble;

		*scribble = (struct scribble){
			.seed = seed + i,
			.from = hosts[i],
			.to = { NEIGHBOUR_RECEIVER, FRAME_EVERYONE, GUARD, MIXED_VETH },
			.stop = stop,
			.least = LEAST,
			.header = evil[i].header,
		};
		for (int k = 0; k < attackers; k++)
			scribble->to[4 + k] = hosts[k];
		scribble_start(attacker[i].client, scribble);
	}
}

/* As any container does, the one behind the veth takes what comes. Returns what neighbours do. */
static long receive(void)
{
	if (mixed.veth)
		traffic_count(mixed.veth, 0);
	return neighbours_receive();
}

/* Returns how many of their frames have come to the receiver. */
static long watch_attackers(void)
{
	time_t end = time(NULL) + seconds();
	long others = 0, syncs = 0, mutations = 0;

	while (time(NULL) < end ||
	       ((others <= ENOUGH || !neighbours_have_enough()) && time(NULL) < end + WAIT))
		others += receive();
	*stop = true;
	for (int i = 0; i < attackers; i++) {
		const struct scribble *scribble = &attacker[i].scribble;

		while (client_waits(attacker[i].client, 0))
			others += receive();
		cr_assert_eq(client_result(attacker[i].client), 0);
		cr_assert_gt(scribble->good, scribble->syncs / 2);
		cr_assert_eq(scribble->bad, 0);
		syncs += scribble->syncs;
		mutations += scribble->mutations;
	}
	cr_log_info("%d attackers: %ld syncs, %ld writes; neighbours: %ld frames; of attackers "
		    "%ld came\n",
		    attackers, syncs, mutations, neighbours_frames(), others);
	return others;
}

/* The next client of their ports finds them as new. */
static void expect_ports_well(void)
{
	static struct frame frame;

	for (int i = 0; i < attackers; i++) {
		struct vale_port *port;

		client_close(attacker[i].client);
		must("%s port header %s 0", valectl(), attacker[i].port);
		port = ring_open(attacker[i].port, NULL);
		frame_plain(&frame, hosts[i], NEIGHBOUR_RECEIVER, FRAME_TYPE_OURS, 5000);
		ring_send(port, 0, &frame);
		ring_expect(receiver, &frame, "from the port of an attacker");
		frame_plain(&frame, NEIGHBOUR_RECEIVER, hosts[i], FRAME_TYPE_OURS, 5000);
		ring_send(receiver, 0, &frame);
		ring_expect(port, &frame, "to the port of an attacker");
		vale_port_close(port);
	}
}

static void attack(const struct evil *evil)
{
	struct guard closed, unused[2];
	struct guard_tables tables;
	unsigned int seed = ring_seed();
	long others;

	must("%s port add vale1:guard --rings 2", valectl());
	neighbours_fix_address(GUARD, "guard");
	closed = guard_port("vale1:guard");
	open_attackers(evil);
	receiver = neighbours_open();
	for (int pair = 0; pair < 2; pair++)
		unused[pair] = guard_buffers(receiver, pair, NEIGHBOUR_SLOTS);
	tables = guard_tables("vale1");
	neighbours_start(seed, hosts);
	start_attackers(evil, seed);
	others = watch_attackers();
	neighbours_end();
	cr_assert_gt(others, ENOUGH, "attackers have sent %ld frames only", others);
	neighbours_expect_well();
	guard_expect_tables(&tables, "vale1");
	guard_expect(&closed, "a port that is closed");
	for (int pair = 0; pair < 2; pair++)
		guard_expect(&unused[pair], "what the receiver has no slots for");
	cr_assert_gt(port_counter("vale1:guard", "drops.closed"), 0);
	expect_ports_well();
	ring_expect_balance("vale1");
	expect_quiet_kernel();
}

Test(ring_hostile, garbage_in_one_pair_of_rings)
{
	static const struct evil evil[] = { { .options = "--slots 256" }, { .options = "" }, {} };

	attack(evil);
}

Test(ring_hostile, garbage_in_several_pairs_of_rings)
{
	static const struct evil evil[] = {
		{ .options = "--rings 3" },
		{ .options = "--rings 8", .flags = VALE_OPEN_LOSSLESS },
		{ .options = "--rings 2 --pipes 2" },
		{},
	};

	attack(evil);
}

/* What they send to devices waits in their rings, or is sent from there at any time. */
Test(ring_hostile, garbage_for_devices)
{
	static const struct evil evil[] = { { .options = "--rings 2" }, { .options = "" }, {} };
	mixed_add_veth(&mixed, 1500);
	neighbours_fix_address(MIXED_VETH, "veth");
	attack(evil);
	cr_assert_gt(port_counter("vale1:veth", "sent_frames"), 100);
}

/* Frames are converted between headers, and cut as these say. */
Test(ring_hostile, garbage_with_headers)
{
	static const struct evil evil[] = {
		{ .options = "--vnet-header 12" },
		{ .options = "--vnet-header 10 --rings 2", .flags = VALE_OPEN_LOSSLESS },
		{ .options = "--vnet-header 10", .header = true },
		{ .options = "" },
	};
	mixed_add_veth(&mixed, 1500);
	neighbours_fix_address(MIXED_VETH, "veth");
	attack(evil);
	cr_assert_gt(port_counter("vale1:veth", "sent_frames"), 100);
}

/* From ports that are bound to an address, nothing comes from another one. */
Test(ring_hostile, garbage_from_bound_ports)
{
	static const struct evil evil[] = {
		{ .options = "--mac 02:00:00:00:00:14" },
		{ .options = "--mac 02:00:00:00:00:15 --vnet-header 12", .header = true },
		{},
	};

	cr_assert_str_eq(frame_address_text(ATTACKER), "02:00:00:00:00:14");
	attack(evil);
	cr_assert_gt(ring_dropped("vale1:evil1", VALE_DROP_SPOOFED), 100);
	cr_assert_gt(ring_dropped("vale1:evil2", VALE_DROP_SPOOFED), 100);
}
