// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Putting a port's program on its device.
 *
 * By a bpf_link: it belongs to whoever holds it, so a process killed before it has pinned the link
 * leaves the device as it was, and a link whose device was deleted leaves nothing behind. Where the
 * user asks for it, through libxdp instead: shared.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/port.skel.h"
#include "reload.h"

static void skeleton_free(struct port_bpf **skeleton)
{
	port_bpf__destroy(*skeleton);
}

/* A program that shares its device has devmaps of its own kind. */
static int map_used(int map, bool shared)
{
	if (shared && map == MAP_DEVMAP)
		return MAP_DEVMAP_SHARED;
	return shared && map == MAP_FLOOD ? MAP_FLOOD_SHARED : map;
}

/* Opens the programs with the switch's maps in place of their own. */
static int open_programs(struct vale *vale, const struct maps *maps, __u32 number,
			 const struct device *device, enum vale_hook hook, bool shared,
			 bool beside_tc, struct port_bpf **out)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = port_bpf__open();
	int error = 0;

	if (!skeleton)
		return fail_bpf(vale, errno, "cannot load the port's programs");
	skeleton->rodata->port = number;
	skeleton->rodata->generic = hook == VALE_HOOK_GENERIC;
	skeleton->rodata->tap = !strcmp(device->kind, "tun");
	skeleton->rodata->beside_tc = beside_tc;
	for (int map = 0; map < MAPS && !error; map++) {
		struct bpf_map *found = bpf_object__find_map_by_name(skeleton->obj, map_name(map));

		if (found)
			error = bpf_map__reuse_fd(found, maps->fd[map_used(map, shared)]);
	}
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

__u32 hook_program_id(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(program, &info, &size) ? 0 : info.id;
}

/* Puts the loaded program on the device. */
static int attach_link(struct vale *vale, const struct device *device, enum vale_hook hook,
		       const char *pin, int program, __u32 *id)
{
	CLEANUP_CLOSE int link = link_create(program, device->ifindex, hook);

	if (link < 0)
		return fail_attach(vale, -link, device);
	if (bpf_obj_pin(link, pin))
		return fail(vale, errno, "cannot attach '%s': cannot pin its link: %s",
			    device->name, strerror(errno));
	*id = hook_program_id(program);
	return 0;
}

/* libxdp loads the receiving program itself, for the dispatcher that it has made. */
static int attach_shared(struct vale *vale, const struct maps *maps, __u32 number,
			 const struct device *device, enum vale_hook hook, const char *pin,
			 __u32 *id)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = NULL;
	int error = open_programs(vale, maps, number, device, hook, true, false, &skeleton);

	return error ? error : shared_attach(vale, skeleton->obj, device, hook, pin, id);
}

static int take_transmit(const struct port_bpf *skeleton, int transmit[VALE_DEVMAPS])
{
	const struct bpf_program *programs[VALE_DEVMAPS] = {
		[VALE_DEVMAP_FLOOD] = skeleton->progs.vale_transmit,
		[VALE_DEVMAP_FLOOD_SHARED] = skeleton->progs.vale_transmit_shared,
	};

	for (int i = 0; i < VALE_DEVMAPS; i++) {
		if (!programs[i])
			continue;
		transmit[i] = fcntl(bpf_program__fd(programs[i]), F_DUPFD_CLOEXEC, 0);
		if (transmit[i] < 0)
			return -errno;
	}
	return 0;
}

/* Where frames come in from the device. */
static int attach_receive(struct vale *vale, const struct maps *maps, __u32 number,
			  const struct device *device, enum vale_hook hook, bool shared,
			  const char *directory, const struct port_bpf *skeleton,
			  struct vale_port_entry *port)
{
	char pin[PATH_MAX + 4 * VALE_NAME_SIZE];

	snprintf(pin, sizeof(pin), "%s/xdp", directory);
	if (hook == VALE_HOOK_TC)
		return tc_attach(vale, maps, number, device, directory, port);
	if (shared)
		return attach_shared(vale, maps, number, device, hook, pin, &port->program);
	return attach_link(vale, device, hook, pin, bpf_program__fd(skeleton->progs.vale_receive),
			   &port->program);
}

/* One attempt. -EOPNOTSUPP: the driver cannot; the reason is kept. */
static int attach_as(struct vale *vale, const struct maps *maps, __u32 number,
		     const struct device *device, enum vale_hook hook, bool shared,
		     const char *directory, struct vale_port_entry *port,
		     int transmit[VALE_DEVMAPS])
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = NULL;
	bool beside_tc = port->flags & VALE_PORT_TC;
	int error = open_programs(vale, maps, number, device, hook, false, beside_tc, &skeleton);

	if (error)
		return error;
	bpf_program__set_autoload(skeleton->progs.vale_receive, !shared && hook != VALE_HOOK_TC);
	error = port_bpf__load(skeleton);
	if (error)
		return fail_bpf(vale, -error, "cannot load the port's programs");
	if (beside_tc)
		error = tc_attach(vale, maps, number, device, directory, port);
	if (!error)
		error = attach_receive(vale, maps, number, device, hook, shared, directory,
				       skeleton, port);
	if (error)
		return error;
	if (shared)
		port->flags |= VALE_PORT_SHARED;
	port->hook = hook;
	error = take_transmit(skeleton, transmit);
	return error ? fail(vale, -error, "cannot attach '%s': %s", device->name, strerror(-error))
		     : 0;
}

/*
 * What fits into the one page that a driver gives XDP: less the room in front of the frame, the
 * kernel's struct behind it, and the Ethernet header with a tag.
 */
#define ONE_BUFFER_MTU (4096 - 256 - 320 - 14 - 4)

/* All ports at tc are in one namespace: see segments.c. */
static bool can_be_at_tc(const struct maps *maps, const struct vale_attach_options *options,
			 __u64 netns)
{
	const struct vale_device *segments = &maps->state->segments;

	return options->hook == VALE_HOOK_AUTO && !options->netns && !options->shared &&
	       !options->xsk && (!segments->ifindex || segments->netns == netns);
}

int hook_choose(struct vale *vale, const struct maps *maps, const struct device *device,
		__u64 netns, const struct vale_attach_options *options, enum vale_hook *out)
{
	/* What is for the stack goes there as the stack would have it. */
	bool can = can_be_at_tc(maps, options, netns), at_tc = can && options->keep_host;
	int error = can && !at_tc ? offload_far_end_leaves_work(vale, device, &at_tc) : 0;

	if (error)
		return error;
	if (options->hook != VALE_HOOK_AUTO)
		*out = options->hook;
	else if (at_tc)
		*out = VALE_HOOK_TC;
	else if (device->mtu > ONE_BUFFER_MTU && !(maps->state->flags & VALE_SWITCH_FRAGMENTS))
		*out = VALE_HOOK_GENERIC;
	else
		*out = VALE_HOOK_NATIVE;
	return 0;
}

bool hook_is_beside_tc(const struct maps *maps, const struct device *device, __u64 netns,
		       const struct vale_attach_options *options, enum vale_hook hook)
{
	return hook == VALE_HOOK_NATIVE && !strcmp(device->kind, "tun") &&
	       can_be_at_tc(maps, options, netns);
}

int hook_attach(struct vale *vale, const struct maps *maps, __u32 number,
		const struct device *device, const struct vale_attach_options *options,
		enum vale_hook hook, const char *directory, struct vale_port_entry *port,
		int transmit[VALE_DEVMAPS])
{
	int error = attach_as(vale, maps, number, device, hook, options->shared, directory, port,
			      transmit);

	if (error == -EOPNOTSUPP && options->hook == VALE_HOOK_AUTO && hook != VALE_HOOK_GENERIC)
		error = attach_as(vale, maps, number, device, VALE_HOOK_GENERIC, options->shared,
				  directory, port, transmit);
	return error;
}

/* ---- new programs in the place of the port's ----------------------------------------------------- */

static int reload_shared(struct vale *vale, const struct maps *maps, __u32 number,
			 const struct device *device, const char *pin, struct vale_port_entry *port)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = NULL;
	int error = open_programs(vale, maps, number, device, port->hook, true, false, &skeleton);

	return error ? error
		     : shared_reload(vale, skeleton->obj, device, port->hook, pin, &port->program);
}

static int reload_receive(struct vale *vale, const struct maps *maps, __u32 number,
			  const struct device *device, const char *directory,
			  const struct port_bpf *skeleton, struct vale_port_entry *port)
{
	char pin[PATH_MAX + 4 * VALE_NAME_SIZE];
	int program = bpf_program__fd(skeleton->progs.vale_receive), error = 0;

	snprintf(pin, sizeof(pin), "%s/xdp", directory);
	if (port->hook == VALE_HOOK_TC || port->flags & VALE_PORT_TC)
		error = tc_reload(maps, number, device, directory, port);
	if (error || port->hook == VALE_HOOK_TC)
		return error;
	if (port->flags & VALE_PORT_SHARED)
		return reload_shared(vale, maps, number, device, pin, port);
	error = replace_link(pin, program);
	if (!error)
		port->program = hook_program_id(program);
	return error;
}

static int replace_transmit(const struct maps *maps, enum map map, __u32 number,
			    const struct device *device, const struct bpf_program *program)
{
	struct bpf_devmap_val slot = {
		.ifindex = device->ifindex,
		.bpf_prog.fd = bpf_program__fd(program),
	};

	return bpf_map_update_elem(maps->fd[map], &number, &slot, BPF_ANY) ? -errno : 0;
}

int hook_reload(struct vale *vale, const struct maps *maps, __u32 number,
		const struct device *device, const char *directory, struct vale_port_entry *port)
{
	CLEANUP(skeleton_free) struct port_bpf *skeleton = NULL;
	bool shared = port->flags & VALE_PORT_SHARED;
	int error = open_programs(vale, maps, number, device, port->hook, false,
				  port->flags & VALE_PORT_TC, &skeleton);

	if (error)
		return error;
	bpf_program__set_autoload(skeleton->progs.vale_receive,
				  !shared && port->hook != VALE_HOOK_TC);
	error = port_bpf__load(skeleton);
	if (!error)
		error = replace_transmit(maps, MAP_FLOOD, number, device,
					 skeleton->progs.vale_transmit);
	if (!error)
		error = replace_transmit(maps, MAP_FLOOD_SHARED, number, device,
					 skeleton->progs.vale_transmit_shared);
	return error ? error
		     : reload_receive(vale, maps, number, device, directory, skeleton, port);
}
