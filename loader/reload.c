// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A switch gets the programs that this library was built with: reload.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/switch.skel.h"
#include "reload.h"
#include "vale/ring.h"

struct reload {
	struct vale *vale;
	struct maps *maps;
	struct switch_bpf *skeleton;
	int live; /* -1: the switch has none */
	__u32 ports, done;
	int error; /* the first one, and why: the other ports are reloaded all the same */
	char reason[sizeof(((struct vale *)0)->reason)];
};

static void reload_free(struct reload *reload)
{
	switch_bpf__destroy(reload->skeleton);
	cleanup_close(&reload->live);
}

static void keep_first(struct reload *reload, int error, const char *port)
{
	char what[64];

	if (!error || reload->error)
		return;
	snprintf(what, sizeof(what), "cannot reload '%s%s%s'", reload->maps->switch_name,
		 *port ? ":" : "", port);
	if (!*reload->vale->reason)
		fail_bpf(reload->vale, -error, what);
	reload->error = error;
	strcpy(reload->reason, reload->vale->reason);
}

static void directory_of(const struct reload *reload, const char *port,
			 char out[PATH_MAX + 2 * VALE_NAME_SIZE])
{
	snprintf(out, PATH_MAX + 2 * VALE_NAME_SIZE, "%s/port/%s", reload->maps->path, port);
}

/* ---- ring ports -------------------------------------------------------------------------------- */

/* Its clients open the pins anew, before they send again. */
static int tell_clients(const struct reload *reload, __u32 number)
{
	struct vale_renew_request request = { .port = number };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &request, .ctx_size_in = sizeof(request));
	int program = bpf_program__fd(reload->skeleton->progs.renew);

	return bpf_prog_test_run_opts(program, &options) ? -errno : 0;
}

static int give_live(const struct reload *reload, __u32 number, const struct vale_port_entry *port)
{
	char directory[PATH_MAX + 2 * VALE_NAME_SIZE], pin[sizeof(directory) + VALE_NAME_SIZE];
	int error;

	directory_of(reload, port->name, directory);
	snprintf(pin, sizeof(pin), "%s/live", directory);
	error = replace_pin(reload->vale, pin, reload->live);
	return error ? error : tell_clients(reload, number);
}

static int reload_rings(const struct reload *reload, __u32 number,
			const struct vale_port_entry *port)
{
	char directory[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	directory_of(reload, port->name, directory);
	error = ring_reload(reload->vale, reload->maps, number, directory, port);
	return error ? error : tell_clients(reload, number);
}

/* ---- device ports ------------------------------------------------------------------------------ */

static int reload_there(const struct reload *reload, __u32 number, const struct device *device,
			struct vale_port_entry *port)
{
	char directory[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	directory_of(reload, port->name, directory);
	error = hook_reload(reload->vale, reload->maps, number, device, directory, port);
	if (!error)
		error = maps_set_port(reload->maps, number, port);
	if (!error && port->flags & VALE_PORT_HOST_SIDE)
		error = host_reload(reload->maps, directory, port);
	return error == -ENOLINK ? 0 : error; /* it has gone just now */
}

static int reload_device(const struct reload *reload, __u32 number, struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device device;
	int error = port_device(reload->maps, number, port, &visit, &device);

	if (error == -ESRCH)
		return fail(reload->vale, ESRCH,
			    "cannot reload '%s:%s': the network namespace of its interface '%s' "
			    "cannot be entered: give it a name, or have a process in it",
			    reload->maps->switch_name, port->name, port->device);
	if (error)
		return error == -ENODEV ? 0 : error; /* gone: there is nothing to replace */
	return reload_there(reload, number, &device, port);
}

/* ---- all of it --------------------------------------------------------------------------------- */

static void each_port(struct reload *reload, int (*visit)(struct reload *reload, __u32 number,
							  struct vale_port_entry *port))
{
	struct vale_port_entry port;

	for (__u32 number = 0; number < VALE_PORTS; number++) {
		if (maps_get_port(reload->maps, number, &port) || port.kind == VALE_PORT_FREE)
			continue;
		reload->vale->reason[0] = 0;
		keep_first(reload, visit(reload, number, &port), port.name);
	}
}

static int count_port(struct reload *reload, __u32 number, struct vale_port_entry *port)
{
	(void)number;
	(void)port;
	reload->ports++;
	return 0;
}

/* What sends to devices is slow where it is not kept on one, and only one is: this is done at once. */
static int give_live_to_rings(struct reload *reload, __u32 number, struct vale_port_entry *port)
{
	return port->kind == VALE_PORT_RING && reload->live >= 0 ? give_live(reload, number, port)
								 : 0;
}

static int reload_port(struct reload *reload, __u32 number, struct vale_port_entry *port)
{
	int error = 0;

	if (port->kind == VALE_PORT_RING)
		error = reload_rings(reload, number, port);
	else if (port->kind == VALE_PORT_DEVICE)
		error = reload_device(reload, number, port);
	if (reload->vale->report)
		reload->vale->report(reload->vale->report_arg, ++reload->done, reload->ports);
	return error;
}

static int reload_all(struct reload *reload)
{
	struct vale *vale = reload->vale;

	vale->reason[0] = 0;
	keep_first(reload, switch_load(reload->maps, &reload->skeleton), "");
	if (reload->error)
		return reload->error;
	keep_first(reload, live_reload(vale, reload->maps, &reload->live), "");
	each_port(reload, give_live_to_rings);
	vale->reason[0] = 0;
	keep_first(reload, segments_reload(reload->maps), "");
	each_port(reload, count_port);
	each_port(reload, reload_port);
	if (reload->error)
		strcpy(vale->reason, reload->reason);
	else
		snprintf(reload->maps->state->version, sizeof(reload->maps->state->version), "%s",
			 VALE_VERSION);
	return reload->error;
}

int vale_switch_reload(struct vale *vale, const char *text)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP(reload_free) struct reload reload = { .vale = vale, .maps = &maps, .live = -1 };
	CLEANUP_CLOSE int lock = -1;
	struct name name;
	int error = name_switch(vale, &name, text);

	if (!error)
		error = switch_open_locked(vale, name.switch_name, "cannot sweep", &maps, &lock);
	return error ? error : reload_all(&reload);
}
