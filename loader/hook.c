// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Putting a port's program on its device.
 *
 * By a bpf_link: it belongs to whoever holds it, so a process killed before it has pinned the link
 * leaves the device as it was, and a link whose device was deleted leaves nothing behind.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/port.skel.h"
#include "internal.h"

static void skeleton_free(struct port_bpf **skeleton)
{
	port_bpf__destroy(*skeleton);
}

/* Opens the programs with the switch's maps in place of their own. */
static int load(struct vale *vale, const struct maps *maps, __u32 number, enum vale_hook hook,
		struct port_bpf **out)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = port_bpf__open();
	int error = 0;

	if (!skeleton)
		return fail_bpf(vale, errno, "cannot load the port's programs");
	skeleton->rodata->port = number;
	skeleton->rodata->complete_checksums = hook != VALE_HOOK_GENERIC;
	for (int map = 0; map < MAPS && !error; map++) {
		struct bpf_map *found = bpf_object__find_map_by_name(skeleton->obj, map_names[map]);

		if (found)
			error = bpf_map__reuse_fd(found, maps->fd[map]);
	}
	if (!error)
		error = port_bpf__load(skeleton);
	if (error)
		return fail_bpf(vale, -error, "cannot load the port's programs");
	*out = TAKE(skeleton, NULL);
	return 0;
}

static int link_create(int program, __u32 ifindex, enum vale_hook hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = hook == VALE_HOOK_GENERIC ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(program, ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}

static int fail_attach(struct vale *vale, int error, const struct device *device)
{
	switch (error) {
	case EBUSY:
	case EEXIST:
		return fail(vale, EBUSY,
			    "cannot attach '%s': another XDP program is on it ('bpftool net' "
			    "shows which)",
			    device->name);
	case ERANGE:
	case EMSGSIZE:
		return fail(vale, ERANGE,
			    "cannot attach '%s': its MTU of %u is too large for XDP in its "
			    "driver: lower it, or use '--hook generic'",
			    device->name, device->mtu);
	case EOPNOTSUPP:
	case EINVAL:
		return fail(vale, EOPNOTSUPP,
			    "cannot attach '%s': its driver cannot run XDP: use "
			    "'--hook generic'",
			    device->name);
	default:
		return fail(vale, error, "cannot attach '%s': %s", device->name, strerror(error));
	}
}

static __u32 program_id(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

/* One attempt. -EOPNOTSUPP: the driver cannot; the reason is kept. */
static int attach_as(struct vale *vale, const struct maps *maps, __u32 number,
		     const struct device *device, enum vale_hook hook, const char *pin,
		     struct vale_port *port, int *transmit)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = NULL;
	CLEANUP_CLOSE int link = -1;
	int program, error = load(vale, maps, number, hook, &skeleton);

	if (error)
		return error;
	program = bpf_program__fd(skeleton->progs.vale_receive);
	link = link_create(program, device->ifindex, hook);
	if (link < 0)
		return fail_attach(vale, -link, device);
	if (bpf_obj_pin(link, pin))
		return fail(vale, errno, "cannot attach '%s': cannot pin its link: %s",
			    device->name, strerror(errno));
	*transmit = dup(bpf_program__fd(skeleton->progs.vale_transmit));
	if (*transmit < 0)
		return fail(vale, errno, "cannot attach '%s': %s", device->name, strerror(errno));
	port->hook = hook;
	port->program = program_id(program);
	return 0;
}

int hook_attach(struct vale *vale, const struct maps *maps, __u32 number,
		const struct device *device, const struct vale_attach_options *options,
		const char *pin, struct vale_port *port, int *transmit)
{
	enum vale_hook hook = options->hook == VALE_HOOK_GENERIC ? VALE_HOOK_GENERIC
								 : VALE_HOOK_NATIVE;
	int error = attach_as(vale, maps, number, device, hook, pin, port, transmit);

	if (error == -EOPNOTSUPP && options->hook == VALE_HOOK_AUTO)
		error = attach_as(vale, maps, number, device, VALE_HOOK_GENERIC, pin, port,
				  transmit);
	return error;
}
