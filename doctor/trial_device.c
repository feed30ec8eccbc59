// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Interfaces on trial. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "loader/internal.h"
#include "loader/netlink.h"
#include "trial.h"
#include "vale/port.h"

/* A pair of devices, both up. */
static int make_veth(const char *near, const char *far)
{
	int error = netlink_make_veth(near, far, -1, 1);

	if (!error)
		error = netlink_bring_up(if_nametoindex(near), true);
	return error ? error : netlink_bring_up(if_nametoindex(far), true);
}

static bool attach(struct machine *machine, const char *port, const char *device,
		   const struct vale_attach_options *options, struct finding *out)
{
	if (!vale_port_attach(machine->trial, port, device, options)) {
		conclude(out, FINDING_OK, "attached");
		return true;
	}
	conclude(out, FINDING_MISSING, "%s", vale_reason(machine->trial));
	return false;
}

/* A veth of that name becomes the port `port`. */
static bool attach_veth(struct machine *machine, const char *port, const char *device,
			const struct vale_attach_options *options, struct finding *out)
{
	char far[VALE_NAME_SIZE + 1];
	int error;

	snprintf(far, sizeof(far), "%s_far", device);
	error = make_veth(device, far);
	if (error) {
		conclude(out, FINDING_MISSING, "cannot make a veth: %s", strerror(-error));
		return false;
	}
	return attach(machine, port, device, options, out);
}

void trial_veth(struct machine *machine, const struct check *check, struct finding *out)
{
	static const char *const names[] = {
		[VALE_HOOK_NATIVE] = "xdp",
		[VALE_HOOK_GENERIC] = "generic",
		[VALE_HOOK_TC] = "tc",
	};
	struct vale_attach_options options = { .size = sizeof(options), .hook = check->argument };
	char port[2 * VALE_NAME_SIZE], device[VALE_NAME_SIZE];

	if (trial_lacks(machine->has_switch, "switch", out))
		return;
	snprintf(port, sizeof(port), TRIAL_SWITCH ":%s", names[options.hook]);
	snprintf(device, sizeof(device), "v%s", names[options.hook]);
	if (!attach_veth(machine, port, device, &options, out))
		return;
	if (options.hook == VALE_HOOK_NATIVE)
		machine->has_device = true;
	if (options.hook != VALE_HOOK_TC)
		return;
	if (tc_program(if_nametoindex(device))) {
		conclude(out, FINDING_OK, "attached by links (tcx)");
		return;
	}
	conclude(out, FINDING_LIMITED, "attached by filters of clsact, there being no links (tcx)");
	remedy(out, "nothing has to be done, but whoever deletes the interface's clsact takes the "
		    "program off; Linux 6.6 has links");
}

/* The device is gone when *fd is closed. */
static int make_tap(const char *name, int *fd)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	strcpy(request.ifr_name, name);
	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	return *fd < 0 || ioctl(*fd, TUNSETIFF, &request) ? -errno : 0;
}

void trial_tap(struct machine *machine, const struct check *check, struct finding *out)
{
	static const char name[] = "vtap";
	CLEANUP_CLOSE int fd = -1;
	int error;

	(void)check;
	if (trial_lacks(machine->has_switch, "switch", out))
		return;
	error = make_tap(name, &fd);
	if (!error)
		error = netlink_bring_up(if_nametoindex(name), true);
	if (error)
		conclude(out, FINDING_MISSING, "cannot make a tap by /dev/net/tun: %s",
			 strerror(-error));
	else
		attach(machine, TRIAL_SWITCH ":tap", name, NULL, out);
}

void trial_xsk(struct machine *machine, const struct check *check, struct finding *out)
{
	const struct vale_attach_options attach_options = { .size = sizeof(attach_options),
							    .xsk = true };
	const struct vale_open_options open_options = {
		.size = sizeof(open_options),
		.flags = VALE_OPEN_EXISTING,
		.transport = VALE_TRANSPORT_XSK,
	};
	struct vale_port *port = NULL;

	(void)check;
	if (trial_lacks(machine->has_switch, "switch", out) ||
	    !attach(machine, TRIAL_SWITCH ":xsk", "vxsk", &attach_options, out))
		return;
	if (vale_port_open(machine->trial, TRIAL_SWITCH ":xsk", &open_options, &port))
		conclude(out, FINDING_MISSING, "%s", vale_reason(machine->trial));
	else
		conclude(out, FINDING_OK, "a socket was bound");
	vale_port_close(port);
}

/* On a switch of its own: what the programs of other ports have said of its maps would be in the way. */
void trial_shared(struct machine *machine, const struct check *check, struct finding *out)
{
	const struct vale_attach_options options = { .size = sizeof(options), .shared = true };

	(void)check;
	if (!trial_lacks(machine->has_switch, "switch", out) &&
	    attach_veth(machine, TRIAL_SHARED ":shared", "vshared", &options, out)) {
		vale_switch_destroy(machine->trial, TRIAL_SHARED, true);
		conclude(out, FINDING_OK, "attached through libxdp's dispatcher");
	}
}
