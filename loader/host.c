// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The host's side of an interface that is a port: the programs that join the outer end of a pair to
 * the interface's own stack, bpf/host.bpf.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/host.skel.h"
#include "netlink.h"
#include "pair.h"
#include "reload.h"

static void skeleton_free(struct host_bpf **skeleton)
{
	host_bpf__destroy(*skeleton);
}

/* The interface knows frames for its stack again by their mark; at XDP they do not come past. */
static int load(const struct vale_port_entry *side, const struct vale_port_entry *interface,
		struct host_bpf **out)
{
	CLEANUP(skeleton_free) struct host_bpf *skeleton = host_bpf__open();
	int error;

	if (!skeleton)
		return -errno;
	skeleton->rodata->interface = interface->ifindex;
	skeleton->rodata->outer = side->outer.ifindex;
	skeleton->rodata->at_tc = interface->hook == VALE_HOOK_TC ||
				  interface->flags & VALE_PORT_TC;
	error = host_bpf__load(skeleton);
	if (error)
		return error;
	*out = TAKE(skeleton, NULL);
	return 0;
}

static int attach(struct claim *claim, const struct bpf_program *program, __u32 ifindex,
		  bool outgoing)
{
	char pin[sizeof(claim->staging) + 2 * VALE_NAME_SIZE];

	snprintf(pin, sizeof(pin), "%s/%s", claim->staging, bpf_program__name(program));
	return tc_put(bpf_program__fd(program), ifindex, outgoing, pin, claim->maps, claim->number,
		      &claim->port);
}

/* Both ends carry what the interface does. */
static int set_mtu(const struct claim *claim, __u32 interface)
{
	struct device device;
	int error = device_by_index(&device, interface);

	if (!error)
		error = netlink_set_mtu(claim->port.ifindex, device.mtu);
	return error ? error : netlink_set_mtu(claim->port.outer.ifindex, device.mtu);
}

int host_join(struct claim *claim)
{
	CLEANUP(skeleton_free) struct host_bpf *skeleton = NULL;
	struct vale_port_entry interface;
	int error = maps_get_port(claim->maps, claim->port.on, &interface);

	if (!error)
		error = set_mtu(claim, interface.ifindex);
	if (!error)
		error = load(&claim->port, &interface, &skeleton);
	if (!error)
		error = attach(claim, skeleton->progs.vale_to_host, claim->port.outer.ifindex,
			       false);
	if (!error)
		error = attach(claim, skeleton->progs.vale_from_host, interface.ifindex, true);
	return error ? fail_bpf(claim->vale, -error, claim->what) : 0;
}

static int replace(const struct vale_port_entry *side, const char *directory,
		   const struct bpf_program *program, __u32 ifindex, bool outgoing)
{
	char pin[PATH_MAX + 4 * VALE_NAME_SIZE];

	snprintf(pin, sizeof(pin), "%s/%s", directory, bpf_program__name(program));
	return tc_replace(bpf_program__fd(program), ifindex, outgoing, pin, side);
}

int host_reload(const struct maps *maps, const char *directory, const struct vale_port_entry *side)
{
	CLEANUP(skeleton_free) struct host_bpf *skeleton = NULL;
	struct vale_port_entry interface;
	int error = maps_get_port(maps, side->on, &interface);

	if (!error)
		error = load(side, &interface, &skeleton);
	if (!error)
		error = replace(side, directory, skeleton->progs.vale_to_host, side->outer.ifindex,
				false);
	return error ? error
		     : replace(side, directory, skeleton->progs.vale_from_host, interface.ifindex,
			       true);
}

/* A filter at the interface; the one at the pair goes with that. */
int host_part(const struct maps *maps, const struct vale_port_entry *side)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct vale_port_entry interface;
	struct device device;
	int error;

	if (!(side->flags & VALE_PORT_FILTER))
		return 0;
	error = maps_get_port(maps, side->on, &interface);
	if (!error && !interface.ifindex)
		return 0;
	if (!error)
		error = port_device(maps, side->on, &interface, &visit, &device);
	return error ? error : tc_detach(interface.ifindex, true);
}
