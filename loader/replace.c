// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Putting a program in the place of another one, at once. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "reload.h"

int replace_link(const char *pin, int program)
{
	LIBBPF_OPTS(bpf_link_update_opts, options, .flags = BPF_F_REPLACE);
	CLEANUP_CLOSE int link = bpf_obj_get(pin), old = -1;
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &size))
		return -errno;
	old = bpf_prog_get_fd_by_id(info.prog_id);
	if (old < 0)
		return -errno;
	options.old_prog_fd = old; /* nobody else has replaced it */
	return bpf_link_update(link, program, &options) ? -errno : 0;
}

/* A name that is not part of the tree: if we are killed, the next one to take the lock removes it. */
static int stage(struct vale *vale, int program, const struct stat *like, char staging[PATH_MAX])
{
	int error = pin_path(vale, staging, "%cprogram", PIN_STAGING);

	if (error)
		return error;
	return bpf_obj_pin(program, staging) || chmod(staging, like->st_mode & 0777) ||
			       chown(staging, like->st_uid, like->st_gid)
		       ? -errno
		       : 0;
}

int replace_pin(struct vale *vale, const char *pin, int program)
{
	char staging[PATH_MAX];
	struct stat old;
	int error;

	if (lstat(pin, &old))
		return -errno;
	error = stage(vale, program, &old, staging);
	if (!error && rename(staging, pin))
		error = -errno;
	if (error)
		pin_remove(staging);
	return error;
}

static bool is_map(int fd, const char *name, __u32 size)
{
	struct bpf_map_info info = {};
	__u32 info_size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &info_size) && !strcmp(info.name, name) &&
	       info.value_size == size;
}

int replace_find_map(const char *pin, const char *name, __u32 size)
{
	CLEANUP_CLOSE int program = bpf_obj_get(pin);
	__u32 maps[64], info_size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = sizeof(maps) / sizeof(maps[0]),
				      .map_ids = (__u64)(unsigned long)maps };

	if (program < 0 || bpf_obj_get_info_by_fd(program, &info, &info_size))
		return -errno;
	for (__u32 i = 0; i < info.nr_map_ids && i < sizeof(maps) / sizeof(maps[0]); i++) {
		CLEANUP_CLOSE int fd = bpf_map_get_fd_by_id(maps[i]);

		if (fd >= 0 && is_map(fd, name, size))
			return TAKE(fd, -1);
	}
	return -EPROTO; /* it is none of ours */
}
