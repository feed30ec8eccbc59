// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * TCP streams between two virtual machines, as QEMU's ordinary line makes them: a tap and
 * virtio-net, which leaves checksums and segmentation to the host. The same two machines serve
 * every datapath, to which their taps move in turn.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/iperf.h"
#include "bench/machine.h"
#include "tests/lib/vm.h"

#define QEMU "qemu-system-x86_64"

/* Beyond the streams' own: emulated machines boot slowly where others use the cores too. */
#define ANSWER_SECONDS 120

enum end { CLIENT, SERVER, ENDS };

/* XDP alone would not do: it takes no segments of 64 KB, and these are what the guests send. */
static const int compared[] = { DATAPATH_BRIDGE, DATAPATH_TC, DATAPATH_AUTO };

struct guest {
	const char *port;
	const char *tap;
	const char *mac;
	const char *address;
};

static const struct guest guests[ENDS] = {
	[CLIENT] = { "client", "tap0", "02:00:00:00:00:01", "198.18.0.1" },
	[SERVER] = { "server", "tap1", "02:00:00:00:00:02", "198.18.0.2" },
};

struct machines {
	const struct options *options;
	struct vm *vm[ENDS];
};

static int start_guest(struct machines *machines, enum end end, const char *iperf3)
{
	const struct guest *guest = &guests[end];
	char ip[24];
	struct vm_options options = {
		.profile = "guest",
		.tap = guest->tap,
		.mac = guest->mac,
		.ip = ip,
		.timeout = ANSWER_SECONDS + iperf_seconds(machines->options),
		.files = iperf3,
		.interrupted = &bench_interrupted,
	};
	int error = command_ip("tuntap add %s mode tap\nlink set %s up\n", guest->tap, guest->tap);

	if (error)
		return error;
	snprintf(ip, sizeof(ip), "%s/24", guest->address);
	error = vm_start(&machines->vm[end], &options);
	return error ? bench_error(-error, "cannot start a virtual machine") : 0;
}

static int start_guests(struct machines *machines, const char *iperf3)
{
	int error = 0, end;

	for (end = 0; !error && end < ENDS; end++)
		error = start_guest(machines, end, iperf3);
	for (end = 0; !error && end < ENDS; end++) {
		error = vm_wait(machines->vm[end]);
		if (error)
			return bench_error(-error, "a virtual machine does not come up");
	}
	return error;
}

static int start_server(const struct machines *machines)
{
	int status = vm_run(machines->vm[SERVER], "iperf3 -s -D");

	if (status < 0)
		return bench_error(-status, "cannot start iperf3 in a virtual machine");
	if (status > 0)
		return bench_error(0, "cannot start iperf3 in a virtual machine: %s",
				   vm_output(machines->vm[SERVER]));
	return 0;
}

static int run_client(const struct iperf *iperf, const char *line, char **output)
{
	const struct machines *machines = iperf->client;
	int status = vm_run(machines->vm[CLIENT], "%s", line);

	*output = strdup(vm_output(machines->vm[CLIENT]));
	return *output ? status : -ENOMEM;
}

static int plug_in(const struct datapath *datapath)
{
	int error = 0, end;

	for (end = 0; !error && end < ENDS; end++)
		error = datapath_attach(datapath, guests[end].port, guests[end].tap);
	return error;
}

/* The taps come to the datapath, and are free again when it goes. */
static int run_streams(const struct machines *machines, const struct datapath *datapath,
		       int streams, double *rate)
{
	const struct iperf iperf = {
		.options = machines->options,
		.datapath = datapath->name,
		.server = guests[SERVER].address,
		.streams = streams,
		.run = run_client,
		.client = machines,
	};
	int error = datapath_create(datapath), destroyed;

	if (error)
		return error;
	error = plug_in(datapath);
	if (!error)
		error = iperf_measure(&iperf, rate);
	destroyed = datapath_destroy(datapath);
	return error ? error : destroyed;
}

static int measure(const struct machines *machines, int streams, struct row *row)
{
	struct series *series;
	int run, error;
	size_t i;

	for (run = 0; run < machines->options->runs; run++) {
		for (i = 0; i < ARRAY_SIZE(compared); i++) {
			if (!datapath_used(compared[i]))
				continue;
			series = &row->series[compared[i]];
			error = run_streams(machines, datapaths[compared[i]], streams,
					    &series->sample[run]);
			if (error)
				return error;
			series->count = run + 1;
		}
	}
	return 0;
}

static int report_streams(const struct machines *machines, int streams, struct report *report)
{
	struct row row = { .group = "guests", .unit = "Gbit/s" };
	int error;

	snprintf(row.title, sizeof(row.title),
		 "TCP, streams between two virtual machines: %d, default offloads (iperf3)",
		 streams);
	if (!report_wants(machines->options, &row))
		return 0;
	error = machine_line_round_trip(&row.line_round_trip);
	if (!error)
		error = measure(machines, streams, &row);
	return error ? error : report_row(report, &row);
}

/* The first streams find their code not yet translated by QEMU: nobody's figure is to suffer. */
static int warm_up(const struct machines *machines)
{
	double rate;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(compared); i++)
		if (datapath_used(compared[i]))
			return run_streams(machines, datapaths[compared[i]], 1, &rate);
	return 0;
}

static int measure_all(struct machines *machines, const char *iperf3, struct report *report)
{
	int error = start_guests(machines, iperf3);

	if (!error)
		error = start_server(machines);
	if (!error)
		error = warm_up(machines);
	if (!error)
		error = report_streams(machines, 1, report);
	return error ? error : report_streams(machines, 4, report);
}

static void stop_guests(struct machines *machines)
{
	int end;

	for (end = 0; end < ENDS; end++) {
		vm_stop(machines->vm[end]);
		if (if_nametoindex(guests[end].tap))
			command_ip("link del %s\n", guests[end].tap);
	}
}

/* Whether the machines can be made here; says what is missing. */
static bool can_run(const char *iperf3)
{
	char *kernel CLEANUP_FREE = vm_kernel();

	if (!command_exists(QEMU))
		fputs("vale-bench: no " QEMU " (package qemu-system-x86): no guests rows\n",
		      stderr);
	else if (!iperf3)
		fputs("vale-bench: no iperf3 (package iperf3): no guests rows\n", stderr);
	else if (access(kernel, R_OK))
		fprintf(stderr,
			"vale-bench: no guest's kernel '%s' (tests/vm/build-guest gets it; in the "
			"top directory): no guests rows\n",
			kernel);
	else
		return true;
	return false;
}

int guests_group(const struct options *options, struct report *report)
{
	char *iperf3 CLEANUP_FREE = command_path("iperf3");
	struct machines machines = { .options = options };
	int error;

	if (!can_run(iperf3))
		return 0;
	error = measure_all(&machines, iperf3, report);
	stop_guests(&machines);
	return error;
}
