// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What the caller may do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/capability.h"
#include "machine.h"
#include "vale/ring.h"

/* The number of the first user namespace in every kernel: PROC_USER_INIT_INO. */
#define FIRST_USER_NAMESPACE 0xEFFFFFFDu

static bool has(const struct machine *machine, int capability)
{
	return machine->capabilities & 1ULL << capability;
}

bool rights_have(const struct machine *machine, int capability)
{
	return machine->first_user_namespace && has(machine, capability);
}

void rights_read(struct machine *machine)
{
	struct stat status;

	machine->first_user_namespace = stat("/proc/self/ns/user", &status) ||
					status.st_ino == FIRST_USER_NAMESPACE;
	machine->capabilities = ~capability_missing(~0ULL);
	machine->may_use_bpf = rights_have(machine, CAP_BPF) &&
			       rights_have(machine, CAP_NET_ADMIN) &&
			       rights_have(machine, CAP_PERFMON);
}

static void look_at_namespace(struct machine *machine, const struct check *check,
			      struct finding *out)
{
	(void)check;
	if (machine->first_user_namespace)
		conclude(out, FINDING_OK, "the first one");
	else
		conclude(out, FINDING_MISSING,
			 "another one than the first, in which capabilities do not count");
}

static void look_at_capability(struct machine *machine, const struct check *check,
			       struct finding *out)
{
	if (rights_have(machine, check->argument)) {
		conclude(out, FINDING_OK, "the caller has it");
	} else if (has(machine, check->argument)) {
		conclude(out, FINDING_MISSING, "the caller has it in its user namespace only");
		remedy(out, "run it outside of the user namespace");
	} else {
		conclude(out, FINDING_MISSING, "user %u does not have it here", geteuid());
		remedy(out,
		       "run it as root ('sudo valectl ...'); give a service "
		       "'AmbientCapabilities=%s' in its unit",
		       check->remedy);
	}
}

static void look_at_unprivileged(struct machine *machine, const struct check *check,
				 struct finding *out)
{
	char setting[16] = "";
	int error =
		read_line("/proc/sys/kernel/unprivileged_bpf_disabled", setting, sizeof(setting));

	(void)machine;
	(void)check;
	if (error)
		conclude(out, FINDING_UNKNOWN, "cannot be read: %s", strerror(-error));
	else if (!strcmp(setting, "0"))
		conclude(out, FINDING_OK,
			 "0: users may load some programs, which clients of rings do not need");
	else
		conclude(out, FINDING_OK,
			 "%s: users may not load programs, but run those of their ports", setting);
}

/* Since Linux 5.11 maps do not count: only what AF_XDP sockets share with the kernel does. */
static void look_at_memlock(struct machine *machine, const struct check *check, struct finding *out)
{
	const rlim_t wanted = sizeof(struct vale_region);
	struct rlimit limit;

	(void)check;
	if (rights_have(machine, CAP_IPC_LOCK))
		conclude(out, FINDING_OK, "no limit for the caller (CAP_IPC_LOCK)");
	else if (getrlimit(RLIMIT_MEMLOCK, &limit))
		conclude(out, FINDING_UNKNOWN, "cannot be read: %s", strerror(errno));
	else if (limit.rlim_cur == RLIM_INFINITY)
		conclude(out, FINDING_OK, "no limit");
	else
		conclude(out, limit.rlim_cur >= wanted ? FINDING_OK : FINDING_LIMITED,
			 "%llu KiB; a pair of rings takes %llu KiB",
			 (unsigned long long)limit.rlim_cur / 1024,
			 (unsigned long long)(wanted + 1023) / 1024);
	remedy(out, "'ulimit -l %llu' for a pair of rings, or CAP_IPC_LOCK",
	       (unsigned long long)(wanted + 1023) / 1024);
}

#define RIGHTS "rights"

const struct check rights_checks[] = {
	{ RIGHTS, "user_namespace", true, "making switches and ports",
	  "run it outside of the user namespace", look_at_namespace, 0 },
	/* The remedy of these is the capability's name. */
	{ RIGHTS, "cap_bpf", true,
	  "making switches and ports (clients of rings need no capability)", "CAP_BPF",
	  look_at_capability, CAP_BPF },
	{ RIGHTS, "cap_net_admin", true, "making switches and ports", "CAP_NET_ADMIN",
	  look_at_capability, CAP_NET_ADMIN },
	{ RIGHTS, "cap_perfmon", true, "making switches and ports", "CAP_PERFMON",
	  look_at_capability, CAP_PERFMON },
	{ RIGHTS, "cap_sys_admin", false,
	  "interfaces of other network namespaces, and the trial below", "CAP_SYS_ADMIN",
	  look_at_capability, CAP_SYS_ADMIN },
	{ RIGHTS, "cap_sys_ptrace", false, "network namespaces that have a process, but no name",
	  "CAP_SYS_PTRACE", look_at_capability, CAP_SYS_PTRACE },
	{ RIGHTS, "cap_net_raw", false, "AF_XDP sockets", "CAP_NET_RAW", look_at_capability,
	  CAP_NET_RAW },
	{ RIGHTS, "cap_chown", false, "ports of rings for other users (port add --owner)",
	  "CAP_CHOWN", look_at_capability, CAP_CHOWN },
	{ RIGHTS, "unprivileged_bpf", false, "nothing: clients of rings do without, either way", "",
	  look_at_unprivileged, 0 },
	{ RIGHTS, "locked_memory", false, "ports over AF_XDP (ports of rings lock none)", "",
	  look_at_memlock, 0 },
	{},
};
