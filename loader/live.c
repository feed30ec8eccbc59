// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The program that sends frames of ring ports to devices, one for each switch; and its anchor.
 *
 * Each run of an XDP program with many frames makes the kernel rewrite a jump table and wait for all
 * CPUs, 25 ms, unless the program is on some device already. So it is kept on one: a tap that nobody
 * uses, in the network namespace of whoever made the first ring port. Without it, because taps are
 * not to be had or because the namespace has gone, all works, and sending to devices is slow.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/live.skel.h"
#include "internal.h"
#include "netlink.h"
#include "reload.h"

static void skeleton_free(struct live_bpf **skeleton)
{
	live_bpf__destroy(*skeleton);
}

static void path_of(const struct maps *maps, const char *pin, char path[PATH_MAX + VALE_NAME_SIZE])
{
	snprintf(path, PATH_MAX + VALE_NAME_SIZE, "%s/%s", maps->path, pin);
}

/* ---- the anchor -------------------------------------------------------------------------------- */

/* By a number that no other switch of this kernel has, so that one left by a killed process is found. */
static void anchor_name(const struct maps *maps, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "vale-%u", maps->state->devmap_id[VALE_DEVMAP_ONE]);
}

static int make_tap(const struct maps *maps, __u32 *ifindex)
{
	CLEANUP_CLOSE int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	anchor_name(maps, request.ifr_name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETPERSIST, 1))
		return -errno;
	*ifindex = if_nametoindex(request.ifr_name);
	return *ifindex ? 0 : -errno;
}

static bool is_anchored(const char *pin)
{
	CLEANUP_CLOSE int link = bpf_obj_get(pin);
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	return link >= 0 && !bpf_obj_get_info_by_fd(link, &info, &size) && info.xdp.ifindex;
}

/* Whoever was killed may have made the device and not written down its number. */
int live_remove(const struct maps *maps)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	char name[IFNAMSIZ];
	int error = 0;

	anchor_name(maps, name);
	if (maps->state->anchor.netns)
		error = netns_visit_cookie(&visit, maps->state->anchor.netns);
	if (error) /* the device has gone with its namespace, or is out of reach */
		return error == -ENOENT ? 0 : error;
	return device_delete(name);
}

static int anchor(struct maps *maps, int program)
{
	char pin[PATH_MAX + VALE_NAME_SIZE];
	CLEANUP_CLOSE int link = -1;
	struct vale_device device = {};
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	int error;

	path_of(maps, "anchor", pin);
	if (is_anchored(pin))
		return 0;
	pin_remove(pin);
	error = netns_cookie(&device.netns);
	maps->state->anchor.netns = device.netns; /* first: who destroys the switch looks there */
	if (!error)
		error = make_tap(maps, &device.ifindex);
	if (error)
		return error;
	maps->state->anchor.ifindex = device.ifindex;
	link = bpf_link_create(program, device.ifindex, BPF_XDP, &options);
	return link < 0 || bpf_obj_pin(link, pin) ? -errno : 0;
}

/* ---- the program ------------------------------------------------------------------------------- */

static int load(const struct maps *maps, int *out)
{
	CLEANUP(skeleton_free) struct live_bpf *skeleton = live_bpf__open();
	int error, fd;

	if (!skeleton)
		return -errno;
	error = maps_use(maps, skeleton->obj);
	if (!error)
		error = live_bpf__load(skeleton);
	if (error)
		return error;
	fd = fcntl(bpf_program__fd(skeleton->progs.live), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	*out = fd;
	return 0;
}

static int load_first(const struct maps *maps, const char *pin, int *out)
{
	CLEANUP_CLOSE int program = -1;
	int error = load(maps, &program);

	if (!error && bpf_obj_pin(program, pin))
		error = -errno;
	if (!error)
		*out = TAKE(program, -1);
	return error;
}

int live_open(struct vale *vale, struct maps *maps, int *out)
{
	char pin[PATH_MAX + VALE_NAME_SIZE];
	int program, error = 0;

	path_of(maps, "live", pin);
	program = bpf_obj_get(pin);
	if (program < 0)
		error = errno == ENOENT ? load_first(maps, pin, &program) : -errno;
	if (error)
		return fail_bpf(vale, -error, "cannot load the program that sends to devices");
	anchor(maps, program); /* it is slow without */
	*out = program;
	return 0;
}

/* First where it is kept: without that, sending is slow. */
int live_reload(struct vale *vale, struct maps *maps, int *out)
{
	char pin[PATH_MAX + VALE_NAME_SIZE], kept[PATH_MAX + VALE_NAME_SIZE];
	CLEANUP_CLOSE int program = -1;
	int error;

	path_of(maps, "live", pin);
	path_of(maps, "anchor", kept);
	if (!pin_exists(pin))
		return 0;
	error = load(maps, &program);
	if (error)
		return error;
	if (is_anchored(kept))
		error = replace_link(kept, program);
	else
		anchor(maps, program);
	if (!error || error == -ENOLINK)
		error = replace_pin(vale, pin, program);
	if (!error)
		*out = TAKE(program, -1);
	return error;
}
