// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Time and memory to attach 254 ports, one command each as a user would, and to destroy the lot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/memory.h"
#include "bench/sandbox.h"
#include "bench/topology.h"

#define PORTS		    254
#define KIB		    1024.0
#define SETTLE_MICROSECONDS 200000
/* Of the devices, so that one command deletes them all and waits once. */
#define DEVICE_GROUP 254

enum metric {
	ATTACH_TOTAL,
	ATTACH_EACH,
	DESTROY,
	MEMORY_EMPTY,
	MEMORY_PORT,
	MEMORY_KERNEL,
	METRICS,
};

struct metric_text {
	const char *unit;
	const char *title;
};

#define TEXT(number)  #number
#define NUMBER(macro) TEXT(macro)

static const struct metric_text texts[METRICS] = {
	[ATTACH_TOTAL] = { "s", "attach " NUMBER(PORTS) " ports, a command for each" },
	[ATTACH_EACH] = { "ms", "attach one of " NUMBER(PORTS) " ports (mean)" },
	[DESTROY] = { "s", "destroy it with its " NUMBER(PORTS) " ports" },
	[MEMORY_EMPTY] = { "KiB", "BPF maps and programs without ports (memlock)" },
	[MEMORY_PORT] = { "KiB", "BPF maps and programs, for each port (memlock)" },
	[MEMORY_KERNEL] = { "KiB", "kernel memory in all, for each port (noisy)" },
};

/* The devices are there before: a switch does not make them. */
static struct device port_device(int port)
{
	struct device device;

	snprintf(device.name, sizeof(device.name), "device%d", port);
	return device;
}

static int create_devices(void)
{
	char *lines CLEANUP_FREE = NULL;
	size_t length;
	FILE *stream = open_memstream(&lines, &length);
	int port;

	if (!stream)
		return bench_error(errno, "attach");
	for (port = 0; port < PORTS; port++)
		fprintf(stream,
			"link add %s group %d type veth peer name peer%d\n"
			"link set %s up\nlink set peer%d up\n",
			port_device(port).name, DEVICE_GROUP, port, port_device(port).name, port);
	if (fclose(stream))
		return bench_error(errno, "attach");
	return command_ip("%s", lines);
}

static void destroy_devices(void)
{
	command_ip("link del group %d\n", DEVICE_GROUP);
}

static int attach_ports(const struct datapath *datapath)
{
	char name[16];
	int port, error = 0;

	for (port = 0; !error && port < PORTS; port++) {
		snprintf(name, sizeof(name), "p%d", port);
		error = bench_interrupted ? -EINTR
					  : datapath_attach(datapath, name, port_device(port).name);
	}
	return error;
}

static int attach_measured(const struct datapath *datapath, double value[METRICS])
{
	struct bpf_memory empty, full;
	unsigned long before, after;
	double start;
	int error = bpf_memory_read(SANDBOX_BPFFS, &empty);

	/* The kernel frees what the round before left only after a grace period. */
	usleep(SETTLE_MICROSECONDS);
	if (!error)
		error = kernel_memory_read(&before);
	if (error)
		return error;
	start = bench_now();
	error = attach_ports(datapath);
	value[ATTACH_TOTAL] = bench_now() - start;
	value[ATTACH_EACH] = value[ATTACH_TOTAL] / PORTS * 1e3;
	if (!error)
		error = kernel_memory_read(&after);
	if (!error)
		error = bpf_memory_read(SANDBOX_BPFFS, &full);
	if (error)
		return error;
	value[MEMORY_EMPTY] = empty.bytes / KIB;
	value[MEMORY_PORT] = (full.bytes - (double)empty.bytes) / PORTS / KIB;
	value[MEMORY_KERNEL] = (after - (double)before) / PORTS / KIB;
	return 0;
}

static int run(const struct datapath *datapath, double value[METRICS])
{
	int error = datapath_create(datapath), destroyed;
	double start;

	if (error)
		return error;
	error = attach_measured(datapath, value);
	start = bench_now();
	destroyed = datapath_destroy(datapath);
	value[DESTROY] = bench_now() - start;
	return error ? error : destroyed;
}

static void keep(struct row *rows, int datapath, const double value[METRICS])
{
	struct series *series;
	int metric;

	for (metric = 0; metric < METRICS; metric++) {
		/* A bridge has no BPF objects. */
		if (datapath == DATAPATH_BRIDGE &&
		    (metric == MEMORY_EMPTY || metric == MEMORY_PORT))
			continue;
		series = &rows[metric].series[datapath];
		series->sample[series->count++] = value[metric];
	}
}

static int measure(const struct options *options, struct row *rows)
{
	static const int compared[] = { DATAPATH_BRIDGE, DATAPATH_SWITCH };
	double value[METRICS];
	int round, error;
	size_t i;

	for (round = 0; round < options->runs; round++) {
		for (i = 0; i < ARRAY_SIZE(compared); i++) {
			if (!datapath_used(compared[i]))
				continue;
			error = run(datapaths[compared[i]], value);
			if (error)
				return error;
			keep(rows, compared[i], value);
		}
	}
	return 0;
}

static int report_rows(struct report *report, struct row *rows)
{
	int metric, error;

	for (metric = 0; metric < METRICS; metric++) {
		rows[metric].group = "attach";
		rows[metric].unit = texts[metric].unit;
		rows[metric].no_ratio = metric == MEMORY_KERNEL;
		snprintf(rows[metric].title, sizeof(rows[metric].title), "%s", texts[metric].title);
		error = report_row(report, &rows[metric]);
		if (error)
			return error;
	}
	return 0;
}

int attach_group(const struct options *options, struct report *report)
{
	struct row *rows CLEANUP_FREE = calloc(METRICS, sizeof(*rows));
	int error;

	if (!rows)
		return bench_error(ENOMEM, "report");
	error = create_devices();
	if (!error)
		error = measure(options, rows);
	if (!error)
		error = report_rows(report, rows);
	destroy_devices();
	return error;
}
