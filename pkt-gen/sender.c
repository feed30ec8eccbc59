// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* tx and txseq */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "composer.h"
#include "dump.h"
#include "rate.h"
#include "worker.h"

struct sender {
	struct worker *worker;
	struct interface *interface;
	struct composer composer;
	struct rate rate;
	uint64_t left; /* frames */
	struct slot slots[INTERFACE_BATCH];
};

/* ---- a burst. How many frames, or -errno ------------------------------------------------------- */

static int send_as_before(struct sender *sender, uint32_t ring, uint32_t frames)
{
	int slots = interface_room(sender->interface, ring, NULL, frames), error;

	if (slots <= 0)
		return slots;
	error = interface_send(sender->interface, ring, NULL, slots);
	if (error)
		return error;
	count(sender->worker, slots, (uint64_t)slots * sender->composer.frame.length);
	return slots;
}

static int send_new(struct sender *sender, uint32_t ring, uint32_t frames)
{
	uint32_t fragments = sender->composer.fragments, slots;
	uint64_t bytes = 0;
	int room, error;

	if (frames > INTERFACE_BATCH / fragments)
		frames = INTERFACE_BATCH / fragments;
	room = interface_room(sender->interface, ring, sender->slots, frames * fragments);
	if (room < 0)
		return room;
	frames = room / fragments;
	if (!frames)
		return 0;
	slots = composer_fill(&sender->composer, ring, sender->slots, frames, &bytes);
	if (sender->worker->options->dump)
		dump_slots(ring, sender->slots, slots);
	error = interface_send(sender->interface, ring, sender->slots, slots);
	if (error)
		return error;
	count(sender->worker, frames, bytes);
	return frames;
}

static int send_burst(struct sender *sender, uint32_t ring)
{
	uint32_t frames = sender->rate.burst;
	int sent;

	if (frames > sender->left)
		frames = sender->left;
	sent = composer_is_done(&sender->composer, ring) ? send_as_before(sender, ring, frames)
							 : send_new(sender, ring, frames);
	if (sent > 0 && sender->rate.frames)
		rate_sent(&sender->rate, sent, now_ns());
	if (sent > 0)
		sender->left -= sent;
	return sent;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static int send_all(struct sender *sender)
{
	while (sender->left && !is_cancelled(sender->worker)) {
		bool full = true;
		int error = 0;

		for (uint32_t ring = 0; ring < sender->interface->rings && sender->left; ring++) {
			int sent;

			if (sender->rate.frames)
				wait_until(sender->worker, sender->rate.due);
			sent = send_burst(sender, ring);
			if (sent < 0)
				return sent;
			full &= !sent;
		}
		if (full)
			error = wait_for(sender->worker, POLLOUT);
		if (error)
			return error;
	}
	return 0;
}

/* What has not gone was not sent. */
static void take_back(struct sender *sender)
{
	struct counters *counters = &sender->worker->counters;
	uint64_t frames = 0;

	for (uint32_t ring = 0; ring < sender->interface->rings; ring++)
		frames += interface_pending(sender->interface, ring) / sender->composer.fragments;
	if (!frames)
		return;
	counters->bytes -= counters->bytes * frames / counters->packets;
	counters->packets -= frames;
}

static int send_and_drain(struct sender *sender)
{
	const struct options *options = sender->worker->options;
	uint64_t rate = share_of(sender->worker, options->rate);
	int error, undrained;

	sender->worker->start = now_ns();
	rate_start(&sender->rate, options->rate && !rate ? 1 : rate, options->burst,
		   sender->worker->start);
	error = send_all(sender);
	undrained = drain(sender->worker);
	take_back(sender);
	sender->worker->end = now_ns();
	return worker_failure(sender->worker, "send", error ? error : undrained);
}

int run_sender(struct worker *worker)
{
	uint64_t frames = worker->options->count;
	struct sender *sender = calloc(1, sizeof(*sender));
	int error;

	if (!sender)
		return worker_failure(worker, "send", -ENOMEM);
	sender->worker = worker;
	sender->interface = worker->interface;
	sender->left = frames ? share_of(worker, frames) : UINT64_MAX;
	error = composer_start(&sender->composer, worker);
	if (!error)
		error = send_and_drain(sender);
	composer_free(&sender->composer);
	free(sender);
	return error;
}
