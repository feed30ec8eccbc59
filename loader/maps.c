// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The pinned maps of a switch. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "internal.h"

const char *const map_pins[MAPS] = {
	[MAP_SWITCH] = "switch",
	[MAP_PORTS] = "ports",
	[MAP_DEVMAP] = "devmap",
	[MAP_DEVMAP_SHARED] = "devmap_shared",
	[MAP_FLOOD] = "flood",
	[MAP_FLOOD_SHARED] = "flood_shared",
	[MAP_DEVICES] = "devices",
	[MAP_SOCKETS] = "sockets",
	[MAP_FDB] = "fdb",
	[MAP_FDB_STATIC] = "fdb_static",
	[MAP_LIMITS] = "limits",
	[MAP_STATS] = "stats",
	[MAP_SCRATCH] = "scratch",
	[MAP_REGIONS] = "regions",
	[MAP_RING_STATES] = "ring_states",
	[MAP_DOORBELLS] = "doorbells",
	[MAP_CLIENTS] = "clients",
	[MAP_ON_REDIRECT] = "on_redirect",
	[MAP_ON_TRANSMIT] = "on_transmit",
	[MAP_ON_EXIT] = "on_exit",
	[MAP_ON_EXEC] = "on_exec",
	[MAP_ON_STACK] = "on_stack",
};

const enum map map_devmaps[VALE_DEVMAPS] = {
	[VALE_DEVMAP_ONE] = MAP_DEVMAP,
	[VALE_DEVMAP_ONE_SHARED] = MAP_DEVMAP_SHARED,
	[VALE_DEVMAP_FLOOD] = MAP_FLOOD,
	[VALE_DEVMAP_FLOOD_SHARED] = MAP_FLOOD_SHARED,
};

const char *map_name(enum map map)
{
	return map == MAP_SWITCH ? "switch_state" : map_pins[map]; /* `switch` is a word of C */
}

static int open_map(struct maps *maps, enum map map)
{
	char path[PATH_MAX + VALE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s", maps->path, map_pins[map]);
	maps->fd[map] = bpf_obj_get(path);
	return maps->fd[map] < 0 ? -errno : 0;
}

/* First: another version may have other maps. */
static int open_state(struct maps *maps, struct vale *vale)
{
	int error = open_map(maps, MAP_SWITCH);

	if (error)
		return error;
	maps->state = mmap(NULL, sizeof(*maps->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			   maps->fd[MAP_SWITCH], 0);
	if (maps->state == MAP_FAILED) {
		maps->state = NULL;
		return -errno;
	}
	if (maps->state->abi != VALE_ABI)
		return fail(vale, ENOTSUP,
			    "the switch '%s' was made by another version (ABI %u, this "
			    "is %u): destroy it with that one",
			    maps->switch_name, maps->state->abi, VALE_ABI);
	return 0;
}

int maps_open(struct maps *out, struct vale *vale, const char *switch_name)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	int error = pin_path(vale, maps.path, "%s", switch_name);

	if (error)
		return fail(vale, -error, "the path of '%s' is too long", switch_name);
	error = pin_trust_root(vale);
	if (error)
		return error;
	strcpy(maps.switch_name, switch_name);
	if (!pin_exists(maps.path))
		return fail(vale, ENOENT,
			    "there is no switch '%s' (valectl list shows those there are)",
			    switch_name);
	error = open_state(&maps, vale);
	if (error == -ENOTSUP)
		return error;
	for (int map = MAP_SWITCH + 1; map < MAPS && !error; map++)
		error = open_map(&maps, map);
	if (error == -EPERM || error == -EACCES)
		return fail_files(vale, "cannot use the switch");
	if (error)
		return fail(vale, -error, "cannot use the switch '%s': %s", switch_name,
			    strerror(-error));
	*out = TAKE(maps, MAPS_CLOSED);
	return 0;
}

int maps_abi(struct vale *vale, const char *switch_name, __u32 *out)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	int error = pin_path(vale, maps.path, "%s", switch_name);

	strcpy(maps.switch_name, switch_name);
	if (!error)
		error = open_state(&maps, vale);
	if (error && error != -ENOTSUP)
		return error;
	*out = maps.state->abi;
	return 0;
}

int maps_use(const struct maps *maps, struct bpf_object *object)
{
	int error = 0;

	for (int map = 0; map < MAPS && !error; map++) {
		struct bpf_map *found = bpf_object__find_map_by_name(object, map_name(map));

		if (found)
			error = bpf_map__reuse_fd(found, maps->fd[map]);
	}
	return error;
}

void maps_close(struct maps *maps)
{
	for (int map = 0; map < MAPS; map++)
		cleanup_close(&maps->fd[map]);
	if (maps->state)
		munmap(maps->state, sizeof(*maps->state));
}

void maps_next_generation(struct maps *maps)
{
	__atomic_fetch_add(&maps->state->generation, 1, __ATOMIC_RELEASE);
}

int maps_get_port(const struct maps *maps, __u32 number, struct vale_port_entry *out)
{
	struct vale_port_entry port;

	if (bpf_map_lookup_elem(maps->fd[MAP_PORTS], &number, &port))
		return -errno;
	port.name[VALE_NAME_SIZE - 1] = 0;
	port.device[VALE_NAME_SIZE - 1] = 0;
	*out = port;
	return 0;
}

int maps_delete(const struct maps *maps, enum map map, const void *key)
{
	return bpf_map_delete_elem(maps->fd[map], key) && errno != ENOENT ? -errno : 0;
}

int maps_set_port(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	return bpf_map_update_elem(maps->fd[MAP_PORTS], &number, port, BPF_ANY) ? -errno : 0;
}

int maps_find_port(const struct maps *maps, const char *name, __u32 *number,
		   struct vale_port_entry *out)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	struct vale_port_entry port;

	snprintf(path, sizeof(path), "%s/port/%s", maps->path, name);
	if (!pin_exists(path))
		return -ENOENT;
	for (__u32 i = 0; i < maps->state->ports_end && i < VALE_PORTS; i++) {
		int error = maps_get_port(maps, i, &port);

		if (error)
			return error;
		if (port.kind == VALE_PORT_FREE || strcmp(port.name, name))
			continue;
		*number = i;
		*out = port;
		return 0;
	}
	return -ENOENT;
}

int maps_need_port(const struct maps *maps, struct vale *vale, const char *name, __u32 *number,
		   struct vale_port_entry *out)
{
	int error = maps_find_port(maps, name, number, out);

	if (error == -ENOENT)
		return fail(vale, ENOENT, "there is no port '%s:%s' (valectl show %s lists them)",
			    maps->switch_name, name, maps->switch_name);
	return error ? fail(vale, -error, "cannot look for the port '%s:%s': %s", maps->switch_name,
			    name, strerror(-error))
		     : 0;
}

int maps_open_port_map(const struct maps *maps, const struct vale_port_entry *port,
		       const char *name)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/port/%s/%s", maps->path, port->name, name);
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

bool maps_device_present(const struct maps *maps, __u32 number)
{
	struct bpf_devmap_val value;

	/* The kernel says so if there is none: what cannot be looked at is there. */
	if (bpf_map_lookup_elem(maps->fd[MAP_DEVMAP], &number, &value))
		return errno != ENOENT;
	return value.ifindex;
}
