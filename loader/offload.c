// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The far end of a veth port. What the switch redirects into a veth arrives only if the far end
 * polls (NAPI), which it does with GRO on; without, every frame is lost. And the generic hook sees
 * frames whose checksum and segmentation the far end left open, which XDP cannot carry: there the
 * far end is told to do the work itself. (The native hook makes the kernel take segmentation from
 * the far end, and bpf/checksum.h completes the checksums.)
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"

static int ethtool(const char *device, __u32 command, __u32 *value)
{
	CLEANUP_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value argument = { .cmd = command, .data = *value };
	struct ifreq request = { .ifr_data = (void *)&argument };

	if (fd < 0)
		return -errno;
	memcpy(request.ifr_name, device, VALE_NAME_SIZE);
	if (ioctl(fd, SIOCETHTOOL, &request))
		return -errno;
	*value = argument.data;
	return 0;
}

/* Adds `bit` to *restore if the feature is not as it is wanted. */
static int plan_feature(const struct device *peer, __u32 get, bool wanted, __u32 bit,
			__u32 *restore)
{
	__u32 value = 0;
	int error = ethtool(peer->name, get, &value);

	if (!error && !!value != wanted)
		*restore |= bit;
	return error;
}

static int plan_peer(const struct device *peer, enum vale_hook hook, __u32 *restore)
{
	int error = plan_feature(peer, ETHTOOL_GGRO, true, OFFLOAD_GRO_WAS_OFF, restore);

	if (!error && hook == VALE_HOOK_GENERIC)
		error = plan_feature(peer, ETHTOOL_GTXCSUM, false, OFFLOAD_CHECKSUM_WAS_ON,
				     restore);
	return error;
}

/* Sets what `restore` says was otherwise, or sets it back. */
static int switch_peer(const struct device *peer, __u32 restore, bool back)
{
	__u32 gro = !back, checksum = back;
	int error = 0;

	if (restore & OFFLOAD_GRO_WAS_OFF)
		error = ethtool(peer->name, ETHTOOL_SGRO, &gro);
	if (!error && restore & OFFLOAD_CHECKSUM_WAS_ON)
		error = ethtool(peer->name, ETHTOOL_STXCSUM, &checksum);
	return error;
}

/* Goes where the far end of `device` is, and looks it up there. */
static int visit_peer(const struct device *device, struct netns_visit *visit, struct device *peer)
{
	CLEANUP_CLOSE int fd = -1;
	int error;

	if (device->peer_netns != DEVICE_NO_NETNS) {
		fd = netns_open_by_id(device->peer_netns);
		if (fd < 0)
			return fd;
		error = netns_enter(visit, fd);
		if (error)
			return error;
	}
	return device_by_index(peer, device->peer);
}

static int fail_peer(struct vale *vale, int error, const struct device *device)
{
	return fail(vale, EREMOTE,
		    "cannot attach '%s': its far end cannot be made to receive (%s): its "
		    "network namespace must have a name or a process, or do 'ethtool -K FAR_END "
		    "gro on' there",
		    device->name, strerror(-error));
}

int offload_plan(struct vale *vale, const struct device *device, enum vale_hook hook,
		 __u32 *restore)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device peer;
	__u32 plan = 0;
	int error = 0;

	if (!strcmp(device->kind, "veth")) {
		error = visit_peer(device, &visit, &peer);
		if (!error)
			error = plan_peer(&peer, hook, &plan);
	}
	if (error)
		return fail_peer(vale, error, device);
	*restore = plan;
	return 0;
}

int offload_apply(struct vale *vale, const struct device *device, __u32 restore)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device peer;
	int error = 0;

	if (restore) {
		error = visit_peer(device, &visit, &peer);
		if (!error)
			error = switch_peer(&peer, restore, false);
	}
	return error ? fail_peer(vale, error, device) : 0;
}

void offload_restore(const struct device *device, __u32 restore)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device peer;

	if (restore && !visit_peer(device, &visit, &peer))
		switch_peer(&peer, restore, true);
}
