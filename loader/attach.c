// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Making a device a port of a switch: all of it, or nothing. Of an AF_XDP port, the device is made
 * for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "ring_port.h"

static int open_netns(struct vale *vale, const char *netns, int *out)
{
	int fd = netns_open(netns);

	if (fd == -EACCES)
		return fail(vale, EACCES,
			    "cannot attach: cannot open the network namespace of process %s: %s%s",
			    netns, strerror(EACCES),
			    capability_missing(CAPABILITY(SYS_PTRACE)) ? "; missing: CAP_SYS_PTRACE"
								       : "");
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
			    "cannot attach: cannot enter the network namespace '%s': %s%s", netns,
			    strerror(-error),
			    capability_missing(CAPABILITY(SYS_ADMIN)) ? "; missing: CAP_SYS_ADMIN"
								      : "")
		     : 0;
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

/* Makes the device that the port is reserved for. */
static int make_pair(struct attach *attach)
{
	struct vale_attach_options *options = attach->options;
	struct claim *claim = &attach->claim;
	int error = pair_make(claim, attach->outer, attach->outer_netns,
			      options->xsk ? options->queues : 1);

	if (!error && options->xsk)
		error = xsk_port_make(claim);
	if (error)
		return error;
	error = device_by_index(&attach->device, claim->port.ifindex);
	if (!error)
		error = enter_device(attach);
	/* What sockets on it do not take is this port's. */
	if (!error && options->xsk &&
	    bpf_map_update_elem(claim->maps->fd[MAP_DEVICES], &claim->port.outer, &claim->number,
				BPF_ANY))
		error = -errno;
	return error ? fail_bpf(attach->vale, -error, claim->what) : 0;
}

static int choose_hook(struct attach *attach)
{
	struct claim *claim = &attach->claim;
	int error = hook_choose(attach->vale, claim->maps, &attach->device, attach->netns,
				attach->options, &attach->hook);

	if (error)
		return error;
	if (hook_is_beside_tc(claim->maps, &attach->device, attach->netns, attach->options,
			      attach->hook))
		claim->port.flags |= VALE_PORT_TC;
	return 0;
}

/* The same of a device that is then made. */
static int reserve_pair(struct attach *attach)
{
	struct claim *claim = &attach->claim;
	__u32 restore; /* nothing of it: the pair goes */
	int error;

	claim->port.netns = attach->netns;
	claim->port.flags |= attach->options->xsk ? VALE_PORT_XSK : VALE_PORT_HOST;
	claim->port.rings = attach->options->queues;
	if (attach->hold)
		claim->port.flags |= VALE_PORT_EPHEMERAL;
	pair_plan(claim);
	error = claim_reserve(claim);
	if (error)
		return fail_bpf(attach->vale, -error, claim->what);
	error = make_pair(attach);
	if (error)
		return error;
	error = choose_hook(attach);
	if (!error)
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
	if (!error && attach->options->keep_host && claim->port.hook == VALE_HOOK_GENERIC)
		error = fail(attach->vale, EOPNOTSUPP,
			     "cannot attach '%s': its stack cannot stay connected with the hook "
			     "generic, which would take its frames again: use '--hook tc'",
			     attach->device.name);
	if (!error && claim->port.flags & VALE_PORT_HOST_SIDE)
		error = host_join(claim);
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
	int error = attach_check_port(attach);

	if (!error)
		error = choose_hook(attach);
	if (!error)
		error = attach_check_loop(attach);
	if (!error)
		error = claim_name(claim);
	if (!error) /* after the port's former device, which may be this one, has been given up */
		error = attach_check_programs(attach);
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

static int attach_locked(struct attach *attach);

/* The stack behind the device's own port gets a port, too. If it cannot be had, neither is there. */
static int attach_host_side(struct attach *attach)
{
	struct vale_attach_options options = {};
	struct attach side = {
		.vale = attach->vale,
		.options = &options,
		.netns = attach->netns,
		.outer = "",
		.outer_netns = -1,
		.claim = { .vale = attach->vale,
			   .what = attach->claim.what,
			   .name = attach->claim.name,
			   .maps = attach->claim.maps,
			   .port.flags = VALE_PORT_HOST_SIDE,
			   .port.on = attach->claim.number },
	};
	size_t length = strlen(side.claim.name.port);

	side.claim.name.port[length] = HOST_SIDE;
	side.claim.name.port[length + 1] = '\0';
	return attach_locked(&side);
}

static int attach_locked(struct attach *attach)
{
	int error = attach->outer ? prepare_pair(attach) : prepare(attach);

	if (error)
		return error;
	if (attach->options->keep_host)
		attach->claim.port.flags |= VALE_PORT_KEEPS_HOST;
	error = make(attach);
	if (!error && attach->options->keep_host)
		error = attach_host_side(attach);
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
		error = attach_check_device(attach, device);
	return error ? error : attach_with_lock(attach);
}

static int check_outer(struct attach *attach, const char *outer)
{
	const struct claim *claim = &attach->claim;

	if (strlen(outer) >= VALE_NAME_SIZE)
		return fail(attach->vale, EINVAL, "%s: it is no name of a network interface",
			    claim->what);
	if (!attach->options->netns && !strcmp(outer, claim->name.port))
		return fail(attach->vale, EEXIST,
			    "%s: a port must not be called like a network interface", claim->what);
	return 0;
}

static int attach_pair(struct attach *attach, const char *outer)
{
	CLEANUP_CLOSE int netns = -1;
	int error;

	attach->outer = outer;
	error = check_outer(attach, outer);
	if (!error && attach->options->xsk)
		error = xsk_port_check(&attach->claim, attach->options);
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
	if (!error && (options.xsk || options.host) && !*device)
		error = fail(vale, EINVAL, "%s: it is no name of a network interface", what);
	if (!error && options.xsk + options.host + options.keep_host > 1)
		error = fail(vale, EINVAL, "%s: it can be made for one purpose", what);
	if (!error && options.keep_host &&
	    strlen(text) + 1 >= VALE_NAME_SIZE) /* and there is another character to it */
		error = fail(vale, EINVAL,
			     "%s: the name of a port with its host's side has 14 characters at "
			     "most",
			     what);
	if (error)
		return error;
	return options.xsk || options.host ? attach_pair(&attach, device)
					   : attach_device(&attach, device);
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
