// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Whether a device can be made a port. */
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "attach.h"

int attach_check_device(struct attach *attach, const char *name)
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
	struct vale_port_entry port;
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

int attach_check_port(struct attach *attach)
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

int attach_check_programs(struct attach *attach)
{
	__u32 at_tc = tc_program(attach->device.ifindex);
	int error = device_by_index(&attach->device, attach->device.ifindex);

	if (error)
		return fail(attach->vale, -error, "cannot attach '%s': %s", attach->device.name,
			    strerror(-error));
	if (attach->device.program && !attach->options->shared)
		return fail(attach->vale, EBUSY,
			    "cannot attach '%s': another XDP program (id %u) is on it: "
			    "'bpftool prog show id %u' tells which",
			    attach->device.name, attach->device.program, attach->device.program);
	if (at_tc)
		return fail(
			attach->vale, EBUSY,
			"cannot attach '%s': the program (id %u) of another switch, or of a port "
			"that has lost it, is on it: detach that",
			attach->device.name, at_tc);
	return 0;
}

int attach_check_loop(struct attach *attach)
{
	const struct device *device = &attach->device;
	struct vale_device key = { .netns = attach->netns, .ifindex = device->peer };
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	CLEANUP_CLOSE int fd = -1;
	struct vale_port_entry port;
	__u32 number;

	if (strcmp(device->kind, "veth"))
		return 0;
	if (device->peer_netns != DEVICE_NO_NETNS) {
		fd = netns_open_by_id(device->peer_netns);
		if (fd < 0 || netns_enter(&visit, fd) || netns_cookie(&key.netns))
			return 0; /* offload_plan() refuses such a device with better words */
	}
	if (bpf_map_lookup_elem(attach->claim.maps->fd[MAP_DEVICES], &key, &number) ||
	    maps_get_port(attach->claim.maps, number, &port) || port.kind == VALE_PORT_FREE)
		return 0;
	return fail(attach->vale, ELOOP,
		    "cannot attach '%s': its far end is the port %s:%s, and frames "
		    "would circle between the two",
		    device->name, attach->claim.maps->switch_name, port.name);
}
