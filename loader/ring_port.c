// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Adding and deleting ring ports, for users of the library. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "ring_port.h"
#include "vale/ring.h"

static bool round_slots(__u32 slots, __u32 *out)
{
	__u32 rounded = VALE_SLOTS_MIN;

	if (!slots)
		slots = VALE_SLOTS;
	while (rounded < slots && rounded < VALE_SLOTS)
		rounded *= 2;
	*out = rounded;
	return slots <= VALE_SLOTS;
}

static int check_macs(struct vale *vale, const struct vale_ring_options *given,
		      struct ring_port_options *out)
{
	if (given->bound > VALE_BOUND_MACS)
		return fail(vale, ERANGE, "a port can be bound to %u addresses, not %u",
			    VALE_BOUND_MACS, given->bound);
	for (__u32 i = 0; i < given->bound; i++) {
		memcpy(&out->macs[i], given->macs[i], VALE_MAC_SIZE);
		if (!out->macs[i] || given->macs[i][0] & 1)
			return fail(vale, EADDRNOTAVAIL,
				    "cannot bind the port to the address: it is %s",
				    out->macs[i] ? "a group's" : "all zero");
	}
	out->bound = given->bound;
	return 0;
}

int ring_port_options(struct vale *vale, const struct vale_ring_options *options,
		      struct ring_port_options *out)
{
	struct vale_ring_options given = {};
	int error = take_options(vale, &given, sizeof(given), options);

	if (error)
		return error;
	*out = (struct ring_port_options){
		.rings = given.rings ? given.rings : 1,
		.owner = given.owner,
		.group = given.group,
		.mode = given.mode ? given.mode : 0600,
		.spare = given.spare,
		.pipes = given.pipes,
		.memory = given.memory,
		.vnet_header = given.vnet_header,
	};
	if (out->rings > VALE_RINGS)
		return fail(vale, ERANGE, "a port has 1 to %u pairs of rings, not %u", VALE_RINGS,
			    out->rings);
	if (given.spare > VALE_REGIONS - out->rings ||
	    given.pipes > VALE_REGIONS - out->rings - given.spare || (given.memory && given.spare))
		return fail(
			vale, ERANGE,
			"a memory has room for %u pairs of rings, and one that is shared has the "
			"room it was made with",
			VALE_REGIONS);
	if (!round_slots(given.tx_slots, &out->tx_slots) ||
	    !round_slots(given.rx_slots, &out->rx_slots))
		return fail(vale, ERANGE, "a ring has %u to %u slots", VALE_SLOTS_MIN, VALE_SLOTS);
	/* To run a program, the kernel wants no more than to read it: who may only read may nothing. */
	if (out->mode & ~0666u || (out->mode & 0444) != (out->mode & 0222) << 1)
		return fail(
			vale, ERANGE,
			"the mode of a port lets users read and write it, or neither: 0600, 0660 or 0666");
	error = ring_port_check_header(vale, given.vnet_header);
	return error ? error : check_macs(vale, &given, out);
}

void ring_port_reap(struct vale *vale, const char *switch_name)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	CLEANUP_CLOSE int lock = -1;

	/* Whoever may not has left it to the next one who may. */
	if (!pin_exists(vale->root) || pin_lock(vale, &lock) ||
	    maps_open(&maps, vale, switch_name) || port_sweep(&maps))
		return;
	if (!(maps.state->flags & VALE_SWITCH_EPHEMERAL) || maps.state->ports_end)
		return;
	if (!switch_remove_devices(&maps))
		switch_remove_locked(vale, switch_name);
}

int vale_port_add(struct vale *vale, const char *text, const struct vale_ring_options *given)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct ring_port_options options;
	CLEANUP_CLOSE int lock = -1;
	struct claim claim = {};
	char what[64];
	int error = ring_port_options(vale, given, &options);

	snprintf(what, sizeof(what), "cannot add '%s'", text);
	claim.what = what;
	if (!error)
		error = claim_begin(&claim, vale, text);
	if (!error)
		error = pin_make_root(vale);
	if (!error)
		error = pin_lock(vale, &lock);
	if (error)
		return error;
	error = claim_switch(&claim, &maps);
	if (!error)
		error = claim_name(&claim);
	if (!error)
		error = claim_number(&claim);
	if (!error)
		error = ring_port_create(&claim, &options, NULL);
	if (error)
		claim_undo_switch(&claim);
	return error;
}

int vale_port_del(struct vale *vale, const char *text, bool force)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry port;
	CLEANUP_CLOSE int lock = -1;
	__u32 number;
	int error = port_open_locked(vale, text, &maps, &lock, &number, &port);

	if (error)
		return error;
	if (port.kind != VALE_PORT_RING)
		return fail(vale, ENOTTY,
			    "cannot delete '%s': it is a network interface's: 'valectl detach %s'",
			    text, text);
	if (!force && port.owner != geteuid() && capability_missing(CAPABILITY(DAC_OVERRIDE)))
		return fail(vale, EPERM,
			    "cannot delete '%s': it is user %u's, and whether a client has it open "
			    "cannot be told: missing: CAP_DAC_OVERRIDE; or use --force",
			    text, port.owner);
	if (!force)
		error = ring_port_wait_idle(&maps, &port);
	if (error == -EBUSY)
		return fail(vale, EBUSY,
			    "cannot delete '%s': a client has it open ('valectl show %s' tells "
			    "which): end that, or use --force",
			    text, text);
	if (!error)
		error = port_remove(&maps, number, &port);
	return error ? fail(vale, -error, "cannot delete '%s': %s", text, strerror(-error)) : 0;
}
