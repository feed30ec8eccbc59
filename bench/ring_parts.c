// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a frame from ring to ring costs, by part: differences of rows that are measured in turn. */
#include <errno.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/ring_burst.h"

enum {
	EMPTY,
	OWN_PORT,
	OWN_PORT_1,
	CLOSED,
	ONE,
	ONE_1,
	LONG,
	TWO,
	EIGHT,
	BROADCAST,
	PARTS,
};

static const struct burst_kind parts[PARTS] = {
	[EMPTY] = { "an empty txsync (ns a call)", NOTHING, 1, FRAME_MIN, 1 },
	[OWN_PORT] = { "dropped at its own port", TO_OWN_PORT, 1, FRAME_MIN, BURST_BATCH },
	[OWN_PORT_1] = { "dropped at its own port", TO_OWN_PORT, 1, FRAME_MIN, 1 },
	[CLOSED] = { "dropped at a port that is closed", TO_CLOSED, 0, FRAME_MIN, BURST_BATCH },
	[ONE] = { "to one port", TO_PORTS, 1, FRAME_MIN, BURST_BATCH },
	[ONE_1] = { "to one port", TO_PORTS, 1, FRAME_MIN, 1 },
	[LONG] = { "to one port", TO_PORTS, 1, FRAME_LONG, BURST_BATCH },
	[TWO] = { "to 2 ports in turn", TO_PORTS, 2, FRAME_MIN, BURST_BATCH },
	[EIGHT] = { "to 8 ports in turn", TO_PORTS, 8, FRAME_MIN, BURST_BATCH },
	[BROADCAST] = { "to all of 8 ports", TO_ALL, 8, FRAME_MIN, BURST_BATCH },
};

/* ---- differences ------------------------------------------------------------------------------- */

struct difference {
	const char *title;
	struct {
		int part;
		double times;
	} sum[5];
};

/* What a lease costs is in one frame of a batch of 1, and in BURST_BATCH of the others. */
#define REST (1.0 / (BURST_BATCH - 1))

static const struct difference differences[] = {
	{ "of this: the call, for each frame of a batch of 256", { { EMPTY, 1.0 / BURST_BATCH } } },
	{ "of this: sorting it, with the lookup of its address",
	  { { OWN_PORT, 1 }, { EMPTY, -1.0 / BURST_BATCH } } },
	{ "of this: copying 60 bytes, and its slot",
	  { { ONE, 1 + REST }, { OWN_PORT, -1 - REST }, { ONE_1, -REST }, { OWN_PORT_1, REST } } },
	{ "of this: copying 1500 bytes, and its slot",
	  { { LONG, 1 },
	    { ONE, REST },
	    { OWN_PORT, -1 - REST },
	    { ONE_1, -REST },
	    { OWN_PORT_1, REST } } },
	{ "for each port and batch: leasing slots and publishing them",
	  { { ONE_1, 1 + REST },
	    { OWN_PORT_1, -1 - REST },
	    { ONE, -1 - REST },
	    { OWN_PORT, 1 + REST } } },
	{ "for each more port that a broadcast goes to",
	  { { BROADCAST, 1.0 / (BURST_PORTS - 1) }, { ONE, -1.0 / (BURST_PORTS - 1) } } },
};

static const struct series *measured_of(const struct row *measured, int part)
{
	return &measured[part].series[DATAPATH_SWITCH];
}

/* Round by round. Without samples of all that it takes, there is none. */
static void subtract(const struct row *measured, const struct difference *difference,
		     struct series *series)
{
	series->count = MAX_RUNS;
	for (size_t i = 0; i < ARRAY_SIZE(difference->sum) && difference->sum[i].times != 0; i++) {
		const struct series *of = measured_of(measured, difference->sum[i].part);

		if (of->count < series->count)
			series->count = of->count;
		for (int run = 0; run < series->count; run++)
			series->sample[run] += difference->sum[i].times * of->sample[run];
	}
}

static int report_differences(const struct row *measured, struct report *report)
{
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(differences) && !error; i++) {
		struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));

		if (!row)
			return bench_error(ENOMEM, "report");
		row->group = "ring-parts";
		row->unit = "ns";
		row->no_ratio = true;
		snprintf(row->title, sizeof(row->title), "%s", differences[i].title);
		subtract(measured, &differences[i], &row->series[DATAPATH_SWITCH]);
		error = report_row(report, row);
	}
	return error;
}

/* ---- the group --------------------------------------------------------------------------------- */

static void describe(struct row *row, const struct burst_kind *kind)
{
	row->group = "ring-parts";
	row->unit = "ns";
	if (kind->goal == NOTHING)
		snprintf(row->title, sizeof(row->title), "%s, one core", kind->title);
	else
		snprintf(row->title, sizeof(row->title),
			 "a frame %s, one core, %u bytes, %u flows, batch %u", kind->title,
			 kind->length, FRAME_FLOWS, kind->batch);
}

static int run(struct bursts *bursts, const struct burst_kind *part, double seconds,
	       struct row *row)
{
	struct series *series = &row->series[DATAPATH_SWITCH];
	int error = bursts_run(bursts, part, seconds, &series->sample[series->count]);

	if (!error)
		series->count++;
	return error;
}

static int measure_rows(struct bursts *of, const struct options *options, struct row *rows)
{
	int error = 0;

	for (int round = 0; round < options->runs; round++)
		for (int i = 0; i < PARTS && !error; i++)
			if (report_wants(options, &rows[i]))
				error = run(of, &parts[i], options->seconds, &rows[i]);
	return error;
}

static int measure_and_report(struct bursts *of, const struct options *options,
			      struct report *report)
{
	struct row *rows CLEANUP_FREE = calloc(PARTS, sizeof(*rows));
	int error;

	if (!rows)
		return bench_error(ENOMEM, "report");
	for (int i = 0; i < PARTS; i++)
		describe(&rows[i], &parts[i]);
	error = bench_pin(bench_cpu(0));
	if (!error)
		error = measure_rows(of, options, rows);
	if (bench_unpin() && !error)
		error = -EINVAL;
	for (int i = 0; i < PARTS && !error; i++)
		error = report_row(report, &rows[i]);
	return error ? error : report_differences(rows, report);
}

int ring_parts_group(const struct options *options, struct report *report)
{
	struct bursts bursts = { 0 };
	int error;

	if (!datapath_used(DATAPATH_SWITCH))
		return 0;
	error = bursts_open(&bursts);
	if (!error)
		error = measure_and_report(&bursts, options, report);
	bursts_close(&bursts);
	return error;
}
