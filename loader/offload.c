// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What a port's device must have on and off: of a veth, its far end.
 *
 * What the switch redirects into a veth arrives only if the far end polls (NAPI), which it does
 * with GRO on; without, every frame is lost. What the far end sends must be all in the frame: XDP
 * does not see a VLAN tag that is kept beside it, nor that a checksum is still open.
 * bpf/checksum.h would complete most of these, but the sender's stack does it for less, while it
 * copies the data, and for every protocol. Segmentation the kernel takes from the far end itself
 * when a native program comes; in generic mode it needs the checksums, and goes with them.
 *
 * A network card has to give the switch what is not for its own address, and not to put frames together
 * (LRO), which could not be taken apart again; nor to put their VLAN tags where XDP does not see them.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "internal.h"
#include "netlink.h"

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

/* In place of a command of ethtool: the flag that says whether the device takes all frames. */
#define PROMISCUOUS 0

struct feature {
	__u32 bit; /* in struct vale_port_entry.restore, if it was not as it must be */
	__u32 get, set;
	__u32 mask; /* its part of the value */
	bool card;  /* of a network card; or else of the far end of a veth */
	bool must_be;
	bool native, generic, tc; /* for which hooks */
};

static const struct feature features[] = {
	{ OFFLOAD_GRO_WAS_OFF, ETHTOOL_GGRO, ETHTOOL_SGRO, ~0u, false, true, true, true, true },
	{ OFFLOAD_VLAN_WAS_ON, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_TXVLAN, false, false, true,
	  true, false },
	{ OFFLOAD_CHECKSUM_WAS_ON, ETHTOOL_GTXCSUM, ETHTOOL_STXCSUM, ~0u, false, false, true, true,
	  false },
	{ OFFLOAD_PROMISC_WAS_OFF, PROMISCUOUS, PROMISCUOUS, ~0u, true, true, true, true, true },
	{ OFFLOAD_LRO_WAS_ON, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_LRO, true, false, true, true,
	  true },
	{ OFFLOAD_RXVLAN_WAS_ON, ETHTOOL_GFLAGS, ETHTOOL_SFLAGS, ETH_FLAG_RXVLAN, true, false, true,
	  true, false },
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

static int get_feature(const struct device *device, const struct feature *feature, __u32 *out)
{
	if (feature->get != PROMISCUOUS)
		return ethtool(device->name, feature->get, out);
	*out = device->promiscuous;
	return 0;
}

/* `device` is what has the features: a far end, or a card. */
static int plan_features(const struct device *device, bool card, enum vale_hook hook,
			 __u32 *restore)
{
	for (size_t i = 0; i < FEATURES; i++) {
		const struct feature *feature = &features[i];
		__u32 value = 0;
		int error;

		if (feature->card != card || !concerns(feature, hook))
			continue;
		error = get_feature(device, feature, &value);
		if (error == -EOPNOTSUPP && card)
			continue; /* so it is not on */
		if (error)
			return error;
		if (!!(value & feature->mask) != feature->must_be)
			*restore |= feature->bit;
	}
	return 0;
}

static int set_feature(const struct device *device, const struct feature *feature, bool on)
{
	__u32 value = 0;
	int error;

	if (feature->set == PROMISCUOUS)
		return netlink_set_promiscuous(device->ifindex, on);
	error = ethtool(device->name, feature->get, &value);
	if (error)
		return error;
	value = on ? value | (feature->mask == ~0u ? 1 : feature->mask) : value & ~feature->mask;
	return ethtool(device->name, feature->set, &value);
}

/* Sets what `restore` says was otherwise, or sets it back. */
static int switch_features(const struct device *device, __u32 restore, bool back)
{
	int error = 0;

	for (size_t i = 0; i < FEATURES && !error; i++)
		if (restore & features[i].bit)
			error = set_feature(device, &features[i], features[i].must_be != back);
	return error;
}

/* Neither end of a pair, nor a tap: those have no wire. */
static bool is_card(const struct device *device)
{
	return strcmp(device->kind, "veth") != 0 && strcmp(device->kind, "tun") != 0;
}

/* Goes where the features are: to the far end of a veth. */
static int visit(const struct device *device, struct netns_visit *visit, struct device *out)
{
	if (!is_card(device))
		return device_visit_peer(device, visit, out);
	*out = *device;
	return 0;
}

static int fail_features(struct vale *vale, int error, const struct device *device)
{
	char words[128];

	if (is_card(device))
		return fail(
			vale, -error,
			"cannot attach '%s': it cannot be made to give the switch all frames: %s",
			device->name, strerror(-error));
	capability_words(capability_missing(CAPABILITIES_VISIT), words, sizeof(words));
	if (*words)
		return fail(vale, EREMOTE,
			    "cannot attach '%s': its far end, which may be in another network "
			    "namespace, cannot be made to receive (%s): missing: %s",
			    device->name, strerror(-error), words);
	return fail(vale, EREMOTE,
		    "cannot attach '%s': its far end cannot be made to receive (%s): its "
		    "network namespace must have a name or a process, or do 'ethtool -K FAR_END "
		    "gro on' there",
		    device->name, strerror(-error));
}

int offload_plan(struct vale *vale, const struct device *device, enum vale_hook hook,
		 __u32 *restore)
{
	CLEANUP_NETNS struct netns_visit there = { -1 };
	struct device subject;
	__u32 plan = 0;
	int error = 0;

	if (strcmp(device->kind, "tun") != 0) {
		error = visit(device, &there, &subject);
		if (!error)
			error = plan_features(&subject, is_card(device), hook, &plan);
	}
	if (error)
		return fail_features(vale, error, device);
	*restore = plan;
	return 0;
}

int offload_apply(struct vale *vale, const struct device *device, __u32 restore)
{
	CLEANUP_NETNS struct netns_visit there = { -1 };
	struct device subject;
	int error = 0;

	if (restore) {
		error = visit(device, &there, &subject);
		if (!error)
			error = switch_features(&subject, restore, false);
	}
	return error ? fail_features(vale, error, device) : 0;
}

int offload_restore(const struct device *device, __u32 restore)
{
	CLEANUP_NETNS struct netns_visit there = { -1 };
	struct device subject;
	int error = restore ? visit(device, &there, &subject) : 0;

	if (!error)
		error = switch_features(&subject, restore, true);
	return error;
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

int offload_far_end_leaves_work(struct vale *vale, const struct device *device, bool *out)
{
	CLEANUP_NETNS struct netns_visit there = { -1 };
	struct device peer = {};
	__u32 checksums = 0;
	int error = 0;

	if (!strcmp(device->kind, "veth")) {
		error = device_visit_peer(device, &there, &peer);
		if (!error && !peer.program)
			error = ethtool(peer.name, ETHTOOL_GTXCSUM, &checksums);
	}
	if (error)
		return fail_features(vale, error, device);
	*out = checksums;
	return 0;
}
