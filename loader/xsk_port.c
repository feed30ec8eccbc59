// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The pair of devices of an AF_XDP port: the inner end is the switch's, the outer end is for
 * programs with AF_XDP sockets. Both go with the port. What the inner end is called, which is no
 * name a user would give, is written down before it is made: so whoever comes after a process that
 * was killed finds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/xsk.skel.h"
#include "internal.h"
#include "netlink.h"
#include "vale/xsk.h"

static void skeleton_free(struct xsk_bpf **skeleton)
{
	xsk_bpf__destroy(*skeleton);
}

int xsk_port_check(struct claim *claim, const char *outer, struct vale_attach_options *options)
{
	if (strlen(outer) >= VALE_NAME_SIZE)
		return fail(claim->vale, EINVAL, "%s: it is no name of a network interface",
			    claim->what);
	if (!options->queues)
		options->queues = 1;
	if (options->queues > VALE_QUEUES)
		return fail(claim->vale, ERANGE, "%s: it can have 1 to %u queues, not %u",
			    claim->what, VALE_QUEUES, options->queues);
	if (!options->netns && !strcmp(outer, claim->name.port))
		return fail(claim->vale, EEXIST,
			    "%s: a port must not be called like a network interface", claim->what);
	return 0;
}

void xsk_port_plan(struct claim *claim, __u32 queues)
{
	claim->port.flags |= VALE_PORT_XSK;
	claim->port.rings = queues;
	/* By a number that no other switch of this kernel has. */
	snprintf(claim->port.device, sizeof(claim->port.device), "v%u-%u",
		 claim->maps->state->devmap_id[VALE_DEVMAP_ONE], claim->number);
}

static int fail_make(struct claim *claim, int error)
{
	switch (error) {
	case EEXIST:
		return fail(claim->vale, EEXIST,
			    "%s: there is a network interface of that name already", claim->what);
	case EINVAL:
		return fail(claim->vale, EINVAL, "%s: it is no name of a network interface",
			    claim->what);
	case EPERM:
		return fail_bpf(claim->vale, EPERM, claim->what);
	default:
		return fail(claim->vale, error, "%s: cannot make the pair of interfaces: %s",
			    claim->what, strerror(error));
	}
}

static int bring_up(struct claim *claim)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device inner, outer;
	int error = device_by_name(&inner, claim->port.device);

	if (error)
		return error;
	claim->port.ifindex = inner.ifindex;
	error = netlink_bring_up(inner.ifindex);
	if (!error)
		error = device_visit_peer(&inner, &visit, &outer);
	if (!error)
		error = netns_cookie(&claim->port.outer.netns);
	if (error)
		return error;
	claim->port.outer.ifindex = outer.ifindex;
	return netlink_bring_up(outer.ifindex);
}

/*
 * What an AF_XDP socket sends, the kernel hands over frame by frame. So the inner end is polled some
 * time after the last frame and not at once after each, as network cards do, which halves the work.
 */
static void poll_later(const char *inner)
{
	static const struct {
		const char *file, *value;
	} settings[] = {
		{ "gro_flush_timeout", "50000" }, /* ns */
		{ "napi_defer_hard_irqs", "100" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char path[64];
		CLEANUP_CLOSE int fd = -1;

		/* Works without, and slower, where /sys shows another namespace. */
		snprintf(path, sizeof(path), "/sys/class/net/%s/%s", inner, settings[i].file);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, settings[i].value, strlen(settings[i].value)) < 0)
			return;
	}
}

/* The map is of the type that the program on the outer end knows. */
int xsk_port_pin_state(const struct claim *claim)
{
	CLEANUP(skeleton_free) struct xsk_bpf *skeleton = xsk_bpf__open();
	char path[sizeof(claim->staging) + VALE_NAME_SIZE];
	struct bpf_map *map;
	int error;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_map(map, skeleton->obj)
		bpf_map__set_autocreate(map, map == skeleton->maps.xsk_state);
	bpf_program__set_autoload(skeleton->progs.vale_xsk, false);
	error = bpf_object__load(skeleton->obj); /* and not what a skeleton maps of it */
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/state", claim->staging);
	return bpf_obj_pin(bpf_map__fd(skeleton->maps.xsk_state), path) ? -errno : 0;
}

int xsk_port_make(struct claim *claim, const char *outer, int outer_netns)
{
	char chosen[VALE_NAME_SIZE + 1];
	int error;

	if (!*outer) { /* like the inner end, but for the first letter */
		snprintf(chosen, sizeof(chosen), "x%s", claim->port.device + 1);
		outer = chosen;
	}
	error = netlink_make_veth(claim->port.device, outer, outer_netns, claim->port.rings);
	if (error)
		return fail_make(claim, -error);
	error = bring_up(claim);
	poll_later(claim->port.device);
	if (!error)
		error = xsk_port_pin_state(claim);
	return error ? fail_bpf(claim->vale, -error, claim->what) : 0;
}

/* Tells the client, if the port has one of the library's. */
static void dismiss(const struct maps *maps, const struct vale_port_entry *port)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int map = -1;
	struct vale_xsk_state *state;

	snprintf(path, sizeof(path), "%s/port/%s/state", maps->path, port->name);
	map = bpf_obj_get(path);
	if (map < 0)
		return;
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (state == MAP_FAILED)
		return;
	__atomic_store_n(&state->removed, 1, __ATOMIC_RELEASE);
	munmap(state, sizeof(*state));
}

/* By its number, if it is still the port's, since the user may have renamed it; or else by its name. */
void xsk_port_remove(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	CLEANUP_CLOSE int fd = -1;
	__u64 own = 0;

	dismiss(maps, port);
	if (!port->netns)
		return; /* sockets on the device of another port */
	netns_cookie(&own);
	if (own != port->netns) {
		fd = netns_open_by_cookie(port->netns);
		if (fd < 0 || netns_enter(&visit, fd))
			return;
	}
	netlink_delete_device(port->ifindex && maps_device_present(maps, number)
				      ? port->ifindex
				      : if_nametoindex(port->device));
}

int xsk_port_outer(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
		   struct netns_visit *inner, struct netns_visit *outer, struct device *out)
{
	struct vale_port_entry other;
	struct device device;
	int error;

	if (port->kind == VALE_PORT_SOCKETS) {
		error = maps_get_port(maps, port->on, &other);
		return error ? error : port_device(maps, port->on, &other, inner, out);
	}
	error = port_device(maps, number, port, inner, &device);

	return error ? error : device_visit_peer(&device, outer, out);
}
