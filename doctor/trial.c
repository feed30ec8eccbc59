// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A switch on trial. Its network, its mounts and its bpf file system are the calling process's own, and
 * end with that, however it ends.
 */
#include "trial.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "loader/internal.h"

bool trial_lacks(bool present, const char *name, struct finding *out)
{
	if (present)
		return false;
	conclude(out, FINDING_UNKNOWN, "not tried, for want of: %s", name);
	return true;
}

static int leave_the_others(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", VALE_BPFFS, "bpf", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=700"))
		return -errno;
	return 0;
}

static void trial_namespaces(struct machine *machine, const struct check *check,
			     struct finding *out)
{
	int error;

	(void)check;
	if (!rights_have(machine, CAP_SYS_ADMIN) || !machine->may_use_bpf) {
		conclude(out, FINDING_UNKNOWN, "the caller may not make them");
		remedy(out, "run it as root");
		return;
	}
	error = leave_the_others();
	if (!error)
		error = vale_open(&machine->trial, VALE_BPFFS);
	if (error) {
		conclude(out, FINDING_UNKNOWN, "cannot make them: %s", strerror(-error));
		remedy(out, "run it outside of the container, or give that more rights");
		return;
	}
	/* libxdp would pin its programs where a user has told it to. */
	unsetenv("LIBXDP_BPFFS");
	conclude(out, FINDING_OK, "made, and gone when this ends");
}

static void trial_switch(struct machine *machine, const struct check *check, struct finding *out)
{
	(void)check;
	if (trial_lacks(machine->trial, "namespaces", out))
		return;
	if (vale_switch_create(machine->trial, TRIAL_SWITCH, NULL)) {
		conclude(out, FINDING_MISSING, "%s", vale_reason(machine->trial));
		return;
	}
	machine->has_switch = true;
	conclude(out, FINDING_OK, "made");
}

static void trial_fragments(struct machine *machine, const struct check *check, struct finding *out)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;

	(void)check;
	if (trial_lacks(machine->has_switch, "switch", out))
		return;
	if (maps_open(&maps, machine->trial, TRIAL_SWITCH))
		conclude(out, FINDING_UNKNOWN, "%s", vale_reason(machine->trial));
	else if (maps.state->flags & VALE_SWITCH_FRAGMENTS)
		conclude(out, FINDING_OK, "redirected by XDP");
	else
		conclude(out, FINDING_LIMITED, "not redirected by XDP");
}

void trial_end(struct machine *machine)
{
	if (machine->has_switch)
		vale_switch_destroy(machine->trial, TRIAL_SWITCH, true);
	vale_close(machine->trial);
	machine->trial = NULL;
}

#define TRIAL "trial"

const struct check trial_checks[] = {
	{ TRIAL, "namespaces", false, "the following, which is tried in them", "", trial_namespaces,
	  0 },
	{ TRIAL, "switch", true, "everything", "see what is missing above", trial_switch, 0 },
	{ TRIAL, "large_frames", false,
	  "frames of more than about 3500 bytes between interfaces, by the hook xdp",
	  "run a kernel of 6.3 or newer, or use '--hook generic' for such interfaces",
	  trial_fragments, 0 },
	{ TRIAL, "ring_port", true, "ports of rings", "see what is missing above", trial_ring, 0 },
	{ TRIAL, "veth_xdp", true, "ports of containers, AF_XDP ports, and segmentation",
	  "run a kernel that has veth: 'modprobe veth'", trial_veth, VALE_HOOK_NATIVE },
	{ TRIAL, "live_frames", true, "frames from rings to interfaces",
	  "see what is missing above", trial_live, 0 },
	{ TRIAL, "ring_client", true, "clients of rings that have no capability",
	  "a security module forbids running BPF programs: have it allow that", trial_client, 0 },
	{ TRIAL, "veth_tc", true, "ports of containers: frames that wait to be segmented",
	  "run a kernel that has classifiers: 'modprobe sch_ingress cls_bpf'", trial_veth,
	  VALE_HOOK_TC },
	{ TRIAL, "veth_generic", false, "interfaces whose driver has no XDP",
	  "see what is missing above", trial_veth, VALE_HOOK_GENERIC },
	{ TRIAL, "tap", false,
	  "virtual machines; and frames from rings to interfaces, which are slow without",
	  "'modprobe tun'; a container must be given /dev/net/tun", trial_tap, 0 },
	{ TRIAL, "af_xdp", false, "ports over AF_XDP (attach --xsk)",
	  "see cap_net_raw and locked_memory, or run a kernel built with CONFIG_XDP_SOCKETS=y",
	  trial_xsk, 0 },
	{ TRIAL, "shared", false, "interfaces with other XDP programs (attach --shared)",
	  "attach without --shared", trial_shared, 0 },
	{},
};
