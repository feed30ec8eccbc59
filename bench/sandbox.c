// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A private network and a private bpffs. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "bench/sandbox.h"

#define OWN_NETNS   "/proc/self/ns/net"
#define NETNS_NAMES "/run/netns"

struct setting {
	const char *path;
	const char *value;
};

/* For a network namespace that was just made. */
static const struct setting settings[] = {
	/* Or every device that comes up sends frames of its own. */
	{ "/proc/sys/net/ipv6/conf/default/disable_ipv6", "1" },
	{ "/proc/sys/net/ipv6/conf/all/disable_ipv6", "1" },
	/* Where br_netfilter is loaded it slows the bridge down: no fair comparison. */
	{ "/proc/sys/net/bridge/bridge-nf-call-arptables", "0" },
	{ "/proc/sys/net/bridge/bridge-nf-call-iptables", "0" },
	{ "/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0" },
};

static int apply_setting(const struct setting *setting)
{
	int fd CLEANUP_FD = open(setting->path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(setting->value);

	/* A kernel without the feature does not need it switched off. */
	if (fd < 0)
		return errno == ENOENT ? 0 : bench_error(errno, "cannot open '%s'", setting->path);
	if (write(fd, setting->value, length) != (ssize_t)length)
		return bench_error(errno, "cannot set '%s'", setting->path);
	return 0;
}

static int new_netns(void)
{
	size_t i;
	int error;

	if (unshare(CLONE_NEWNET))
		return bench_error(errno, "cannot make a network namespace (are you root?)");
	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		error = apply_setting(&settings[i]);
		if (error)
			return error;
	}
	return 0;
}

static int private_mounts(void)
{
	if (unshare(CLONE_NEWNS))
		return bench_error(errno, "cannot make a mount namespace (are you root?)");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return bench_error(errno, "cannot make the mounts private");
	/* The old sysfs still shows the devices of the old network namespace. */
	if (mount("sysfs", "/sys", "sysfs", 0, NULL))
		return bench_error(errno, "cannot mount sysfs on '/sys'");
	/* libxdp pins its dispatchers here whatever the switch's own bpffs is. */
	if (mount("bpffs", SANDBOX_BPFFS, "bpf", 0, NULL))
		return bench_error(errno, "cannot mount a bpffs on '%s'", SANDBOX_BPFFS);
	/* For the names of network namespaces: valectl finds the far end of a veth by them. */
	if (mount("tmpfs", "/run", "tmpfs", 0, "mode=755"))
		return bench_error(errno, "cannot mount a tmpfs on '/run'");
	if (mkdir(NETNS_NAMES, 0755))
		return bench_error(errno, "cannot create '%s'", NETNS_NAMES);
	return 0;
}

int sandbox_enter(void)
{
	int error = new_netns();

	return error ? error : private_mounts();
}

struct netns_path {
	char text[sizeof(NETNS_NAMES) + 32];
};

static struct netns_path netns_path(const char *name)
{
	struct netns_path path;

	snprintf(path.text, sizeof(path.text), NETNS_NAMES "/%s", name);
	return path;
}

/* A bind mount keeps the namespace when no process is in it. */
static int name_own_netns(const char *name)
{
	struct netns_path path = netns_path(name);
	int fd CLEANUP_FD = open(path.text, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	if (fd < 0)
		return bench_error(errno, "cannot create '%s'", path.text);
	if (mount(OWN_NETNS, path.text, NULL, MS_BIND, NULL))
		return bench_error(errno, "cannot name a network namespace '%s'", path.text);
	return 0;
}

int sandbox_new_netns(const char *name)
{
	int home CLEANUP_FD = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	int error;

	if (home < 0)
		return bench_error(errno, "cannot open '" OWN_NETNS "'");
	error = new_netns();
	if (!error)
		error = name_own_netns(name);
	if (setns(home, CLONE_NEWNET))
		return bench_error(errno, "cannot return to the first network namespace");
	return error;
}

void sandbox_delete_netns(const char *name)
{
	struct netns_path path = netns_path(name);

	umount2(path.text, MNT_DETACH);
	unlink(path.text);
}

int sandbox_enter_netns(const char *name)
{
	int fd CLEANUP_FD = open(netns_path(name).text, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, CLONE_NEWNET) ? -errno : 0;
}
