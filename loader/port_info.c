// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports as users see them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "pair.h"
#include "vale/ring.h"
#include "vale/xsk.h"
#include "ring_port.h"

static void describe_device(struct vale_port_info *info, const struct device *device)
{
	strcpy(info->device, device->name);
	strcpy(info->kind, device->kind);
	info->mtu = device->mtu;
	info->state = device->up ? VALE_PORT_UP : VALE_PORT_DOWN;
}

static void describe_device_port(struct vale_port_info *info, const struct maps *maps, __u32 number,
				 const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device device;
	__u64 own = 0;
	int error;

	strcpy(info->device, port->device);
	netns_cookie(&own);
	info->elsewhere = own != port->netns;
	error = port_device(maps, number, port, &visit, &device);
	if (!error)
		describe_device(info, &device);
	else
		info->state = error == -ESRCH ? VALE_PORT_DISTANT : VALE_PORT_GONE;
}

/* The process that holds the port has written down what it is. */
static void describe_xsk_client(struct vale_port_info *info, const struct maps *maps,
				const struct vale_port_entry *port)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	struct vale_xsk_state state = {};
	CLEANUP_CLOSE int map = -1;
	__u32 zero = 0;

	snprintf(path, sizeof(path), "%s/port/%s/state", maps->path, port->name);
	map = bpf_obj_get(path);
	if (map < 0 || bpf_map_lookup_elem(map, &zero, &state) || !state.client)
		return;
	info->mode = state.mode == VALE_XSK_ZERO_COPY ? VALE_XSK_ZERO_COPY : VALE_XSK_COPY;
	info->never_sent += state.invalid;
	info->clients = 1;
	info->client[0] = state.client;
}

static void describe_xsk_port(struct vale_port_info *info, const struct maps *maps, __u32 number,
			      const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit inner = { -1 }, outer = { -1 };
	struct device device;

	strcpy(info->kind, "xsk");
	info->rings = port->rings;
	if (!pair_outer(maps, number, port, &inner, &outer, &device)) {
		strcpy(info->outer, device.name);
		if (port->kind == VALE_PORT_DEVICE)
			info->never_sent = device.tx_dropped;
	}
	if (!ring_port_is_idle(maps, port))
		describe_xsk_client(info, maps, port);
	if (port->kind == VALE_PORT_SOCKETS)
		info->state = info->clients ? VALE_PORT_OPEN : VALE_PORT_CLOSED;
}

static void describe_host_port(struct vale_port_info *info, const struct maps *maps, __u32 number,
			       const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit inner = { -1 }, outer = { -1 };
	struct device device;

	strcpy(info->kind, "host");
	if (!pair_outer(maps, number, port, &inner, &outer, &device))
		strcpy(info->outer, device.name);
}

/* What the kernel says a map takes. */
static __u64 map_memory(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(file);
	return bytes;
}

static __u32 map_elements(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) || !info.max_entries ? 1 : info.max_entries;
}

/* A process whose threads came at the same moment is written down twice. */
static bool is_known(const __u32 *processes, __u32 count, __u32 process)
{
	for (__u32 i = 0; i < count; i++)
		if (processes[i] == process)
			return true;
	return false;
}

static void find_clients(struct vale_port_info *info, const struct vale_ring_state *state)
{
	__u32 processes[VALE_CLIENTS];

	for (__u32 i = 0; i < VALE_CLIENTS; i++) {
		__u32 process = __atomic_load_n(&state->client[i], __ATOMIC_RELAXED) >> 32;

		if (process && !is_known(processes, info->clients, process))
			processes[info->clients++] = process;
	}
	for (__u32 i = 0; i < info->clients && i < VALE_CLIENTS_SHOWN; i++)
		info->client[i] = processes[i];
}

static void describe_state(struct vale_port_info *info, int fd)
{
	struct vale_ring_state *state = mmap(NULL, sizeof(*state), PROT_READ, MAP_SHARED, fd, 0);

	if (state == MAP_FAILED)
		return;
	info->tx_slots = state->tx_mask + 1;
	info->rx_slots = state->rx_mask + 1;
	info->vnet_header = state->vnet_header;
	find_clients(info, state);
	munmap(state, sizeof(*state));
}

static void describe_ring_port(struct vale_port_info *info, const struct maps *maps,
			       const struct vale_port_entry *port)
{
	CLEANUP_CLOSE int region = maps_open_port_map(maps, port, "region");
	CLEANUP_CLOSE int state = maps_open_port_map(maps, port, "state");

	strcpy(info->kind, "ring");
	info->rings = port->rings;
	info->pipes = port->pipes;
	info->memory_id = port->memory;
	info->owner = port->owner;
	info->bound = port->bound <= VALE_BOUND_MACS ? port->bound : VALE_BOUND_MACS;
	for (__u32 i = 0; i < info->bound; i++)
		memcpy(info->macs[i], &port->macs[i], VALE_MAC_SIZE);
	if (region >= 0 && state >= 0)
		info->memory =
			map_memory(region) * (port->rings + port->pipes) / map_elements(region) +
			map_memory(state);
	if (state >= 0)
		describe_state(info, state);
	for (__u32 pair = 0; pair < port->rings && pair < VALE_RINGS; pair++) {
		char name[2 * VALE_NAME_SIZE];
		CLEANUP_CLOSE int doorbell = -1;

		snprintf(name, sizeof(name), "doorbell%u", pair);
		doorbell = maps_open_port_map(maps, port, name);
		if (doorbell >= 0)
			info->memory += map_memory(doorbell);
	}
	info->state = info->clients ? VALE_PORT_OPEN : VALE_PORT_CLOSED;
}

static struct vale_port_info describe(const struct maps *maps, __u32 number,
				      const struct vale_port_entry *port)
{
	struct vale_port_info info = {
		.hook = port->hook,
		.number = number,
		.ifindex = port->ifindex,
		.flags = port->flags,
		.program = port->program,
	};

	snprintf(info.name, sizeof(info.name), "%s:%s", maps->switch_name, port->name);
	if (port->kind == VALE_PORT_RING)
		describe_ring_port(&info, maps, port);
	else if (port->kind != VALE_PORT_SOCKETS)
		describe_device_port(&info, maps, number, port);
	if (port->flags & VALE_PORT_XSK)
		describe_xsk_port(&info, maps, number, port);
	if (port->flags & VALE_PORT_HOST)
		describe_host_port(&info, maps, number, port);
	limit_describe(maps, number, &info);
	return info;
}

int vale_port_list(struct vale *vale, const char *text, struct vale_port_info **out, size_t *count)
{
	CLEANUP_FREE struct vale_port_info *items = NULL;
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry port;
	struct name name;
	size_t found = 0;
	int error = name_switch(vale, &name, text);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	items = calloc(VALE_PORTS, sizeof(*items));
	if (!items)
		return fail(vale, ENOMEM, "out of memory");
	for (__u32 number = 0; number < VALE_PORTS; number++) {
		error = maps_get_port(&maps, number, &port);
		if (error)
			return fail(vale, -error, "cannot read the ports of '%s': %s",
				    name.switch_name, strerror(-error));
		if (port.kind != VALE_PORT_FREE)
			items[found++] = describe(&maps, number, &port);
	}
	*out = TAKE(items, NULL);
	*count = found;
	return 0;
}

int vale_port_get(struct vale *vale, const char *text, struct vale_port_info *out)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry port;
	struct name name;
	__u32 number;
	int error = name_port(vale, &name, text);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	error = maps_need_port(&maps, vale, name.port, &number, &port);
	if (error)
		return error;
	*out = describe(&maps, number, &port);
	return 0;
}
