// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Making a device a port of a switch: all of it, or nothing. */
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "internal.h"

struct attach {
	struct vale *vale;
	struct maps *maps;
	const struct vale_attach_options *options;
	struct name name;
	struct device device;
	__u64 netns;
	__u32 number;
	struct vale_port port;
	enum vale_hook hook; /* to be tried first */
};

static int enter(struct vale *vale, const char *netns, struct netns_visit *visit)
{
	CLEANUP_CLOSE int fd = -1;
	int error;

	if (!netns)
		return 0;
	fd = netns_open(netns);
	if (fd < 0)
		return fail(vale, ESRCH,
			    "cannot attach: there is no network namespace '%s': give a "
			    "name that 'ip netns' lists, or a process id",
			    netns);
	error = netns_enter(visit, fd);
	return error ? fail(vale, -error,
			    "cannot attach: cannot enter the network namespace '%s': %s", netns,
			    strerror(-error))
		     : 0;
}

static int check_device(struct attach *attach, const char *name)
{
	struct device *device = &attach->device;
	int error = device_by_name(device, name);

	if (error == -ENODEV)
		return fail(attach->vale, ENODEV, "cannot attach '%s': no such network interface",
			    name);
	if (!error)
		error = netns_cookie(&attach->netns);
	if (error)
		return fail(attach->vale, -error, "cannot attach '%s': %s", name, strerror(-error));
	if (device->type != ARPHRD_ETHER)
		return fail(attach->vale, ENODEV,
			    "cannot attach '%s': it is not an Ethernet interface "
			    "(a tap is, a tun is not)",
			    name);
	if (device->master)
		return fail(attach->vale, EBUSY,
			    "cannot attach '%s': it belongs to a bridge or bond: "
			    "'ip link set %s nomaster' takes it out",
			    name, name);
	return 0;
}

struct search {
	struct vale *vale;
	struct vale_device key;
	char found[2 * VALE_NAME_SIZE];
};

static int search_switch(const char *switch_name, void *arg)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct search *search = arg;
	struct vale_port port;
	struct name name;
	__u32 number;

	if (search->found[0] || name_parse_switch(&name, switch_name) ||
	    maps_open(&maps, search->vale, switch_name) ||
	    bpf_map_lookup_elem(maps.fd[MAP_DEVICES], &search->key, &number) ||
	    maps_get_port(&maps, number, &port) || port.kind == VALE_PORT_FREE ||
	    !maps_device_present(&maps, number))
		return 0;
	snprintf(search->found, sizeof(search->found), "%s:%s", switch_name, port.name);
	return 0;
}

/* One device is one port of one switch. */
static int check_not_attached(struct attach *attach)
{
	struct search search = {
		.vale = attach->vale,
		.key = { .netns = attach->netns, .ifindex = attach->device.ifindex },
	};

	pin_each(attach->vale->root, search_switch, &search);
	return search.found[0]
		       ? fail(attach->vale, EBUSY, "cannot attach '%s': it is the port %s already",
			      attach->device.name, search.found)
		       : 0;
}

/* Asked again under the lock: programs may have come since, or have been swept away. */
static int check_no_program(struct attach *attach)
{
	int error = device_by_index(&attach->device, attach->device.ifindex);

	if (error)
		return fail(attach->vale, -error, "cannot attach '%s': %s", attach->device.name,
			    strerror(-error));
	if (attach->device.program && !attach->options->shared)
		return fail(attach->vale, EBUSY,
			    "cannot attach '%s': another XDP program (id %u) is on it: "
			    "'bpftool prog show id %u' tells which",
			    attach->device.name, attach->device.program, attach->device.program);
	return 0;
}

/* A frame flooded into one end of a veth would come back in at the other, for ever. */
static int check_no_loop(struct attach *attach)
{
	const struct device *device = &attach->device;
	struct vale_device key = { .netns = attach->netns, .ifindex = device->peer };
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	CLEANUP_CLOSE int fd = -1;
	struct vale_port port;
	__u32 number;

	if (strcmp(device->kind, "veth"))
		return 0;
	if (device->peer_netns != DEVICE_NO_NETNS) {
		fd = netns_open_by_id(device->peer_netns);
		if (fd < 0 || netns_enter(&visit, fd) || netns_cookie(&key.netns))
			return 0; /* offload_plan() refuses such a device with better words */
	}
	if (bpf_map_lookup_elem(attach->maps->fd[MAP_DEVICES], &key, &number) ||
	    maps_get_port(attach->maps, number, &port) || port.kind == VALE_PORT_FREE)
		return 0;
	return fail(attach->vale, ELOOP,
		    "cannot attach '%s': its far end is the port %s:%s, and frames "
		    "would circle between the two",
		    device->name, attach->maps->switch_name, port.name);
}

/* The name must be free; a port of that name whose device is gone makes room. */
static int check_name(struct attach *attach)
{
	struct vale_port port;
	__u32 number;
	int error;

	if (maps_find_port(attach->maps, attach->name.port, &number, &port))
		return 0;
	if (maps_device_present(attach->maps, number))
		return fail(attach->vale, EEXIST, "cannot attach '%s': there is a port %s:%s",
			    attach->device.name, attach->maps->switch_name, port.name);
	error = port_remove(attach->maps, number, &port);
	return error ? fail(attach->vale, -error, "cannot replace the port %s:%s: %s",
			    attach->maps->switch_name, attach->name.port, strerror(-error))
		     : 0;
}

/* The lowest free number, or else the lowest whose device is gone. */
static int choose_number(struct attach *attach)
{
	struct vale_port port;
	__u32 gone = VALE_PORTS;

	for (__u32 number = 0; number < VALE_PORTS; number++) {
		if (maps_get_port(attach->maps, number, &port))
			continue;
		if (port.kind == VALE_PORT_FREE) {
			attach->number = number;
			attach->port.generation = port.generation + 1;
			return 0;
		}
		if (gone == VALE_PORTS && !maps_device_present(attach->maps, number))
			gone = number;
	}
	if (gone == VALE_PORTS)
		return fail(attach->vale, ENOSPC,
			    "cannot attach '%s': %s has %u ports, and that is as many "
			    "as a switch can have",
			    attach->device.name, attach->maps->switch_name, VALE_PORTS);
	maps_get_port(attach->maps, gone, &port);
	port_remove(attach->maps, gone, &port);
	attach->number = gone;
	attach->port.generation = port.generation + 1;
	return 0;
}

static int reset_stats(struct attach *attach)
{
	int cpus = libbpf_num_possible_cpus();
	CLEANUP_FREE void *zeros = cpus > 0 ? calloc(cpus, sizeof(struct vale_stats)) : NULL;

	if (!zeros)
		return -ENOMEM;
	return bpf_map_update_elem(attach->maps->fd[MAP_STATS], &attach->number, zeros, BPF_ANY)
		       ? -errno
		       : 0;
}

/* Writes down all there is to undo, before any of it is done. */
static int reserve(struct attach *attach)
{
	struct vale_device device = { .netns = attach->netns, .ifindex = attach->device.ifindex };
	struct vale_port *port = &attach->port;
	int error = reset_stats(attach);

	strcpy(port->name, attach->name.port);
	strcpy(port->device, attach->device.name);
	port->netns = attach->netns;
	port->ifindex = attach->device.ifindex;
	port->kind = VALE_PORT_RESERVED;
	if (!error)
		error = maps_set_port(attach->maps, attach->number, port);
	if (!error &&
	    bpf_map_update_elem(attach->maps->fd[MAP_DEVICES], &device, &attach->number, BPF_ANY))
		error = -errno;
	return error;
}

/* From here on the port is sent frames. */
static int open_for_delivery(struct attach *attach, const int transmit[VALE_DEVMAPS])
{
	struct vale_switch *state = attach->maps->state;

	for (int i = 0; i < VALE_DEVMAPS; i++) {
		struct bpf_devmap_val slot = {
			.ifindex = attach->device.ifindex,
			.bpf_prog.fd = transmit[i],
		};

		if (bpf_map_update_elem(attach->maps->fd[map_devmaps[i]], &attach->number, &slot,
					BPF_ANY))
			return -errno;
	}
	if (state->ports_end <= attach->number)
		__atomic_store_n(&state->ports_end, attach->number + 1, __ATOMIC_RELEASE);
	attach->port.kind = VALE_PORT_DEVICE;
	return maps_set_port(attach->maps, attach->number, &attach->port);
}

static void close_transmit(int (*transmit)[VALE_DEVMAPS])
{
	for (int i = 0; i < VALE_DEVMAPS; i++)
		cleanup_close(&(*transmit)[i]);
}

static int make(struct attach *attach)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE], staging[PATH_MAX + 2 * VALE_NAME_SIZE];
	char link[sizeof(staging) + VALE_NAME_SIZE];
	CLEANUP(close_transmit) int transmit[VALE_DEVMAPS] = { -1, -1, -1, -1 };
	int error;

	snprintf(path, sizeof(path), "%s/port/%s", attach->maps->path, attach->name.port);
	snprintf(staging, sizeof(staging), "%s/port/%c%s", attach->maps->path, PIN_STAGING,
		 attach->name.port);
	snprintf(link, sizeof(link), "%s/xdp", staging);
	error = reserve(attach);
	if (!error && mkdir(staging, 0755))
		error = -errno;
	if (error)
		return fail_bpf(attach->vale, -error, "cannot attach the device");
	error = offload_apply(attach->vale, &attach->device, attach->port.restore);
	if (!error)
		error = hook_attach(attach->vale, attach->maps, attach->number, &attach->device,
				    attach->options, attach->hook, link, &attach->port, transmit);
	if (error)
		return error;
	error = open_for_delivery(attach, transmit);
	if (!error)
		error = pin_publish(staging, path);
	maps_next_generation(attach->maps);
	return error ? fail_bpf(attach->vale, -error, "cannot attach the device") : 0;
}

static int attach_locked(struct attach *attach)
{
	char reason[sizeof(attach->vale->reason)];
	int error = check_not_attached(attach);

	attach->hook = hook_choose(attach->maps, &attach->device, attach->options);
	if (!error)
		error = check_no_loop(attach);
	if (!error)
		error = check_name(attach);
	if (!error) /* after the port's former device, which may be this one, has been given up */
		error = check_no_program(attach);
	if (!error)
		error = choose_number(attach);
	if (!error)
		error = offload_plan(attach->vale, &attach->device, attach->hook,
				     &attach->port.restore);
	if (error)
		return error;
	error = make(attach);
	if (error) {
		strcpy(reason, attach->vale->reason);
		port_remove(attach->maps, attach->number, &attach->port);
		strcpy(attach->vale->reason, reason);
	}
	return error;
}

/* Opens the switch, which is made if there is none. */
static int open_or_create(struct vale *vale, struct maps *maps, const char *name, bool *created)
{
	char path[PATH_MAX];
	int error = pin_path(vale, path, "%s", name);

	if (!error && !pin_exists(path)) {
		error = switch_create_locked(vale, name, NULL);
		*created = !error;
	}
	if (!error)
		error = maps_open(maps, vale, name);
	if (error)
		return error;
	error = port_sweep(maps);
	return error ? fail(vale, -error, "cannot sweep '%s': %s", name, strerror(-error)) : 0;
}

/* A switch that was made for a port that could not be made goes with it. */
static int attach_or_undo(struct attach *attach)
{
	char reason[sizeof(attach->vale->reason)];
	bool created = false;
	int error = open_or_create(attach->vale, attach->maps, attach->name.switch_name, &created);

	if (!error)
		error = attach_locked(attach);
	if (error && created) {
		strcpy(reason, attach->vale->reason);
		switch_remove_locked(attach->vale, attach->name.switch_name);
		strcpy(attach->vale->reason, reason);
	}
	return error;
}

int vale_port_attach(struct vale *vale, const char *text, const char *device,
		     const struct vale_attach_options *options)
{
	static const struct vale_attach_options none;
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP_CLOSE int lock = -1;
	struct attach attach = {
		.vale = vale,
		.maps = &maps,
		.options = options ? options : &none,
	};
	int error = name_port(vale, &attach.name, text);

	if (error)
		return error;
	if (if_nametoindex(attach.name.port))
		return fail(vale, EEXIST,
			    "'%s' is no name of a port: there is a network interface '%s'", text,
			    attach.name.port);
	error = enter(vale, attach.options->netns, &visit);
	if (!error)
		error = check_device(&attach, device);
	if (!error)
		error = pin_make_root(vale);
	if (!error)
		error = pin_lock(vale, &lock);
	return error ? error : attach_or_undo(&attach);
}
