// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Network namespaces: finding them, and working in another one for a while. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"
#include "netlink.h"

#define NAMED_NAMESPACES "/run/netns"

/* 5.14; the C library of Debian 12 knows it, older ones may not. */
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static int open_file(const char *format, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), format, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int netns_open(const char *name)
{
	if (strchr(name, '/'))
		return -ENOENT;
	if (name[strspn(name, "0123456789")] || !*name)
		return open_file(NAMED_NAMESPACES "/%s", name);
	return open_file("/proc/%s/ns/net", name);
}

int netns_open_own(void)
{
	return open_file("%s", "/proc/thread-self/ns/net");
}

int netns_cookie(__u64 *out)
{
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*out);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, out, &size))
		return -errno;
	return 0;
}

int netns_enter(struct netns_visit *visit, int fd)
{
	int home = netns_open_own();

	if (home < 0)
		return home;
	if (setns(fd, CLONE_NEWNET)) {
		int error = -errno;

		close(home);
		return error;
	}
	visit->home = home;
	return 0;
}

void netns_leave(struct netns_visit *visit)
{
	if (visit->home < 0)
		return;
	/* Going on in the wrong namespace would do to its devices what was meant for ours. */
	if (setns(visit->home, CLONE_NEWNET))
		abort();
	close(visit->home);
	visit->home = -1;
}

static bool has_cookie(int fd, __u64 cookie)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	__u64 found;

	return !netns_enter(&visit, fd) && !netns_cookie(&found) && found == cookie;
}

static bool has_id(int fd, __u64 id)
{
	__u32 found;

	return !netlink_netns_id(fd, &found) && found == id;
}

/* Tries each file that `format` makes of the names in `path`. */
static int search(const char *path, const char *format, bool (*is)(int fd, __u64 what), __u64 what)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int found = -ENOENT;

	if (!directory)
		return found;
	while (found < 0 && (entry = readdir(directory))) {
		CLEANUP_CLOSE int fd = -1;

		if (entry->d_name[0] == '.')
			continue;
		fd = open_file(format, entry->d_name);
		if (fd >= 0 && is(fd, what))
			found = TAKE(fd, -1);
	}
	closedir(directory);
	return found;
}

static int search_all(bool (*is)(int fd, __u64 what), __u64 what)
{
	int fd = netns_open_own();

	if (fd >= 0 && is(fd, what))
		return fd;
	if (fd >= 0)
		close(fd);
	fd = search(NAMED_NAMESPACES, NAMED_NAMESPACES "/%s", is, what);
	/* Containers' namespaces often have no name, but a process in them. */
	return fd >= 0 ? fd : search("/proc", "/proc/%s/ns/net", is, what);
}

int netns_open_by_cookie(__u64 cookie)
{
	return search_all(has_cookie, cookie);
}

int netns_open_by_id(__u32 id)
{
	return search_all(has_id, id);
}
