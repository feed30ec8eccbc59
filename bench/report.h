/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Figures: samples of things measured in turn, their spread, and the ratios within each round. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include "bench/bench.h"
#include "bench/datapath.h"

#define MAX_RUNS 100

struct series {
	int count;
	double sample[MAX_RUNS];
	double lost[MAX_RUNS]; /* share of the frames sent, only where row.frames */
};

struct row {
	const char *group;
	const char *unit;
	bool no_ratio; /* the samples are differences near zero */
	bool frames;   /* counts frames, so these have meaning: */
	unsigned int frame_length;
	unsigned int flows;
	double line_round_trip; /* ns; two cores were used. 0: one core */
	char title[120];
	struct series series[DATAPATHS];
};

struct spread {
	double min, median, max;
};

/* Of 1 to MAX_RUNS samples. */
struct spread spread_of(const double *sample, int count);

struct machine;
struct report;

/* Opens the file for the JSON; if that is standard output, the table goes to standard error. */
int report_open(struct report **report, const struct machine *machine,
		const struct options *options);

/* Whether the user wants it, by its title. */
bool report_wants(const struct options *options, const struct row *row);

/* Prints the row and keeps it for the JSON. A row without samples is left out. */
int report_row(struct report *report, const struct row *row);

/* The JSON, if it was asked for. */
int report_write(const struct report *report);

void report_close(struct report *report);

#endif
