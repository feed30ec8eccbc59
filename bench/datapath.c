// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The Linux bridge and the switch, each driven as a user would. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/datapath.h"
#include "bench/sandbox.h"

#define BRIDGE	  "bridge0"
#define SWITCH	  "vale1"
#define SWITCH_TC "vale2"

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

static int run_valectl(const char *verb, const char *name, const char *device, const char *option,
		       const char *value)
{
	const char *argv[] = { valectl, "--bpffs", SANDBOX_BPFFS, verb, name,
			       device,	option,	   value,	  NULL };
	struct command command = { .argv = argv };
	int status = command_run(&command, NULL);

	if (status < 0)
		return bench_error(-status, "'%s %s %s'", valectl, verb, name);
	if (status > 0)
		return bench_error(0, "'%s %s %s %s' failed with status %d", valectl, verb, name,
				   device ? device : "", status);
	return 0;
}

static int attach(const char *switch_name, const char *port, const char *device, const char *hook)
{
	char name[64];

	snprintf(name, sizeof(name), "%s:%s", switch_name, port);
	return run_valectl("attach", name, device, "--hook", hook);
}

static int switch_create(void)
{
	return run_valectl("create", SWITCH, NULL, NULL, NULL);
}

static int switch_attach(const char *port, const char *device)
{
	return attach(SWITCH, port, device, "xdp");
}

static int switch_destroy(void)
{
	/* With its ports, as a bridge goes. */
	return run_valectl("destroy", SWITCH, "--force", NULL, NULL);
}

static int tc_create(void)
{
	return run_valectl("create", SWITCH_TC, NULL, NULL, NULL);
}

static int tc_attach(const char *port, const char *device)
{
	return attach(SWITCH_TC, port, device, "tc");
}

static int tc_destroy(void)
{
	return run_valectl("destroy", SWITCH_TC, "--force", NULL, NULL);
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
	.create = switch_create,
	.attach = switch_attach,
	.destroy = switch_destroy,
};

static const struct datapath tc_datapath = {
	.name = "tc",
	.learns = true,
	.needs_gro = true,
	.create = tc_create,
	.attach = tc_attach,
	.destroy = tc_destroy,
};

const struct datapath *const datapaths[DATAPATHS] = {
	[DATAPATH_BRIDGE] = &bridge_datapath,
	[DATAPATH_SWITCH] = &switch_datapath,
	[DATAPATH_TC] = &tc_datapath,
	[DATAPATH_CEILING] = &ceiling_datapath,
};

int datapath_leave_out(const char *name)
{
	int i;

	for (i = 0; i < DATAPATHS; i++) {
		if (strcmp(datapaths[i]->name, name))
			continue;
		left_out[i] = true;
		return 0;
	}
	return bench_error(0, "'%s' is none of bridge, switch, tc and ceiling", name);
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
	int error;

	if (left_out[DATAPATH_BRIDGE] && left_out[DATAPATH_SWITCH] && left_out[DATAPATH_TC] &&
	    left_out[DATAPATH_CEILING])
		return bench_error(0, "everything is left out");
	if (left_out[DATAPATH_SWITCH] && left_out[DATAPATH_TC])
		return 0;
	if (given) {
		snprintf(valectl, sizeof(valectl), "%s", given);
	} else {
		error = beside_us();
		if (error)
			return error;
	}
	if (access(valectl, X_OK))
		return bench_error(errno, "cannot run '%s' (set VALECTL, or --without switch)",
				   valectl);
	return 0;
}
