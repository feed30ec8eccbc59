// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Time to open and to close a ring port, and the memory that one takes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/memory.h"
#include "bench/ring_port.h"
#include "bench/sandbox.h"

#define PORTS		    8
#define EXISTING_TIMES	    100
#define KIB		    1024.0
#define SETTLE_MICROSECONDS 200000

enum metric {
	OPEN_MAKING,
	CLOSE_REMOVING,
	OPEN_EXISTING,
	MEMORY_PINS,
	MEMORY_SHOWN,
	MEMORY_KERNEL,
	METRICS,
};

struct metric_text {
	const char *unit;
	const char *title;
};

static const struct metric_text texts[METRICS] = {
	[OPEN_MAKING] = { "ms", "open a port, which is made for it" },
	[CLOSE_REMOVING] = { "ms", "close a port, which goes with it" },
	[OPEN_EXISTING] = { "ms", "open and close a port that stays" },
	[MEMORY_PINS] = { "KiB", "BPF maps and programs of a ring port (memlock)" },
	[MEMORY_SHOWN] = { "KiB", "memory of a ring port, as valectl show says" },
	[MEMORY_KERNEL] = { "KiB", "kernel memory in all, for each ring port (noisy)" },
};

static struct bench_port port_of(unsigned int number)
{
	return (struct bench_port){ "p", number };
}

/* Each metric is that of one port. */
static int measure_opens(struct vale *vale, struct vale_port *port[PORTS], double value[METRICS])
{
	double start = bench_now();
	int error = 0;

	for (int i = 0; i < PORTS && !error; i++)
		error = bench_interrupted ? -EINTR
					  : bench_port_open(vale, port_of(i), NULL, &port[i]);
	value[OPEN_MAKING] = (bench_now() - start) / PORTS * 1e3;
	return error;
}

static void measure_closes(struct vale_port *port[PORTS], double value[METRICS])
{
	double start = bench_now();

	for (int i = 0; i < PORTS; i++)
		vale_port_close(port[i]);
	value[CLOSE_REMOVING] = (bench_now() - start) / PORTS * 1e3;
}

static int read_shown(struct vale *vale, double value[METRICS])
{
	struct vale_port_info info;

	if (vale_port_get(vale, bench_port_name(port_of(0)).text, &info))
		return bench_error(0, "%s", vale_reason(vale));
	value[MEMORY_SHOWN] = info.memory / KIB;
	return 0;
}

/* With one port there already: what all ring ports of a switch share is no port's. */
static int measure_making(struct vale *vale, double value[METRICS])
{
	struct vale_port *port[PORTS] = { NULL };
	struct bpf_memory few, many;
	unsigned long before, after;
	int error = bpf_memory_read(SANDBOX_BPFFS, &few);

	usleep(SETTLE_MICROSECONDS);
	if (!error)
		error = kernel_memory_read(&before);
	if (!error)
		error = measure_opens(vale, port, value);
	usleep(SETTLE_MICROSECONDS); /* what the verifier has used is gone after a grace period */
	if (!error)
		error = kernel_memory_read(&after);
	if (!error)
		error = bpf_memory_read(SANDBOX_BPFFS, &many);
	if (!error)
		error = read_shown(vale, value);
	measure_closes(port, value);
	if (error)
		return error;
	value[MEMORY_PINS] = (many.bytes - (double)few.bytes) / PORTS / KIB;
	value[MEMORY_KERNEL] = (after - (double)before) / PORTS / KIB;
	return 0;
}

static int measure_existing(struct vale *vale, struct bench_port existing, double value[METRICS])
{
	double start = bench_now();
	int error = 0;

	for (int i = 0; i < EXISTING_TIMES && !error; i++) {
		CLEANUP_PORT struct vale_port *port = NULL;

		error = bench_port_open(vale, existing, NULL, &port);
	}
	value[OPEN_EXISTING] = (bench_now() - start) / EXISTING_TIMES * 1e3;
	return error;
}

static int measure(const struct options *options, struct vale *vale, struct row rows[METRICS])
{
	static const struct bench_port existing = { "stays", 0 };
	double value[METRICS];
	int error = bench_port_add(vale, existing);

	for (int run = 0; run < options->runs && !error; run++) {
		error = measure_making(vale, value);
		if (!error)
			error = measure_existing(vale, existing, value);
		for (int metric = 0; metric < METRICS && !error; metric++) {
			struct series *series = &rows[metric].series[DATAPATH_SWITCH];

			series->sample[series->count++] = value[metric];
		}
	}
	return error;
}

static int report_rows(struct report *report, struct row rows[METRICS])
{
	int error = 0;

	for (int metric = 0; metric < METRICS && !error; metric++) {
		rows[metric].group = "ring-open";
		rows[metric].unit = texts[metric].unit;
		snprintf(rows[metric].title, sizeof(rows[metric].title), "%s", texts[metric].title);
		error = report_row(report, &rows[metric]);
	}
	return error;
}

int ring_open_group(const struct options *options, struct report *report)
{
	struct row *rows CLEANUP_FREE = calloc(METRICS, sizeof(*rows));
	CLEANUP_VALE struct vale *vale = NULL;
	int error;

	if (!datapath_used(DATAPATH_SWITCH))
		return 0;
	if (!rows)
		return bench_error(ENOMEM, "report");
	error = bench_vale_open(&vale);
	if (error)
		return error;
	error = bench_switch_create(vale);
	if (!error)
		error = measure(options, vale, rows);
	if (!error)
		error = report_rows(report, rows);
	bench_switch_destroy(vale);
	return error;
}
