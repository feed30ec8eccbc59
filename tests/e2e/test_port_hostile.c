// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A client of nobody's, whose port is bound to an address, writes anything at all into its memory
 * while it sends and is sent to. Frames that come from the others' addresses are theirs, whole and in
 * order; the switch counts on; and the port is fit for its next client.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"

/* Its port is bound to its address, so that its frames can be told from the others'. */
#define HOST_A	     1
#define HOST_B	     2
#define HOST_HOSTILE 3

static void a_port_of_nobody(void)
{
	sandbox_enter();
	must("%s port add vale1:hostile --owner nobody --rings 2 --mac %s", valectl(),
	     frame_address_text(HOST_HOSTILE));
	must("%s port add vale1:a && %s port add vale1:b", valectl(), valectl());
}

TestSuite(port_hostile, .init = a_port_of_nobody, .timeout = 120);

/* Numbers that matter more than others, beside any. */
static __u32 number(unsigned int *seed)
{
	static const __u32 some[] = { 0,	  1,	      2,	  7,	     VALE_SLOTS - 1,
				      VALE_SLOTS, 0x7fffffff, 0x80000000, 0xffffffff };
	unsigned int choice = ring_random(seed) % 16;

	return choice < sizeof(some) / sizeof(some[0]) ? some[choice] : ring_random(seed);
}

static void scribble(struct vale_port *port, unsigned int *seed)
{
	struct vale_region *region = &port->region[ring_random(seed) % port->pairs];
	__u32 *words = (__u32 *)region;
	/* Mostly where the rings are. */
	size_t end = ring_random(seed) % 8 ? offsetof(struct vale_region, pad) : sizeof(*region);

	for (int i = 0; i < 64; i++)
		words[ring_random(seed) % (end / sizeof(__u32))] = number(seed);
	region->control.rx_released = number(seed);
	region->control.rx_sleeping = number(seed);
	region->control.lossless = number(seed);
	region->tx.head = number(seed) % (2 * VALE_SLOTS);
}

static unsigned char *buffer(struct vale_port *port, __u32 index)
{
	return (unsigned char *)port->memory + port->state->shift + index * VALE_BUFFER_SIZE;
}

/* Mostly with its own address as a source, since others do not get far. */
static void address(unsigned char *frame, unsigned int *seed)
{
	frame_set_address(frame, ring_random(seed) % 8 ? HOST_A + (int)(ring_random(seed) % 4)
						       : FRAME_EVERYONE);
	frame_set_address(frame + 6, ring_random(seed) % 8 ? HOST_HOSTILE : HOST_A);
}

/* Slots of a ring, some of which the switch takes for good. */
static void fill_in(struct vale_port *port, __u32 pair, unsigned int *seed)
{
	struct vale_ring *ring = &port->region[pair].tx;
	__u32 taken = port->state[pair].tx_taken, count = ring_random(seed) % VALE_SLOTS;

	for (__u32 i = 0; i < count; i++) {
		struct vale_slot *slot = &ring->slot[(taken + i) & (VALE_SLOTS - 1)];

		slot->len = ring_random(seed) % 4 ? 60 : number(seed);
		slot->flags = ring_random(seed) % 4 ? 0 : number(seed);
		if (!(ring_random(seed) % 4))
			slot->buf_idx = number(seed) % (3 * VALE_REGION_UNITS);
		if (slot->buf_idx < port->pairs * VALE_REGION_UNITS - 1)
			address(buffer(port, slot->buf_idx), seed);
	}
	ring->head = (taken + count) & (VALE_SLOTS - 1);
}

/* Without the library, which would set right what is wrong. */
static int do_anything(struct client_self *self, void *argument)
{
	unsigned int seed = *(unsigned int *)argument;
	struct vale_port *port = self->port;

	while (!port->state->removed) {
		__u32 pair = ring_random(&seed) % port->pairs;

		if (ring_random(&seed) % 2)
			scribble(port, &seed);
		else
			fill_in(port, pair, &seed);
		port_run(ring_random(&seed) % 8 ? port->txsync[pair] : port->wake[pair]);
	}
	return 0;
}

/* ---- the others -------------------------------------------------------------------------------- */

struct end {
	struct vale_port *port;
	int host, peer;
	__u32 number;	      /* of the next frame that is sent */
	struct stream stream; /* of what comes from the peer */
	long hostile;	      /* frames of the hostile client */
};

static void receive(struct end *end)
{
	unsigned char source[6];
	const unsigned char *frame;
	__u32 length;

	frame_set_address(source, end->peer);
	while ((frame = vale_next_frame(end->port, &length))) {
		if (memcmp(frame + 6, source, sizeof(source)))
			end->hostile++;
		else
			stream_take(&end->stream, frame, length);
	}
}

/* To its peer; sometimes to the hostile client, or to all. */
static void send_some(struct end *end, int round)
{
	int to = round % 8 == 0 ? FRAME_EVERYONE : round % 8 == 1 ? HOST_HOSTILE : end->peer;
	__u32 other = 0;
	int error;

	stream_put(end->port, 0, end->host, to, to == HOST_HOSTILE ? &other : &end->number, 64,
		   round % 16 < 12 ? 60 : 5000);
	error = vale_txsync(end->port, 0);
	cr_assert_eq(error, 0, "host %d: %s", end->host, strerror(-error));
}

#define ROUNDS 4000

Test(port_hostile, does_no_harm)
{
	struct end a = { .port = ring_open("vale1:a", NULL), .host = HOST_A, .peer = HOST_B };
	struct end b = { .port = ring_open("vale1:b", NULL), .host = HOST_B, .peer = HOST_A };
	struct client *hostile = client_start_as(NOBODY, NOBODY, NOBODY), *good;
	unsigned int seed = ring_seed();

	client_opens(hostile, "vale1:hostile", 0);
	cr_assert_geq(client_send(hostile, HOST_HOSTILE, HOST_A, 1), 0);
	client_begin(hostile, do_anything, &seed, sizeof(seed));
	for (int round = 0; round < ROUNDS || (a.hostile + b.hostile < 1000 && round < 50 * ROUNDS);
	     round++) {
		send_some(&a, round);
		receive(&b);
		send_some(&b, round);
		receive(&a);
	}
	cr_assert(client_waits(hostile, 0), "it has ended");
	cr_assert_gt(a.stream.frames, ROUNDS);
	cr_assert_gt(b.stream.frames, ROUNDS);
	/* It was there, and did what it could. */
	cr_assert_gt(a.hostile + b.hostile, 999);
	cr_assert_gt(ring_dropped("vale1:hostile", VALE_DROP_INVALID), 100);
	cr_assert_gt(ring_dropped("vale1:hostile", VALE_DROP_SPOOFED), 10);
	client_kill(hostile);
	ring_expect_balance("vale1");
	/* Its port is fit for the next one. */
	good = client_start();
	client_opens(good, "vale1:hostile", VALE_OPEN_EXCLUSIVE);
	client_send(good, HOST_HOSTILE, HOST_A, 5);
	ring_drain(a.port);
	cr_assert_eq(client_send(good, HOST_HOSTILE, HOST_A, 5), 0);
	cr_assert_eq(ring_drain(a.port), 5);
	client_count(good, 0);
	stream_put(a.port, 0, HOST_A, HOST_HOSTILE, &a.number, 7, 60);
	cr_assert_eq(vale_txsync(a.port, 0), 0);
	cr_assert_eq(client_count(good, 500), 7);
}
