// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Ports that are AF_XDP sockets on the device of another port. A client makes one by opening it, and
 * it goes with the client, or with the device's port.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pair.h"
#include "ring_port.h"

static int find_device(struct claim *claim, const char *on, struct vale_port_entry *out)
{
	int error = maps_find_port(claim->maps, on, &claim->port.on, out);

	if (error)
		return error == -ENOENT ? fail(claim->vale, ENOENT, "%s: there is no port '%s:%s'",
					       claim->what, claim->maps->switch_name, on)
					: fail_bpf(claim->vale, -error, claim->what);
	if (out->kind != VALE_PORT_DEVICE || out->flags & VALE_PORT_XSK)
		return fail(claim->vale, ENOTTY,
			    "%s: '%s:%s' is no port of a network interface that was there before",
			    claim->what, claim->maps->switch_name, on);
	if (out->hook == VALE_HOOK_TC)
		return fail(
			claim->vale, EOPNOTSUPP,
			"%s: the frames of '%s:%s' come in at tc, where sockets get none: attach "
			"it with '--hook xdp'",
			claim->what, claim->maps->switch_name, on);
	return 0;
}

static int create(struct claim *claim, int *hold)
{
	int error = claim_reserve(claim);

	if (!error)
		error = xsk_port_pin_state(claim);
	if (!error)
		error = ring_port_hold(claim->staging, true, hold);
	if (!error)
		error = claim_publish(claim, VALE_PORT_SOCKETS);
	if (!error)
		return 0;
	fail_bpf(claim->vale, -error, claim->what);
	claim_undo(claim);
	return error;
}

static int create_locked(struct claim *claim, const char *on, int *hold)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry device;
	int error = maps_open(&maps, claim->vale, claim->name.switch_name);

	claim->maps = &maps;
	if (!error)
		error = port_sweep(&maps);
	if (!error)
		error = find_device(claim, on, &device);
	if (!error)
		error = claim_name(claim);
	if (!error)
		error = claim_number(claim);
	if (error)
		return error;
	claim->port.flags = VALE_PORT_XSK | VALE_PORT_EPHEMERAL;
	strcpy(claim->port.device, device.device);
	claim->port.hook = device.hook;
	return create(claim, hold);
}

int sockets_port_create(struct vale *vale, const char *name, const char *on, __u32 queues,
			int *hold)
{
	struct claim claim = { .what = "cannot make the port", .port.rings = queues };
	CLEANUP_CLOSE int lock = -1;
	int error = claim_begin(&claim, vale, name);

	if (!error)
		error = pin_make_root(vale);
	if (!error)
		error = pin_lock(vale, &lock);
	return error ? error : create_locked(&claim, on, hold);
}
