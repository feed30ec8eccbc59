// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* TCP streams between two network namespaces, offloads as the kernel sets them. */
#include <stdio.h>

#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/iperf.h"
#include "bench/machine.h"
#include "bench/sandbox.h"
#include "bench/topology.h"

/* Beyond the streams' own. */
#define CLIENT_SECONDS 60

struct side {
	const char *netns;
	struct veth veth[DATAPATHS];
};

struct tcp {
	const struct options *options;
	struct side client;
	struct side server;
	bool created[DATAPATHS];
	int streams;
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
		error = datapath_attach(datapath, near, veth->near.name);
	return error;
}

static int setup_datapath(struct tcp *tcp, int index)
{
	int error = datapath_create(datapaths[index]);

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

static int run_client(const struct iperf *iperf, const char *line, char **output)
{
	const char *const argv[] = { "sh", "-c", line, NULL };
	struct command command = { .argv = argv, .netns = iperf->client };
	struct child client CLEANUP_CHILD = CHILD_NONE;
	int error = command_start(&command, &client);

	return error ? error
		     : command_finish(&client, iperf_seconds(iperf->options) + CLIENT_SECONDS,
				      output);
}

static int run_streams(const struct tcp *tcp, int index, double *rate)
{
	struct child server CLEANUP_CHILD = CHILD_NONE;
	struct address address = address_of(index, 2, "");
	struct iperf iperf = {
		.options = tcp->options,
		.datapath = datapaths[index]->name,
		.server = address.text,
		.streams = tcp->streams,
		.run = run_client,
		.client = tcp->client.netns,
	};
	int error = start_server(tcp, index, &server);

	return error ? error : iperf_measure(&iperf, rate);
}

static int measure(const struct tcp *tcp, struct row *row)
{
	int run, i, error;

	for (run = 0; run < tcp->options->runs; run++) {
		for (i = 0; i < DATAPATHS; i++) {
			if (!tcp->created[i])
				continue;
			error = run_streams(tcp, i, &row->series[i].sample[run]);
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
		failed = datapath_destroy(datapaths[i]);
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
	static const int compared[] = { DATAPATH_BRIDGE, DATAPATH_SWITCH, DATAPATH_TC,
					DATAPATH_REDIRECT };
	int error = sandbox_new_netns(tcp->client.netns);
	size_t i;

	if (!error)
		error = sandbox_new_netns(tcp->server.netns);
	for (i = 0; !error && i < ARRAY_SIZE(compared); i++)
		if (datapath_used(compared[i]))
			error = setup_datapath(tcp, compared[i]);
	return error;
}

static int report_streams(const struct options *options, int streams, struct report *report)
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
		 "TCP, streams between two network namespaces: %d, default offloads (iperf3)",
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
	error = report_streams(options, 1, report);
	return error ? error : report_streams(options, 4, report);
}
