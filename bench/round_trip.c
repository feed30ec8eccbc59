// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A frame to another process, on another core, and its answer back: clients of ring ports beside
 * packet sockets that a bridge connects. Every frame has a number, and is answered once.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/endpoint.h"
#include "bench/frame.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/worker.h"

#define WARM_UP_US     50000
#define ANSWER_SECONDS 10

/* Looks for an answer between two at the clock. */
#define LOOKS 1024

#define NUMBER_OFFSET 16
#define PINGER	      0
#define PONGER	      1

struct trip {
	const struct endpoint_type *type;
	bool sleep;
};

/* ---- frames ------------------------------------------------------------------------------------ */

static void write_frame(unsigned char frame[FRAME_MIN], int from, __u64 number)
{
	const unsigned char header[ETH_HLEN] = {
		FRAME_MAC_FIRST,
		0,
		0,
		0,
		0,
		1 - from, /* to */
		FRAME_MAC_FIRST,
		0,
		0,
		0,
		0,
		from, /* from */
		0x88,
		0xb5, /* a type for experiments: no protocol of the kernel's has it */
	};

	memset(frame, 0, FRAME_MIN);
	memcpy(frame, header, sizeof(header));
	memcpy(frame + NUMBER_OFFSET, &number, sizeof(number));
}

static bool is_frame(const unsigned char *frame, int length, int from, __u64 number)
{
	unsigned char expected[FRAME_MIN];

	write_frame(expected, from, number);
	return length == FRAME_MIN && !memcmp(frame, expected, FRAME_MIN);
}

static int send_frame(const struct trip *trip, void *endpoint, int from, __u64 number)
{
	unsigned char frame[FRAME_MIN];

	write_frame(frame, from, number);
	return trip->type->send(endpoint, frame, sizeof(frame));
}

/* ---- the two processes ------------------------------------------------------------------------- */

/* Waits for the answer, also when the worker is to stop: so all are answered. */
static int await_answer(const struct trip *trip, void *endpoint, const unsigned char **frame)
{
	double end = bench_now() + ANSWER_SECONDS;
	int length;

	do
		for (int look = 0; look < LOOKS; look++) {
			length = trip->type->receive(endpoint, trip->sleep, frame);
			if (length)
				return length;
			if (trip->sleep)
				break;
		}
	while (bench_now() < end);
	return bench_error(ETIMEDOUT, "a frame was not answered");
}

static int ping_until_stopped(struct worker_state *state, const struct trip *trip, void *endpoint)
{
	const unsigned char *frame;

	worker_ready(state);
	for (__u64 number = 0; worker_goes_on(state); number++) {
		int length = send_frame(trip, endpoint, PINGER, number);

		if (!length)
			length = await_answer(trip, endpoint, &frame);
		if (length < 0)
			return length;
		state->wrong += !is_frame(frame, length, PONGER, number);
		atomic_store_explicit(&state->frames, number + 1, memory_order_relaxed);
	}
	return 0;
}

static int pong_until_stopped(struct worker_state *state, const struct trip *trip, void *endpoint)
{
	const unsigned char *frame;
	__u64 number = 0;

	worker_ready(state);
	while (worker_goes_on(state)) {
		int length = trip->type->receive(endpoint, trip->sleep, &frame);

		if (!length)
			continue;
		if (length > 0) {
			state->wrong += !is_frame(frame, length, PINGER, number);
			length = send_frame(trip, endpoint, PONGER, number++);
		}
		if (length < 0)
			return length;
		atomic_store_explicit(&state->frames, number, memory_order_relaxed);
	}
	return 0;
}

static int ping(struct worker_state *state, const void *argument)
{
	const struct trip *trip = argument;
	void *endpoint;
	int error = trip->type->open(PINGER, &endpoint);

	if (error)
		return error;
	error = ping_until_stopped(state, trip, endpoint);
	trip->type->close(endpoint);
	return error;
}

static int pong(struct worker_state *state, const void *argument)
{
	const struct trip *trip = argument;
	void *endpoint;
	int error = trip->type->open(PONGER, &endpoint);

	if (error)
		return error;
	error = pong_until_stopped(state, trip, endpoint);
	trip->type->close(endpoint);
	return error;
}

/* ---- a run ------------------------------------------------------------------------------------- */

static int measure(const struct worker *pinger, double seconds, double *microseconds)
{
	unsigned long trips;
	double begin, took;

	usleep(WARM_UP_US);
	begin = bench_now();
	trips = atomic_load(&pinger->state->frames);
	while (bench_now() - begin < seconds && !bench_interrupted)
		usleep(seconds < 0.1 ? 1000 : 10000);
	took = bench_now() - begin;
	trips = atomic_load(&pinger->state->frames) - trips;
	if (bench_interrupted)
		return -EINTR;
	if (!trips)
		return bench_error(0, "no frame came back");
	*microseconds = took / trips * 1e6;
	return 0;
}

/* Who asks ends first. */
static int stop(struct worker *pinger, struct worker *ponger)
{
	int error = worker_stop(pinger), ended = worker_stop(ponger);
	unsigned long asked = atomic_load(&pinger->state->frames);
	unsigned long answered = atomic_load(&ponger->state->frames);

	if (error || ended)
		return error ? error : ended;
	if (asked != answered)
		return bench_error(0, "%lu frames were sent, and %lu answered", asked, answered);
	if (atomic_load(&pinger->state->wrong) || atomic_load(&ponger->state->wrong))
		return bench_error(0, "frames were altered, repeated or left out");
	return 0;
}

static int run(const struct trip *trip, double seconds, struct series *series)
{
	CLEANUP_WORKER struct worker ponger = WORKER_NONE, pinger = WORKER_NONE;
	double microseconds = 0;
	int error = worker_start(&ponger, bench_cpu(0), pong, trip);

	if (!error)
		error = worker_start(&pinger, bench_cpu(1), ping, trip);
	if (!error)
		error = measure(&pinger, seconds, &microseconds);
	if (!error)
		error = stop(&pinger, &ponger);
	if (!error)
		series->sample[series->count++] = microseconds;
	return error;
}

/* ---- rows -------------------------------------------------------------------------------------- */

static const struct endpoint_type *const types[] = { &endpoint_packet, &endpoint_ring };

static int measure_row(const struct options *options, bool sleep, struct report *report)
{
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int error;

	if (!row)
		return bench_error(ENOMEM, "report");
	row->group = "round-trip";
	row->unit = "us";
	snprintf(row->title, sizeof(row->title),
		 "ring to ring and back, two cores, %d bytes, both %s (bridge: packet sockets)",
		 FRAME_MIN, sleep ? "sleep in poll" : "busy-poll");
	if (!report_wants(options, row))
		return 0;
	error = machine_line_round_trip(&row->line_round_trip);
	for (int i = 0; i < options->runs; i++)
		for (size_t j = 0; j < ARRAY_SIZE(types) && !error; j++) {
			struct trip trip = { .type = types[j], .sleep = sleep };

			if (datapath_used(trip.type->datapath))
				error = run(&trip, options->seconds,
					    &row->series[trip.type->datapath]);
		}
	return error ? error : report_row(report, row);
}

int round_trip_group(const struct options *options, struct report *report)
{
	int error = 0;

	if (bench_cpu(1) < 0)
		return bench_error(0, "round trips want two CPUs");
	for (size_t i = 0; i < ARRAY_SIZE(types) && !error; i++)
		if (datapath_used(types[i]->datapath))
			error = types[i]->setup();
	if (!error)
		error = measure_row(options, false, report);
	if (!error)
		error = measure_row(options, true, report);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (datapath_used(types[i]->datapath))
			types[i]->teardown();
	return error;
}
