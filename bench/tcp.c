// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* TCP streams between two network namespaces, offloads as the kernel sets them. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/sandbox.h"
#include "bench/topology.h"

/* TCP takes a while to find its rate. */
#define LONGER		 3
#define CONNECT_ATTEMPTS 40
#define CONNECT_PAUSE	 50000

struct side {
	const char *netns;
	struct veth veth[DATAPATHS];
};

struct tcp {
	const struct options *options;
	struct side client;
	struct side server;
	bool created[DATAPATHS];
	const char *streams; /* how many */
};

/* One subnet for each datapath. */
struct address {
	char text[20];
};

static struct address address_of(int datapath, int host, const char *suffix)
{
	struct address address;

	snprintf(address.text, sizeof(address.text), "198.18.%d.%d%s", datapath, host, suffix);
	return address;
}

static int setup_side(struct side *side, int index, int host, const char *near, const char *far)
{
	const struct datapath *datapath = datapaths[index];
	struct veth *veth = &side->veth[index];
	int error = veth_create(veth, datapath->name, near, far);

	if (!error)
		error = veth_move(veth, side->netns, address_of(index, host, "/24").text);
	/* After the move: first the container is there, then its device joins a switch. */
	if (!error)
		error = datapath->attach(near, veth->near.name);
	return error;
}

static int setup_datapath(struct tcp *tcp, int index)
{
	int error = datapaths[index]->create();

	if (error)
		return error;
	tcp->created[index] = true;
	error = setup_side(&tcp->client, index, 1, "in", "client");
	return error ? error : setup_side(&tcp->server, index, 2, "out", "server");
}

static int start_server(const struct tcp *tcp, int index, struct child *child)
{
	struct address address = address_of(index, 2, "");
	const char *const argv[] = { "iperf3", "-s", "-1", "-B", address.text, NULL };
	struct command command = { .argv = argv, .netns = tcp->server.netns, .silent = true };

	return command_start(&command, child);
}

static int run_client(const struct tcp *tcp, int index, json_t **result)
{
	struct address address = address_of(index, 2, "");
	char *output CLEANUP_FREE = NULL;
	char seconds[32];
	const char *const argv[] = { "iperf3",	   "-c", address.text,	      "-t",   seconds, "-P",
				     tcp->streams, "-J", "--connect-timeout", "3000", NULL };
	struct command command = { .argv = argv, .netns = tcp->client.netns };
	int status, length = tcp->options->seconds * LONGER;

	snprintf(seconds, sizeof(seconds), "%d", length < 1 ? 1 : length);
	status = command_run(&command, &output);
	if (status < 0)
		return bench_error(-status, "iperf3 through the %s", datapaths[index]->name);
	*result = json_loads(output ? output : "", 0, NULL);
	return *result ? 0
		       : bench_error(0, "iperf3 through the %s: no JSON (exit status %d)",
				     datapaths[index]->name, status);
}

/* What the receiver says, in Gbit/s. -EAGAIN while the server is not there yet. */
static int receivers_rate(json_t *result, int index, double *rate)
{
	const char *message = json_string_value(json_object_get(result, "error"));
	json_t *end = json_object_get(result, "end");
	json_t *received = json_object_get(end, "sum_received");

	if (message && strstr(message, "Connection refused"))
		return -EAGAIN;
	if (message)
		return bench_error(0, "iperf3 through the %s: %s", datapaths[index]->name, message);
	*rate = json_number_value(json_object_get(received, "bits_per_second")) / 1e9;
	if (*rate <= 0)
		return bench_error(0, "iperf3 through the %s: nothing was received",
				   datapaths[index]->name);
	return 0;
}

static int run_stream(const struct tcp *tcp, int index, double *rate)
{
	struct child server CLEANUP_CHILD = CHILD_NONE;
	int error = start_server(tcp, index, &server), attempt;
	json_t *result = NULL;

	for (attempt = 0; !error && attempt < CONNECT_ATTEMPTS; attempt++) {
		error = run_client(tcp, index, &result);
		if (error)
			return error;
		error = receivers_rate(result, index, rate);
		json_decref(result);
		if (error != -EAGAIN)
			return error;
		error = 0;
		usleep(CONNECT_PAUSE);
	}
	return error ? error : bench_error(0, "iperf3: the server does not listen");
}

static int measure(const struct tcp *tcp, struct row *row)
{
	int run, i, error;

	for (run = 0; run < tcp->options->runs; run++) {
		for (i = 0; i < DATAPATHS; i++) {
			if (!tcp->created[i])
				continue;
			error = run_stream(tcp, i, &row->series[i].sample[run]);
			if (error)
				return error;
			row->series[i].count = run + 1;
		}
	}
	return 0;
}

static int teardown(struct tcp *tcp)
{
	int error = 0, failed, i;

	for (i = 0; i < DATAPATHS; i++) {
		if (!tcp->created[i])
			continue;
		failed = datapaths[i]->destroy();
		error = error ? error : failed;
		veth_destroy(&tcp->client.veth[i]);
		veth_destroy(&tcp->server.veth[i]);
	}
	sandbox_delete_netns(tcp->client.netns);
	sandbox_delete_netns(tcp->server.netns);
	return error;
}

static int setup(struct tcp *tcp)
{
	int error = sandbox_new_netns(tcp->client.netns), i;

	if (!error)
		error = sandbox_new_netns(tcp->server.netns);
	/* The ceiling goes one way only. */
	for (i = 0; !error && i < DATAPATHS; i++)
		if (datapath_used(i) && datapaths[i]->learns)
			error = setup_datapath(tcp, i);
	return error;
}

static int report_streams(const struct options *options, const char *streams, struct report *report)
{
	struct tcp tcp = {
		.options = options,
		.client.netns = "bench-client",
		.server.netns = "bench-server",
		.streams = streams,
	};
	struct row row = { .group = "tcp", .unit = "Gbit/s" };
	int error, torn_down;

	snprintf(row.title, sizeof(row.title),
		 "TCP, streams between two network namespaces: %s, default offloads (iperf3)",
		 streams);
	error = machine_line_round_trip(&row.line_round_trip);
	if (!error)
		error = setup(&tcp);
	if (!error)
		error = measure(&tcp, &row);
	if (!error)
		error = report_row(report, &row);
	torn_down = teardown(&tcp);
	return error ? error : torn_down;
}

int tcp_group(const struct options *options, struct report *report)
{
	int error;

	if (!command_exists("iperf3")) {
		fputs("vale-bench: no iperf3 (package iperf3): no TCP rows\n", stderr);
		return 0;
	}
	error = report_streams(options, "1", report);
	return error ? error : report_streams(options, "4", report);
}
