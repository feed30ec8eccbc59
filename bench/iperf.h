/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* TCP streams between two machines, real or not, by iperf3. */
#ifndef BENCH_IPERF_H
#define BENCH_IPERF_H

#include "bench/bench.h"

struct iperf {
	const struct options *options;
	const char *datapath; /* its name, for messages */
	const char *server;   /* its address */
	int streams;

	/* Has a shell do this where the client is; returns as command_run() does. */
	int (*run)(const struct iperf *iperf, const char *line, char **output);
	const void *client;
};

/* How long the streams of one run last. TCP takes a while to find its rate: longer than others. */
int iperf_seconds(const struct options *options);

/*
 * One run: what the receiver got, in Gbit/s, once the server listens. 0 or -errno, message printed.
 */
int iperf_measure(const struct iperf *iperf, double *rate);

#endif
