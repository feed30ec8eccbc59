// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include "netlink.h"

/* Our requests: a header and some attributes. */
#define REQUEST_SIZE 512

static void socket_close(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/* No message says that it is longer than what has come: one of more than 2 GiB libmnl would believe. */
static bool is_sound(const void *buffer, size_t size)
{
	while (size >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = buffer;
		size_t length = message->nlmsg_len;

		if (length < sizeof(*message) || length > size)
			return false;
		length = MNL_ALIGN(length);
		if (length >= size)
			break;
		buffer = (const char *)buffer + length;
		size -= length;
	}
	return true;
}

/* Sends a request and hands each answer to `parse`. */
static int request(struct nlmsghdr *message, mnl_cb_t parse, void *arg)
{
	CLEANUP(socket_close) struct mnl_socket *socket = NULL;
	/* A device with many addresses of many kinds answers with more than a page. */
	char buffer[32768];
	unsigned int port;
	int result;

	socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID))
		return -errno;
	port = mnl_socket_get_portid(socket);
	message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	message->nlmsg_seq = 1;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t size;

		do
			size = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		while (size < 0 && errno == EINTR); /* the kernel has done it by now */
		if (size < 0)
			return -errno;
		if (!is_sound(buffer, size))
			return -EBADMSG;
		result = mnl_cb_run(buffer, size, message->nlmsg_seq, port, parse, arg);
	} while (result > 0);
	if (result >= 0)
		return 0;
	return errno > 0 ? -errno : -EBADMSG; /* whatever number an error has */
}

static int parse_xdp(const struct nlattr *attribute, void *arg)
{
	struct device *device = arg;

	if (mnl_attr_get_type(attribute) == IFLA_XDP_PROG_ID &&
	    !mnl_attr_validate(attribute, MNL_TYPE_U32))
		device->program = mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

static void copy_string(char out[VALE_NAME_SIZE], const struct nlattr *attribute)
{
	if (mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING))
		return;
	strncpy(out, mnl_attr_get_str(attribute), VALE_NAME_SIZE - 1);
}

static int parse_info(const struct nlattr *attribute, void *arg)
{
	struct device *device = arg;

	if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
		copy_string(device->kind, attribute);
	return MNL_CB_OK;
}

static __u32 get_u32(const struct nlattr *attribute, __u32 otherwise)
{
	return mnl_attr_validate(attribute, MNL_TYPE_U32) ? otherwise : mnl_attr_get_u32(attribute);
}

static void copy_statistics(struct device *device, const struct nlattr *attribute)
{
	struct rtnl_link_stats64 stats = {};
	size_t size = mnl_attr_get_payload_len(attribute);

	memcpy(&stats, mnl_attr_get_payload(attribute),
	       size < sizeof(stats) ? size : sizeof(stats));
	device->tx_dropped = stats.tx_dropped;
}

static int parse_attribute(const struct nlattr *attribute, void *arg)
{
	struct device *device = arg;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		copy_string(device->name, attribute);
		break;
	case IFLA_MTU:
		device->mtu = get_u32(attribute, 0);
		break;
	case IFLA_MASTER:
		device->master = get_u32(attribute, 0);
		break;
	case IFLA_LINK:
		device->peer = get_u32(attribute, 0);
		break;
	case IFLA_LINK_NETNSID:
		device->peer_netns = get_u32(attribute, DEVICE_NO_NETNS);
		break;
	case IFLA_STATS64:
		copy_statistics(device, attribute);
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attribute, parse_info, device);
	case IFLA_XDP:
		return mnl_attr_parse_nested(attribute, parse_xdp, device);
	}
	return MNL_CB_OK;
}

static int parse_device(const struct nlmsghdr *message, void *arg)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct device *device = arg;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*info))
		return MNL_CB_OK;
	device->ifindex = info->ifi_index;
	device->type = info->ifi_type;
	device->up = info->ifi_flags & IFF_UP;
	device->promiscuous = info->ifi_flags & IFF_PROMISC;
	return mnl_attr_parse(message, sizeof(*info), parse_attribute, device);
}

int netlink_get_device(struct device *out, const char *name, __u32 ifindex)
{
	struct device device = { .peer_netns = DEVICE_NO_NETNS };
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;
	int error;

	message->nlmsg_type = RTM_GETLINK;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_index = ifindex;
	if (name)
		mnl_attr_put_strz(message, IFLA_IFNAME, name);
	error = request(message, parse_device, &device);
	if (error)
		return error;
	if (!device.ifindex || !device.name[0])
		return -ENODEV;
	*out = device;
	return 0;
}

static int ignore(const struct nlmsghdr *message, void *arg)
{
	(void)message;
	(void)arg;
	return MNL_CB_OK;
}

int netlink_delete_device(__u32 ifindex)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	if (!ifindex)
		return -ENODEV;
	message->nlmsg_type = RTM_DELLINK;
	info = mnl_nlmsg_put_extra_header(message, sizeof(*info));
	info->ifi_index = ifindex;
	return request(message, ignore, NULL);
}

static void put_end(struct nlmsghdr *message, const char *name, __u32 queues)
{
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	mnl_attr_put_u32(message, IFLA_NUM_TX_QUEUES, queues);
	mnl_attr_put_u32(message, IFLA_NUM_RX_QUEUES, queues);
}

int netlink_make_veth(const char *inner, const char *outer, int outer_netns, __u32 queues)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nlattr *info, *data, *peer;

	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	put_end(message, inner, queues);
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
	put_end(message, outer, queues);
	if (outer_netns >= 0)
		mnl_attr_put_u32(message, IFLA_NET_NS_FD, outer_netns);
	mnl_attr_nest_end(message, peer);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
	return request(message, ignore, NULL);
}

int netlink_set_mtu(__u32 ifindex, __u32 mtu)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	message->nlmsg_type = RTM_SETLINK;
	link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	link->ifi_index = ifindex;
	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return request(message, ignore, NULL);
}

/* Without an address of its own, the stack has nothing to say on the device. */
static int silence(__u32 ifindex)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nlattr *families, *inet6;
	struct ifinfomsg *link;

	message->nlmsg_type = RTM_SETLINK;
	link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	link->ifi_index = ifindex;
	families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(message, AF_INET6);
	mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(message, inet6);
	mnl_attr_nest_end(message, families);
	return request(message, ignore, NULL);
}

static int set_flags(__u32 ifindex, __u32 flags, __u32 change)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	message->nlmsg_type = RTM_SETLINK;
	link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	link->ifi_index = ifindex;
	link->ifi_flags = flags;
	link->ifi_change = change;
	return request(message, ignore, NULL);
}

int netlink_bring_up(__u32 ifindex, bool silent)
{
	if (silent)
		silence(ifindex); /* fails where there is no IPv6, which is as well */
	return set_flags(ifindex, IFF_UP, IFF_UP);
}

int netlink_set_promiscuous(__u32 ifindex, bool on)
{
	return set_flags(ifindex, on ? IFF_PROMISC : 0, IFF_PROMISC);
}

static int parse_netns_id_attribute(const struct nlattr *attribute, void *arg)
{
	if (mnl_attr_get_type(attribute) == NETNSA_NSID)
		*(__u32 *)arg = get_u32(attribute, DEVICE_NO_NETNS);
	return MNL_CB_OK;
}

static int parse_netns_id(const struct nlmsghdr *message, void *arg)
{
	if (message->nlmsg_type != RTM_NEWNSID)
		return MNL_CB_OK;
	return mnl_attr_parse(message, sizeof(struct rtgenmsg), parse_netns_id_attribute, arg);
}

int netlink_netns_id(int fd, __u32 *out)
{
	char buffer[REQUEST_SIZE] = {};
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	__u32 id = DEVICE_NO_NETNS;
	int error;

	message->nlmsg_type = RTM_GETNSID;
	mnl_nlmsg_put_extra_header(message, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(message, NETNSA_FD, fd);
	error = request(message, parse_netns_id, &id);
	if (error)
		return error;
	if (id == DEVICE_NO_NETNS)
		return -ENOENT;
	*out = id;
	return 0;
}
