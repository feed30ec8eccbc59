// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Frames from one AF_XDP port to another, by the library's clients, beside the same clients by rings
 * (the ceiling): as it is by default, and with what users of AF_XDP set otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/ring_traffic.h"
#include "bench/sandbox.h"
#include "vale.h"

struct xsk_row {
	const char *what;
	bool ceiling;	   /* measured beside */
	bool thread_inner; /* the sender's inner end is polled by a thread */
	bool thread_outer; /* and the receiver's outer end */
	struct traffic traffic;
};

#define ONE_TO_ONE                                                                           \
	.senders = 1, .receivers = 1, .ports = 1, .flows = FRAME_FLOWS, .length = FRAME_MIN, \
	.batch = 256, .transport = VALE_TRANSPORT_AUTO

#define TWO_CORES .sender_cpu = 1, .last_sender_cpu = 1, .receiver_cpu = 0
#define ONE_CORE  .yields = true

#define WITH(cores, ...)                       \
	{                                      \
		ONE_TO_ONE, cores, __VA_ARGS__ \
	}

#define BY_SOCKET .open_flags = VALE_OPEN_SOCKET_TX

#define ROW(what, ...)                                       \
	{                                                    \
		what, false, false, false, WITH(__VA_ARGS__) \
	}

#pragma GCC diagnostic ignored "-Woverride-init"
static const struct xsk_row rows[] = {
	{ "by default", true, false, false, WITH(TWO_CORES, .length = FRAME_MIN) },
	{ "by default", true, false, false, WITH(TWO_CORES, .length = FRAME_LONG) },
	{ "by default", true, false, false, WITH(TWO_CORES, .batch = 32) },
	{ "by default", true, false, false, WITH(TWO_CORES, .batch = 1) },
	{ "by default", true, false, false, WITH(ONE_CORE, .length = FRAME_MIN) },
	{ "by default", true, false, false, WITH(ONE_CORE, .length = FRAME_LONG) },
	{ "sent by the socket", false, false, false, WITH(TWO_CORES, BY_SOCKET) },
	{ "sent by the socket", false, false, false,
	  WITH(TWO_CORES, BY_SOCKET, .length = FRAME_LONG) },
	{ "sent by the socket", false, false, false, WITH(TWO_CORES, BY_SOCKET, .batch = 1) },
	{ "sent by the socket", false, false, false, WITH(ONE_CORE, BY_SOCKET) },
	{ "sent by the socket, a thread at the inner end", false, true, false,
	  WITH(TWO_CORES, BY_SOCKET) },
	{ "sent by the socket, a thread at the inner end", false, true, false,
	  WITH(TWO_CORES, BY_SOCKET, .batch = 1) },
	{ "sent by the socket, a thread at the outer end", false, false, true,
	  WITH(TWO_CORES, BY_SOCKET) },
	{ "sent by the socket, threads at both ends", false, true, true,
	  WITH(TWO_CORES, BY_SOCKET) },
	{ "a thread at the outer end", false, false, true, WITH(TWO_CORES, .length = FRAME_MIN) },
};
#pragma GCC diagnostic pop

static const struct traffic_part_port {
	const char *port, *outer;
} ports[] = {
	{ TRAFFIC_SWITCH ":tx0", "xtx0" },
	{ TRAFFIC_SWITCH ":rx0", "xrx0" },
};

static int set_threaded(const char *device, bool threaded)
{
	char path[96];
	int fd CLEANUP_FD = -1;

	snprintf(path, sizeof(path), "/sys/class/net/%s/threaded", device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, threaded ? "1" : "0", 1) != 1)
		return bench_error(errno, "cannot write '%s'", path);
	return 0;
}

static int thread_ends(struct vale *vale, const struct xsk_row *xsk_row)
{
	struct vale_port_info info;

	if (xsk_row->thread_outer && set_threaded("xrx0", true))
		return -EINVAL;
	if (!xsk_row->thread_inner)
		return 0;
	if (vale_port_get(vale, ports[0].port, &info))
		return bench_error(0, "%s", vale_reason(vale));
	return set_threaded(info.device, true);
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
		.queues = xsk_row->traffic.queues,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (vale_port_attach(vale, ports[i].port, ports[i].outer, &options))
			return bench_error(0, "%s", vale_reason(vale));
	return thread_ends(vale, xsk_row);
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
	struct vale *vale = NULL;
	int error;

	if (bench_cpu(1) < 0)
		return bench_error(0, "AF_XDP to AF_XDP wants two CPUs");
	error = vale_open(&vale, SANDBOX_BPFFS);
	if (error)
		return bench_error(-error, "cannot open the switches");
	if (vale_switch_create(vale, TRAFFIC_SWITCH, NULL))
		error = bench_error(0, "%s", vale_reason(vale));
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !error; i++)
		error = measure_row(vale, options, &rows[i], report);
	vale_switch_destroy(vale, TRAFFIC_SWITCH, true);
	vale_close(vale);
	return error;
}
