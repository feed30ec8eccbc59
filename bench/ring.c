// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames from ring to ring, beside a ring without a switch (the ceiling). */
#include <errno.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/ring_port.h"
#include "bench/ring_traffic.h"

struct ring_row {
	const char *what;
	bool ceiling; /* measured beside */
	struct traffic traffic;
};

/* Of two CPUs, senders have the last but one, receivers the last. */
#define TWO_CORES .sender_cpu = 1, .last_sender_cpu = 1, .receiver_cpu = 0

#define LOSSLESS .open_flags = VALE_OPEN_LOSSLESS

#define ONE_TO_ONE                                                                           \
	.senders = 1, .receivers = 1, .ports = 1, .flows = FRAME_FLOWS, .length = FRAME_MIN, \
	.batch = 256, TWO_CORES

#define WITH(...)                       \
	{                               \
		ONE_TO_ONE, __VA_ARGS__ \
	}

#pragma GCC diagnostic ignored "-Woverride-init"
static const struct ring_row rows[] = {
	{ "frames verified", true, WITH(.look = TRAFFIC_VERIFY) },
	{ "slots taken", true, WITH(.look = TRAFFIC_COUNT) },
	{ "frames verified", true, WITH(.length = 512) },
	{ "slots taken", true, WITH(.length = 512, .look = TRAFFIC_COUNT) },
	{ "frames verified", true, WITH(.length = FRAME_LONG) },
	{ "slots taken", true, WITH(.length = FRAME_LONG, .look = TRAFFIC_COUNT) },
	{ "frames verified", true, WITH(.batch = 64) },
	{ "slots taken", true, WITH(.batch = 64, .look = TRAFFIC_COUNT) },
	{ "slots taken", true, WITH(.batch = 32, .look = TRAFFIC_COUNT) },
	{ "slots taken", true, WITH(.batch = 1, .look = TRAFFIC_COUNT) },
	{ "10,000 flows", false, WITH(.flows = 10000) },
	{ "253 receiving ports in turn", false, WITH(.flows = 253, .ports = 253) },
	{ "broadcast to 8 ports", false, WITH(.broadcast = true, .ports = 8) },
	{ "two senders on one core, lossless", false, WITH(.senders = 2, LOSSLESS) },
	{ "two senders on two cores, lossless", false,
	  WITH(.senders = 2, LOSSLESS, .last_sender_cpu = 0, .yields = true) },
	{ "two receivers on one core, lossless", false,
	  WITH(.receivers = 2, .ports = 2, LOSSLESS, .yields = true) },
};
#pragma GCC diagnostic pop

static int run_of(const struct ring_row *ring_row, const struct traffic_path *path, double seconds,
		  struct series *series)
{
	struct traffic_result result = { 0 };
	int error = traffic_run(&ring_row->traffic, path, seconds, &result);

	if (error)
		return error;
	series->lost[series->count] = result.lost;
	series->sample[series->count++] = result.received / 1e6;
	return 0;
}

static int measure_runs(const struct options *options, const struct ring_row *ring_row,
			struct row *row)
{
	int error = 0;

	for (int run = 0; run < options->runs && !error; run++) {
		if (datapath_used(DATAPATH_SWITCH))
			error = run_of(ring_row, &traffic_switch, options->seconds,
				       &row->series[DATAPATH_SWITCH]);
		if (!error && ring_row->ceiling && datapath_used(DATAPATH_CEILING))
			error = run_of(ring_row, &traffic_one_copy, options->seconds,
				       &row->series[DATAPATH_CEILING]);
	}
	return error;
}

/* The ports are made before the first run: that takes longer than some runs. */
static int measure_row(const struct options *options, const struct ring_row *ring_row,
		       struct vale *vale, struct report *report)
{
	const struct traffic *traffic = &ring_row->traffic;
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int error;

	if (!row)
		return bench_error(ENOMEM, "report");
	row->group = "ring";
	row->unit = "Mpps";
	row->frames = true;
	row->frame_length = traffic->length;
	row->flows = traffic->flows;
	snprintf(row->title, sizeof(row->title),
		 "ring to ring, two cores, %u bytes, %u flows, batch %u, %s", traffic->length,
		 traffic->flows, traffic->batch, ring_row->what);
	if (!report_wants(options, row))
		return 0;
	error = traffic_ports_add(traffic, vale);
	if (error)
		return error;
	error = machine_line_round_trip(&row->line_round_trip);
	if (!error)
		error = measure_runs(options, ring_row, row);
	traffic_ports_del(traffic, vale);
	return error ? error : report_row(report, row);
}

static int measure_rows(const struct options *options, struct vale *vale, struct report *report)
{
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rows) && !error; i++)
		error = measure_row(options, &rows[i], vale, report);
	return error;
}

int ring_group(const struct options *options, struct report *report)
{
	CLEANUP_VALE struct vale *vale = NULL;
	int error;

	if (bench_cpu(1) < 0)
		return bench_error(0, "ring to ring wants two CPUs");
	error = bench_vale_open(&vale);
	if (!error)
		error = one_copy_open();
	if (error)
		return error;
	error = bench_switch_create(vale);
	if (!error)
		error = measure_rows(options, vale, report);
	bench_switch_destroy(vale);
	one_copy_close();
	return error;
}
