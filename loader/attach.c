// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Making a device a port of a switch: all of it, or nothing. Of an AF_XDP port, the device is made
 * for it.
 */
#include <errno.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"

struct attach {
	struct claim claim;
	struct vale *vale;
	struct vale_attach_options *options;
	struct device device;
	__u64 netns;
	enum vale_hook hook; /* to be tried first */

	/* of an AF_XDP port: */
	const char *outer; /* what its outer end is to be called, and in which namespace; -1: here */
	int outer_netns;
	int *hold; /* NULL: it is to stay, and nobody has it open */
};

static int open_netns(struct vale *vale, const char *netns, int *out)
{
	int fd = netns_open(netns);

	if (fd < 0)
		return fail(vale, ESRCH,
			    "cannot attach: there is no network namespace '%s': give a "
			    "name that 'ip netns' lists, or a process id",
			    netns);
	*out = fd;
	return 0;
}

static int enter(struct vale *vale, const char *netns, struct netns_visit *visit)
{
	CLEANUP_CLOSE int fd = -1;
	int error = netns ? open_netns(vale, netns, &fd) : 0;

	if (error || !netns)
		return error;
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

/* A frame flooded into one end of a veth would come back in at the other, for ever. */
static int check_no_loop(struct attach *attach)
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

static int enter_device(struct attach *attach)
{
	struct vale_device device = { .netns = attach->netns, .ifindex = attach->device.ifindex };
	struct claim *claim = &attach->claim;

	return bpf_map_update_elem(claim->maps->fd[MAP_DEVICES], &device, &claim->number, BPF_ANY)
		       ? -errno
		       : 0;
}

/* Writes down all there is to undo, before any of it is done. */
static int reserve(struct attach *attach)
{
	struct claim *claim = &attach->claim;
	int error;

	strcpy(claim->port.device, attach->device.name);
	claim->port.netns = attach->netns;
	claim->port.ifindex = attach->device.ifindex;
	error = claim_reserve(claim);
	if (!error)
		error = enter_device(attach);
	return error ? fail_bpf(attach->vale, -error, "cannot attach the device") : 0;
}

/* The same of a device that is then made. */
static int reserve_pair(struct attach *attach)
{
	struct claim *claim = &attach->claim;
	__u32 restore; /* nothing of it: the pair goes */
	int error;

	claim->port.netns = attach->netns;
	if (attach->hold)
		claim->port.flags |= VALE_PORT_EPHEMERAL;
	xsk_port_plan(claim, attach->options->queues);
	error = claim_reserve(claim);
	if (error)
		return fail_bpf(attach->vale, -error, claim->what);
	error = xsk_port_make(claim, attach->outer, attach->outer_netns);
	if (error)
		return error;
	error = device_by_index(&attach->device, claim->port.ifindex);
	if (!error)
		error = enter_device(attach);
	/* What sockets on it do not take is this port's. */
	if (!error && bpf_map_update_elem(claim->maps->fd[MAP_DEVICES], &claim->port.outer,
					  &claim->number, BPF_ANY))
		error = -errno;
	if (error)
		return fail_bpf(attach->vale, -error, claim->what);
	attach->hook = hook_choose(claim->maps, &attach->device, attach->options);
	error = offload_plan(attach->vale, &attach->device, attach->hook, &restore);
	return error ? error : offload_apply(attach->vale, &attach->device, restore);
}

/* From here on the port is sent frames. */
static int open_for_delivery(struct attach *attach, const int transmit[VALE_DEVMAPS])
{
	struct claim *claim = &attach->claim;

	for (int i = 0; i < VALE_DEVMAPS; i++) {
		struct bpf_devmap_val slot = {
			.ifindex = attach->device.ifindex,
			.bpf_prog.fd = transmit[i],
		};

		if (bpf_map_update_elem(claim->maps->fd[map_devmaps[i]], &claim->number, &slot,
					BPF_ANY))
			return -errno;
	}
	return claim_publish(claim, VALE_PORT_DEVICE);
}

static void close_transmit(int (*transmit)[VALE_DEVMAPS])
{
	for (int i = 0; i < VALE_DEVMAPS; i++)
		cleanup_close(&(*transmit)[i]);
}

static int make(struct attach *attach)
{
	CLEANUP(close_transmit) int transmit[VALE_DEVMAPS] = { -1, -1, -1, -1 };
	struct claim *claim = &attach->claim;
	int error = attach->outer ? reserve_pair(attach) : reserve(attach);

	if (error)
		return error;
	error = offload_apply(attach->vale, &attach->device, claim->port.restore);
	if (!error && (attach->hook == VALE_HOOK_TC || claim->port.flags & VALE_PORT_TC))
		error = segments_open(attach->vale, claim->maps);
	if (!error)
		error = hook_attach(attach->vale, claim->maps, claim->number, &attach->device,
				    attach->options, attach->hook, claim->staging, &claim->port,
				    transmit);
	if (!error && attach->hold)
		error = ring_port_hold(claim->staging, true, attach->hold);
	if (error)
		return error;
	error = open_for_delivery(attach, transmit);
	return error ? fail_bpf(attach->vale, -error, "cannot attach the device") : 0;
}

/* A name and a number, and a device that can be had. */
static int prepare(struct attach *attach)
{
	struct claim *claim = &attach->claim;
	int error = check_not_attached(attach);

	attach->hook = hook_choose(claim->maps, &attach->device, attach->options);
	if (hook_is_beside_tc(claim->maps, &attach->device, attach->options, attach->hook))
		claim->port.flags |= VALE_PORT_TC;
	if (!error)
		error = check_no_loop(attach);
	if (!error)
		error = claim_name(claim);
	if (!error) /* after the port's former device, which may be this one, has been given up */
		error = check_no_program(attach);
	if (!error)
		error = claim_number(claim);
	return error ? error
		     : offload_plan(attach->vale, &attach->device, attach->hook,
				    &claim->port.restore);
}

static int prepare_pair(struct attach *attach)
{
	int error = claim_name(&attach->claim);

	return error ? error : claim_number(&attach->claim);
}

static int attach_locked(struct attach *attach)
{
	int error = attach->outer ? prepare_pair(attach) : prepare(attach);

	if (error)
		return error;
	error = make(attach);
	if (error)
		claim_undo(&attach->claim);
	return error;
}

/* A switch that was made for a port that could not be made goes with it. */
static int attach_or_undo(struct attach *attach)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	int error = claim_switch(&attach->claim, &maps);

	if (!error && attach->claim.created && attach->hold)
		maps.state->flags |= VALE_SWITCH_EPHEMERAL;
	if (!error)
		error = attach_locked(attach);
	if (error)
		claim_undo_switch(&attach->claim);
	return error;
}

static int attach_with_lock(struct attach *attach)
{
	CLEANUP_CLOSE int lock = -1;
	int error = pin_make_root(attach->vale);

	if (!error)
		error = pin_lock(attach->vale, &lock);
	return error ? error : attach_or_undo(attach);
}

static int attach_device(struct attach *attach, const char *device)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	int error = enter(attach->vale, attach->options->netns, &visit);

	if (!error)
		error = check_device(attach, device);
	return error ? error : attach_with_lock(attach);
}

static int attach_pair(struct attach *attach, const char *outer)
{
	CLEANUP_CLOSE int netns = -1;
	int error;

	attach->outer = outer;
	error = xsk_port_check(&attach->claim, outer, attach->options);
	if (!error)
		error = netns_cookie(&attach->netns);
	if (!error && attach->options->netns)
		error = open_netns(attach->vale, attach->options->netns, &netns);
	attach->outer_netns = netns;
	return error ? error : attach_with_lock(attach);
}

int vale_port_attach(struct vale *vale, const char *text, const char *device,
		     const struct vale_attach_options *given)
{
	struct vale_attach_options options = {};
	char what[64];
	struct attach attach = {
		.vale = vale,
		.options = &options,
		.claim.what = what,
	};
	int error = take_options(vale, &options, sizeof(options), given);

	snprintf(what, sizeof(what), "cannot attach '%s'", device);
	if (!error)
		error = claim_begin(&attach.claim, vale, text);
	if (!error && options.xsk && !*device)
		error = fail(vale, EINVAL, "%s: it is no name of a network interface", what);
	if (error)
		return error;
	return options.xsk ? attach_pair(&attach, device) : attach_device(&attach, device);
}

int xsk_port_create(struct vale *vale, const char *name, __u32 queues, int *hold)
{
	struct vale_attach_options options = { .xsk = true, .queues = queues };
	struct attach attach = {
		.vale = vale,
		.options = &options,
		.claim.what = "cannot make the port",
	};
	int error = claim_begin(&attach.claim, vale, name);

	attach.hold = hold;
	return error ? error : attach_pair(&attach, "");
}
