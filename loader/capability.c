// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The caller's capabilities. Two system calls are all there is to it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability.h"

static const struct {
	int number;
	const char *name;
} names[] = {
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_CHOWN, "CAP_CHOWN" },
	{ CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE" },
	{ CAP_IPC_LOCK, "CAP_IPC_LOCK" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
	{ CAP_NET_RAW, "CAP_NET_RAW" },
	{ CAP_PERFMON, "CAP_PERFMON" },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

__u64 capability_effective(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (__u64)data[1].effective << 32;
}

int capability_keep(__u64 set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	set &= capability_effective();
	data[0].effective = data[0].permitted = (__u32)set;
	data[1].effective = data[1].permitted = set >> 32;
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

__u64 capability_missing(__u64 needed)
{
	__u64 have = capability_effective();

	/* What these two were made from. */
	if (have & CAPABILITY(SYS_ADMIN))
		have |= CAPABILITY(BPF) | CAPABILITY(PERFMON);
	return needed & ~have;
}

/* "A, B and C" */
void capability_words(__u64 set, char *words, size_t size)
{
	size_t used = 0;

	*words = 0;
	for (size_t i = 0; i < NAMES && used < size; i++) {
		const __u64 one = 1ULL << names[i].number;

		if (!(set & one))
			continue;
		set &= ~one;
		used += snprintf(words + used, size - used, "%s%s",
				 !used ? ""
				 : set ? ", "
				       : " and ",
				 names[i].name);
	}
}
