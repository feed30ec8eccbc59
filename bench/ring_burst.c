// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Bursts of frames from ring to ring on one core. */
#include <errno.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/ring_burst.h"
#include "bench/ring_traffic.h"

/* Slots that are sent before the receivers empty their rings: as many batches as there is room for. */
#define BURST (3 * BURST_BATCH)

#define WARM_UP_BURSTS 20

/* Bursts between two looks at whether time is up. */
#define BURSTS 16

static const struct bench_port sender_port = { "tx", 0 };

static struct bench_port receiver_port(unsigned int number)
{
	return (struct bench_port){ "rx", number };
}

/* ---- frames ------------------------------------------------------------------------------------ */

/* Flow by flow: those of the ports follow each other. The sender's own address is nobody else's. */
static void fill_ring(const struct bursts *of)
{
	const struct burst_kind *kind = of->kind;
	struct traffic traffic = {
		.length = kind->length,
		.broadcast = kind->goal == TO_ALL,
	};
	struct vale_ring *ring = vale_tx_ring(of->sender, 0);

	for (__u32 slot = 0; slot < ring->num_slots; slot++) {
		unsigned char *frame = vale_ring_buffer(ring, ring->slot[slot].buf_idx);

		traffic_frame(&traffic, frame, 0, slot % FRAME_FLOWS);
		if (kind->goal == TO_OWN_PORT)
			memcpy(frame, frame + 6, 6);
		ring->slot[slot].len = kind->length;
	}
}

/* A frame from each address of the port, to itself: the switch learns, and nobody else gets it. */
static int teach(struct vale_port *port, __u32 number, __u32 ports)
{
	unsigned char frame[FRAME_MIN] = { 0 };
	int error = 0;

	for (__u32 flow = number; flow < FRAME_FLOWS && !error; flow += ports) {
		traffic_address(frame, flow);
		traffic_address(frame + 6, flow);
		error = vale_inject(port, 0, frame, sizeof(frame));
	}
	if (!error)
		error = vale_txsync(port, 0);
	return error ? bench_error(-error, "cannot send by a ring") : 0;
}

static int open_receivers(struct bursts *of)
{
	/* A port that is closed was open once, and has its addresses. */
	__u32 ports = of->kind->ports ? of->kind->ports : 1;
	int error = 0;

	for (__u32 i = 0; i < ports && !error; i++) {
		error = bench_port_open(of->vale, receiver_port(i), NULL, &of->receiver[i]);
		if (!error)
			error = teach(of->receiver[i], i, ports);
	}
	return error;
}

static void close_receivers(struct bursts *of, __u32 first)
{
	for (__u32 i = first; i < BURST_PORTS; i++) {
		vale_port_close(of->receiver[i]);
		of->receiver[i] = NULL;
	}
}

/* ---- a burst ----------------------------------------------------------------------------------- */

static __u32 slot_of(const struct vale_ring *ring, __u32 i)
{
	return (ring->head + i) & (ring->num_slots - 1);
}

static void stamp(struct bursts *of, struct vale_ring *ring)
{
	for (__u32 i = 0; i < BURST; i++) {
		__u32 slot = slot_of(ring, i);

		traffic_stamp(vale_ring_buffer(ring, ring->slot[slot].buf_idx), of->kind->length,
			      of->number + i);
	}
}

/* Which frame of a burst is the nth that the port gets. Ports take slots in turn. */
static __u32 expected_frame(const struct burst_kind *kind, __u32 first_slot, __u32 port, __u32 nth)
{
	if (kind->goal == TO_ALL)
		return nth;
	return ((port - first_slot) & (kind->ports - 1)) + nth * kind->ports;
}

static __u32 expected_frames(const struct burst_kind *kind)
{
	switch (kind->goal) {
	case TO_PORTS:
		return BURST / kind->ports;
	case TO_ALL:
		return BURST;
	default:
		return 0;
	}
}

/* Every frame has come, in its order and whole, and nothing else has. */
static int look(const struct bursts *of, __u32 port, __u32 first_slot)
{
	const struct burst_kind *kind = of->kind;
	struct vale_ring *ring = vale_rx_ring(of->receiver[port], 0);
	__u32 frames, wrong = 0;

	vale_rxsync(of->receiver[port], 0);
	frames = vale_ring_space(ring);
	for (__u32 nth = 0; nth < frames; nth++) {
		const struct vale_slot *slot = &ring->slot[slot_of(ring, nth)];
		const unsigned char *frame = vale_ring_buffer(ring, slot->buf_idx);
		struct traffic_check check = { .length = kind->length };
		__u64 number;

		traffic_check(&check, frame, slot->len);
		memcpy(&number, frame + TRAFFIC_NUMBER_OFFSET, sizeof(number));
		wrong += check.wrong ||
			 number != of->number + expected_frame(kind, first_slot, port, nth);
	}
	bench_port_discard(of->receiver[port]);
	if (frames != expected_frames(kind))
		return bench_error(0, "%s: of %u frames %u came", kind->title,
				   expected_frames(kind), frames);
	return wrong ? bench_error(0, "%s: %u frames were torn, repeated or out of order",
				   kind->title, wrong)
		     : 0;
}

static int send_burst(struct bursts *of, struct vale_ring *ring)
{
	__u32 batch = of->kind->batch, slots = of->kind->goal == NOTHING ? 0 : batch;
	double start = bench_now();
	int error = 0;

	for (__u32 i = 0; i < BURST && !error; i += batch) {
		ring->head = ring->cur = slot_of(ring, slots);
		error = vale_txsync(of->sender, 0);
		of->calls++;
	}
	of->seconds += bench_now() - start;
	return error ? bench_error(-error, "cannot send by a ring") : 0;
}

static int burst(struct bursts *of)
{
	struct vale_ring *ring = vale_tx_ring(of->sender, 0);
	__u32 first_slot = ring->head;
	int error;

	stamp(of, ring);
	error = send_burst(of, ring);
	for (__u32 i = 0; i < of->kind->ports && !error; i++)
		error = look(of, i, first_slot);
	of->number += BURST;
	return error;
}

/* ---- a run --------------------------------------------------------------------------- */

static int bursts_for(struct bursts *of, double seconds)
{
	double end = bench_now() + seconds;
	int error = 0;

	do
		for (int i = 0; i < BURSTS && !error; i++)
			error = burst(of);
	while (!error && !bench_interrupted && bench_now() < end);
	return bench_interrupted ? -EINTR : error;
}

static int measure(struct bursts *of, double seconds)
{
	int error = open_receivers(of);

	close_receivers(of, of->kind->ports);
	for (__u32 i = 0; i < of->kind->ports && !error; i++)
		bench_port_discard(of->receiver[i]);
	for (int i = 0; i < WARM_UP_BURSTS && !error; i++)
		error = burst(of);
	of->seconds = 0;
	of->calls = 0;
	return error ? error : bursts_for(of, seconds);
}

/* Frames of the sender's that went nowhere. */
static int read_drops(const struct bursts *of, __u64 *frames)
{
	struct vale_port_stats *stats CLEANUP_FREE = NULL;
	size_t count;

	if (vale_stats_get(of->vale, bench_port_name(sender_port).text, &stats, &count))
		return bench_error(0, "%s", vale_reason(of->vale));
	*frames =
		stats->counters.drops[VALE_DROP_OWN_PORT] + stats->counters.lost[VALE_DROP_CLOSED];
	return 0;
}

static int measure_and_count(struct bursts *of, double seconds)
{
	bool dropped = of->kind->goal == TO_CLOSED || of->kind->goal == TO_OWN_PORT;
	__u64 before, after, first = of->number, expected;
	int error = read_drops(of, &before);

	if (!error)
		error = measure(of, seconds);
	if (!error)
		error = read_drops(of, &after);
	if (error)
		return error;
	expected = dropped ? of->number - first : 0;
	return after - before == expected ? 0
					  : bench_error(0, "%s: of %llu frames %llu were dropped",
							of->kind->title, expected, after - before);
}

int bursts_run(struct bursts *of, const struct burst_kind *kind, double seconds,
	       double *nanoseconds)
{
	int error;

	of->kind = kind;
	fill_ring(of);
	error = measure_and_count(of, seconds);
	close_receivers(of, 0);
	*nanoseconds = of->seconds / ((double)of->calls * kind->batch) * 1e9;
	return error;
}

int bursts_open(struct bursts *of)
{
	int error = bench_vale_open(&of->vale);

	if (!error)
		error = bench_switch_create(of->vale);
	for (unsigned int i = 0; i < BURST_PORTS && !error; i++)
		error = bench_port_add(of->vale, receiver_port(i));
	return error ? error : bench_port_open(of->vale, sender_port, NULL, &of->sender);
}

void bursts_close(struct bursts *of)
{
	vale_port_close(of->sender);
	if (of->vale)
		bench_switch_destroy(of->vale);
	vale_close(of->vale);
}
