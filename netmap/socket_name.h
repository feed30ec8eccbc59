/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Names of the layer's own sockets: of a kind, with a random token behind it, and no file has them.
 */
#ifndef NETMAP_SOCKET_NAME_H
#define NETMAP_SOCKET_NAME_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct socket_name {
	struct sockaddr_un address;
	socklen_t length;
};

struct socket_name socket_name_of(const char *kind, __u64 token);

/* A name for a new socket. False: there are no random numbers. */
bool socket_name_new(const char *kind, __u64 *token, struct socket_name *out);

/* The token of a socket that has a name of the kind. -ENOTSOCK: it has none; -errno: it is none. */
int socket_name_get(int fd, const char *kind, __u64 *token);

static inline const struct sockaddr *socket_name_address(const struct socket_name *name)
{
	return (const struct sockaddr *)&name->address;
}

#endif
