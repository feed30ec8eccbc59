// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What clients without any privilege can do to the pins of a switch, their own and others'. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define ROOT "/sys/fs/bpf/vale"

static void ports_of_several_users(void)
{
	sandbox_enter();
	must("%s port add vale1:mine --owner nobody", valectl());
	must("%s port add vale1:other --owner daemon", valectl());
	must("%s port add vale1:root", valectl());
}

TestSuite(port_pins, .init = ports_of_several_users, .timeout = 60);

static struct client *nobody(void)
{
	return client_start_as(NOBODY, NOBODY, NOBODY);
}

static char paths[1024][128];
static size_t path_count;

static int remember(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	cr_assert_lt(path_count, sizeof(paths) / sizeof(paths[0]));
	snprintf(paths[path_count++], sizeof(paths[0]), "%s", path);
	return 0;
}

/* Before clients are started, which then know it. */
static void remember_all(void)
{
	path_count = 0;
	cr_assert_eq(nftw(ROOT, remember, 8, FTW_PHYS), 0);
	cr_assert_gt(path_count, 40);
}

static bool is_below(const char *path, const char *directory)
{
	return !strncmp(path, directory, strlen(directory));
}

/* How many pins can be opened, below a directory and elsewhere. */
struct opened {
	int own, others;
};

static int open_pins(struct client_self *self, void *argument)
{
	struct opened *opened = argument;

	(void)self;
	for (size_t i = 0; i < path_count; i++) {
		int *count = is_below(paths[i], ROOT "/vale1/port/mine/") ? &opened->own
									  : &opened->others;

		for (unsigned int flags = 0; flags <= BPF_F_WRONLY; flags += BPF_F_RDONLY) {
			LIBBPF_OPTS(bpf_obj_get_opts, options, .file_flags = flags);
			int fd = bpf_obj_get_opts(paths[i], &options);

			*count += fd >= 0;
			if (fd >= 0)
				close(fd);
		}
	}
	return 0;
}

Test(port_pins, what_is_others_cannot_be_opened)
{
	struct opened opened = {}, all = {};
	struct client *a, *b;

	must("%s port add vale2:x --owner daemon:daemon --mode 0660", valectl());
	must("%s port add vale2:y --owner daemon:nogroup --mode 0600", valectl());
	remember_all();
	a = nobody();
	b = client_start();
	client_do(a, open_pins, &opened, sizeof(opened));
	cr_assert_geq(opened.own, 7 * 3);
	client_do(b, open_pins, &all, sizeof(all));
	cr_assert_gt(all.others, 3 * 30);
	/* All but the program that tells them that the port is deleted. */
	cr_assert_eq(all.own, opened.own + 3);
	cr_assert_eq(opened.others, 0, "%d", opened.others);
}

static int open_by_id(struct client_self *self, void *argument)
{
	int count = 0;

	(void)self;
	for (__u32 id = 0; !bpf_map_get_next_id(id, &id);) {
		int fd = bpf_map_get_fd_by_id(id);

		count += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	for (__u32 id = *(__u32 *)argument, last = id + 64; id < last; id++) {
		int fd = bpf_map_get_fd_by_id(id);

		count += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	return count;
}

Test(port_pins, nor_by_its_number)
{
	struct client *a = nobody(), *b = client_start();
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	int fd = bpf_obj_get(ROOT "/vale1/port/root/region");

	cr_assert_eq(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	cr_assert_eq(client_do(a, open_by_id, &info.id, sizeof(info.id)), 0);
	cr_assert_gt(client_do(b, open_by_id, &info.id, sizeof(info.id)), 0);
}

/* ---- the directories --------------------------------------------------------------------------- */

static bool try_directory(const char *path)
{
	char made[192], link[192];
	bool changed;

	snprintf(made, sizeof(made), "%s/made", path);
	snprintf(link, sizeof(link), "%s/link", path);
	changed = !mkdir(made, 0700) || !symlink("/", link);
	rmdir(made);
	unlink(link);
	return changed;
}

static bool try_to_move(const char *path)
{
	char moved[192];

	snprintf(moved, sizeof(moved), "%s_moved", path);
	return !rename(path, moved) && !rename(moved, path);
}

static int change_tree(struct client_self *self, void *argument)
{
	const bool owner = *(bool *)argument;
	int changes = 0;

	for (size_t i = 0; i < path_count; i++) {
		struct stat status;
		bool changed;

		/* The first thing somebody would do who wants to write into what is theirs. */
		if (!lstat(paths[i], &status) && S_ISDIR(status.st_mode))
			chmod(paths[i], owner ? 0711 : 0777);
		changed = try_directory(paths[i]) || try_to_move(paths[i]) ||
			  (!owner && (!unlink(paths[i]) || !rmdir(paths[i])));
		if (changed && !changes)
			snprintf(self->reason, sizeof(self->reason), "%s", paths[i]);
		changes += changed;
	}
	return changes;
}

Test(port_pins, nobody_changes_a_directory)
{
	struct client *a, *b;
	bool owner = false;
	int changes;

	remember_all();
	a = nobody();
	b = client_start();
	client_opens(a, "vale1:mine", 0);
	changes = client_do(a, change_tree, &owner, sizeof(owner));
	cr_assert_eq(changes, 0, "%d changes, such as in %s", changes, client_reason(a));
	owner = true;
	cr_assert_eq(client_do(b, change_tree, &owner, sizeof(owner)), (int)path_count);
}

/* ---- locks ------------------------------------------------------------------------------------- */

/* Takes all the locks that there are to be had, and keeps them. */
static int lock_all(struct client_self *self, void *argument)
{
	int count = 0;

	for (size_t i = 0; i < path_count; i++) {
		int file = open(paths[i], O_RDONLY | O_CLOEXEC), object = bpf_obj_get(paths[i]);

		if (file >= 0 && !flock(file, LOCK_EX | LOCK_NB)) {
			count++;
			if (!is_below(paths[i], argument))
				snprintf(self->reason, sizeof(self->reason), "%s", paths[i]);
		}
		if (object >= 0)
			flock(object, LOCK_EX | LOCK_NB);
	}
	return count;
}

static bool lock_stops(const char *path, const char *command)
{
	return run("flock %s timeout 1 %s %s", path, valectl(), command).status == 124;
}

Test(port_pins, nobody_holds_a_lock_that_stops_root)
{
	char own[] = ROOT "/vale1/port/mine";
	struct client *a;

	remember_all();
	a = nobody();
	cr_assert_gt(client_do(a, lock_all, own, sizeof(own)), 0);
	cr_assert_str_empty(client_reason(a), "nobody has locked %s", client_reason(a));
	must("timeout 20 %s list && timeout 20 %s show vale1", valectl(), valectl());
	must("timeout 20 %s port add vale1:new", valectl());
	must("timeout 20 %s port add vale2:new", valectl());
	must("timeout 20 %s port del vale1:other", valectl());
	refused(1, "a client has it open", "port del vale1:mine");
	must("timeout 20 %s port del vale1:mine --force", valectl());
	must("timeout 20 %s destroy vale1 --force", valectl());
	/* The twin: this is what a lock does. */
	cr_assert(lock_stops(ROOT, "port add vale2:more"));
	cr_assert_not(lock_stops("/sys/fs/bpf", "port add vale2:more"));
}
