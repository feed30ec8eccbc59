// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The memory that the rings of a port are in: one of its own, or that of another port. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"
#include "ring_port.h"
#include "vale/ring.h"

struct regions {
	struct vale *vale;
	__u32 memory; /* the kernel's id of it */
	bool taken[VALE_REGIONS];
};

static int map_info(int fd, struct bpf_map_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

__u32 ring_memory_id(int fd)
{
	struct bpf_map_info info;

	return map_info(fd, &info) ? 0 : info.id;
}

/* ---- regions that other ports have ------------------------------------------------------------- */

static void mark_taken(struct regions *regions, const struct vale_port_entry *port)
{
	if (port->kind == VALE_PORT_FREE || port->memory != regions->memory)
		return;
	for (__u32 i = 0; i < port->rings + port->pipes && i < VALE_REGIONS; i++)
		regions->taken[(port->region + i) % VALE_REGIONS] = true;
}

/* Of the ports of one switch. */
static int mark_switch(struct regions *regions, const char *switch_name)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry port;
	int error = maps_open(&maps, regions->vale, switch_name);

	for (__u32 number = 0; number < VALE_PORTS && !error; number++) {
		error = maps_get_port(&maps, number, &port);
		if (!error)
			mark_taken(regions, &port);
	}
	return error;
}

static int mark_all(struct regions *regions)
{
	CLEANUP_FREE struct vale_switch_info *switches = NULL;
	size_t count = 0;
	int error = vale_switch_list(regions->vale, &switches, &count);

	for (size_t i = 0; i < count && !error; i++)
		error = mark_switch(regions, switches[i].name);
	return error;
}

/* The first of so many free ones that follow each other; VALE_REGIONS: there are none. */
static __u32 find_free(const struct regions *regions, __u32 there, __u32 wanted)
{
	for (__u32 end = 0, found = 0; end < there; end++) {
		found = regions->taken[end] ? 0 : found + 1;
		if (found == wanted)
			return end + 1 - wanted;
	}
	return VALE_REGIONS;
}

/* ---- that of another port ---------------------------------------------------------------------- */

/* Opens the map, which the entry of the other port names. */
static int open_map(struct vale *vale, const char *other, struct ring_memory *memory)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_ring_state state;
	struct vale_port_entry port;
	__u32 number, pair = 0;
	struct name name;
	int states, error = name_port(vale, &name, other);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	error = maps_find_port(&maps, name.port, &number, &port);
	if (error && error != -ENOENT)
		return error;
	if (error)
		return fail(vale, ENOENT, "cannot share the memory of '%s': there is no such port",
			    other);
	if (port.kind != VALE_PORT_RING)
		return fail(vale, ENOTTY,
			    "cannot share the memory of '%s': it is a network interface's port",
			    other);
	states = maps_open_port_map(&maps, &port, "state");
	if (states < 0)
		return states;
	error = bpf_map_lookup_elem(states, &pair, &state) ? -errno : 0;
	cleanup_close(&states);
	if (error)
		return error;
	memory->id = port.memory;
	memory->shift = state.shift;
	memory->fd = maps_open_port_map(&maps, &port, "region");
	return memory->fd < 0 ? memory->fd : 0;
}

int ring_memory_share(struct vale *vale, const char *other, __u32 wanted, struct ring_memory *out)
{
	struct ring_memory memory = RING_MEMORY_NONE;
	struct regions regions = { .vale = vale };
	struct bpf_map_info info;
	int error;

	vale->reason[0] = 0;
	error = open_map(vale, other, &memory);
	regions.memory = memory.id;
	if (!error)
		error = map_info(memory.fd, &info);
	if (!error)
		error = mark_all(&regions);
	if (!error)
		memory.region = find_free(&regions, info.max_entries, wanted);
	if (!error && memory.region == VALE_REGIONS)
		error = fail(vale, ENOSPC,
			     "cannot share the memory of '%s': it has no room for %u more pairs of "
			     "rings (--spare makes a port with room)",
			     other, wanted);
	if (error) {
		ring_memory_close(&memory);
		return !*vale->reason || is_shortage(error) || error == -EPERM
			       ? fail(vale, -error, "cannot share the memory of '%s': %s", other,
				      strerror(-error))
			       : error;
	}
	*out = memory;
	return 0;
}

void ring_memory_close(struct ring_memory *memory)
{
	cleanup_close(&memory->fd);
}
