// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Clients that write garbage into all of their memory while others exchange frames: these get all
 * of their frames, whole and in order, the counters add up, and the kernel has nothing to say.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/mixed.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/scribble.h"

#define ATTACKERS 2
#define SYNCS	  60000 /* of each */

/* Hosts: */
#define RECEIVER 2
#define LOSSLESS 1 /* sends to the receiver; and so does */
#define LOSSY	 5
#define BESIDE	 6  /* sends to the attackers */
#define ATTACKER 20 /* and 21 */

static struct client *attacker[ATTACKERS], *lossless, *lossy, *beside;
static struct scribble scribble[ATTACKERS];
static struct pump pump_lossless, pump_lossy, pump_beside;
static struct vale_port *receiver;
static struct stream stream;
static int kernel_log;
static bool *stop;

static void enter(void)
{
	sandbox_enter();
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	cr_assert_geq(kernel_log, 0, "/dev/kmsg: %s", strerror(errno));
	cr_assert_geq(lseek(kernel_log, 0, SEEK_END), 0);
}

TestSuite(ring_hostile, .init = enter, .timeout = 300);

static void expect_quiet_kernel(void)
{
	static const char *const complaints[] = { "BUG:",  "WARNING:",	 "Oops", "Call Trace",
						  "UBSAN", "protection", "stall" };
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

/* ---- those who exchange frames ----------------------------------------------------------------- */

static void fix_address(int host, const char *port)
{
	must("%s fdb vale1 add %s %s", valectl(), frame_address_text(host), port);
}

static struct client *open_sender(const char *name, int host, unsigned int flags)
{
	struct client *client = client_start();
	char port[32];

	snprintf(port, sizeof(port), "vale1:%s", name);
	cr_assert_eq(client_open(client, port, flags), 0, "%s", client_reason(client));
	fix_address(host, name);
	return client;
}

static void open_neighbours(void)
{
	struct vale_open_options options = { .ring = { .rings = 2, .rx_slots = 256 } };

	stop = pump_flag();
	receiver = ring_open("vale1:r", &options);
	fix_address(RECEIVER, "r");
	lossless = open_sender("lossless", LOSSLESS, VALE_OPEN_LOSSLESS);
	lossy = open_sender("lossy", LOSSY, 0);
	beside = open_sender("beside", BESIDE, 0);
}

static void start_neighbours(unsigned int seed)
{
	struct pump common = { .to = { RECEIVER }, .stop = stop, .longest = 5000, .seed = seed };

	pump_lossless = pump_lossy = pump_beside = common;
	pump_lossless.from = LOSSLESS;
	pump_lossless.lossless = true;
	pump_lossy.from = LOSSY;
	pump_beside.from = BESIDE;
	for (int i = 0; i < ATTACKERS; i++)
		pump_beside.to[i] = ATTACKER + i;
	pump_start(lossless, &pump_lossless);
	pump_start(lossy, &pump_lossy);
	pump_start(beside, &pump_beside);
}

/* Attackers send, too, but nothing that looks like this. */
static bool is_neighbour_s(const unsigned char *frame, __u32 length)
{
	unsigned char header[3][14];

	for (int i = 0; i < 2; i++) {
		frame_set_address(header[i], RECEIVER);
		frame_set_address(header[i] + 6, i ? LOSSY : LOSSLESS);
		header[i][12] = FRAME_TYPE_OURS >> 8;
		header[i][13] = FRAME_TYPE_OURS & 0xff;
	}
	return length >= 14 && (!memcmp(frame, header[0], 14) || !memcmp(frame, header[1], 14));
}

/* By slots, each of which must make sense. Returns how many frames of others there were. */
static long receive(void)
{
	static struct frame frame;
	long others = 0;

	for (__u32 pair = 0; pair < vale_port_rings(receiver); pair++) {
		while (ring_take(receiver, pair, &frame)) {
			if (is_neighbour_s(frame.bytes, frame.length))
				stream_take(&stream, frame.bytes, frame.length);
			else
				others++;
		}
		cr_assert_eq(vale_rxsync(receiver, pair), 0);
	}
	return others;
}

static void end_neighbours(void)
{
	struct client *const all[] = { lossless, lossy, beside };

	*stop = true;
	for (int i = 0; i < 3; i++) {
		while (client_waits(all[i], 0))
			receive();
		cr_assert_eq(client_result(all[i]), 0, "neighbour %d", i);
	}
	receive();
}

static void expect_neighbours_well(void)
{
	long missing = pump_sent(&pump_lossy) - stream.from[LOSSY];

	cr_assert_gt(pump_sent(&pump_lossless), 1000);
	cr_assert_eq(stream.from[LOSSLESS], pump_sent(&pump_lossless), "%ld of %ld frames came",
		     stream.from[LOSSLESS], pump_sent(&pump_lossless));
	cr_assert_eq(port_counter("vale1:lossless", "received_frames"), pump_sent(&pump_lossless));
	cr_assert_eq(port_counter("vale1:lossless", "lost_at_receivers"), 0);
	cr_assert_gt(stream.from[LOSSY], 0);
	cr_assert_eq(port_counter("vale1:lossy", "received_frames"), pump_sent(&pump_lossy));
	cr_assert_eq(port_counter("vale1:lossy", "lost_at_receivers"), missing);
	cr_assert_eq(port_counter("vale1:beside", "received_frames"), pump_sent(&pump_beside));
	/* Bytes are as many as the frames can have, and not less than the neighbours have sent. */
	cr_assert_leq(port_counter("vale1:r", "sent_bytes"),
		      port_counter("vale1:r", "sent_frames") * FRAME_MAX);
	cr_assert_geq(port_counter("vale1:r", "sent_bytes"), stream.frames * STREAM_MIN);
}

/* ---- attacks ----------------------------------------------------------------------------------- */

static void open_attackers(__u32 rings)
{
	char name[32];

	for (int i = 0; i < ATTACKERS; i++) {
		struct vale_open_options options = {};

		snprintf(name, sizeof(name), "vale1:evil%d", i + 1);
		must("%s port add %s --rings %u %s", valectl(), name, rings,
		     i ? "" : "--slots 256");
		attacker[i] = client_start();
		cr_assert_eq(client_open_with(attacker[i], name, &options), 0);
		fix_address(ATTACKER + i, name + strlen("vale1:"));
	}
}

static void start_attackers(unsigned int seed)
{
	for (int i = 0; i < ATTACKERS; i++) {
		scribble[i] = (struct scribble){
			.seed = seed + i,
			.to = { RECEIVER, ATTACKER, ATTACKER + 1, FRAME_EVERYONE },
			.syncs = SYNCS,
		};
		scribble_start(attacker[i], &scribble[i]);
	}
}

static long watch_attackers(void)
{
	long others = 0;

	for (int i = 0; i < ATTACKERS; i++) {
		while (client_waits(attacker[i], 0))
			others += receive();
		cr_assert_eq(client_result(attacker[i]), 0);
		cr_assert_gt(scribble[i].good, SYNCS / 2);
		cr_assert_eq(scribble[i].bad, 0);
	}
	return others;
}

/* The next client of their ports finds them as new. */
static void expect_ports_well(void)
{
	static struct frame frame;

	for (int i = 0; i < ATTACKERS; i++) {
		struct vale_port *port;
		char name[32];

		client_close(attacker[i]);
		snprintf(name, sizeof(name), "vale1:evil%d", i + 1);
		port = ring_open(name, NULL);
		frame_plain(&frame, ATTACKER + i, RECEIVER, FRAME_TYPE_OURS, 5000);
		ring_send(port, 0, &frame);
		ring_expect(receiver, &frame, "from the port of an attacker");
		frame_plain(&frame, RECEIVER, ATTACKER + i, FRAME_TYPE_OURS, 5000);
		ring_send(receiver, 0, &frame);
		ring_expect(port, &frame, "to the port of an attacker");
		vale_port_close(port);
	}
}

static void attack(__u32 rings)
{
	unsigned int seed = ring_seed();
	long others;

	open_attackers(rings);
	open_neighbours();
	start_neighbours(seed);
	start_attackers(seed);
	others = watch_attackers();
	end_neighbours();
	cr_assert_gt(others, 1000, "attackers have sent %ld frames only", others);
	expect_neighbours_well();
	expect_ports_well();
	ring_expect_balance("vale1");
	expect_quiet_kernel();
}

Test(ring_hostile, garbage_in_one_pair_of_rings)
{
	attack(1);
}

Test(ring_hostile, garbage_in_several_pairs_of_rings)
{
	attack(3);
}

/* What they send to devices waits in their rings, or is sent from there at any time. */
Test(ring_hostile, garbage_for_devices)
{
	struct mixed mixed = {};

	mixed_add_veth(&mixed, 1500);
	fix_address(MIXED_VETH, "veth");
	attack(2);
	cr_assert_gt(port_counter("vale1:veth", "sent_frames"), 100);
}
