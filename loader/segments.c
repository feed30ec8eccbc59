// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The pair of devices that makes plain frames of what the ports at tc have for rings, and for devices
 * of other network namespaces: bpf/segments.h. One for each switch, in the namespace of its first
 * port at tc, where all others must be, too: tc can reach no other.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/segments.skel.h"
#include "internal.h"
#include "netlink.h"
#include "reload.h"

/* Jumbo frames, and more; what the kernel lets a program on a veth have. */
#define SEGMENTS_MTU 16384

static void skeleton_free(struct segments_bpf **skeleton)
{
	segments_bpf__destroy(*skeleton);
}

static void name_end(const struct maps *maps, const char *end, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "%s-%u", end, maps->state->devmap_id[VALE_DEVMAP_ONE]);
}

/* ---- the program ------------------------------------------------------------------------------- */

static int load(const struct maps *maps, struct segments_bpf **out)
{
	CLEANUP(skeleton_free) struct segments_bpf *skeleton = segments_bpf__open();
	int error;

	if (!skeleton)
		return -errno;
	error = maps_use(maps, skeleton->obj);
	if (!error)
		error = segments_bpf__load(skeleton);
	if (error)
		return error;
	*out = TAKE(skeleton, NULL);
	return 0;
}

static int pin_link(const struct maps *maps, int link, const char *name)
{
	char pin[PATH_MAX + 2 * VALE_NAME_SIZE];

	if (link < 0)
		return -errno;
	snprintf(pin, sizeof(pin), "%s/%s", maps->path, name);
	pin_remove(pin);
	return bpf_obj_pin(link, pin) ? -errno : 0;
}

static int attach(const struct maps *maps, __u32 ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	CLEANUP(skeleton_free) struct segments_bpf *skeleton = NULL;
	CLEANUP_CLOSE int link = -1, watch = -1;
	int error = load(maps, &skeleton);

	if (error)
		return error;
	link = bpf_link_create(bpf_program__fd(skeleton->progs.vale_segments), ifindex, BPF_XDP,
			       &options);
	error = pin_link(maps, link, "segments");
	if (error)
		return error;
	watch = bpf_raw_tracepoint_open(NULL, bpf_program__fd(skeleton->progs.watch_stack));
	return pin_link(maps, watch, "watch_stack");
}

/* ---- the pair ---------------------------------------------------------------------------------- */

static int prepare(const struct maps *maps, const char *near_name, struct device *near)
{
	int error = device_by_name(near, near_name);

	if (!error)
		error = netlink_set_mtu(near->ifindex, SEGMENTS_MTU);
	if (!error)
		error = netlink_set_mtu(near->peer, SEGMENTS_MTU);
	if (!error)
		error = offload_none(near);
	if (!error)
		error = netlink_bring_up(near->ifindex, true);
	if (!error)
		error = netlink_bring_up(near->peer, true);
	return error ? error : attach(maps, near->peer);
}

static int make(struct maps *maps)
{
	char near_name[IFNAMSIZ], far_name[IFNAMSIZ];
	struct device near;
	int error;

	name_end(maps, "vseg", near_name);
	name_end(maps, "vsegx", far_name);
	error = device_delete(near_name); /* left by one that was killed */
	if (!error)
		error = netlink_make_veth(near_name, far_name, -1, 1);
	if (!error)
		error = prepare(maps, near_name, &near);
	if (error)
		device_delete(near_name);
	else
		maps->state->segments.ifindex = near.ifindex;
	return error;
}

int segments_open(struct vale *vale, struct maps *maps)
{
	struct vale_device *segments = &maps->state->segments;
	__u64 own = 0;
	int error = netns_cookie(&own);

	if (!error && segments->ifindex)
		return own == segments->netns
			       ? 0
			       : fail(vale, EXDEV,
				      "the ports of %s with the hook tc are all in one network "
				      "namespace, and this one is in another: use '--hook xdp'",
				      maps->switch_name);
	segments->netns = own; /* first: who destroys the switch looks there */
	if (!error)
		error = make(maps);
	return error ? fail(vale, -error, "cannot make the pair of interfaces for segments: %s",
			    strerror(-error))
		     : 0;
}

/* The other program takes its place when it is loaded. */
int segments_reload(const struct maps *maps)
{
	CLEANUP(skeleton_free) struct segments_bpf *skeleton = NULL;
	char pin[PATH_MAX + 2 * VALE_NAME_SIZE];
	int error;

	if (!maps->state->segments.ifindex)
		return 0;
	error = load(maps, &skeleton);
	if (error)
		return error;
	snprintf(pin, sizeof(pin), "%s/segments", maps->path);
	error = replace_link(pin, bpf_program__fd(skeleton->progs.vale_segments));
	return error == -ENOLINK ? 0 : error; /* somebody has deleted the pair */
}

int segments_remove(const struct maps *maps)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	char name[IFNAMSIZ];
	int error;

	if (!maps->state->segments.netns)
		return 0;
	name_end(maps, "vseg", name);
	error = netns_visit_cookie(&visit, maps->state->segments.netns);
	if (error) /* the devices have gone with their namespace, or are out of reach */
		return error == -ENOENT ? 0 : error;
	return device_delete(name);
}
