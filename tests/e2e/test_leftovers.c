// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What is taken down is gone from the kernel: its maps, programs and links, which others could not
 * see in any directory. They are found by their ids, from what is pinned, so that other tests that
 * run at the same time do not matter.
 */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "vale.h"

TestSuite(leftovers, .init = sandbox_enter, .timeout = 60);

enum kind { MAP, PROGRAM, LINK };

static struct object {
	enum kind kind;
	__u32 id;
} objects[1024];
static size_t object_count;

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

	cr_assert_geq(fd, 0);
	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	close(fd);
	remember(PROGRAM, id);
	for (__u32 i = 0; i < info.nr_map_ids; i++)
		remember(MAP, maps[i]);
}

static void remember_map(int fd, const struct bpf_map_info *info)
{
	remember(MAP, info->id);
	if (info->type != BPF_MAP_TYPE_DEVMAP)
		return;
	for (__u32 i = 0; i < info->max_entries; i++) {
		struct bpf_devmap_val value;

		if (!bpf_map_lookup_elem(fd, &i, &value) && value.bpf_prog.id)
			remember_program(value.bpf_prog.id);
	}
}

static int remember_pin(const char *path, const struct stat *status, int type, struct FTW *at)
{
	union {
		struct bpf_map_info map;
		struct bpf_link_info link;
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
	} else
		cr_assert_fail("%s is a %s", path, what);
	close(fd);
	return 0;
}

static void remember_all(void)
{
	cr_assert_eq(nftw("/sys/fs/bpf/vale", remember_pin, 8, FTW_PHYS), 0);
}

static size_t alive(void)
{
	size_t count = 0;

	for (size_t i = 0; i < object_count; i++) {
		__u32 id = objects[i].id;
		int fd = objects[i].kind == MAP	      ? bpf_map_get_fd_by_id(id)
			 : objects[i].kind == PROGRAM ? bpf_prog_get_fd_by_id(id)
						      : bpf_link_get_fd_by_id(id);

		count += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return count;
}

static bool all_is_freed(const void *unused)
{
	(void)unused;
	return alive() == 0;
}

static void two_ports(void)
{
	must("%s attach vale1:p1 t0", valectl());
	must("%s attach vale1:p2 t2 --hook generic", valectl());
	remember_all();
}

Test(leftovers, nothing_is_left_in_the_kernel)
{
	veth("t0", "t1");
	veth("t2", "t3");
	for (int i = 0; i < 3; i++) {
		two_ports();
		must("%s detach vale1:p1 && %s attach vale1:p3 t0", valectl(), valectl());
		remember_all();
		must("%s destroy vale1 --force", valectl());
	}
	two_ports();
	must("ip link del dev t0 && ip link del dev t2");
	must("%s detach vale1:p1 && %s detach vale1:p2 && %s destroy vale1", valectl(), valectl(),
	     valectl());
	cr_assert_gt(object_count, 4 * 15);
	cr_assert(eventually(all_is_freed, NULL), "%zu of %zu objects are left", alive(),
		  object_count);
}

/* The twin: what is in use is found. */
Test(leftovers, what_is_in_use_is_there)
{
	size_t count;

	veth("t0", "t1");
	veth("t2", "t3");
	two_ports();
	count = object_count;
	cr_assert_eq(alive(), count);
	must("%s detach vale1:p1", valectl());
	usleep(500000);
	cr_assert(alive() < count && alive() > 0);
}

/* When detach and destroy return, the program is off its device: not a little later. */
Test(leftovers, programs_are_gone_at_once)
{
	struct vale *vale = NULL;

	veth("t0", "t1");
	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(vale_port_attach(vale, "vale1:p1", "t0", NULL), 0, "%s",
			     vale_reason(vale));
		cr_assert_neq(program_on("t0"), 0);
		cr_assert_eq(i % 2 ? vale_port_detach(vale, "vale1:p1")
				   : vale_switch_destroy(vale, "vale1", true),
			     0, "%s", vale_reason(vale));
		cr_assert_eq(program_on("t0"), 0, "round %d", i);
	}
	vale_close(vale);
}
