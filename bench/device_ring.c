// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames between a ring and a device, everything on one core. From the ring it is a source as any
 * other; to the ring:
 *
 *	live-frame source -> near === far > switch > ring, whose client is the same thread
 *	                                           > another ring -> must see nothing
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/forward.h"
#include "bench/groups.h"
#include "bench/ring_port.h"
#include "bench/source.h"
#include "bench/topology.h"

#define WARM_UP_SECONDS 0.01

/* Frames that are sent before the ring is looked at: less than it has room for. */
#define CHUNK 512

/* How often others of the core may run before what has not arrived is given up. */
#define PATIENCE 1000

struct device_ring {
	const struct options *options;
	void *source;
	struct veth veth;
	struct vale *vale;
	struct vale_port *port, *silent;
	struct frame_set there, back;
	bool whole; /* frames are compared to their last byte, and not only their headers */
	unsigned int next_flow;
	/* of the run so far: */
	unsigned long sent, received, wrong;
	unsigned long skipped; /* flows that were to come first */
};

/* ---- receiving --------------------------------------------------------------------------------- */

/* Flows come in turn: one that comes early has left others out, or else something was repeated. */
static void check(struct device_ring *of, const unsigned char *frame, size_t length)
{
	size_t compared = of->whole ? of->there.length : sizeof(struct frame_header);
	unsigned int flow = frame[5] & (of->there.flows - 1);

	if (length != of->there.length || memcmp(frame, of->there.frame[flow], compared))
		of->wrong++;
	of->skipped += (flow - of->next_flow) & (of->there.flows - 1);
	of->next_flow = flow + 1;
}

static void take(struct device_ring *of)
{
	struct vale_ring *ring = vale_rx_ring(of->port, 0);
	__u32 slot = ring->head;

	vale_rxsync(of->port, 0);
	while (slot != ring->tail) {
		check(of, vale_ring_buffer(ring, ring->slot[slot].buf_idx), ring->slot[slot].len);
		slot = vale_ring_next(ring, slot);
		of->received++;
	}
	ring->head = ring->cur = slot;
	vale_rxsync(of->port, 0);
}

/* The far end's frames may be left to a thread of the kernel's. */
static int exchange(struct device_ring *of, unsigned int frames)
{
	unsigned long until = of->received + frames;
	int sent = source_live.send(of->source, frames);

	if (sent < 0)
		return sent;
	of->sent += sent;
	take(of);
	for (int i = 0; i < PATIENCE && of->received < until; i++) {
		sched_yield();
		take(of);
	}
	return 0;
}

static void begin(struct device_ring *of)
{
	of->sent = 0;
	of->received = 0;
	of->skipped = 0;
	of->wrong = 0;
	of->next_flow = 0;
}

static int judge(const struct device_ring *of)
{
	if (of->wrong)
		return bench_error(0, "%lu frames of %lu were altered", of->wrong, of->received);
	if (of->received > of->sent || of->skipped > of->sent - of->received)
		return bench_error(0, "frames were repeated or out of order");
	if (!of->received)
		return bench_error(0, "no frame reached the ring");
	if (bench_port_discard(of->silent))
		return bench_error(0, "frames for a known address were flooded");
	return 0;
}

/* ---- a row ------------------------------------------------------------------------------------- */

/* The ring's addresses must be in the table, or the frames are flooded. */
static int teach(struct device_ring *of)
{
	int error = 0;

	for (unsigned int flow = 0; flow < of->back.flows && !error; flow++)
		error = vale_inject(of->port, 0, of->back.frame[flow], of->back.length);
	if (!error)
		error = vale_txsync(of->port, 0);
	bench_port_discard(of->silent);
	return error < 0 ? bench_error(-error, "cannot send by a ring") : 0;
}

static int aim(struct device_ring *of)
{
	int error = teach(of);

	return error ? error
		     : source_live.aim(of->source, &of->there, if_nametoindex(of->veth.near.name));
}

static int exchange_for(struct device_ring *of, double seconds, double *took)
{
	double start = bench_now(), now;
	int error;

	do {
		error = exchange(of, CHUNK);
		now = bench_now();
	} while (!error && now - start < seconds);
	*took = now - start;
	return error;
}

/* Every flow's frame once, byte by byte. */
static int verify(struct device_ring *of)
{
	int error = aim(of);

	begin(of);
	of->whole = true;
	if (!error)
		error = exchange(of, of->there.flows);
	of->whole = false;
	if (!error)
		error = judge(of);
	if (!error && of->received != of->there.flows)
		error = bench_error(0, "%lu frames of %u reached the ring", of->received,
				    of->there.flows);
	return error;
}

static int run(struct device_ring *of, struct series *series)
{
	double took;
	int error = aim(of);

	begin(of);
	if (!error)
		error = exchange_for(of, WARM_UP_SECONDS, &took);
	if (!error)
		error = judge(of);
	of->sent = of->received = of->skipped = 0;
	if (!error)
		error = exchange_for(of, of->options->seconds, &took);
	if (!error)
		error = judge(of);
	if (error)
		return error;
	series->lost[series->count] = 1 - (double)of->received / of->sent;
	series->sample[series->count++] = of->received / took / 1e6;
	return 0;
}

static int measure_row(struct device_ring *of, size_t length, unsigned int flows,
		       struct report *report)
{
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	int error;

	if (!row)
		return bench_error(ENOMEM, "report");
	row->group = source_ring.group;
	row->unit = "Mpps";
	row->frames = true;
	row->frame_length = length;
	row->flows = flows;
	snprintf(row->title, sizeof(row->title),
		 "device to ring, one core, %s, %zu bytes (with header, without FCS), %u flow%s",
		 source_live.title, length, flows, flows == 1 ? "" : "s");
	if (!report_wants(of->options, row))
		return 0;
	frame_set_build(&of->there, length, flows, FRAME_SENDER, FRAME_RECEIVER);
	frame_set_build(&of->back, FRAME_MIN, flows, FRAME_RECEIVER, FRAME_SENDER);
	error = verify(of);
	for (int i = 0; i < of->options->runs && !error; i++)
		error = run(of, &row->series[DATAPATH_SWITCH]);
	return error ? error : report_row(report, row);
}

static int measure_rows(struct device_ring *of, struct report *report)
{
	static const size_t lengths[] = { FRAME_MIN, FRAME_LONG };
	int error = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lengths) && !error; i++) {
		error = measure_row(of, lengths[i], 1, report);
		if (!error)
			error = measure_row(of, lengths[i], FRAME_FLOWS, report);
	}
	return error;
}

/* ---- the group --------------------------------------------------------------------------------- */

static int setup(struct device_ring *of)
{
	int error = veth_create(&of->veth, "switch", "source", "in");

	if (!error)
		error = source_live.open(&of->source);
	if (!error)
		error = datapath_create(datapaths[DATAPATH_SWITCH]);
	if (!error)
		error = datapath_attach(datapaths[DATAPATH_SWITCH], "in", of->veth.far.name);
	if (!error)
		error = bench_vale_open(&of->vale);
	if (!error)
		error = bench_port_open(of->vale, (struct bench_port){ "ring", 0 }, NULL,
					&of->port);
	if (!error)
		error = bench_port_open(of->vale, (struct bench_port){ "silent", 0 }, NULL,
					&of->silent);
	return error;
}

static void teardown(struct device_ring *of)
{
	vale_port_close(of->port);
	vale_port_close(of->silent);
	if (of->vale)
		bench_switch_destroy(of->vale);
	vale_close(of->vale);
	source_live.close(of->source);
	veth_destroy(&of->veth);
}

static int to_ring(const struct options *options, struct report *report)
{
	struct device_ring *of CLEANUP_FREE = calloc(1, sizeof(*of));
	int error;

	if (!of)
		return bench_error(ENOMEM, "device to ring");
	of->options = options;
	error = setup(of);
	if (!error)
		error = bench_pin(bench_cpu(0));
	if (!error)
		error = measure_rows(of, report);
	if (bench_unpin() && !error)
		error = -EINVAL;
	teardown(of);
	return error;
}

int ring_device_group(const struct options *options, struct report *report)
{
	int error;

	if (!datapath_used(DATAPATH_SWITCH))
		return 0;
	error = forward_group(&source_ring, options, report);
	return error ? error : to_ring(options, report);
}
