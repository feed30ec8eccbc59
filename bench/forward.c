// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames from device to device, everything on one core:
 *
 *	source -> X-source === X-in  > datapath X >  X-out === X-sink -> sink, counts and drops
 *	                                          >  X-third === X-silent -> must see nothing
 *
 * The same source and the same sink serve every datapath X, one after the other.
 */
#include <errno.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/forward.h"
#include "bench/groups.h"
#include "bench/report.h"
#include "bench/sink.h"
#include "bench/source.h"
#include "bench/topology.h"

/* Fills caches, and lets what was flooded while addresses were learnt arrive. */
#define WARM_UP_SECONDS 0.01

/* Parts of a run. */
#define SLICES 10

struct lane {
	const struct datapath *datapath;
	struct veth source; /* near: sends into the port; far: the port */
	struct veth sink;   /* near: the port; far: the sink */
	struct veth third;
	/* Of the run so far: */
	unsigned long sent;
	unsigned long received;
	double seconds;
};

struct forward {
	const struct options *options;
	const struct source_type *type;
	void *source;
	void *teacher; /* a packet source that sends from the sink's side */
	struct sink *sink;
	struct lane lanes[DATAPATHS];
	struct frame_set there; /* what is measured */
	struct frame_set back;	/* from the sink's side, so that its addresses are learnt */
};

static int lane_attach(struct lane *lane, const struct forward *forward)
{
	const struct datapath *datapath = lane->datapath;
	int error = datapath_attach(datapath, "in", lane->source.far.name);

	if (!error)
		error = datapath_attach(datapath, "out", lane->sink.near.name);
	if (!error && datapath->learns)
		error = datapath_attach(datapath, "third", lane->third.near.name);
	/* Only live frames need it: leave a bridge its default where it works. */
	if (!error && datapath->needs_gro && forward->type == &source_live)
		error = device_enable_gro(lane->source.far.name);
	return error;
}

static int lane_setup(struct lane *lane, const struct datapath *datapath,
		      const struct forward *forward)
{
	int error = veth_create(&lane->source, datapath->name, "source", "in");

	if (!error)
		error = veth_create(&lane->sink, datapath->name, "out", "sink");
	if (!error)
		error = veth_create(&lane->third, datapath->name, "third", "silent");
	/* The sink comes first: a port is no use until the far end takes frames from XDP. */
	if (!error)
		error = sink_attach(forward->sink, lane->sink.far.name);
	if (!error)
		error = sink_attach_third(forward->sink, lane->third.far.name);
	if (!error)
		error = datapath_create(datapath);
	if (error)
		return error;
	lane->datapath = datapath;
	return lane_attach(lane, forward);
}

static int lane_teardown(struct lane *lane)
{
	int error = lane->datapath ? datapath_destroy(lane->datapath) : 0;

	veth_destroy(&lane->source);
	veth_destroy(&lane->sink);
	veth_destroy(&lane->third);
	return error;
}

/* The sink's addresses must be in the table, or the frames are flooded. */
static int teach(struct forward *forward, struct lane *lane)
{
	int sent, error;

	if (!lane->datapath->learns)
		return 0;
	error = source_packet.aim(forward->teacher, &forward->back,
				  if_nametoindex(lane->sink.far.name));
	if (error)
		return error;
	sent = source_packet.send(forward->teacher, forward->back.flows);
	return sent < 0 ? sent : 0;
}

static int aim(struct forward *forward, struct lane *lane)
{
	int error = teach(forward, lane);

	if (error)
		return error;
	return forward->type->aim(forward->source, &forward->there,
				  if_nametoindex(lane->source.near.name));
}

/* Sends for so long; how many frames and how long it was in the end. */
static int send_for(struct forward *forward, double seconds, unsigned long *frames, double *took)
{
	double start = bench_now(), now;
	int sent;

	*frames = 0;
	do {
		if (bench_interrupted)
			return -EINTR;
		sent = forward->type->send(forward->source, forward->type->chunk);
		if (sent < 0)
			return sent;
		*frames += sent;
		now = bench_now();
	} while (now - start < seconds);
	*took = now - start;
	return 0;
}

static int judge(const struct sink *sink, const struct lane *lane, const struct sink_counts *counts)
{
	const char *name = lane->datapath->name;

	if (counts->counter[SINK_GOOD] == 0)
		return bench_error(0, "%s: no frame reached the sink", name);
	if (counts->counter[SINK_WRONG])
		return sink_complain(sink, name, counts->counter[SINK_WRONG]);
	if (counts->counter[SINK_FLOODED])
		return bench_error(0, "%s: %llu frames for known addresses were flooded", name,
				   counts->counter[SINK_FLOODED]);
	return 0;
}

static int sink_difference(struct sink *sink, const struct sink_counts *before,
			   struct sink_counts *counts)
{
	int error = sink_read(sink, counts), i;

	for (i = 0; !error && i < SINK_COUNTERS; i++)
		counts->counter[i] -= before->counter[i];
	return error;
}

/* A part of a run: adds what the sink counted, and the time it took. */
static int run_slice(struct forward *forward, struct lane *lane)
{
	struct sink_counts before, counts;
	unsigned long sent;
	double took;
	int error;

	error = aim(forward, lane);
	if (!error)
		error = send_for(forward, WARM_UP_SECONDS, &sent, &took);
	if (!error)
		error = sink_read(forward->sink, &before);
	if (!error)
		error = send_for(forward, forward->options->seconds / SLICES, &sent, &took);
	if (!error)
		error = sink_difference(forward->sink, &before, &counts);
	if (!error)
		error = judge(forward->sink, lane, &counts);
	if (error)
		return error;
	lane->sent += sent;
	lane->received += counts.counter[SINK_GOOD];
	lane->seconds += took;
	return 0;
}

static void keep_run(struct lane *lane, struct series *series)
{
	series->sample[series->count] = lane->received / lane->seconds / 1e6;
	series->lost[series->count++] = 1 - (double)lane->received / lane->sent;
	lane->sent = 0;
	lane->received = 0;
	lane->seconds = 0;
}

static int verify_lane(struct forward *forward, struct lane *lane)
{
	int error = aim(forward, lane);

	if (error)
		return error;
	return sink_verify(forward->sink, lane->sink.far.name, &forward->there, forward->type,
			   forward->source);
}

static int for_each_lane(struct forward *forward, int (*do_it)(struct forward *, struct lane *))
{
	int i, error = 0;

	for (i = 0; !error && i < DATAPATHS; i++)
		if (forward->lanes[i].datapath)
			error = do_it(forward, &forward->lanes[i]);
	return error;
}

/* One run of each, slice by slice in turn: whatever else the core has to do slows all of them. */
static int run_round(struct forward *forward, struct row *row)
{
	int slice, i, error;

	for (slice = 0; slice < SLICES; slice++) {
		error = for_each_lane(forward, run_slice);
		if (error)
			return error;
	}
	for (i = 0; i < DATAPATHS; i++)
		if (forward->lanes[i].datapath)
			keep_run(&forward->lanes[i], &row->series[i]);
	return 0;
}

static int measure_row(struct forward *forward, size_t length, unsigned int flows,
		       struct report *report)
{
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int error, run;

	if (!row)
		return bench_error(ENOMEM, "report");
	row->group = forward->type->group;
	row->unit = "Mpps";
	row->frames = true;
	row->frame_length = length;
	row->flows = flows;
	snprintf(row->title, sizeof(row->title),
		 "%s to device, one core, %s, %zu bytes (with header, without FCS), %u flow%s",
		 forward->type->from, forward->type->title, length, flows, flows == 1 ? "" : "s");
	if (!report_wants(forward->options, row))
		return 0;
	frame_set_build(&forward->there, length, flows, FRAME_SENDER, FRAME_RECEIVER);
	frame_set_build(&forward->back, FRAME_MIN, flows, FRAME_RECEIVER, FRAME_SENDER);
	sink_expect(forward->sink, length);

	error = for_each_lane(forward, verify_lane);
	for (run = 0; !error && run < forward->options->runs; run++)
		error = run_round(forward, row);
	return error ? error : report_row(report, row);
}

static int measure_rows(struct forward *forward, struct report *report)
{
	static const size_t lengths[] = { FRAME_MIN, FRAME_LONG };
	static const unsigned int flows[] = { 1, FRAME_FLOWS };
	size_t i, j;
	int error;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (j = 0; j < ARRAY_SIZE(flows); j++) {
			error = measure_row(forward, lengths[i], flows[j], report);
			if (error)
				return error;
		}
	}
	return 0;
}

static int setup(struct forward *forward)
{
	static const int compared[] = {
		DATAPATH_BRIDGE, DATAPATH_SWITCH, DATAPATH_TC, DATAPATH_GENERIC, DATAPATH_CEILING,
	};
	int error = sink_open(&forward->sink), datapath;
	size_t i;

	if (!error)
		error = forward->type->open(&forward->source);
	if (!error)
		error = source_packet.open(&forward->teacher);
	for (i = 0; !error && i < ARRAY_SIZE(compared); i++) {
		datapath = compared[i];
		if (datapath_used(datapath) &&
		    (datapath == DATAPATH_SWITCH || !forward->type->switch_only))
			error = lane_setup(&forward->lanes[datapath], datapaths[datapath], forward);
	}
	return error;
}

static int teardown(struct forward *forward)
{
	int error = 0, failed, i;

	for (i = 0; i < DATAPATHS; i++) {
		failed = lane_teardown(&forward->lanes[i]);
		error = error ? error : failed;
	}
	source_packet.close(forward->teacher);
	forward->type->close(forward->source);
	sink_close(forward->sink);
	return error;
}

int forward_group(const struct source_type *type, const struct options *options,
		  struct report *report)
{
	struct forward *forward CLEANUP_FREE = calloc(1, sizeof(*forward));
	int error, torn_down;

	if (!forward)
		return bench_error(ENOMEM, "%s", type->title);
	forward->options = options;
	forward->type = type;
	error = setup(forward);
	if (!error)
		error = bench_pin(bench_cpu(0));
	if (!error)
		error = measure_rows(forward, report);
	if (bench_unpin() && !error)
		error = -EINVAL;
	torn_down = teardown(forward);
	return error ? error : torn_down;
}

int live_group(const struct options *options, struct report *report)
{
	return forward_group(&source_live, options, report);
}

int packet_group(const struct options *options, struct report *report)
{
	return forward_group(&source_packet, options, report);
}
