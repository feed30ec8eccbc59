// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames from one AF_XDP port to another, by the library's clients, beside the same clients by rings
 * (the ceiling): as it is by default, and with what users of AF_XDP set otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/ring_port.h"
#include "bench/ring_traffic.h"

struct xsk_row {
	const char *what;
	bool ceiling; /* measured beside */
	bool at_once; /* the inner ends are polled after each frame: as the kernel does by default */
	bool thread_inner; /* that of the sender is polled by a thread, */
	bool thread_outer; /* and the outer end of the receiver is */
	bool later_outer;  /* or some time after the last frame */
	struct traffic traffic;
};

#define TWO_CORES .sender_cpu = 1, .last_sender_cpu = 1, .receiver_cpu = 0
#define ONE_CORE  .yields = true
#define BY_SOCKET .open_flags = VALE_OPEN_SOCKET_TX

#define TRAFFIC(...)                                   \
	.traffic = { .senders = 1,                     \
		     .receivers = 1,                   \
		     .ports = 1,                       \
		     .flows = FRAME_FLOWS,             \
		     .batch = 256,                     \
		     .length = FRAME_MIN,              \
		     .transport = VALE_TRANSPORT_AUTO, \
		     __VA_ARGS__ }

#pragma GCC diagnostic ignored "-Woverride-init"
static const struct xsk_row rows[] = {
	{ "as it is", .ceiling = true, TRAFFIC(TWO_CORES) },
	{ "as it is", .ceiling = true, TRAFFIC(TWO_CORES, .length = FRAME_LONG) },
	{ "as it is", .ceiling = true, TRAFFIC(TWO_CORES, .batch = 32) },
	{ "as it is", .ceiling = true, TRAFFIC(TWO_CORES, .batch = 1) },
	{ "as it is", .ceiling = true, TRAFFIC(ONE_CORE) },
	{ "as it is", .ceiling = true, TRAFFIC(ONE_CORE, .length = FRAME_LONG) },
	{ "outer end by a thread", .thread_outer = true, TRAFFIC(TWO_CORES) },
	{ "busy poll", .later_outer = true, TRAFFIC(TWO_CORES, .busy_poll = true) },
	{ "by socket", TRAFFIC(TWO_CORES, BY_SOCKET) },
	{ "by socket", TRAFFIC(TWO_CORES, BY_SOCKET, .length = FRAME_LONG) },
	{ "by socket", TRAFFIC(TWO_CORES, BY_SOCKET, .batch = 32) },
	{ "by socket", TRAFFIC(TWO_CORES, BY_SOCKET, .batch = 1) },
	{ "by socket", TRAFFIC(ONE_CORE, BY_SOCKET) },
	{ "by socket, polled at once", .at_once = true, TRAFFIC(TWO_CORES, BY_SOCKET) },
	{ "by socket, polled at once", .at_once = true, TRAFFIC(TWO_CORES, BY_SOCKET, .batch = 1) },
	{ "by socket, inner end by a thread", .thread_inner = true, TRAFFIC(TWO_CORES, BY_SOCKET) },
	{ "by socket, both ends by threads", .thread_inner = true, .thread_outer = true,
	  TRAFFIC(TWO_CORES, BY_SOCKET) },
	{ "by socket, busy poll", .later_outer = true,
	  TRAFFIC(TWO_CORES, BY_SOCKET, .busy_poll = true) },
};
#pragma GCC diagnostic pop

static const struct traffic_part_port {
	const char *port, *outer;
} ports[] = {
	{ RING_SWITCH ":tx0", "xtx0" },
	{ RING_SWITCH ":rx0", "xrx0" },
};

static int set(const char *device, const char *name, const char *value)
{
	char path[96];
	int fd CLEANUP_FD = -1;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return bench_error(errno, "cannot write '%s'", path);
	return 0;
}

static int poll_later(const char *device, bool later)
{
	int error = set(device, "gro_flush_timeout", later ? "200000" : "0");

	return error ? error : set(device, "napi_defer_hard_irqs", later ? "10" : "0");
}

static int tune(struct vale *vale, const struct xsk_row *xsk_row)
{
	struct vale_port_info sender;
	int error = 0;

	if (vale_port_get(vale, ports[0].port, &sender))
		return bench_error(0, "%s", vale_reason(vale));
	if (xsk_row->at_once)
		error = poll_later(sender.device, false);
	if (!error && xsk_row->thread_inner)
		error = set(sender.device, "threaded", "1");
	if (!error && xsk_row->thread_outer)
		error = set(ports[1].outer, "threaded", "1");
	if (!error && xsk_row->later_outer)
		error = poll_later(ports[1].outer, true);
	return error;
}

static void detach(struct vale *vale)
{
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		vale_port_detach(vale, ports[i].port);
}

static int attach(struct vale *vale, const struct xsk_row *xsk_row)
{
	struct vale_attach_options options = {
		.size = sizeof(options),
		.xsk = true,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (vale_port_attach(vale, ports[i].port, ports[i].outer, &options))
			return bench_error(0, "%s", vale_reason(vale));
	return tune(vale, xsk_row);
}

static int run_of(const struct traffic *traffic, double seconds, struct series *series)
{
	struct traffic_result result = { 0 };
	int error = traffic_run(traffic, &traffic_switch, seconds, &result);

	if (error)
		return error;
	series->lost[series->count] = result.lost;
	series->sample[series->count++] = result.received / 1e6;
	return 0;
}

static int run_xsk(struct vale *vale, const struct xsk_row *xsk_row, double seconds,
		   struct series *series)
{
	int error = attach(vale, xsk_row);

	if (!error)
		error = run_of(&xsk_row->traffic, seconds, series);
	detach(vale);
	return error;
}

static int measure_row(struct vale *vale, const struct options *options,
		       const struct xsk_row *xsk_row, struct report *report)
{
	const struct traffic *traffic = &xsk_row->traffic;
	struct row *row CLEANUP_FREE = calloc(1, sizeof(*row));
	bool two = traffic->sender_cpu != traffic->receiver_cpu;
	int error = 0;

	if (!row)
		return bench_error(ENOMEM, "report");
	row->group = "xsk";
	row->unit = "Mpps";
	row->frames = true;
	row->frame_length = traffic->length;
	row->flows = traffic->flows;
	snprintf(row->title, sizeof(row->title), "AF_XDP to AF_XDP, %s, %u bytes, batch %u, %s",
		 two ? "two cores" : "one core", traffic->length, traffic->batch, xsk_row->what);
	if (!report_wants(options, row))
		return 0;
	if (two)
		error = machine_line_round_trip(&row->line_round_trip);
	for (int run = 0; run < options->runs && !error; run++) {
		if (datapath_used(DATAPATH_SWITCH))
			error = run_xsk(vale, xsk_row, options->seconds,
					&row->series[DATAPATH_SWITCH]);
		if (!error && xsk_row->ceiling && datapath_used(DATAPATH_CEILING))
			error = run_of(traffic, options->seconds, &row->series[DATAPATH_CEILING]);
	}
	return error ? error : report_row(report, row);
}

int xsk_group(const struct options *options, struct report *report)
{
	CLEANUP_VALE struct vale *vale = NULL;
	int error;

	if (bench_cpu(1) < 0)
		return bench_error(0, "AF_XDP to AF_XDP wants two CPUs");
	error = bench_vale_open(&vale);
	if (error)
		return error;
	error = bench_switch_create(vale);
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !error; i++)
		error = measure_row(vale, options, &rows[i], report);
	bench_switch_destroy(vale);
	return error;
}
