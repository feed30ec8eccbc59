// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Sharing a device with other XDP programs, through libxdp's dispatcher.
 *
 * Not the usual way, since the dispatcher keeps state of its own: it is put on the device by
 * netlink and not by a link, so a process killed before it has written down what it attached leaves
 * the program on the device, and a deleted device leaves files in libxdp's directory until somebody
 * cleans them up. And each frame pays for the call of one more program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "reload.h"

static void program_close(struct xdp_program **program)
{
	if (*program)
		xdp_program__close(*program);
}

static void multiprog_close(struct xdp_multiprog **multiprog)
{
	xdp_multiprog__close(*multiprog);
}

static enum xdp_attach_mode mode_of(enum vale_hook hook)
{
	return hook == VALE_HOOK_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
}

/* Where extension programs are refused, libxdp falls back to attaching the program alone. */
static bool is_shared(__u32 ifindex)
{
	CLEANUP(multiprog_close)
	struct xdp_multiprog *multiprog = xdp_multiprog__get_from_ifindex(ifindex);

	return !libxdp_get_error(multiprog) && !xdp_multiprog__is_legacy(multiprog);
}

static int attach(struct vale *vale, struct xdp_program *program, const struct device *device,
		  enum vale_hook hook)
{
	int error = -xdp_program__attach(program, device->ifindex, mode_of(hook), 0);

	if (error)
		return fail(vale, error,
			    "cannot attach '%s' through libxdp: %s: 'xdp-loader status %s' shows "
			    "what is on it",
			    device->name, strerror(error), device->name);
	if (is_shared(device->ifindex))
		return 0;
	xdp_program__detach(program, device->ifindex, mode_of(hook), 0);
	return fail(vale, EOPNOTSUPP,
		    "cannot attach '%s' with --shared: this kernel refuses the program extensions "
		    "that libxdp's dispatcher is made of: attach it without",
		    device->name);
}

int shared_attach(struct vale *vale, struct bpf_object *object, const struct device *device,
		  enum vale_hook hook, const char *pin, __u32 *id)
{
	CLEANUP(program_close)
	struct xdp_program *program = xdp_program__from_bpf_obj(object, "xdp.frags");
	int error = -libxdp_get_error(program);

	if (error) {
		program = NULL;
		return fail_bpf(vale, error, "cannot load the port's programs");
	}
	error = attach(vale, program, device, hook);
	if (error)
		return error;
	/* Marks the port as there; the dispatcher has its own hold on the program. */
	if (bpf_obj_pin(xdp_program__fd(program), pin)) {
		error = errno;
		xdp_program__detach(program, device->ifindex, mode_of(hook), 0);
		return fail(vale, error, "cannot attach '%s': cannot pin its program: %s",
			    device->name, strerror(error));
	}
	*id = xdp_program__id(program);
	return 0;
}

void shared_detach(__u32 ifindex, enum vale_hook hook, __u32 id)
{
	CLEANUP(program_close) struct xdp_program *program = xdp_program__from_id(id);

	if (libxdp_get_error(program))
		program = NULL;
	else
		xdp_program__detach(program, ifindex, mode_of(hook), 0);
}

void shared_clean(__u32 ifindex)
{
	libxdp_clean_references(ifindex);
}

/* ---- a new program in the place of ours --------------------------------------------------------- */

#define DISPATCHER_SLOTS 10

/* The id of a program of ours that a device has beside that one, 0: none. */
static __u32 other_than(__u32 ifindex, __u32 id)
{
	CLEANUP(multiprog_close)
	struct xdp_multiprog *multiprog = xdp_multiprog__get_from_ifindex(ifindex);
	struct xdp_program *program = NULL;

	if (libxdp_get_error(multiprog)) {
		multiprog = NULL;
		return 0;
	}
	while ((program = xdp_multiprog__next_prog(program, multiprog)))
		if (!strcmp(xdp_program__name(program), "vale_receive") &&
		    xdp_program__id(program) != id)
			return xdp_program__id(program);
	return 0;
}

/*
 * While a device has both, the first of them has each frame, and none comes to the second. A device is
 * one port's: so what is there beside the new one is the old one, or left by a process that was
 * killed between the two.
 */
int shared_reload(struct vale *vale, struct bpf_object *object, const struct device *device,
		  enum vale_hook hook, const char *pin, __u32 *id)
{
	CLEANUP(program_close)
	struct xdp_program *program = xdp_program__from_bpf_obj(object, "xdp.frags");
	int error = -libxdp_get_error(program);
	__u32 old;

	if (error) {
		program = NULL;
		return -error;
	}
	error = attach(vale, program, device, hook);
	if (error)
		return error;
	error = replace_pin(vale, pin, xdp_program__fd(program));
	*id = xdp_program__id(program);
	for (int i = 0; i < DISPATCHER_SLOTS && (old = other_than(device->ifindex, *id)); i++)
		shared_detach(device->ifindex, hook, old);
	return error;
}
