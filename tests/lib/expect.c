// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "expect.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>

#include "sandbox.h"

void refused(int status, const char *words, const char *format, ...)
{
	char arguments[4096];
	struct output output;
	va_list list;

	va_start(list, format);
	vsnprintf(arguments, sizeof(arguments), format, list);
	va_end(list);
	output = run("%s %s", valectl(), arguments);
	if (output.status != status)
		cr_assert_fail("'valectl %s' ended with %d, not %d: %s%s", arguments, output.status,
			       status, output.text, output.errors);
	if (!strstr(output.errors, words))
		cr_assert_fail("'valectl %s' said '%s', without '%s'", arguments, output.errors,
			       words);
	if (*output.text)
		cr_assert_fail("'valectl %s' failed and printed '%s'", arguments, output.text);
}

char *bpffs_files(void)
{
	return strdup(must("find /sys/fs/bpf | sort").text);
}

void bpffs_unchanged(char *before)
{
	char *now = bpffs_files();

	cr_assert_str_eq(now, before, "before:\n%safter:\n%s", before, now);
	free(now);
	free(before);
}

void scratch_mount(void)
{
	must("mount -t tmpfs none /mnt");
}

void veth(const char *name, const char *peer)
{
	must("ip link add name %s type veth peer name %s", name, peer);
	must("ip link set dev %s up && ip link set dev %s up", name, peer);
}

const char *port_member(const char *port, const char *member)
{
	static char text[256];
	json_t *document = valectl_json("show %s", port);
	const json_t *value = json_object_get(document, member);

	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(text, sizeof(text), "%s", json_is_true(value) ? "true" : "false");
	else
		cr_assert_fail("%s has no '%s'", port, member);
	json_decref(document);
	return text;
}

#define TCX_INGRESS 46 /* newer than the kernel headers */

unsigned int program_on(const char *device)
{
	__u32 id = 0, count = 1;
	int error = bpf_xdp_query_id(if_nametoindex(device), 0, &id);

	cr_assert_eq(error, 0, "cannot ask for the program on %s: %s", device, strerror(-error));
	if (!id)
		bpf_prog_query(if_nametoindex(device), TCX_INGRESS, 0, NULL, &id, &count);
	return id;
}

unsigned int attach_foreign_program(const char *device)
{
	const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", pass, 2, NULL);

	cr_assert(program >= 0, "cannot load a program: %s", strerror(-program));
	cr_assert_eq(bpf_xdp_attach(if_nametoindex(device), program, XDP_FLAGS_DRV_MODE, NULL), 0);
	close(program);
	return program_on(device);
}

/* In this process, since tests that kill look often. */
static __u32 ethtool_of(const char *netns, __u32 command)
{
	struct ethtool_value value = { .cmd = command };
	struct ifreq request = { .ifr_name = "eth0", .ifr_data = (void *)&value };
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), away, fd;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	away = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(home >= 0 && !setns(away, CLONE_NEWNET), "cannot enter %s", netns);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCETHTOOL, &request), 0);
	close(fd);
	cr_assert_eq(setns(home, CLONE_NEWNET), 0);
	close(away);
	close(home);
	return value.data;
}

bool gro_of(const char *netns)
{
	return ethtool_of(netns, ETHTOOL_GGRO);
}

const char *features_of(const char *netns)
{
	static char text[128];

	snprintf(text, sizeof(text), "GRO %u, checksums %u, flags %#x", gro_of(netns),
		 ethtool_of(netns, ETHTOOL_GTXCSUM), ethtool_of(netns, ETHTOOL_GFLAGS));
	return text;
}

bool can_ping(const char *netns, const char *address)
{
	return !run("ip netns exec %s ping -c 1 -w 3 -i 0.1 %s", netns, address).status;
}

bool is_cut_off(const char *netns, const char *address)
{
	return run("ip netns exec %s ping -q -c 3 -i 0.1 -W 0.3 %s", netns, address).status == 1;
}

bool eventually(bool (*check)(const void *arg), const void *arg)
{
	for (int i = 0; i < 100; i++) {
		if (check(arg))
			return true;
		usleep(50000);
	}
	return check(arg);
}
