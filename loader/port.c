// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Removing, sweeping and describing ports. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"

/* Goes where the port's device is, or was. */
static int visit_device(const struct vale_port *port, struct netns_visit *visit, struct device *out)
{
	__u64 own = 0;

	netns_cookie(&own);
	if (own != port->netns) {
		CLEANUP_CLOSE int fd = netns_open_by_cookie(port->netns);

		if (fd < 0 || netns_enter(visit, fd))
			return -ESRCH;
	}
	return device_by_index(out, port->ifindex);
}

int port_device(const struct maps *maps, __u32 number, const struct vale_port *port,
		struct netns_visit *visit, struct device *out)
{
	return maps_device_present(maps, number) ? visit_device(port, visit, out) : -ENODEV;
}

/* The same for a port that is half-made or half-removed, and so may have no slot any more. */
static int half_port_device(const struct maps *maps, __u32 number, const struct vale_port *port,
			    struct netns_visit *visit, struct device *out)
{
	int error = visit_device(port, visit, out);

	if (!error && !maps_device_present(maps, number) && strcmp(out->name, port->device))
		return -ENODEV;
	return error;
}

/* Takes back what was done to the device and is not undone by unpinning. */
static void restore_device(const struct maps *maps, __u32 number, const struct vale_port *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device device;
	int error;

	if (!port->restore && !(port->flags & VALE_PORT_SHARED))
		return;
	error = half_port_device(maps, number, port, &visit, &device);
	if (port->flags & VALE_PORT_SHARED) {
		if (!error)
			shared_detach(port->ifindex, port->hook, port->program);
		else
			shared_clean(port->ifindex);
	}
	if (!error)
		offload_restore(&device, port->restore);
}

/* Where the loops over the ports may stop. */
static void update_end(struct maps *maps)
{
	struct vale_port port;
	__u32 end = 0;

	for (__u32 number = 0; number < VALE_PORTS; number++)
		if (!maps_get_port(maps, number, &port) && port.kind != VALE_PORT_FREE)
			end = number + 1;
	__atomic_store_n(&maps->state->ports_end, end, __ATOMIC_RELEASE);
}

/*
 * In an order that can be stopped anywhere: once the port is reserved, the rest is swept. The slot
 * is given free last, with a new generation, so that no address matches it any more.
 */
int port_remove(struct maps *maps, __u32 number, struct vale_port *port)
{
	struct vale_device device = { .netns = port->netns, .ifindex = port->ifindex };
	char path[PATH_MAX + 2 * VALE_NAME_SIZE], staging[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	port->kind = VALE_PORT_RESERVED;
	maps_set_port(maps, number, port);
	restore_device(maps, number, port);
	snprintf(path, sizeof(path), "%s/port/%s", maps->path, port->name);
	snprintf(staging, sizeof(staging), "%s/port/%c%s", maps->path, PIN_STAGING, port->name);
	pin_publish(path, staging);
	for (int i = 0; i < VALE_DEVMAPS; i++)
		bpf_map_delete_elem(maps->fd[map_devmaps[i]], &number);
	bpf_map_delete_elem(maps->fd[MAP_DEVICES], &device);
	error = pin_remove(staging);
	fdb_purge(maps, &number, true);
	*port = (struct vale_port){ .generation = port->generation + 1 };
	if (maps_set_port(maps, number, port) && !error)
		error = -errno;
	maps_next_generation(maps);
	update_end(maps);
	return error;
}

int port_sweep(struct maps *maps)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	struct vale_port port;
	int error;

	snprintf(path, sizeof(path), "%s/port", maps->path);
	error = pin_sweep(path);
	for (__u32 number = 0; number < VALE_PORTS && !error; number++) {
		if (maps_get_port(maps, number, &port) || port.kind == VALE_PORT_FREE)
			continue;
		snprintf(path, sizeof(path), "%s/port/%s", maps->path, port.name);
		if (port.kind == VALE_PORT_RESERVED || !pin_exists(path))
			error = port_remove(maps, number, &port);
	}
	return error;
}

int vale_port_detach(struct vale *vale, const char *text)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP_CLOSE int lock = -1;
	struct vale_port port;
	struct name name;
	__u32 number;
	int error = name_port(vale, &name, text);

	if (!error && pin_exists(vale->root))
		error = pin_lock(vale, &lock);
	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	error = port_sweep(&maps);
	if (error)
		return fail(vale, -error, "cannot sweep '%s': %s", name.switch_name,
			    strerror(-error));
	if (maps_find_port(&maps, name.port, &number, &port))
		return fail(vale, ENOENT, "there is no port '%s' (valectl show %s lists them)",
			    text, name.switch_name);
	error = port_remove(&maps, number, &port);
	return error ? fail(vale, -error, "cannot detach '%s': %s", text, strerror(-error)) : 0;
}

static void describe_device(struct vale_port_info *info, const struct device *device)
{
	strcpy(info->device, device->name);
	strcpy(info->kind, device->kind);
	info->mtu = device->mtu;
	info->state = device->up ? VALE_PORT_UP : VALE_PORT_DOWN;
}

static struct vale_port_info describe(const struct maps *maps, __u32 number,
				      const struct vale_port *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct vale_port_info info = {
		.hook = port->hook,
		.number = number,
		.ifindex = port->ifindex,
		.flags = port->flags,
		.program = port->program,
	};
	struct device device;
	__u64 own = 0;
	int error;

	snprintf(info.name, sizeof(info.name), "%s:%s", maps->switch_name, port->name);
	strcpy(info.device, port->device);
	netns_cookie(&own);
	info.elsewhere = own != port->netns;
	error = port_device(maps, number, port, &visit, &device);
	if (!error)
		describe_device(&info, &device);
	else
		info.state = error == -ESRCH ? VALE_PORT_DISTANT : VALE_PORT_GONE;
	return info;
}

int vale_port_list(struct vale *vale, const char *text, struct vale_port_info **out, size_t *count)
{
	CLEANUP_FREE struct vale_port_info *items = NULL;
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port port;
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
	for (__u32 number = 0; number < VALE_PORTS; number++)
		if (!maps_get_port(&maps, number, &port) && port.kind != VALE_PORT_FREE)
			items[found++] = describe(&maps, number, &port);
	*out = TAKE(items, NULL);
	*count = found;
	return 0;
}

int vale_port_get(struct vale *vale, const char *text, struct vale_port_info *out)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port port;
	struct name name;
	__u32 number;
	int error = name_port(vale, &name, text);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	if (maps_find_port(&maps, name.port, &number, &port))
		return fail(vale, ENOENT, "there is no port '%s' (valectl show %s lists them)",
			    text, name.switch_name);
	*out = describe(&maps, number, &port);
	return 0;
}
