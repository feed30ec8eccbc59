// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Network devices of the present namespace. */
#include <errno.h>
#include <linux/if_tun.h>
#include <stdio.h>
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

bool device_has_vnet_hdr(const struct device *device)
{
	char path[sizeof("/sys/class/net//tun_flags") + VALE_NAME_SIZE];
	unsigned int flags = 0;
	FILE *file;

	if (strcmp(device->kind, "tun"))
		return false;
	snprintf(path, sizeof(path), "/sys/class/net/%s/tun_flags", device->name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%x", &flags) != 1)
		flags = 0;
	fclose(file);
	return flags & IFF_VNET_HDR;
}
