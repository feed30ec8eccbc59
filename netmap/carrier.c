// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The sockets that are files of /dev/netmap. What is sent to one comes to itself, and is never taken
 * out but looked at. Its name, which no file has, tells it from other sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "layer.h"
#include "socket_name.h"

static const char kind[] = "file";

int carrier_open(int flags, __u64 *token)
{
	CLEANUP_CLOSE int fd = -1;
	struct socket_name name;
	int type = SOCK_DGRAM;

	if (flags & O_CLOEXEC)
		type |= SOCK_CLOEXEC;
	if (flags & O_NONBLOCK)
		type |= SOCK_NONBLOCK;
	if (!socket_name_new(kind, token, &name))
		return -EIO;
	fd = socket(AF_UNIX, type, 0);
	if (fd < 0 || bind(fd, socket_name_address(&name), name.length) ||
	    connect(fd, socket_name_address(&name), name.length))
		return -errno;
	return TAKE(fd, -1);
}

int carrier_recognise(int fd, __u64 *token)
{
	return socket_name_get(fd, kind, token);
}

/* Nobody else may connect to it: the kernel says so, if it is there. */
bool carrier_exists(__u64 token)
{
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct socket_name name = socket_name_of(kind, token);

	return fd < 0 || !connect(fd, socket_name_address(&name), name.length) ||
	       errno != ECONNREFUSED;
}
