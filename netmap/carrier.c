// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The sockets that are files of /dev/netmap. What is sent to one comes to itself, and is never taken
 * out but looked at. Its name, which no file has, tells it from other sockets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "layer.h"

static const char prefix[] = "\0vale-netmap/";

struct carrier_name {
	sa_family_t family;
	char prefix[sizeof(prefix) - 1];
	char token[sizeof(__u64)];
};

#define NAME_SIZE (offsetof(struct carrier_name, token) + sizeof(__u64))

static struct carrier_name name_of(__u64 token)
{
	struct carrier_name name = { .family = AF_UNIX };

	memcpy(name.prefix, prefix, sizeof(name.prefix));
	memcpy(name.token, &token, sizeof(name.token));
	return name;
}

int carrier_open(int flags, __u64 *token)
{
	CLEANUP_CLOSE int fd = -1;
	struct carrier_name name;
	int type = SOCK_DGRAM;

	if (flags & O_CLOEXEC)
		type |= SOCK_CLOEXEC;
	if (flags & O_NONBLOCK)
		type |= SOCK_NONBLOCK;
	if (getrandom(token, sizeof(*token), 0) != sizeof(*token))
		return -EIO;
	name = name_of(*token);
	fd = socket(AF_UNIX, type, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&name, NAME_SIZE) ||
	    connect(fd, (struct sockaddr *)&name, NAME_SIZE))
		return -errno;
	return TAKE(fd, -1);
}

int carrier_recognise(int fd, __u64 *token)
{
	struct carrier_name name;
	socklen_t length = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &length))
		return -errno;
	if (length != NAME_SIZE || name.family != AF_UNIX ||
	    memcmp(name.prefix, prefix, sizeof(name.prefix)) != 0)
		return -ENOTSOCK;
	memcpy(token, name.token, sizeof(name.token));
	return 0;
}

/* Nobody else may connect to it: the kernel says so, if it is there. */
bool carrier_exists(__u64 token)
{
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct carrier_name name = name_of(token);

	return fd < 0 || !connect(fd, (struct sockaddr *)&name, NAME_SIZE) || errno != ECONNREFUSED;
}
