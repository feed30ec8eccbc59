// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "device.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

static struct ifreq request_of(const char *name)
{
	struct ifreq request = {};

	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	return request;
}

/* Drivers that do not answer have one queue. */
static uint32_t count_queues(int fd, const char *name)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request = request_of(name);
	uint32_t queues;

	request.ifr_data = (void *)&channels;
	if (ioctl(fd, SIOCETHTOOL, &request))
		return 1;
	queues = channels.combined_count + channels.rx_count;
	return queues ? queues : 1;
}

static int is_fit(int fd, const char *name)
{
	struct ifreq request = request_of(name);

	if (ioctl(fd, SIOCGIFFLAGS, &request))
		return complain(errno, "cannot use '%s': %s", name, strerror(errno));
	if (!(request.ifr_flags & IFF_UP))
		return complain(ENETDOWN, "cannot use '%s': it is down ('ip link set %s up')", name,
				name);
	return 0;
}

static int ask(int fd, const char *name, struct device *out)
{
	struct ifreq request = request_of(name);

	if (ioctl(fd, SIOCGIFINDEX, &request))
		return complain(errno,
				"there is no network device '%s' (ports of switches are called "
				"valeSSS:PPP)",
				name);
	out->index = request.ifr_ifindex;
	if (ioctl(fd, SIOCGIFMTU, &request))
		return complain(errno, "cannot use '%s': %s", name, strerror(errno));
	out->frame_max = request.ifr_mtu + ETH_HLEN;
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return complain(errno, "cannot use '%s': %s", name, strerror(errno));
	if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
	    request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		return complain(EINVAL, "cannot use '%s': it is no Ethernet device", name);
	memcpy(out->mac, request.ifr_hwaddr.sa_data, sizeof(out->mac));
	out->queues = count_queues(fd, name);
	return is_fit(fd, name);
}

int device_find(const struct interface_options *options, struct device *out)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (strlen(options->name) >= IFNAMSIZ)
		return complain(ENODEV, "there is no network device '%s': its name is too long",
				options->name);
	if (fd < 0)
		return complain(errno, "cannot open a socket: %s", strerror(errno));
	error = ask(fd, options->name, out);
	close(fd);
	if (!error && options->sends && options->frame_length > out->frame_max)
		return complain(
			EMSGSIZE,
			"cannot send frames of %u bytes on '%s': by its MTU, %u are the most",
			options->frame_length, options->name, out->frame_max);
	return error;
}
