// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* ping: sends numbered frames and takes the time until each of them is back. */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "composer.h"
#include "dump.h"
#include "log.h"
#include "payload.h"
#include "rate.h"
#include "round_trip.h"
#include "worker.h"

/* After so long, an answer is not waited for any more. */
#define LOST_NS SECOND

#define REPORT_NS SECOND

/* Frames of a burst are numbered modulo this. */
#define BURST_MAX INTERFACE_BATCH

struct ping {
	struct worker *worker;
	const struct options *options;
	struct interface *interface;
	struct composer composer;
	struct rate rate;
	uint64_t left;		     /* frames */
	uint64_t sent_at[BURST_MAX]; /* 0: it is back */
	uint32_t missing;
	struct round_trips now, all; /* since the last report, and ever */
	uint64_t reported;
	struct slot slots[INTERFACE_BATCH];
};

/* ---- sending ----------------------------------------------------------------------------------- */

/* The frames of a burst that are still missing are lost. */
static void forget(struct ping *ping)
{
	ping->worker->unanswered += ping->missing;
	ping->missing = 0;
	memset(ping->sent_at, 0, sizeof(ping->sent_at));
}

/* Returns how many frames were sent, or -errno. */
static int send_burst(struct ping *ping)
{
	uint32_t frames = ping->rate.burst, first = ping->composer.number[0];
	uint32_t fragments = ping->composer.fragments, slots;
	uint64_t bytes = 0, now;
	int room, error;

	if (frames > ping->left)
		frames = ping->left;
	room = interface_room(ping->interface, 0, ping->slots, frames * fragments);
	if (room < (int)fragments)
		return room < 0 ? room : 0;
	frames = room / fragments;
	slots = composer_fill(&ping->composer, 0, ping->slots, frames, &bytes);
	if (ping->options->dump)
		dump_slots(0, ping->slots, slots);
	now = now_ns();
	for (uint32_t i = 0; i < frames; i++)
		ping->sent_at[(first + i) % BURST_MAX] = now;
	ping->missing = frames;
	error = interface_send(ping->interface, 0, ping->slots, slots);
	if (error)
		return error;
	count(ping->worker, frames, bytes);
	ping->left -= frames;
	rate_sent(&ping->rate, frames, now);
	return frames;
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* Answers to others, to what is lost, and second answers do not count. */
static void take_answer(struct ping *ping, const struct slot *slot, uint64_t now)
{
	struct udp_payload payload;
	uint32_t number;
	uint64_t unit;

	if (!udp_read(slot->bytes, slot->length, &payload) || payload.length < PAYLOAD_UNIT)
		return;
	memcpy(&unit, payload.bytes, sizeof(unit));
	number = be64toh(unit) >> 32;
	if (unit != sequence_unit(ping->composer.stream, number) ||
	    ping->composer.number[0] - number > BURST_MAX || !ping->sent_at[number % BURST_MAX])
		return;
	round_trips_add(&ping->now, now - ping->sent_at[number % BURST_MAX]);
	ping->sent_at[number % BURST_MAX] = 0;
	ping->missing--;
}

static int take_answers(struct ping *ping)
{
	uint32_t space;
	int taken = 0;

	for (uint32_t ring = 0; ring < ping->interface->rings; ring++) {
		int slots =
			interface_take(ping->interface, ring, ping->slots, INTERFACE_BATCH, &space);
		uint64_t now = slots > 0 ? now_ns() : 0;

		if (slots < 0)
			return slots;
		if (ping->options->dump)
			dump_slots(ring, ping->slots, slots);
		for (int i = 0; i < slots; i++)
			take_answer(ping, &ping->slots[i], now);
		taken += slots;
	}
	return taken;
}

static int wait_for_answers(struct ping *ping)
{
	uint64_t sent = now_ns();

	while (ping->missing && !is_cancelled(ping->worker)) {
		int taken = take_answers(ping), error;

		if (taken < 0)
			return taken;
		if (taken)
			continue;
		if (now_ns() - sent > LOST_NS)
			break;
		/* What has not gone yet is sent, too. */
		error = interface_send(ping->interface, 0, NULL, 0);
		if (!error)
			error = wait_for(ping->worker, POLLIN);
		if (error)
			return error;
	}
	forget(ping);
	return 0;
}

/* ---- reporting --------------------------------------------------------------------------------- */

static void add_up(struct ping *ping)
{
	struct round_trips *all = &ping->all;

	if (ping->now.count && (!all->count || ping->now.min < all->min))
		all->min = ping->now.min;
	all->count += ping->now.count;
	all->sum += ping->now.sum;
	ping->now = (struct round_trips){};
}

static void ping_body(struct ping *ping)
{
	const struct round_trips *now = &ping->now;
	char buckets[ROUND_TRIPS_TEXT];

	if (now->count) {
		log_line("count %d RTT: min %d av %d ns", (int)now->count, (int)now->min,
			 (int)(now->sum / now->count));
		round_trips_text(now, buckets);
		log_line("%s", buckets);
	}
	add_up(ping);
}

static void report(struct ping *ping)
{
	uint64_t now = now_ns();

	if (now - ping->reported < REPORT_NS)
		return;
	ping->reported = now;
	ping_body(ping);
}

static void report_all(struct ping *ping)
{
	add_up(ping);
	if (ping->all.count)
		log_line("RTT over %llu packets: min %d av %d ns",
			 (unsigned long long)ping->all.count, (int)ping->all.min,
			 (int)(ping->all.sum / ping->all.count));
	if (ping->worker->unanswered)
		log_line("%llu packets did not come back",
			 (unsigned long long)ping->worker->unanswered);
}

/* ---- all of them ------------------------------------------------------------------------------- */

static int ping_all(struct ping *ping)
{
	while (ping->left && !is_cancelled(ping->worker)) {
		int sent, error;

		if (ping->rate.frames)
			wait_until(ping->worker, ping->rate.due);
		sent = send_burst(ping);
		error = sent > 0 ? wait_for_answers(ping) : wait_for(ping->worker, POLLOUT);
		if (sent < 0 || error)
			return sent < 0 ? sent : error;
		report(ping);
	}
	return 0;
}

int run_ping(struct worker *worker)
{
	const struct options *options = worker->options;
	struct ping *ping = calloc(1, sizeof(*ping));
	uint32_t burst = options->burst < BURST_MAX ? options->burst : BURST_MAX;
	int error;

	if (!ping)
		return worker_failure(worker, "send", -ENOMEM);
	ping->worker = worker;
	ping->options = options;
	ping->interface = worker->interface;
	ping->left = options->count ? options->count : UINT64_MAX;
	error = composer_start(&ping->composer, worker);
	worker->start = ping->reported = now_ns();
	rate_start(&ping->rate, options->rate, burst, worker->start);
	if (!error)
		error = worker_failure(worker, "send", ping_all(ping));
	worker->end = now_ns();
	report_all(ping);
	composer_free(&ping->composer);
	free(ping);
	return error;
}
