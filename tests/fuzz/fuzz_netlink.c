// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What the kernel answers by netlink. The input is the answer, in parts: two bytes say how long each
 * is. Where the first bit of these is set, its header is put right, so that what is in it is read.
 *
 * A device that is found has an index, and a name that is a string; otherwise the result is untouched.
 */
#include <errno.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "loader/netlink.h"
#include "promise.h"

#define PORT 7

static const uint8_t *input;
static size_t left;
static __u16 answer_type;

/* ---- in place of libmnl's socket --------------------------------------------------------------- */

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	static char socket;

	PROMISE(bus == NETLINK_ROUTE && flags == SOCK_CLOEXEC);
	return (struct mnl_socket *)&socket;
}

int mnl_socket_bind(struct mnl_socket *socket, unsigned int groups, pid_t pid)
{
	(void)socket;
	PROMISE(!groups && pid == MNL_SOCKET_AUTOPID);
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *socket)
{
	(void)socket;
	return PORT;
}

int mnl_socket_close(struct mnl_socket *socket)
{
	(void)socket;
	return 0;
}

/* The request is well formed, to its last attribute. */
ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *request, size_t size)
{
	(void)socket;
	PROMISE(mnl_nlmsg_ok(request, (int)size));
	PROMISE(((const struct nlmsghdr *)request)->nlmsg_len == size);
	return (ssize_t)size;
}

static void put_header_right(struct nlmsghdr *header, size_t size)
{
	header->nlmsg_len = (__u32)size;
	header->nlmsg_seq = 1;
	header->nlmsg_pid = PORT;
	if (header->nlmsg_type != NLMSG_ERROR && header->nlmsg_type != NLMSG_DONE)
		header->nlmsg_type = answer_type;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t room)
{
	size_t size;
	bool right;

	(void)socket;
	if (left < 2) {
		errno = EAGAIN;
		return -1;
	}
	size = (input[0] | input[1] << 8) & 0x7fff;
	right = input[1] & 0x80;
	input += 2;
	left -= 2;
	size = size < left ? size : left;
	size = size < room ? size : room;
	memcpy(buffer, input, size);
	if (right && size >= sizeof(struct nlmsghdr))
		put_header_right(buffer, size);
	input += size;
	left -= size;
	return (ssize_t)size;
}

/* ---- the target -------------------------------------------------------------------------------- */

static void answer(const uint8_t *data, size_t size, __u16 type)
{
	input = data;
	left = size;
	answer_type = type;
}

static bool is_same(const void *a, const void *b, size_t size)
{
	return !memcmp(a, b, size);
}

static void ask_device(const uint8_t *data, size_t size)
{
	struct device before, device;

	memset(&before, 0x55, sizeof(before));
	device = before;
	answer(data, size, RTM_NEWLINK);
	if (netlink_get_device(&device, "eth0", 0)) {
		PROMISE(is_same(&device, &before, sizeof(device)));
		return;
	}
	PROMISE(device.ifindex && *device.name);
	PROMISE(memchr(device.name, 0, sizeof(device.name)));
	PROMISE(memchr(device.kind, 0, sizeof(device.kind)));
}

static void ask_namespace(const uint8_t *data, size_t size)
{
	__u32 id = 12345;

	answer(data, size, RTM_NEWNSID);
	if (netlink_netns_id(0, &id))
		PROMISE(id == 12345);
	else
		PROMISE(id != DEVICE_NO_NETNS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ask_device(data, size);
	ask_namespace(data, size);
	answer(data, size, NLMSG_ERROR);
	netlink_make_veth("inner", "outer", 3, 8);
	answer(data, size, NLMSG_ERROR);
	netlink_bring_up(1, true);
	answer(data, size, NLMSG_ERROR);
	netlink_delete_device(1);
	return 0;
}
