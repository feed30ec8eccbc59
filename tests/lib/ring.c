// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* ---- ports ------------------------------------------------------------------------------------- */

struct vale_port *ring_open(const char *name, const struct vale_open_options *options)
{
	struct vale_open_options sized = options ? *options : (struct vale_open_options){};
	struct vale_port *port = NULL;
	struct vale *vale = NULL;
	int error = vale_open(&vale, NULL);

	sized.size = sizeof(sized);
	sized.ring.size = sizeof(sized.ring);
	cr_assert_eq(error, 0, "%s", vale_open_reason(error));
	error = vale_port_open(vale, name, &sized, &port);
	cr_assert_eq(error, 0, "%s: %s", strerror(-error), vale_reason(vale));
	vale_close(vale);
	return port;
}

void ring_open_many(const char *prefix, int count, const struct vale_open_options *options,
		    struct vale_port *ports[])
{
	char name[32];

	for (int i = 1; i <= count; i++) {
		snprintf(name, sizeof(name), "vale1:%s%d", prefix, i);
		ports[i] = ring_open(name, options);
	}
}

void ring_introduce(struct vale_port *const ports[], int count)
{
	static struct frame hello;

	for (int i = 1; i <= count; i++) {
		frame_plain(&hello, i, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		ring_send(ports[i], vale_port_first_ring(ports[i]), &hello);
	}
	for (int i = 1; i <= count; i++)
		ring_drain(ports[i]);
}

/* ---- sending ----------------------------------------------------------------------------------- */

void ring_inject(struct vale_port *port, __u32 pair, const struct frame *frame)
{
	int error = vale_inject(port, pair, frame->bytes, frame->length);

	cr_assert_eq(error, 0, "cannot put in a frame of %zu bytes: %s", frame->length,
		     strerror(-error));
}

void ring_send(struct vale_port *port, __u32 pair, const struct frame *frame)
{
	int error;

	ring_inject(port, pair, frame);
	error = vale_txsync(port, pair);
	cr_assert_eq(error, 0, "cannot send a frame of %zu bytes: %d", frame->length, error);
}

struct vale_slot *ring_put_slot(struct vale_port *port, __u32 pair, __u32 length, __u32 flags)
{
	struct vale_ring *ring = vale_tx_ring(port, pair);
	struct vale_slot *slot = &ring->slot[ring->head];

	cr_assert(vale_ring_space(ring), "the tx ring is full");
	slot->len = length;
	slot->flags = flags;
	ring->head = ring->cur = vale_ring_next(ring, ring->head);
	return slot;
}

/* ---- receiving --------------------------------------------------------------------------------- */

static void sync_rx(struct vale_port *port, __u32 pair)
{
	int error = vale_rxsync(port, pair);

	cr_assert_eq(error, 0, "rxsync: %d", error);
}

/* Appends a slot's bytes to the frame; true if the frame goes on. */
static bool take_slot(struct vale_ring *ring, struct frame *out)
{
	const struct vale_slot *slot = &ring->slot[ring->head];

	cr_assert_leq(slot->len, ring->nr_buf_size);
	cr_assert_leq(out->length + slot->len, FRAME_MAX);
	memcpy(out->bytes + out->length, vale_ring_buffer(ring, slot->buf_idx), slot->len);
	out->length += slot->len;
	ring->head = ring->cur = vale_ring_next(ring, ring->head);
	return slot->flags & VALE_SLOT_MORE;
}

bool ring_take(struct vale_port *port, __u32 pair, struct frame *out)
{
	struct vale_ring *ring = vale_rx_ring(port, pair);
	__u32 fragments, said;

	out->network = out->transport = out->checksum = 0;
	for (;;) {
		if (!vale_ring_space(ring))
			sync_rx(port, pair);
		if (!vale_ring_space(ring))
			return false;
		said = ring->slot[ring->head].flags >> 8;
		out->length = 0;
		for (fragments = 1; take_slot(ring, out); fragments++)
			cr_assert(vale_ring_space(ring), "a frame was cut after %u slots",
				  fragments);
		cr_assert(fragments == 1 || said == fragments, "%u slots, said to be %u", fragments,
			  said);
		if (out->length) /* or else it was an empty slot */
			return true;
	}
}

bool ring_receive(struct vale_port *port, struct frame *out, int timeout_ms)
{
	for (int tries = 0; tries < 2; tries++) {
		for (__u32 pair = vale_port_first_ring(port); pair < vale_port_end_ring(port);
		     pair++)
			if (ring_take(port, pair, out))
				return true;
		if (!tries && timeout_ms)
			vale_port_poll(port, POLLIN, timeout_ms);
	}
	return false;
}

void ring_expect(struct vale_port *port, const struct frame *expected, const char *what)
{
	static struct frame got;

	if (!ring_receive(port, &got, 5000))
		cr_assert_fail("%s: no frame of %zu bytes came", what, expected->length);
	frame_expect(expected, &got, what);
}

long ring_drain(struct vale_port *port)
{
	static struct frame got;
	long count = 0;

	while (ring_receive(port, &got, 0))
		count++;
	return count;
}

/* ---- counters ---------------------------------------------------------------------------------- */

static struct vale_port_stats *counters_of(const char *name, size_t *count)
{
	struct vale_port_stats *list = NULL;
	struct vale *vale = NULL;
	int error = vale_open(&vale, NULL);

	if (!error)
		error = vale_stats_get(vale, name, &list, count);
	cr_assert_eq(error, 0, "no counters of %s: %s", name, strerror(-error));
	vale_close(vale);
	return list;
}

__u64 ring_dropped(const char *port, enum vale_drop reason)
{
	size_t count;
	struct vale_port_stats *list = counters_of(port, &count);
	__u64 dropped = list->counters.drops[reason];

	free(list);
	return dropped;
}

__u64 ring_lost(const char *port, enum vale_drop reason)
{
	size_t count;
	struct vale_port_stats *list = counters_of(port, &count);
	__u64 lost = list->counters.lost[reason];

	free(list);
	return lost;
}

void ring_expect_balance(const char *switch_name)
{
	size_t count;
	struct vale_port_stats *list = counters_of(switch_name, &count);
	long long in = 0, sent = 0, drops = 0, lost = 0, lost_there = 0;

	for (size_t i = 0; i < count; i++) {
		const struct vale_stats *counters = &list[i].counters;

		in += counters->received_frames - counters->flooded + counters->copies;
		sent += counters->sent_frames;
		for (int reason = 0; reason < VALE_DROP_REASONS; reason++) {
			drops += counters->drops[reason];
			lost += counters->lost[reason];
			if (reason == VALE_DROP_FULL || reason == VALE_DROP_CLOSED)
				lost_there += counters->drops[reason];
		}
	}
	free(list);
	cr_assert_eq(in, sent + drops,
		     "in: received - flooded + copies = %lld; out: sent %lld + drops %lld = %lld: "
		     "%lld frames are missing",
		     in, sent, drops, sent + drops, in - sent - drops);
	cr_assert_geq(lost, lost_there, "rings lost %lld frames, senders know of %lld", lost_there,
		      lost);
}

/* ---- random numbers ---------------------------------------------------------------------------- */

unsigned int ring_seed(void)
{
	const char *given = getenv("VALE_TEST_SEED");
	unsigned int seed = given ? strtoul(given, NULL, 0)
				  : (unsigned int)time(NULL) * 31 + getpid();

	fprintf(stderr, "VALE_TEST_SEED=%u\n", seed);
	return seed;
}

unsigned int ring_random(unsigned int *state)
{
	return rand_r(state);
}
