// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "objects.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "expect.h"

enum kind { MAP, PROGRAM, LINK };

static const char *const kinds[] = { "map", "program", "link" };

static struct object {
	enum kind kind;
	__u32 id;
} objects[8192];
static size_t object_count;
static bool changing; /* others add and remove pins meanwhile */

static void remember(enum kind kind, __u32 id)
{
	for (size_t i = 0; i < object_count; i++)
		if (objects[i].kind == kind && objects[i].id == id)
			return;
	cr_assert_lt(object_count, sizeof(objects) / sizeof(objects[0]));
	objects[object_count++] = (struct object){ kind, id };
}

/* A program keeps maps that are pinned nowhere: its constants. */
static void remember_program(__u32 id)
{
	__u32 maps[64], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (__u64)(unsigned long)maps };
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd < 0 && changing)
		return;
	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	remember(PROGRAM, id);
	for (__u32 i = 0; i < info.nr_map_ids; i++)
		remember(MAP, maps[i]);
}

static void remember_map(int fd, const struct bpf_map_info *info)
{
	struct bpf_devmap_val value;
	__u32 zero = 0, id;

	remember(MAP, info->id);
	if (info->type == BPF_MAP_TYPE_PROG_ARRAY && !bpf_map_lookup_elem(fd, &zero, &id))
		remember_program(id);
	if (info->type != BPF_MAP_TYPE_DEVMAP)
		return;
	for (__u32 i = 0; i < info->max_entries; i++) {
		if (!bpf_map_lookup_elem(fd, &i, &value) && value.bpf_prog.id)
			remember_program(value.bpf_prog.id);
	}
}

static int remember_pin(const char *path, const struct stat *status, int type, struct FTW *at)
{
	union {
		struct bpf_map_info map;
		struct bpf_link_info link;
		struct bpf_prog_info program;
	} info = {};
	__u32 size = sizeof(info);
	char what[128], name[64];
	ssize_t length;
	int fd;

	(void)status;
	(void)at;
	if (type != FTW_F)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0 && errno == ENOENT && changing)
		return 0;
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, what, sizeof(what) - 1);
	what[length > 0 ? length : 0] = 0;
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0, "%s", path);
	if (strstr(what, "bpf-map"))
		remember_map(fd, &info.map);
	else if (strstr(what, "bpf_link") || strstr(what, "bpf-link")) {
		remember(LINK, info.link.id);
		remember_program(info.link.prog_id);
	} else if (strstr(what, "bpf-prog"))
		remember_program(info.program.id);
	else
		cr_assert_fail("%s is a %s", path, what);
	close(fd);
	return 0;
}

void objects_remember(void)
{
	cr_assert_eq(nftw("/sys/fs/bpf/vale", remember_pin, 8, FTW_PHYS), 0);
}

void objects_sample(void)
{
	if (object_count > sizeof(objects) / sizeof(objects[0]) / 2)
		return;
	changing = true;
	nftw("/sys/fs/bpf/vale", remember_pin, 8, FTW_PHYS);
	changing = false;
}

/*
 * By its number alone: who opens an array of programs that nobody has, and closes it, makes the kernel
 * clear it once more, and that keeps it as long.
 */
static bool is_alive(const struct object *object)
{
	__u32 next = 0, before = object->id - 1;
	int error = object->kind == MAP	      ? bpf_map_get_next_id(before, &next)
		    : object->kind == PROGRAM ? bpf_prog_get_next_id(before, &next)
					      : bpf_link_get_next_id(before, &next);

	return !error && next == object->id;
}

size_t objects_alive(void)
{
	size_t count = 0;

	for (size_t i = 0; i < object_count; i++)
		count += is_alive(&objects[i]);
	return count;
}

/* What is attached to the kernel's tracepoints calls what is in maps, and stays. */
static bool stays(int program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(program, &info, &size) && !strncmp(info.name, "watch_", 6);
}

static bool all_are_new(const void *unused)
{
	(void)unused;
	for (size_t i = 0; i < object_count; i++) {
		int fd = objects[i].kind == PROGRAM ? bpf_prog_get_fd_by_id(objects[i].id) : -1;
		bool old = fd >= 0 && !stays(fd);

		if (fd >= 0)
			close(fd);
		if (old)
			return false;
	}
	return true;
}

bool objects_programs_are_replaced(void)
{
	return eventually(all_are_new, NULL);
}

void objects_forget(void)
{
	object_count = 0;
}

static bool all_is_freed(const void *unused)
{
	(void)unused;
	return objects_alive() == 0;
}

bool objects_are_freed(void)
{
	return eventually(all_is_freed, NULL);
}

size_t objects_count(void)
{
	return object_count;
}

size_t objects_count_of(const char *kind)
{
	size_t count = 0;

	for (size_t i = 0; i < object_count; i++)
		count += !strcmp(kinds[objects[i].kind], kind);
	return count;
}
