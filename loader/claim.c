// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A name and a number for a port that is to be made, and the first traces of it. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pair.h"

/* Of a device, that it was deleted; of a ring port that a client has made, that the client has ended. */
static bool is_gone(const struct claim *claim, __u32 number, const struct vale_port_entry *port)
{
	return port->kind == VALE_PORT_DEVICE && !maps_device_present(claim->maps, number);
}

int claim_name(struct claim *claim)
{
	struct vale_port_entry port;
	__u32 number;
	int error = maps_find_port(claim->maps, claim->name.port, &number, &port);

	if (error)
		return error == -ENOENT ? 0 : fail_bpf(claim->vale, -error, claim->what);
	if (!is_gone(claim, number, &port))
		return fail(claim->vale, EEXIST, "%s: there is a port %s:%s", claim->what,
			    claim->maps->switch_name, port.name);
	error = port_remove(claim->maps, number, &port);
	return error ? fail(claim->vale, -error, "cannot replace the port %s:%s: %s",
			    claim->maps->switch_name, claim->name.port, strerror(-error))
		     : 0;
}

int claim_number(struct claim *claim)
{
	__u32 gone = VALE_PORTS, number;
	struct vale_port_entry port;
	int error = 0;

	for (number = 0; number < VALE_PORTS; number++) {
		error = maps_get_port(claim->maps, number, &port);
		if (error)
			return fail_bpf(claim->vale, -error, claim->what);
		if (port.kind == VALE_PORT_FREE)
			break;
		if (gone == VALE_PORTS && is_gone(claim, number, &port))
			gone = number;
	}
	if (number == VALE_PORTS) {
		number = gone;
		if (gone == VALE_PORTS)
			return fail(claim->vale, ENOSPC,
				    "%s: %s has %u ports, and that is as many as a switch can have",
				    claim->what, claim->maps->switch_name, VALE_PORTS);
		error = maps_get_port(claim->maps, gone, &port);
		if (!error)
			error = port_remove(claim->maps, gone, &port);
		if (error)
			return fail_bpf(claim->vale, -error, claim->what);
	}
	claim->number = number;
	claim->port.generation = port.generation + 1;
	return 0;
}

static int reset_stats(const struct claim *claim)
{
	int cpus = libbpf_num_possible_cpus();
	CLEANUP_FREE void *zeros = cpus > 0 ? calloc(cpus, sizeof(struct vale_stats)) : NULL;

	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(claim->maps->fd[MAP_STATS], &claim->number, zeros, BPF_ANY)
		       ? -errno
		       : 0;
}

int claim_reserve(struct claim *claim)
{
	int error = reset_stats(claim);

	strcpy(claim->port.name, claim->name.port);
	claim->port.kind = VALE_PORT_RESERVED;
	if (!error)
		error = maps_set_port(claim->maps, claim->number, &claim->port);
	if (error)
		return error;
	snprintf(claim->path, sizeof(claim->path), "%s/port/%s", claim->maps->path,
		 claim->name.port);
	snprintf(claim->staging, sizeof(claim->staging), "%s/port/%c%s", claim->maps->path,
		 PIN_STAGING, claim->name.port);
	return pin_make_directory(claim->staging, 0711);
}

int claim_publish(struct claim *claim, enum vale_port_kind kind)
{
	int error;

	claim->port.kind = kind;
	error = maps_set_port(claim->maps, claim->number, &claim->port);
	if (error)
		return error;
	error = port_update_totals(claim->maps);
	if (error)
		return error;
	maps_next_generation(claim->maps);
	/* Last, so that a port that is listed is whole. */
	return pin_publish(claim->staging, claim->path);
}

void claim_undo(struct claim *claim)
{
	char reason[sizeof(claim->vale->reason)];

	strcpy(reason, claim->vale->reason);
	port_remove(claim->maps, claim->number, &claim->port);
	strcpy(claim->vale->reason, reason);
}

int claim_begin(struct claim *claim, struct vale *vale, const char *text)
{
	int error = name_port(vale, &claim->name, text);

	claim->vale = vale;
	if (error)
		return error;
	if (strchr(claim->name.port, HOST_SIDE))
		return fail(vale, EINVAL,
			    "'%s' is no name of a port: it would be the host's side of one", text);
	if (if_nametoindex(claim->name.port))
		return fail(vale, EEXIST,
			    "'%s' is no name of a port: there is a network interface '%s'", text,
			    claim->name.port);
	return errno == ENODEV ? 0
			       : fail(vale, errno, "cannot look for a network interface '%s': %s",
				      claim->name.port, strerror(errno));
}

int claim_switch(struct claim *claim, struct maps *maps)
{
	const char *name = claim->name.switch_name;
	struct vale *vale = claim->vale;
	char path[PATH_MAX];
	int error = pin_path(vale, path, "%s", name);

	claim->maps = maps;
	if (!error && !pin_exists(path)) {
		error = switch_create_locked(vale, name, NULL, claim->switch_flags);
		claim->created = !error;
	}
	if (!error)
		error = maps_open(maps, vale, name);
	if (error)
		return error;
	error = port_sweep(maps);
	return error ? fail(vale, -error, "cannot sweep '%s': %s", name, strerror(-error)) : 0;
}

void claim_undo_switch(struct claim *claim)
{
	char reason[sizeof(claim->vale->reason)];

	if (!claim->created)
		return;
	strcpy(reason, claim->vale->reason);
	if (claim->maps->state) /* otherwise it has no devices yet */
		switch_remove_devices(claim->maps);
	switch_remove_locked(claim->vale, claim->name.switch_name);
	strcpy(claim->vale->reason, reason);
}
