// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Which capabilities a command needs, and which it can use: it keeps no others, so that what goes
 * wrong in it, or is sent to it, can do no more. The table of valectl(8) says the same.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "command.h"
#include "loader/capability.h"

/* Other users' ports, and switches of who is not root. */
#define FILES CAPABILITY(DAC_OVERRIDE)
#define ALL   (~0ULL)

/* What an older kernel does not have, libbpf looks for in its modules, and asks the kernel for these. */
#define MODULES CAPABILITY(SYS_ADMIN)

static const struct rights {
	const char *command;
	__u64 needs; /* it does nothing without them (of `port`: `port add`) */
	__u64 uses;  /* beside these, for some of what it does */
} table[] = {
	{ "create", CAPABILITIES_MAKE, MODULES | FILES },
	{ "destroy", CAPABILITY(NET_ADMIN), CAPABILITIES_MAKE | CAPABILITIES_VISIT | FILES },
	/* It asks the kernel for the maps that only the old programs know. */
	{ "reload", CAPABILITIES_MAKE | CAPABILITY(SYS_ADMIN),
	  CAPABILITIES_VISIT | CAPABILITY(CHOWN) | FILES },
	{ "attach", CAPABILITIES_MAKE, CAPABILITIES_VISIT | FILES },
	{ "host", CAPABILITIES_MAKE, CAPABILITIES_VISIT | FILES },
	{ "detach", CAPABILITY(NET_ADMIN), CAPABILITIES_MAKE | CAPABILITIES_VISIT | FILES },
	{ "port", CAPABILITIES_MAKE, CAPABILITIES_VISIT | CAPABILITY(CHOWN) | FILES },
	{ "list", 0, CAPABILITIES_VISIT | FILES },
	{ "show", 0, CAPABILITIES_VISIT | FILES },
	{ "stats", 0, CAPABILITIES_VISIT | FILES },
	{ "fdb", 0, FILES },
	{ "limit", 0, CAPABILITIES_MAKE | CAPABILITIES_VISIT | FILES },
	{ "sysctl", 0, CAPABILITIES_MAKE | MODULES | FILES },
	{ "capture", 0,
	  CAPABILITIES_MAKE | CAPABILITIES_VISIT | CAPABILITY(NET_RAW) | CAPABILITY(IPC_LOCK) |
		  FILES },
	/* Whose rights the program has, and those that are to be told. */
	{ "exec", 0, ALL },
	{ "doctor", 0, ALL },
	/* Of the command line of netmap's tool, whatever it asks for. */
	{ RIGHTS_NETMAP, 0, CAPABILITIES_MAKE | CAPABILITIES_VISIT | CAPABILITY(CHOWN) | FILES },
	{},
};

/* What is not in the table may have nothing. */
static struct rights rights_of(const char *command)
{
	const struct rights *rights = table;

	while (rights->command && strcmp(rights->command, command))
		rights++;
	return *rights;
}

int rights_keep(const char *command)
{
	const struct rights rights = rights_of(command);
	__u64 keep = rights.needs | rights.uses;

	if (keep == ALL)
		return 0;
	/* Nor can it get them back from a program that it runs. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* Of who has it in the place of these. */
	if (keep & (CAPABILITY(BPF) | CAPABILITY(PERFMON)) & ~capability_effective())
		keep |= CAPABILITY(SYS_ADMIN);
	return capability_keep(keep);
}

int rights_check(const struct context *context, const char *what, const char *name)
{
	const __u64 needs = rights_of(context->command->name).needs;
	const __u64 missing = capability_missing(needs);
	char all[128], words[128], reason[1024];

	if (!missing)
		return EXIT_OK;
	capability_words(needs, all, sizeof(all));
	capability_words(missing, words, sizeof(words));
	snprintf(reason, sizeof(reason),
		 "cannot %s '%.256s': not permitted: run it as root (it needs %s); missing: %s",
		 what, name, all, words);
	return failure(context, reason);
}
