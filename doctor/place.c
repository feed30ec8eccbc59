// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Where the state of switches is kept, and the memory for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loader/internal.h"
#include "machine.h"
#include "vale/ring.h"

static void vale_free(struct vale **vale)
{
	vale_close(*vale);
}

static void no_bpffs(const char *bpffs, int error, struct finding *out)
{
	if (error == -ENODEV)
		conclude(out, FINDING_MISSING, "'%s' is not a bpf file system", bpffs);
	else
		conclude(out, FINDING_MISSING, "cannot use '%s': %s", bpffs, strerror(-error));
	if (error == -ENOENT)
		remedy(out, "'mkdir -p %s && mount -t bpf bpf %s'", bpffs, bpffs);
	else if (error == -ENODEV)
		remedy(out, "'mount -t bpf bpf %s'", bpffs);
}

static void look_at_bpffs(struct machine *machine, const struct check *check, struct finding *out)
{
	CLEANUP(vale_free) struct vale *vale = NULL;
	int error = vale_open(&vale, machine->bpffs);

	(void)check;
	if (error) {
		no_bpffs(machine->bpffs, error, out);
	} else if (faccessat(AT_FDCWD, machine->bpffs, W_OK | X_OK, AT_EACCESS)) {
		conclude(out, FINDING_MISSING, "user %u may not write into '%s'", geteuid(),
			 machine->bpffs);
	} else if (pin_trust_root(vale)) {
		conclude(out, FINDING_MISSING, "%s", vale_reason(vale));
		remedy(out, "remove '%s/vale'", machine->bpffs);
	} else {
		conclude(out, FINDING_OK, "%s", machine->bpffs);
	}
}

/* The first directory on the way, from the top, that is closed to others; false: there is none. */
static bool closed_to_others(const char *path, char *closed, size_t size, mode_t *mode)
{
	size_t length = strlen(path);

	for (size_t i = 1; i <= length; i++) {
		struct stat status;

		if (i < length && path[i] != '/')
			continue;
		snprintf(closed, size, "%.*s", (int)i, path);
		*mode = stat(closed, &status) ? 0 : status.st_mode & 07777;
		if (!(*mode & S_IXOTH))
			return true;
	}
	return false;
}

static void look_at_others(struct machine *machine, const struct check *check, struct finding *out)
{
	CLEANUP(vale_free) struct vale *vale = NULL;
	char path[PATH_MAX], closed[PATH_MAX];
	mode_t mode;

	(void)check;
	if (vale_open(&vale, machine->bpffs) || !realpath(machine->bpffs, path)) {
		conclude(out, FINDING_UNKNOWN, "not tried, for want of: bpffs");
	} else if (closed_to_others(path, closed, sizeof(closed), &mode)) {
		conclude(out, FINDING_LIMITED,
			 "'%.256s' is closed to users other than its owner (mode %04o)", closed,
			 mode);
		remedy(out,
		       "'chmod o+x %.128s'; systemd mounts it anew for root only, unless "
		       "/etc/tmpfiles.d has a file with the line 'z %.128s 0711'",
		       closed, closed);
	} else {
		conclude(out, FINDING_OK, "%s is open to them", machine->bpffs);
	}
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* What a switch and two ports of rings take, and a little more. */
#define MEMORY_MIN_KIB (32ULL * 1024)

/* In KiB; 0: cannot be read. */
static unsigned long long available_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long available = 0;
	char line[128];

	if (!file)
		return 0;
	while (!available && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &available) != 1)
			available = 0;
	fclose(file);
	return available;
}

static void look_at_memory(struct machine *machine, const struct check *check, struct finding *out)
{
	unsigned long long available = available_memory();

	(void)machine;
	(void)check;
	if (!available)
		conclude(out, FINDING_UNKNOWN, "/proc/meminfo does not tell");
	else
		conclude(out, available < MEMORY_MIN_KIB ? FINDING_LIMITED : FINDING_OK,
			 "%llu MiB available; a pair of rings takes %.1f MiB", available / 1024,
			 (double)(sizeof(struct vale_region) + sizeof(struct vale_ring_state)) /
				 (1 << 20));
}

#define PLACE "place"

const struct check place_checks[] = {
	{ PLACE, "bpffs", true, "the state of switches",
	  "run it as root, or say with --bpffs which bpf file system is the caller's",
	  look_at_bpffs, 0 },
	{ PLACE, "bpffs_for_others", false, "ports of rings for other users (port add --owner)", "",
	  look_at_others, 0 },
	{ PLACE, "memory", false, "ports of rings", "free some, or make rings of fewer ports",
	  look_at_memory, 0 },
	{},
};
