// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "socket_name.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX "vale-netmap"

/* "\0vale-netmap-KIND/TOKEN", with the token's eight bytes as they are. */
struct socket_name socket_name_of(const char *kind, __u64 token)
{
	struct socket_name name = { .address.sun_family = AF_UNIX };
	char *path = name.address.sun_path, *end = path + 1;

	end = stpcpy(stpcpy(stpcpy(stpcpy(end, PREFIX), "-"), kind), "/");
	memcpy(end, &token, sizeof(token));
	name.length = offsetof(struct sockaddr_un, sun_path) + (end - path) + sizeof(token);
	return name;
}

bool socket_name_new(const char *kind, __u64 *token, struct socket_name *out)
{
	if (getrandom(token, sizeof(*token), 0) != sizeof(*token))
		return false;
	*out = socket_name_of(kind, *token);
	return true;
}

int socket_name_get(int fd, const char *kind, __u64 *token)
{
	struct socket_name pattern = socket_name_of(kind, 0), name;
	size_t before = pattern.length - sizeof(*token);

	name.length = sizeof(name.address);
	if (getsockname(fd, (struct sockaddr *)&name.address, &name.length))
		return -errno;
	if (name.length != pattern.length || memcmp(&name.address, &pattern.address, before) != 0)
		return -ENOTSOCK;
	memcpy(token, (const char *)&name.address + before, sizeof(*token));
	return 0;
}
