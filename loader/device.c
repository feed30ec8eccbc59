// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Network devices of the present namespace. */
#include <errno.h>
#include <string.h>

#include "internal.h"
#include "netlink.h"

int device_by_name(struct device *out, const char *name)
{
	if (!*name || strlen(name) >= VALE_NAME_SIZE)
		return -ENODEV;
	return netlink_get_device(out, name, 0);
}

int device_by_index(struct device *out, __u32 ifindex)
{
	return netlink_get_device(out, NULL, ifindex);
}

int device_visit_peer(const struct device *device, struct netns_visit *visit, struct device *out)
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
	return device_by_index(out, device->peer);
}

int device_delete(const char *name)
{
	struct device device;
	int error = device_by_name(&device, name);

	if (!error)
		error = netlink_delete_device(device.ifindex);
	return error == -ENODEV ? 0 : error;
}
