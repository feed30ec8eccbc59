// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients without any privilege: what they may do, and that they may do no more. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define DAEMON 1  /* another user */
#define GAMES  60 /* a group */
#define ROOT   "/sys/fs/bpf/vale"

static void ports_of_several_users(void)
{
	sandbox_enter();
	traffic_quiet();
	must("%s port add vale1:mine --owner nobody", valectl());
	must("%s port add vale1:other --owner daemon", valectl());
	must("%s port add vale1:root", valectl());
}

TestSuite(port_user, .init = ports_of_several_users, .timeout = 60);

static struct client *nobody(void)
{
	return client_start_as(NOBODY, NOBODY, NOBODY);
}

static void opens(struct client *client, const char *port)
{
	int error = client_open(client, port, 0);

	cr_assert_eq(error, 0, "%s: %s: %s", port, strerror(-error), client_reason(client));
}

static void refuses(struct client *client, int error, const char *words, const char *port)
{
	int answer = client_open(client, port, 0);

	cr_assert_eq(answer, -error, "%s: %s: %s", port, strerror(-answer), client_reason(client));
	cr_assert_not_null(strstr(client_reason(client), words), "%s: %s", port,
			   client_reason(client));
}

/* ---- what they may ----------------------------------------------------------------------------- */

Test(port_user, nobody_sends_and_receives)
{
	struct client *a = nobody(), *b = client_start(),
		      *c = client_start_as(DAEMON, DAEMON, DAEMON);

	opens(a, "vale1:mine");
	opens(b, "vale1:root");
	opens(c, "vale1:other");
	cr_assert(client_reaches(a, b, 1, 2));
	cr_assert(client_reaches(b, a, 2, 1));
	cr_assert(client_reaches(c, a, 3, 1));
	cr_assert(client_reaches(a, c, 1, 3));
	cr_assert(client_is_shown("vale1:mine", a));
	cr_assert_str_eq(port_member("vale1:mine", "owner"), "65534");
}

Test(port_user, nobody_sends_to_devices_and_receives_from_them)
{
	struct client *a = nobody();
	struct client_frame got;
	struct arrival arrival;
	struct frame frame;
	int socket;

	container("c", 9);
	must("%s attach vale1:dev c", valectl());
	socket = traffic_open("c", "eth0", FRAME_TYPE_OURS);
	opens(a, "vale1:mine");
	cr_assert_eq(client_send(a, 1, 9, 1), 0);
	cr_assert(traffic_receive(socket, &arrival, 5000));
	frame_plain(&frame, 1, 9, FRAME_TYPE_OURS, 60);
	cr_assert(frame_equal(&frame, &arrival.frame));
	frame_plain(&frame, 9, 1, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(socket, &frame, 1), 1);
	cr_assert_eq(client_receive(a, &got, 5000), 1);
	cr_assert_eq(got.length, frame.length);
	cr_assert_eq(memcmp(got.bytes, frame.bytes, frame.length), 0);
}

Test(port_user, owner_group_and_mode)
{
	struct client *member = client_start_as(DAEMON, DAEMON, GAMES);
	struct client *stranger = client_start_as(DAEMON, DAEMON, DAEMON);
	struct client *owner = nobody();

	must("%s port add vale1:g660 --owner nobody:games --mode 0660", valectl());
	must("%s port add vale1:g600 --owner nobody:games --mode 0600", valectl());
	must("%s port add vale1:game --owner nobody:%d --mode 660", valectl(), GAMES);
	must("%s port add vale1:all --owner 65534 --mode 0666", valectl());
	opens(member, "vale1:g660");
	client_close(member);
	refuses(member, EACCES, "it is another user's", "vale1:g600");
	opens(member, "vale1:game");
	client_close(member);
	opens(member, "vale1:all");
	refuses(stranger, EACCES, "it is another user's", "vale1:g660");
	refuses(stranger, EACCES, "'valectl port add vale1:mine --owner'", "vale1:mine");
	opens(stranger, "vale1:all");
	for (int i = 0; i < 4; i++) {
		static const char *const ports[] = { "vale1:g660", "vale1:g600", "vale1:game",
						     "vale1:all" };

		opens(owner, ports[i]);
		client_close(owner);
	}
}

/* ---- making things ----------------------------------------------------------------------------- */

static int add_port(struct client_self *self, void *argument)
{
	int error = vale_port_add(self->vale, argument, NULL);

	snprintf(self->reason, sizeof(self->reason), "%s", vale_reason(self->vale));
	return error;
}

static int delete_port(struct client_self *self, void *argument)
{
	int error = vale_port_del(self->vale, argument, true);

	snprintf(self->reason, sizeof(self->reason), "%s", vale_reason(self->vale));
	return error;
}

static void cannot(struct client *client, client_function *function, const char *name)
{
	char text[32];
	int error;

	snprintf(text, sizeof(text), "%s", name);
	error = client_do(client, function, text, sizeof(text));
	cr_assert_eq(error, -EPERM, "%s: %s: %s", name, strerror(-error), client_reason(client));
	cr_assert_not_null(strstr(client_reason(client), "not permitted: run it as root"), "%s: %s",
			   name, client_reason(client));
}

Test(port_user, nobody_makes_nothing)
{
	struct client *a = nobody(), *b = client_start();
	char *before = bpffs_files(), name[] = "vale1:new";

	refuses(a, EPERM, "not permitted: run it as root (it needs CAP_BPF", "vale1:new");
	refuses(a, EPERM, "not permitted: run it as root", "vale2:new");
	cannot(a, add_port, "vale1:new");
	cannot(a, add_port, "vale2:new");
	cannot(a, delete_port, "vale1:mine");
	cannot(a, delete_port, "vale1:other");
	bpffs_unchanged(before);
	cr_assert_eq(client_do(b, add_port, name, sizeof(name)), 0);
	cr_assert_eq(client_do(b, delete_port, name, sizeof(name)), 0);
}

/* ---- the memory of a port ---------------------------------------------------------------------- */

/* How the maps of the port can be had. */
static int open_map(struct client_self *self, const char *name, int way)
{
	const int fd = strcmp(name, "state") ? self->port->region_map : self->port->state_map;
	char path[64];

	if (way == 0)
		return dup(fd);
	snprintf(path, sizeof(path), ROOT "/vale1/port/mine/%s", name);
	if (way == 1)
		return bpf_obj_get(path);
	if (way == 2)
		return open(path, O_RDWR);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR);
}

#define WAYS 4

/* In how many ways the map can be written. */
static int ways_to_write(struct client_self *self, void *argument)
{
	static unsigned char value[sizeof(struct vale_region)];
	int count = 0;

	for (int way = 0; way < WAYS; way++) {
		int fd = open_map(self, argument, way);
		void *memory;
		__u32 zero = 0;

		if (fd < 0)
			continue;
		memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		count += memory != MAP_FAILED;
		memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		count += memory != MAP_FAILED && !mprotect(memory, 4096, PROT_READ | PROT_WRITE);
		count += !bpf_map_lookup_elem(fd, &zero, value) &&
			 !bpf_map_update_elem(fd, &zero, value, BPF_ANY);
		close(fd);
	}
	return count;
}

Test(port_user, the_state_is_not_theirs_to_write)
{
	char state[] = "state", region[] = "region";
	struct client *a = nobody();

	opens(a, "vale1:mine");
	cr_assert_eq(client_do(a, ways_to_write, state, sizeof(state)), 0);
	/* The region is, in the two ways that there are to have it: by mmap() and by bpf(). */
	cr_assert_eq(client_do(a, ways_to_write, region, sizeof(region)), 2 * 2);
}

/* ---- all that is pinned ------------------------------------------------------------------------ */

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

Test(port_user, what_is_others_cannot_be_opened)
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

Test(port_user, nor_by_its_number)
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

Test(port_user, nobody_changes_a_directory)
{
	struct client *a, *b;
	bool owner = false;
	int changes;

	remember_all();
	a = nobody();
	b = client_start();
	opens(a, "vale1:mine");
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

Test(port_user, nobody_holds_a_lock_that_stops_root)
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
