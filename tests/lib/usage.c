// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "sandbox.h"

#define GROUPS "/mnt/groups"

static char group[128];
static bool first_version;

/* ---- the kernel's memory ----------------------------------------------------------------------- */

static bool mounted(void)
{
	mkdir(GROUPS, 0755);
	first_version = !run("mount -t cgroup -o memory none " GROUPS).status;
	return first_version || !run("mount -t cgroup2 none " GROUPS " && echo +memory >" GROUPS
				     "/cgroup.subtree_control")
					 .status;
}

int usage_begin(void)
{
	if (!mounted())
		return 0;
	snprintf(group, sizeof(group), GROUPS "/vale-test-%d", getpid());
	must("mkdir %s && echo %d >%s/cgroup.procs", group, getpid(), group);
	return 1;
}

void usage_end(void)
{
	if (!*group)
		return;
	/* With processes that end with this one, if the test was ended. */
	must("until rmdir %s 2>/dev/null; do for process in $(cat %s/cgroup.procs); do "
	     "echo $process >" GROUPS "/cgroup.procs; done 2>/dev/null; true; done",
	     group, group);
	group[0] = 0;
}

long usage_kernel(void)
{
	struct output output;

	if (!*group)
		return -1;
	output = first_version ? must("cat %s/memory.kmem.usage_in_bytes", group)
			       : must("awk '$1 == \"kernel\" { print $2 }' %s/memory.stat", group);
	return strtol(output.text, NULL, 10);
}

/* ---- processes --------------------------------------------------------------------------------- */

long usage_resident(pid_t process)
{
	long pages = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/statm", process);
	file = fopen(path, "re");
	cr_assert_not_null(file, "process %d is gone", process);
	cr_assert_eq(fscanf(file, "%*d %ld", &pages), 1);
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}

int usage_files(pid_t process)
{
	char path[64];
	DIR *directory;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", process);
	directory = opendir(path);
	cr_assert_not_null(directory, "process %d is gone", process);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* ---- BPF objects ------------------------------------------------------------------------------- */

#define KINDS 3
#define MOST  65536

static int (*const next_id[KINDS])(__u32 id, __u32 *next) = {
	bpf_map_get_next_id,
	bpf_prog_get_next_id,
	bpf_link_get_next_id,
};

static int (*const get_fd[KINDS])(__u32 id) = {
	bpf_map_get_fd_by_id,
	bpf_prog_get_fd_by_id,
	bpf_link_get_fd_by_id,
};

struct objects {
	__u32 ids[KINDS][MOST];
	size_t count[KINDS];
};

static struct objects known, news;

static bool is_known(int kind, __u32 id)
{
	for (size_t i = 0; i < known.count[kind]; i++)
		if (known.ids[kind][i] == id)
			return true;
	return false;
}

static void remember(struct objects *objects)
{
	for (int kind = 0; kind < KINDS; kind++) {
		objects->count[kind] = 0;
		for (__u32 id = 0; !next_id[kind](id, &id);) {
			if (is_known(kind, id))
				continue;
			cr_assert_lt(objects->count[kind], (size_t)MOST);
			objects->ids[kind][objects->count[kind]++] = id;
		}
	}
}

void usage_remember_objects(void)
{
	memset(known.count, 0, sizeof(known.count));
	remember(&news);
	known = news;
}

void usage_remember_new_objects(void)
{
	remember(&news);
}

size_t usage_new_objects(void)
{
	size_t count = 0;

	for (int kind = 0; kind < KINDS; kind++) {
		for (size_t i = 0; i < news.count[kind]; i++) {
			int fd = get_fd[kind](news.ids[kind][i]);

			count += fd >= 0;
			if (fd >= 0)
				close(fd);
		}
	}
	return count;
}
