// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The Linux bridge and the switch, each driven as a user would. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/sandbox.h"

#define BRIDGE "bridge0"

static char valectl[4096];
static bool left_out[DATAPATHS];

static int bridge_create(void)
{
	/* With multicast snooping it sends IGMP reports of its own, which are not ours to count. */
	return command_ip("link add " BRIDGE " type bridge stp_state 0 mcast_snooping 0\n"
			  "link set " BRIDGE " up\n");
}

static int bridge_attach(const char *port, const char *device)
{
	(void)port;
	return command_ip("link set %s master " BRIDGE "\n", device);
}

static int bridge_destroy(void)
{
	return command_ip("link del " BRIDGE "\n");
}

/* In JSON, where its notes are no text for the user. */
static int complain(const char *verb, const char *name, const char *output, int status)
{
	json_t *document = json_loads(output, 0, NULL);
	const char *message = json_string_value(json_object_get(document, "error"));
	int error;

	error = message ? bench_error(0, "valectl: %s", message)
			: bench_error(0, "'%s %s %s' failed with status %d", valectl, verb, name,
				      status);
	json_decref(document);
	return error;
}

static int run_valectl(const char *verb, const char *name, const char *device, const char *option,
		       const char *value)
{
	const char *argv[] = { valectl, "--json", "--bpffs", SANDBOX_BPFFS, verb,
			       name,	device,	  option,    value,	    NULL };
	struct command command = { .argv = argv };
	char *output CLEANUP_FREE = NULL;
	int status = command_run(&command, &output);

	if (status < 0)
		return bench_error(-status, "'%s %s %s'", valectl, verb, name);
	return status > 0 ? complain(verb, name, output, status) : 0;
}

static const struct datapath bridge_datapath = {
	.name = "bridge",
	.learns = true,
	.needs_gro = true,
	.create = bridge_create,
	.attach = bridge_attach,
	.destroy = bridge_destroy,
};

static const struct datapath switch_datapath = {
	.name = "switch",
	.learns = true,
	.switch_name = "vale1",
	.hook = "xdp",
};

static const struct datapath tc_datapath = {
	.name = "tc",
	.learns = true,
	.needs_gro = true,
	.switch_name = "vale2",
	.hook = "tc",
};

static const struct datapath generic_datapath = {
	.name = "generic",
	.learns = true,
	.needs_gro = true,
	.switch_name = "vale3",
	.hook = "generic",
};

static const struct datapath auto_datapath = {
	.name = "auto",
	.learns = true,
	.switch_name = "vale4",
	.hook = "auto",
};

const struct datapath *const datapaths[DATAPATHS] = {
	[DATAPATH_BRIDGE] = &bridge_datapath,
	[DATAPATH_SWITCH] = &switch_datapath,
	[DATAPATH_TC] = &tc_datapath,
	[DATAPATH_GENERIC] = &generic_datapath,
	[DATAPATH_AUTO] = &auto_datapath,
	[DATAPATH_CEILING] = &ceiling_datapath,
	[DATAPATH_REDIRECT] = &redirect_datapath,
};

int datapath_create(const struct datapath *datapath)
{
	return datapath->create ? datapath->create()
				: run_valectl("create", datapath->switch_name, NULL, NULL, NULL);
}

int datapath_attach(const struct datapath *datapath, const char *port, const char *device)
{
	char name[64];

	if (datapath->attach)
		return datapath->attach(port, device);
	snprintf(name, sizeof(name), "%s:%s", datapath->switch_name, port);
	return run_valectl("attach", name, device, "--hook", datapath->hook);
}

int datapath_destroy(const struct datapath *datapath)
{
	/* With its ports, as a bridge goes. */
	return datapath->destroy
		       ? datapath->destroy()
		       : run_valectl("destroy", datapath->switch_name, "--force", NULL, NULL);
}

int datapath_leave_out(const char *name)
{
	int i;

	for (i = 0; i < DATAPATHS; i++) {
		if (strcmp(datapaths[i]->name, name))
			continue;
		left_out[i] = true;
		return 0;
	}
	return bench_error(
		0, "'%s' is none of bridge, switch, tc, generic, auto, ceiling and redirect", name);
}

bool datapath_used(int index)
{
	return !left_out[index];
}

static int beside_us(void)
{
	char self[sizeof(valectl) - 16];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (length < 0)
		return bench_error(errno, "cannot read '/proc/self/exe'");
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	snprintf(valectl, sizeof(valectl), "%s/../valectl", self);
	return 0;
}

int datapath_find_valectl(void)
{
	const char *given = getenv("VALECTL");
	int used = 0, switches = 0, i, error;

	for (i = 0; i < DATAPATHS; i++) {
		used += datapath_used(i);
		switches += datapath_used(i) && datapaths[i]->switch_name;
	}
	if (!used)
		return bench_error(0, "everything is left out");
	if (!switches)
		return 0;
	if (given) {
		snprintf(valectl, sizeof(valectl), "%s", given);
	} else {
		error = beside_us();
		if (error)
			return error;
	}
	if (access(valectl, X_OK))
		return bench_error(
			errno,
			"cannot run '%s' (set VALECTL, or leave out switch, tc, generic and auto)",
			valectl);
	return 0;
}
