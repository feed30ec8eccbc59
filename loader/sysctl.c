// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Limits and defaults of all switches of a bpffs, in a map of one element. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"

/* VALE's 8 switches are what its users complain about; 8192 addresses take about 1 MiB. */
static const struct vale_sysctl defaults = {
	.abi = VALE_ABI,
	.max_bridges = 64,
	.default_fdb_size = 8192,
	.default_age = 300,
};

#define MAX_BRIDGES_MAX 65536

static int open_map(struct vale *vale, char path[PATH_MAX])
{
	int fd;

	if (pin_path(vale, path, "sysctl"))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int vale_sysctl_get(struct vale *vale, struct vale_sysctl *out)
{
	struct vale_sysctl values = defaults;
	CLEANUP_CLOSE int fd = -1;
	char path[PATH_MAX];
	__u32 zero = 0;
	int error = pin_trust_root(vale);

	if (error)
		return error;
	fd = open_map(vale, path);
	if (fd >= 0 && bpf_map_lookup_elem(fd, &zero, &values))
		return fail_bpf(vale, errno, "cannot read the sysctls");
	if (fd == -EACCES)
		return fail_files(vale, "cannot read the sysctls");
	if (fd < 0 && fd != -ENOENT)
		return fail_bpf(vale, -fd, "cannot read the sysctls");
	if (values.abi != VALE_ABI)
		return fail(vale, ENOTSUP,
			    "the sysctls were made by another version (ABI %u, this is "
			    "%u): destroy the switches with that one and remove '%s'",
			    values.abi, VALE_ABI, path);
	*out = values;
	return 0;
}

static int check(struct vale *vale, const struct vale_sysctl *values)
{
	if (values->max_bridges < 1 || values->max_bridges > MAX_BRIDGES_MAX)
		return fail(vale, ERANGE, "max_bridges is from 1 to %u", MAX_BRIDGES_MAX);
	if (values->default_fdb_size < VALE_FDB_SIZE_MIN ||
	    values->default_fdb_size > VALE_FDB_SIZE_MAX)
		return fail(vale, ERANGE, "default_fdb_size is from %u to %u", VALE_FDB_SIZE_MIN,
			    VALE_FDB_SIZE_MAX);
	if (values->default_age > VALE_AGE_MAX)
		return fail(vale, ERANGE, "default_age is from 0 (never) to %u seconds",
			    VALE_AGE_MAX);
	return 0;
}

/* Filled in before it gets its name: whoever sees the map sees values in it. */
static int make_map(const char *path, const struct vale_sysctl *values)
{
	CLEANUP_CLOSE int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vale_sysctl", sizeof(__u32),
					      sizeof(*values), 1, NULL);
	__u32 zero = 0;

	if (fd < 0 || bpf_map_update_elem(fd, &zero, values, BPF_ANY) || bpf_obj_pin(fd, path))
		return -errno;
	return 0;
}

int vale_sysctl_set(struct vale *vale, const struct vale_sysctl *values)
{
	struct vale_sysctl checked = *values;
	CLEANUP_CLOSE int lock = -1, fd = -1;
	char path[PATH_MAX];
	__u32 zero = 0;
	int error = check(vale, values);

	if (error)
		return error;
	checked.abi = VALE_ABI;
	error = pin_make_root(vale);
	if (error)
		return error;
	error = pin_lock(vale, &lock);
	if (error)
		return error;
	fd = open_map(vale, path);
	if (fd == -ENOENT)
		error = make_map(path, &checked);
	else if (fd < 0)
		error = fd;
	else if (bpf_map_update_elem(fd, &zero, &checked, BPF_ANY))
		error = -errno;
	return error ? fail_bpf(vale, -error, "cannot set the sysctls") : 0;
}
