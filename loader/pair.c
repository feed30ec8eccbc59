// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The pair of devices of a port. What the inner end is called, which is no name a user would give, is
 * written down before it is made: so whoever comes after a process that was killed finds it.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "netlink.h"
#include "pair.h"

bool pair_has(const struct vale_port_entry *port)
{
	/* Sockets are on the device of another port. */
	return port->flags & (VALE_PORT_XSK | VALE_PORT_HOST) && port->netns;
}

void pair_plan(struct claim *claim)
{
	/* By a number that no other switch of this kernel has. */
	snprintf(claim->port.device, sizeof(claim->port.device), "v%u-%u",
		 claim->maps->state->devmap_id[VALE_DEVMAP_ONE], claim->number);
}

static int fail_rights(struct claim *claim)
{
	if (!capability_missing(CAPABILITIES_MAKE) && capability_missing(CAPABILITY(SYS_ADMIN)))
		return fail(claim->vale, EPERM,
			    "%s: the interface cannot be in another network namespace; missing: "
			    "CAP_SYS_ADMIN",
			    claim->what);
	return fail_bpf(claim->vale, EPERM, claim->what);
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
		return fail_rights(claim);
	default:
		return fail(claim->vale, error, "%s: cannot make the pair of interfaces: %s",
			    claim->what, strerror(error));
	}
}

static int bring_up(struct claim *claim)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device inner, outer;
	bool silent;
	int error = device_by_name(&inner, claim->port.device);

	if (error)
		return error;
	claim->port.ifindex = inner.ifindex;
	error = netlink_bring_up(inner.ifindex, true);
	if (!error)
		error = device_visit_peer(&inner, &visit, &outer);
	if (!error)
		error = netns_cookie(&claim->port.outer.netns);
	if (error)
		return error;
	claim->port.outer.ifindex = outer.ifindex;
	/* What the host itself uses has addresses as other interfaces have. */
	silent = !(claim->port.flags & VALE_PORT_HOST) || claim->port.flags & VALE_PORT_HOST_SIDE;
	return netlink_bring_up(outer.ifindex, silent);
}

int pair_make(struct claim *claim, const char *outer, int outer_netns, __u32 queues)
{
	char chosen[VALE_NAME_SIZE + 1];
	int error;

	if (!*outer) { /* like the inner end, but for the first letter */
		snprintf(chosen, sizeof(chosen), "x%s", claim->port.device + 1);
		outer = chosen;
	}
	error = netlink_make_veth(claim->port.device, outer, outer_netns, queues);
	if (error)
		return fail_make(claim, -error);
	error = bring_up(claim);
	if (error == -EPERM)
		return fail_rights(claim);
	return error ? fail_bpf(claim->vale, -error, claim->what) : 0;
}

/* By its number, if it is still the port's, since the user may have renamed it; or else by its name. */
int pair_remove(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	int error = netns_visit_cookie(&visit, port->netns);

	if (!error)
		error = port->ifindex && maps_device_present(maps, number)
				? netlink_delete_device(port->ifindex)
				: device_delete(port->device);
	return error == -ENODEV || error == -ENOENT ? 0 : error;
}

int pair_outer(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
	       struct netns_visit *inner, struct netns_visit *outer, struct device *out)
{
	struct vale_port_entry other;
	struct device device;
	int error;

	if (port->kind == VALE_PORT_SOCKETS || port->flags & VALE_PORT_HOST_SIDE) {
		error = maps_get_port(maps, port->on, &other);
		return error ? error : port_device(maps, port->on, &other, inner, out);
	}
	error = port_device(maps, number, port, inner, &device);

	return error ? error : device_visit_peer(&device, outer, out);
}
