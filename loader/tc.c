// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Putting a port's program on its device at tc: by a link where the kernel has such (6.6), or else as
 * a filter, which stays on the device until it is taken off.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/tc.skel.h"
#include "reload.h"

/* BPF_TCX_INGRESS and BPF_TCX_EGRESS: newer than the kernel headers that we build with. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

/* Of our filter. */
#define HANDLE	 0x7a1e
#define PRIORITY 1

static void skeleton_free(struct tc_bpf **skeleton)
{
	tc_bpf__destroy(*skeleton);
}

static int load(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
		struct tc_bpf **out)
{
	CLEANUP(skeleton_free) struct tc_bpf *skeleton = tc_bpf__open();
	int error;

	if (!skeleton)
		return -errno;
	skeleton->rodata->port = number;
	skeleton->rodata->netns = port->netns;
	skeleton->rodata->segments = maps->state->segments.ifindex;
	skeleton->rodata->keeps_host = port->flags & VALE_PORT_KEEPS_HOST;
	error = maps_use(maps, skeleton->obj);
	if (!error)
		error = tc_bpf__load(skeleton);
	if (error)
		return error;
	*out = TAKE(skeleton, NULL);
	return 0;
}

/* ---- a filter ---------------------------------------------------------------------------------- */

static struct bpf_tc_hook hook_of(__u32 ifindex, bool outgoing)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = ifindex,
		.attach_point = outgoing ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

static int attach_filter(int program, __u32 ifindex, bool outgoing, bool replace)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = program, .handle = HANDLE,
		    .priority = PRIORITY, .flags = replace ? BPF_TC_F_REPLACE : 0);
	struct bpf_tc_hook hook = hook_of(ifindex, outgoing);
	int error = bpf_tc_hook_create(&hook);

	return error && error != -EEXIST ? error : bpf_tc_attach(&hook, &options);
}

int tc_detach(__u32 ifindex, bool outgoing)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = HANDLE, .priority = PRIORITY);
	struct bpf_tc_hook hook = hook_of(ifindex, outgoing);

	return bpf_tc_detach(&hook, &options);
}

/* ---- either ------------------------------------------------------------------------------------ */

/* -EINVAL: this kernel has no such links. */
static int attach_link(int program, __u32 ifindex, bool outgoing, const char *pin)
{
	CLEANUP_CLOSE int link =
		bpf_link_create(program, ifindex, outgoing ? TCX_EGRESS : TCX_INGRESS, NULL);

	return link < 0 || bpf_obj_pin(link, pin) ? -errno : 0;
}

int tc_put(int program, __u32 ifindex, bool outgoing, const char *pin, const struct maps *maps,
	   __u32 number, struct vale_port_entry *port)
{
	int error = attach_link(program, ifindex, outgoing, pin);

	if (error != -EINVAL)
		return error;
	port->flags |= VALE_PORT_FILTER; /* first: whoever removes it looks there */
	error = maps_set_port(maps, number, port);
	return error ? error : attach_filter(program, ifindex, outgoing, false);
}

int tc_replace(int program, __u32 ifindex, bool outgoing, const char *pin,
	       const struct vale_port_entry *port)
{
	return port->flags & VALE_PORT_FILTER ? attach_filter(program, ifindex, outgoing, true)
					      : replace_link(pin, program);
}

/*
 * Another port's program may be there, since links can be many: of another switch, or of a port that
 * has lost the device.
 */
__u32 tc_program(__u32 ifindex)
{
	__u32 ids[64], count = sizeof(ids) / sizeof(ids[0]);

	if (bpf_prog_query(ifindex, TCX_INGRESS, 0, NULL, ids, &count))
		return 0; /* no such links, or none */
	for (__u32 i = 0; i < count; i++) {
		CLEANUP_CLOSE int program = bpf_prog_get_fd_by_id(ids[i]);
		struct bpf_prog_info info = {};
		__u32 size = sizeof(info);

		if (program >= 0 && !bpf_obj_get_info_by_fd(program, &info, &size) &&
		    !strcmp(info.name, "vale_classify"))
			return info.id;
	}
	return 0;
}

int tc_attach(struct vale *vale, const struct maps *maps, __u32 number, const struct device *device,
	      const char *directory, struct vale_port_entry *port)
{
	CLEANUP(skeleton_free) struct tc_bpf *skeleton = NULL;
	char pin[PATH_MAX + 4 * VALE_NAME_SIZE];
	int error = load(maps, number, port, &skeleton), program;

	if (error)
		return fail_bpf(vale, -error, "cannot load the port's program for tc");
	program = bpf_program__fd(skeleton->progs.vale_classify);
	snprintf(pin, sizeof(pin), "%s/tc", directory);
	error = tc_put(program, device->ifindex, false, pin, maps, number, port);
	if (error == -EEXIST)
		return fail(vale, EBUSY,
			    "cannot attach '%s': another tc filter has the place of ours ('tc "
			    "filter show dev %s ingress' shows it)",
			    device->name, device->name);
	port->program = hook_program_id(program);
	return error ? fail(vale, -error, "cannot attach '%s' at tc: %s", device->name,
			    strerror(-error))
		     : 0;
}

int tc_reload(const struct maps *maps, __u32 number, const struct device *device,
	      const char *directory, struct vale_port_entry *port)
{
	CLEANUP(skeleton_free) struct tc_bpf *skeleton = NULL;
	char pin[PATH_MAX + 4 * VALE_NAME_SIZE];
	int error = load(maps, number, port, &skeleton), program;

	if (error)
		return error;
	program = bpf_program__fd(skeleton->progs.vale_classify);
	snprintf(pin, sizeof(pin), "%s/tc", directory);
	error = tc_replace(program, device->ifindex, false, pin, port);
	if (!error)
		port->program = hook_program_id(program);
	return error;
}
