// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Removing, sweeping and describing ports. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pair.h"
#include "ring_port.h"

/* Goes where the port's device is, or was. */
static int visit_device(const struct vale_port_entry *port, struct netns_visit *visit,
			struct device *out)
{
	int error = netns_visit_cookie(visit, port->netns);

	if (error)
		return is_shortage(error) ? error : -ESRCH;
	return device_by_index(out, port->ifindex);
}

int port_device(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
		struct netns_visit *visit, struct device *out)
{
	return maps_device_present(maps, number) ? visit_device(port, visit, out) : -ENODEV;
}

/* The same for a port that is half-made or half-removed, and so may have no slot any more. */
static int half_port_device(const struct maps *maps, __u32 number,
			    const struct vale_port_entry *port, struct netns_visit *visit,
			    struct device *out)
{
	int error = visit_device(port, visit, out);

	if (!error && !maps_device_present(maps, number) && strcmp(out->name, port->device))
		return -ENODEV;
	return error;
}

/* What there is no more cannot be put back, nor what a driver refuses. */
static int unless_gone(int error)
{
	return is_shortage(error) || error == -EPERM ? error : 0;
}

/* Takes back what was done to the device and is not undone by unpinning. */
static int restore_device(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device device;
	int error;

	if (!port->restore && !(port->flags & (VALE_PORT_SHARED | VALE_PORT_FILTER)))
		return 0;
	error = half_port_device(maps, number, port, &visit, &device);
	if (unless_gone(error))
		return error;
	if (port->flags & VALE_PORT_SHARED) {
		if (!error)
			shared_detach(port->ifindex, port->hook, port->program);
		else
			shared_clean(port->ifindex);
	}
	if (!error && port->flags & VALE_PORT_FILTER)
		error = tc_detach(port->ifindex, false);
	if (unless_gone(error))
		return error;
	return error ? 0 : unless_gone(offload_restore(&device, port->restore));
}

int port_update_totals(struct maps *maps)
{
	__u32 end = 0, devices = 0, rings = 0;
	struct vale_port_entry port;

	for (__u32 number = 0; number < VALE_PORTS; number++) {
		int error = maps_get_port(maps, number, &port);

		if (error)
			return error;
		if (port.kind == VALE_PORT_FREE)
			continue;
		end = number + 1;
		devices += port.kind == VALE_PORT_DEVICE;
		rings += port.kind == VALE_PORT_RING;
	}
	__atomic_store_n(&maps->state->ports_end, end, __ATOMIC_RELEASE);
	__atomic_store_n(&maps->state->devices, devices, __ATOMIC_RELEASE);
	__atomic_store_n(&maps->state->rings, rings, __ATOMIC_RELEASE);
	return 0;
}

/* Sockets go with the device that they are on, and so does its host's side. */
static int remove_on(struct maps *maps, __u32 device)
{
	struct vale_port_entry port;
	int error = 0;

	for (__u32 number = 0; number < maps->state->ports_end && number < VALE_PORTS && !error;
	     number++) {
		error = maps_get_port(maps, number, &port);
		if (!error && port.on == device &&
		    (port.kind == VALE_PORT_SOCKETS || port.flags & VALE_PORT_HOST_SIDE))
			error = port_remove(maps, number, &port);
	}
	return error;
}

/* Outside of the switch: devices, and who has it open. */
static int leave_devices(struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	int error = restore_device(maps, number, port);

	if (!error && port->flags & VALE_PORT_XSK)
		error = xsk_port_dismiss(maps, port);
	if (!error && port->flags & VALE_PORT_HOST_SIDE)
		error = unless_gone(host_part(maps, port));
	if (!error && pair_has(port))
		error = pair_remove(maps, number, port);
	if (!error)
		error = remove_on(maps, number);
	return error ? error : ring_port_dismiss(maps, port);
}

static int unpublish(const struct maps *maps, const struct vale_port_entry *port,
		     const char *staging)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	snprintf(path, sizeof(path), "%s/port/%s", maps->path, port->name);
	error = pin_publish(path, staging);
	return error == -ENOENT ? 0 : error;
}

static int leave_maps(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	struct vale_device device = { .netns = port->netns, .ifindex = port->ifindex };
	int error = 0;

	for (int i = 0; i < VALE_DEVMAPS && !error; i++)
		error = maps_delete(maps, map_devmaps[i], &number);
	if (!error)
		error = maps_delete(maps, MAP_DEVICES, &device);
	if (!error && port->flags & VALE_PORT_XSK)
		error = maps_delete(maps, MAP_DEVICES, &port->outer);
	if (!error && port->rings && !(port->flags & VALE_PORT_XSK))
		error = ring_port_forget(maps, number, port);
	if (!error)
		error = limit_forget(maps, number);
	return error ? error : fdb_purge(maps, &number, true);
}

/*
 * In an order that can be stopped anywhere: once the port is reserved, the rest is swept. The slot
 * is given free last, with a new generation, so that no address matches it any more.
 */
int port_remove(struct maps *maps, __u32 number, struct vale_port_entry *port)
{
	char staging[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	snprintf(staging, sizeof(staging), "%s/port/%c%s", maps->path, PIN_STAGING, port->name);
	port->kind = VALE_PORT_RESERVED;
	error = maps_set_port(maps, number, port);
	if (!error)
		error = leave_devices(maps, number, port);
	if (!error)
		error = unpublish(maps, port, staging);
	if (!error)
		error = leave_maps(maps, number, port);
	if (!error)
		error = pin_remove(staging);
	maps_next_generation(maps);
	if (error)
		return error;
	*port = (struct vale_port_entry){ .generation = port->generation + 1 };
	error = maps_set_port(maps, number, port);
	maps_next_generation(maps);
	return error ? error : port_update_totals(maps);
}

/* A client has made it, and has ended without closing it. */
static bool is_abandoned(const struct maps *maps, const struct vale_port_entry *port)
{
	return port->flags & VALE_PORT_EPHEMERAL && ring_port_is_idle(maps, port);
}

/* Whoever was attaching it was killed before its host's side was there. */
static bool lacks_host(const struct maps *maps, const struct vale_port_entry *port)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/port/%s%c", maps->path, port->name, HOST_SIDE);
	return port->flags & VALE_PORT_KEEPS_HOST && !pin_exists(path);
}

int port_sweep(struct maps *maps)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	struct vale_port_entry port;
	int error;

	snprintf(path, sizeof(path), "%s/port", maps->path);
	error = pin_sweep(path);
	for (__u32 number = 0; number < VALE_PORTS && !error; number++) {
		error = maps_get_port(maps, number, &port);
		if (error || port.kind == VALE_PORT_FREE)
			continue;
		snprintf(path, sizeof(path), "%s/port/%s", maps->path, port.name);
		if (port.kind == VALE_PORT_RESERVED || !pin_exists(path) ||
		    is_abandoned(maps, &port) || lacks_host(maps, &port))
			error = port_remove(maps, number, &port);
	}
	/* Whoever failed to has left it to us. */
	return error ? error : port_update_totals(maps);
}

int port_open_locked(struct vale *vale, const char *text, struct maps *maps, int *lock,
		     __u32 *number, struct vale_port_entry *port)
{
	struct name name;
	int error = name_port(vale, &name, text);

	if (!error)
		error = switch_open_locked(vale, name.switch_name, "cannot sweep", maps, lock);
	if (error)
		return error;
	return maps_need_port(maps, vale, name.port, number, port);
}

int vale_port_detach(struct vale *vale, const char *text)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP_CLOSE int lock = -1;
	struct vale_port_entry port;
	__u32 number;
	int error = port_open_locked(vale, text, &maps, &lock, &number, &port);

	if (error)
		return error;
	if (port.kind == VALE_PORT_RING)
		return fail(vale, ENOTTY,
			    "cannot detach '%s': it is a ring port: 'valectl port del %s'", text,
			    text);
	if (port.flags & VALE_PORT_HOST_SIDE)
		return fail(vale, EBUSY, "cannot detach '%s': it goes with '%.*s'", text,
			    (int)strlen(text) - 1, text);
	error = port_remove(&maps, number, &port);
	return error ? fail_leave(vale, -error, "cannot detach", text) : 0;
}
