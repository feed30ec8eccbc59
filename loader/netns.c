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

/* 0 if it has it, -ENOENT if not, or why that cannot be told. */
static int has_cookie(int fd, __u64 cookie)
{
	CLEANUP_NETNS struct netns_visit visit = { -1 };
	__u64 found;
	int error = netns_enter(&visit, fd);

	if (!error)
		error = netns_cookie(&found);
	if (error)
		return error;
	return found == cookie ? 0 : -ENOENT;
}

static int has_id(int fd, __u64 id)
{
	__u32 found;
	int error = netlink_netns_id(fd, &found);

	if (error)
		return error;
	return found == id ? 0 : -ENOENT;
}

/* Opens the file and returns it if it is what is looked for. */
static int try(const char *format, const char *name, int (*is)(int fd, __u64 what), __u64 what)
{
	CLEANUP_CLOSE int fd = open_file(format, name);
	int error = fd < 0 ? fd : is(fd, what);

	if (error) /* most files are no namespaces, or others' */
		return is_shortage(error) ? error : -ENOENT;
	return TAKE(fd, -1);
}

/*
 * Tries each file that `format` makes of the names in `path`. -ENOENT: it is none of them; another
 * error: it may be one that could not be looked at.
 */
static int search(const char *path, const char *format, int (*is)(int fd, __u64 what), __u64 what)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int found = -ENOENT;

	if (!directory)
		return is_shortage(-errno) ? -errno : -ENOENT;
	while (errno = 0, found < 0 && (entry = readdir(directory))) {
		int one = -ENOENT;

		if (entry->d_name[0] != '.')
			one = try(format, entry->d_name, is, what);
		if (one != -ENOENT)
			found = one;
	}
	if (found < 0 && errno)
		found = -errno;
	closedir(directory);
	return found;
}

static int search_all(int (*is)(int fd, __u64 what), __u64 what)
{
	int fd = try("%s", "/proc/thread-self/ns/net", is, what);

	if (fd == -ENOENT)
		fd = search(NAMED_NAMESPACES, NAMED_NAMESPACES "/%s", is, what);
	/* Containers' namespaces often have no name, but a process in them. */
	return fd == -ENOENT ? search("/proc", "/proc/%s/ns/net", is, what) : fd;
}

int netns_open_by_cookie(__u64 cookie)
{
	return search_all(has_cookie, cookie);
}

int netns_visit_cookie(struct netns_visit *visit, __u64 cookie)
{
	CLEANUP_CLOSE int fd = -1;
	__u64 own;
	int error = netns_cookie(&own);

	if (error || own == cookie)
		return error;
	fd = netns_open_by_cookie(cookie);
	return fd < 0 ? fd : netns_enter(visit, fd);
}

int netns_open_by_id(__u32 id)
{
	return search_all(has_id, id);
}
