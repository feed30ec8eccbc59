// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Pairs of veth devices. */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/topology.h"

int veth_create(struct veth *veth, const char *prefix, const char *near, const char *far)
{
	snprintf(veth->near.name, IFNAMSIZ, "%s-%s", prefix, near);
	snprintf(veth->far.name, IFNAMSIZ, "%s-%s", prefix, far);
	return command_ip("link add %s type veth peer name %s\nlink set %s up\nlink set %s up\n",
			  veth->near.name, veth->far.name, veth->near.name, veth->far.name);
}

int veth_move(const struct veth *veth, const char *netns, const char *address)
{
	int error = command_ip("link set %s netns %s\n", veth->far.name, netns);

	if (error)
		return error;
	return command_ip_in(netns, "addr add %s dev %s\nlink set %s up\n", address, veth->far.name,
			     veth->far.name);
}

void veth_destroy(const struct veth *veth)
{
	if (if_nametoindex(veth->near.name))
		command_ip("link del %s\n", veth->near.name);
}

int device_enable_gro(const char *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd CLEANUP_FD = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return bench_error(errno, "cannot open a socket");
	snprintf(request.ifr_name, IFNAMSIZ, "%s", device);
	if (ioctl(fd, SIOCETHTOOL, &request))
		return bench_error(errno, "cannot enable GRO on '%s'", device);
	return 0;
}
