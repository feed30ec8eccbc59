// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Clients that flood what the ports of a switch share: the table of addresses, and the doorbells of
 * others. The table stays within its size and can be used afterwards; neighbours get their frames.
 *
 * Environment: VALE_HOSTILE_SECONDS=N   how long each flood takes (otherwise 2)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/neighbours.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

#define FLOODERS 2
#define FIXED	 4   /* addresses of neighbours */
#define FLOODER	 20  /* hosts: and 21 */
#define WAIT	 120 /* seconds that a slow machine may take */
#define FDB_SIZE 128 /* the least */

struct flood {
	unsigned int seed;
	int host;
	const bool *stop;
	long frames, syncs; /* out */
	long rung;	    /* out: how often its own doorbell was */
};

static struct client *flooder[FLOODERS];
static struct flood flood[FLOODERS];
static struct vale_port *receiver;
static bool *stop;

static void ports(void)
{
	sandbox_enter();
	must("%s create vale1 --fdb-size %d", valectl(), FDB_SIZE);
	stop = pump_flag();
	for (int i = 0; i < FLOODERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "vale1:evil%d", i + 1);
		flooder[i] = client_start();
		client_opens(flooder[i], name, 0);
	}
	receiver = neighbours_open();
}

TestSuite(ring_floods, .init = ports, .timeout = 600);

static void run_flood(client_function *function)
{
	static const int hosts[] = { FLOODER, FLOODER + 1, 0 };
	const char *given = getenv("VALE_HOSTILE_SECONDS");
	time_t end = time(NULL) + (given ? atol(given) : 2);
	unsigned int seed = ring_seed();

	neighbours_start(seed, hosts);
	for (int i = 0; i < FLOODERS; i++) {
		flood[i] = (struct flood){ .seed = seed + i, .host = FLOODER + i, .stop = stop };
		client_begin(flooder[i], function, &flood[i], sizeof(flood[i]));
	}
	while (time(NULL) < end || (!neighbours_have_enough() && time(NULL) < end + WAIT)) {
		vale_port_poll(receiver, POLLIN, 1);
		neighbours_receive();
	}
	*stop = true;
	for (int i = 0; i < FLOODERS; i++) {
		int error;

		while (client_waits(flooder[i], 0))
			neighbours_receive();
		error = client_result(flooder[i]);
		cr_assert_eq(error, 0, "%s", strerror(-error));
		cr_log_info("%ld frames in %ld syncs, doorbell rung %ld times\n", flood[i].frames,
			    flood[i].syncs, flood[i].rung);
	}
	neighbours_end();
	neighbours_expect_well();
	ring_expect_balance("vale1");
}

/* ---- addresses --------------------------------------------------------------------------------- */

static int send_from_anywhere(struct client_self *self, void *argument)
{
	struct flood *of = argument;
	struct frame frame;
	__u32 length;
	int error = 0;

	frame_plain(&frame, of->host, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	for (; !error && !__atomic_load_n(of->stop, __ATOMIC_RELAXED); of->syncs++) {
		while (!vale_inject(self->port, 0, frame.bytes, frame.length)) {
			int to = ring_random(&of->seed) % 4 ? (int)(ring_random(&of->seed) % 9) + 1
							    : 1000;

			frame_set_address(frame.bytes, to == 9 ? FRAME_EVERYONE : to);
			frame_set_address(frame.bytes + 6, 2000 + ring_random(&of->seed));
			of->frames++;
		}
		error = vale_txsync(self->port, 0);
		while (vale_next_frame(self->port, &length))
			;
	}
	return error;
}

static size_t addresses(void)
{
	json_t *document = valectl_json("fdb vale1");
	size_t count = json_array_size(json_object_get(document, "addresses"));

	json_decref(document);
	return count;
}

Test(ring_floods, of_source_addresses)
{
	static struct frame frame;

	run_flood(send_from_anywhere);
	cr_assert_gt(flood[0].frames, 4 * FDB_SIZE);
	/* Those that were set by hand are beside the table. */
	cr_assert_gt(addresses(), FIXED);
	cr_assert_leq(addresses(), FDB_SIZE + FIXED);
	/* What is set by hand has not moved, and what is learned now is found. */
	must("%s fdb vale1 flush", valectl());
	cr_assert_eq(addresses(), FIXED);
	client_close(flooder[0]);
	client_opens(flooder[0], "vale1:new", 0);
	client_count(flooder[1], 0); /* makes room */
	cr_assert(client_reaches(flooder[1], flooder[0], FLOODER + 1, FLOODER));
	cr_assert(client_reaches(flooder[0], flooder[1], FLOODER, FLOODER + 1));
	cr_assert_eq(addresses(), FIXED + 2);
	frame_plain(&frame, NEIGHBOUR_RECEIVER, FLOODER, FRAME_TYPE_OURS, 60);
	ring_drain(receiver);
	ring_send(receiver, 0, &frame);
	cr_assert_geq(client_receive(flooder[0], NULL, 5000), 1);
}

/* ---- doorbells --------------------------------------------------------------------------------- */

/* Wakes the receiver by every single frame, and has itself woken by every one that comes. */
static int ring_all_bells(struct client_self *self, void *argument)
{
	struct vale_control *control = &self->port->region->control;
	struct bell *bell = self->port->bell;
	struct flood *of = argument;
	unsigned long before = *bell->rung;
	struct frame frame;
	int error = 0;

	frame_plain(&frame, of->host, NEIGHBOUR_RECEIVER, FRAME_TYPE_OURS, 60);
	for (; !error && !__atomic_load_n(of->stop, __ATOMIC_RELAXED); of->syncs++) {
		__atomic_store_n(&control->rx_sleeping, 1, __ATOMIC_SEQ_CST);
		*bell->heard = *bell->rung;
		of->frames += !vale_inject(self->port, 0, frame.bytes, frame.length);
		error = vale_txsync(self->port, 0);
		control->rx_released = self->port->state->rx_published;
		port_run(self->port->wake[0]);
	}
	of->rung = (long)(*bell->rung - before) / 16;
	return error;
}

Test(ring_floods, of_doorbells)
{
	for (int i = 0; i < FLOODERS; i++)
		neighbours_fix_address(FLOODER + i, i ? "evil2" : "evil1");
	run_flood(ring_all_bells);
	cr_assert_gt(flood[0].rung + flood[1].rung, 10);
}
