// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The client of iperf3, and what it says in the end. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/iperf.h"

#define LONGER		 3
#define CONNECT_ATTEMPTS 40
#define CONNECT_PAUSE	 50000

int iperf_seconds(const struct options *options)
{
	int seconds = options->seconds * LONGER;

	return seconds < 1 ? 1 : seconds;
}

static int run_client(const struct iperf *iperf, json_t **result)
{
	char *output CLEANUP_FREE = NULL;
	char line[128];
	int status;

	/* Nothing on the way to the end (-i 0): a guest's channel is narrow. */
	snprintf(line, sizeof(line), "exec iperf3 -c %s -t %d -P %d -i 0 -J --connect-timeout 3000",
		 iperf->server, iperf_seconds(iperf->options), iperf->streams);
	status = iperf->run(iperf, line, &output);
	if (status < 0)
		return bench_error(-status, "iperf3 through the %s", iperf->datapath);
	*result = json_loads(output ? output : "", 0, NULL);
	return *result ? 0
		       : bench_error(0, "iperf3 through the %s: no JSON (exit status %d)",
				     iperf->datapath, status);
}

/* -EAGAIN while the server is not there yet. */
static int receivers_rate(json_t *result, const char *datapath, double *rate)
{
	const char *message = json_string_value(json_object_get(result, "error"));
	json_t *end = json_object_get(result, "end");
	json_t *received = json_object_get(end, "sum_received");

	if (message && strstr(message, "Connection refused"))
		return -EAGAIN;
	if (message)
		return bench_error(0, "iperf3 through the %s: %s", datapath, message);
	*rate = json_number_value(json_object_get(received, "bits_per_second")) / 1e9;
	if (*rate <= 0)
		return bench_error(0, "iperf3 through the %s: nothing was received", datapath);
	return 0;
}

int iperf_measure(const struct iperf *iperf, double *rate)
{
	json_t *result = NULL;
	int attempt, error;

	for (attempt = 0; attempt < CONNECT_ATTEMPTS; attempt++) {
		error = run_client(iperf, &result);
		if (error)
			return error;
		error = receivers_rate(result, iperf->datapath, rate);
		json_decref(result);
		if (error != -EAGAIN)
			return error;
		usleep(CONNECT_PAUSE);
	}
	return bench_error(0, "iperf3 through the %s: the server does not listen", iperf->datapath);
}
