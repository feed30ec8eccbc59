// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The far end of a veth port.
 *
 * What the switch redirects into a veth arrives only if the far end polls (NAPI), which it does
 * with GRO on; without, every frame is lost. What the far end sends must be all in the frame: XDP
 * does not see a VLAN tag that is kept beside it, nor that a checksum is still open.
 * bpf/checksum.h would complete most of these, but the sender's stack does it for less, while it
 * copies the data, and for every protocol. Segmentation the kernel takes from the far end itself
 * when a native program comes; in generic mode it needs the checksums, and goes with them.
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

struct feature {
	__u32 bit; /* in struct vale_port_entry.restore, if it was not as it must be */
	__u32 get, set;
	__u32 mask; /* its part of the value */
	bool must_be;
	bool native, generic, tc; /* for which hooks */
};

static const struct feature features[] = {
	{ OFFLOAD_GRO_WAS_OFF, ETHTOOL_GGRO, ETHTOOL_SGRO, ~0u, true, true, true, true },
	{ OFFLOAD_VLAN_WAS_ON, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_TXVLAN, false, true, false,
	  false },
	{ OFFLOAD_CHECKSUM_WAS_ON, ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, ~0u, false, true, true,
	  false },
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

static bool concerns(const struct feature *feature, enum vale_hook hook)
{
	switch (hook) {
	case VALE_HOOK_GENERIC:
		return feature->generic;
	case VALE_HOOK_TC:
		return feature->tc;
	default:
		return feature->native;
	}
}

static int plan_peer(const struct device *peer, enum vale_hook hook, __u32 *restore)
{
	for (size_t i = 0; i < FEATURES; i++) {
		const struct feature *feature = &features[i];
		__u32 value = 0;
		int error;

		if (!concerns(feature, hook))
			continue;
		error = ethtool(peer->name, feature->get, &value);
		if (error)
			return error;
		if (!!(value & feature->mask) != feature->must_be)
			*restore |= feature->bit;
	}
	return 0;
}

static int set_feature(const struct device *peer, const struct feature *feature, bool on)
{
	__u32 value = 0;
	int error = ethtool(peer->name, feature->get, &value);

	if (error)
		return error;
	value = on ? value | (feature->mask == ~0u ? 1 : feature->mask) : value & ~feature->mask;
	return ethtool(peer->name, feature->set, &value);
}

/* Sets what `restore` says was otherwise, or sets it back. */
static int switch_peer(const struct device *peer, __u32 restore, bool back)
{
	int error = 0;

	for (size_t i = 0; i < FEATURES && !error; i++)
		if (restore & features[i].bit)
			error = set_feature(peer, &features[i], features[i].must_be != back);
	return error;
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
		error = device_visit_peer(device, &visit, &peer);
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
		error = device_visit_peer(device, &visit, &peer);
		if (!error)
			error = switch_peer(&peer, restore, false);
	}
	return error ? fail_peer(vale, error, device) : 0;
}

void offload_restore(const struct device *device, __u32 restore)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device peer;

	if (restore && !device_visit_peer(device, &visit, &peer))
		switch_peer(&peer, restore, true);
}

int offload_none(const struct device *device)
{
	__u32 off = 0, flags = 0;
	int error = ethtool(device->name, ETHTOOL_STXCSUM, &off);

	if (!error)
		error = ethtool(device->name, ETHTOOL_SGSO, &off);
	if (!error)
		error = ethtool(device->name, ETHTOOL_GFLAGS, &flags);
	flags &= ~ETH_FLAG_TXVLAN;
	return error ? error : ethtool(device->name, ETHTOOL_SFLAGS, &flags);
}

bool offload_far_end_leaves_work(const struct device *device)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	struct device peer;
	__u32 checksums = 0;

	return !strcmp(device->kind, "veth") && !device_visit_peer(device, &visit, &peer) &&
	       !peer.program && !ethtool(peer.name, ETHTOOL_GTXCSUM, &checksums) && checksums;
}
