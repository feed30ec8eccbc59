// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The table on standard output and the JSON, both from the same rows. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/machine.h"
#include "bench/report.h"

struct report {
	json_t *root;
	json_t *rows;
	FILE *table;
	FILE *json; /* NULL: none wanted */
};

struct ratio {
	int of, to;
};

static const struct ratio ratios[] = {
	{ .of = DATAPATH_SWITCH, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_TC, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_GENERIC, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_AUTO, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_AUTO, .to = DATAPATH_TC },
	{ .of = DATAPATH_CEILING, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_SWITCH, .to = DATAPATH_CEILING },
	{ .of = DATAPATH_REDIRECT, .to = DATAPATH_BRIDGE },
	{ .of = DATAPATH_TC, .to = DATAPATH_REDIRECT },
};

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

struct spread spread_of(const double *sample, int count)
{
	double sorted[MAX_RUNS];

	memcpy(sorted, sample, count * sizeof(*sample));
	qsort(sorted, count, sizeof(*sorted), compare);
	return (struct spread){
		.min = sorted[0],
		.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
		.max = sorted[count - 1],
	};
}

/* Round by round: what disturbed a whole round is in both figures, and so not in the ratio. */
static int ratio_of(const struct row *row, const struct ratio *ratio, double *sample)
{
	const struct series *of = &row->series[ratio->of], *to = &row->series[ratio->to];
	int count = of->count < to->count ? of->count : to->count, i;

	if (row->no_ratio)
		return 0;
	for (i = 0; i < count; i++)
		sample[i] = of->sample[i] / to->sample[i];
	return count;
}

static json_t *json_spread(struct spread spread)
{
	return json_pack("{s:f, s:f, s:f}", "min", spread.min, "median", spread.median, "max",
			 spread.max);
}

static json_t *json_samples(const double *sample, int count)
{
	json_t *array = json_array();
	int i;

	for (i = 0; i < count; i++)
		json_array_append_new(array, json_real(sample[i]));
	return array;
}

static json_t *json_series(const struct row *row, const struct series *series)
{
	json_t *object = json_spread(spread_of(series->sample, series->count));

	json_object_set_new(object, "samples", json_samples(series->sample, series->count));
	if (row->frames)
		json_object_set_new(object, "lost", json_samples(series->lost, series->count));
	return object;
}

static json_t *json_row(const struct row *row)
{
	json_t *object = json_pack("{s:s, s:s, s:s}", "group", row->group, "title", row->title,
				   "unit", row->unit);
	json_t *measured = json_object(), *relative = json_object();
	double sample[MAX_RUNS];
	char name[64];
	size_t i;
	int count;

	if (row->frames) {
		json_object_set_new(object, "frame_bytes", json_integer(row->frame_length));
		json_object_set_new(object, "flows", json_integer(row->flows));
	}
	if (row->line_round_trip > 0)
		json_object_set_new(object, "cache_line_round_trip_ns",
				    json_real(row->line_round_trip));
	for (i = 0; i < DATAPATHS; i++)
		if (row->series[i].count)
			json_object_set_new(measured, datapaths[i]->name,
					    json_series(row, &row->series[i]));
	for (i = 0; i < ARRAY_SIZE(ratios); i++) {
		count = ratio_of(row, &ratios[i], sample);
		if (!count)
			continue;
		snprintf(name, sizeof(name), "%s/%s", datapaths[ratios[i].of]->name,
			 datapaths[ratios[i].to]->name);
		json_object_set_new(relative, name, json_spread(spread_of(sample, count)));
	}
	json_object_set_new(object, "measured", measured);
	json_object_set_new(object, "ratios", relative);
	return object;
}

static void print_series(FILE *to, const struct row *row, int index)
{
	const struct series *series = &row->series[index];
	struct spread spread = spread_of(series->sample, series->count);

	fprintf(to, "  %-18s %9.3f %9.3f %9.3f %s", datapaths[index]->name, spread.min,
		spread.median, spread.max, row->unit);
	/* Mpps times bits in a frame. */
	if (row->frames)
		fprintf(to, "  %6.2f Gbit/s  %4.1f %% lost",
			spread.median * row->frame_length * 8 / 1e3,
			100 * spread_of(series->lost, series->count).median);
	fputc('\n', to);
}

static void print_ratio(FILE *to, const struct row *row, const struct ratio *ratio)
{
	double sample[MAX_RUNS];
	int count = ratio_of(row, ratio, sample);
	struct spread spread;
	char name[64];

	if (!count)
		return;
	spread = spread_of(sample, count);
	snprintf(name, sizeof(name), "%s / %s", datapaths[ratio->of]->name,
		 datapaths[ratio->to]->name);
	fprintf(to, "  %-18s %9.2f %9.2f %9.2f x\n", name, spread.min, spread.median, spread.max);
}

static void print_row(FILE *to, const struct row *row)
{
	size_t i;

	fprintf(to, "\n%s\n", row->title);
	if (row->line_round_trip > 0)
		fprintf(to, "  (two cores, cache-line round trip %.0f ns)\n", row->line_round_trip);
	for (i = 0; i < DATAPATHS; i++)
		if (row->series[i].count)
			print_series(to, row, i);
	for (i = 0; i < ARRAY_SIZE(ratios); i++)
		print_ratio(to, row, &ratios[i]);
	fflush(to);
}

static void print_machine(FILE *to, const struct machine *machine, const struct options *options)
{
	fprintf(to, "kernel %s, %s, %d cores, commit %s\n", machine->kernel, machine->cpu,
		machine->cores, machine->commit);
	if (machine->line_round_trip > 0)
		fprintf(to, "cache-line round trip between two cores: %.0f ns\n",
			machine->line_round_trip);
	fprintf(to, "%d runs of %g s each, in turn: minimum, median, maximum\n", options->runs,
		options->seconds);
	fflush(to);
}

/* Now and not in the end: a wrong name must not cost the time of a whole benchmark. */
static int open_output(struct report *report, const char *json)
{
	report->table = stdout;
	if (!json)
		return 0;
	if (strcmp(json, "-") == 0) {
		/* Nothing but JSON where somebody reads JSON. */
		report->table = stderr;
		report->json = stdout;
		return 0;
	}
	report->json = fopen(json, "we");
	return report->json ? 0 : bench_error(errno, "cannot write '%s'", json);
}

int report_open(struct report **out, const struct machine *machine, const struct options *options)
{
	struct report *report = calloc(1, sizeof(*report));
	int error;

	if (!report)
		return bench_error(ENOMEM, "report");
	report->rows = json_array();
	report->root = json_pack("{s:s, s:s, s:i, s:s, s:f, s:i, s:f, s:O}", "kernel",
				 machine->kernel, "cpu", machine->cpu, "cores", machine->cores,
				 "commit", machine->commit, "cache_line_round_trip_ns",
				 machine->line_round_trip, "runs", options->runs, "seconds",
				 options->seconds, "rows", report->rows);
	if (!report->root) {
		report_close(report);
		return bench_error(ENOMEM, "report");
	}
	error = open_output(report, options->json);
	if (error) {
		report_close(report);
		return error;
	}
	print_machine(report->table, machine, options);
	*out = report;
	return 0;
}

static bool is_empty(const struct row *row)
{
	int i;

	for (i = 0; i < DATAPATHS; i++)
		if (row->series[i].count)
			return false;
	return true;
}

bool report_wants(const struct options *options, const struct row *row)
{
	return !options->like || strstr(row->title, options->like);
}

int report_row(struct report *report, const struct row *row)
{
	if (is_empty(row))
		return 0;
	print_row(report->table, row);
	if (json_array_append_new(report->rows, json_row(row)))
		return bench_error(ENOMEM, "report");
	return 0;
}

int report_write(const struct report *report)
{
	if (!report->json)
		return 0;
	if (json_dumpf(report->root, report->json, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) ||
	    fputc('\n', report->json) == EOF || fflush(report->json))
		return bench_error(errno, "cannot write the JSON");
	return 0;
}

void report_close(struct report *report)
{
	if (!report)
		return;
	if (report->json && report->json != stdout)
		fclose(report->json);
	json_decref(report->root);
	json_decref(report->rows);
	free(report);
}
