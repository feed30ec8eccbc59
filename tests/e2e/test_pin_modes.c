// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The tree of a switch with ports of every kind: the mode and the owner of each directory and pin, and
 * what a user can do with each who has one of the ports.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
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
#include "tests/lib/traffic.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOT	     "/sys/fs/bpf/vale"
#define MINE	     ROOT "/vale1/port/mine/"
#define GAMES	     60

/* Whoever runs the commands may have any umask. */
#define VALE "umask 0; %s "

static void every_kind_of_port(void)
{
	sandbox_enter();
	traffic_quiet();
	container("c1", 1);
	container("c2", 2);
	must("ip tuntap add t1 mode tap && ip link set t1 up");
	must(VALE "sysctl -w max_bridges=5", valectl());
	must(VALE "port add vale1:root --rings 2", valectl());
	must(VALE "port add vale1:mine --owner nobody:games --mode 660", valectl());
	must(VALE "attach vale1:veth c1 --hook xdp", valectl());
	must(VALE "attach vale1:kept c2 --host", valectl());
	must(VALE "attach vale1:tap t1", valectl());
	must(VALE "attach vale1:sock --xsk x1", valectl());
	must(VALE "host vale1", valectl());
}

TestSuite(pin_modes, .init = every_kind_of_port, .timeout = 60);

/* ---- the table --------------------------------------------------------------------------------- */

static const struct kind {
	const char *path; /* below ROOT, as a pattern */
	mode_t mode;
	uid_t user;
	gid_t group;
} table[] = {
	/* Nobody can list them, or lock them; all can pass through, to their ports. */
	{ "", S_IFDIR | 0711, 0, 0 },
	{ "/vale1", S_IFDIR | 0711, 0, 0 },
	{ "/vale1/port", S_IFDIR | 0711, 0, 0 },
	{ "/vale1/port/*", S_IFDIR | 0711, 0, 0 },
	/* What is the switch's is root's, with the tables, and the programs on devices. */
	{ "/sysctl", S_IFREG | 0600, 0, 0 },
	{ "/vale1/*", S_IFREG | 0600, 0, 0 },
	{ "/vale1/port/*/tc", S_IFREG | 0600, 0, 0 },
	{ "/vale1/port/*/xdp", S_IFREG | 0600, 0, 0 },
	{ "/vale1/port/kept^/vale_*_host", S_IFREG | 0600, 0, 0 },
	/* That AF_XDP port's clients. */
	{ "/vale1/port/sock/state", S_IFREG | 0600, 0, 0 },
	/* A port's are its owner's, but for what tells its clients that it goes. */
	{ "/vale1/port/root/*", S_IFREG | 0600, 0, 0 },
	{ "/vale1/port/mine/dismiss", S_IFREG | 0600, 0, 0 },
	{ "/vale1/port/mine/region", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/state", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/enter", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/leave", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/header", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/live", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/doorbell0", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/txsync0", S_IFREG | 0660, NOBODY, GAMES },
	{ "/vale1/port/mine/wake0", S_IFREG | 0660, NOBODY, GAMES },
};

static int found[COUNT(table)];
static char paths[256][128];
static size_t path_count;

static const struct kind *kind_of(const char *path, mode_t type)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		if ((table[i].mode & S_IFMT) != type || fnmatch(table[i].path, path, FNM_PATHNAME))
			continue;
		found[i]++;
		return &table[i];
	}
	return NULL;
}

static int look(const char *path, const struct stat *status, int type, struct FTW *at)
{
	const struct kind *kind = kind_of(path + strlen(ROOT), status->st_mode & S_IFMT);

	(void)type;
	(void)at;
	cr_assert_lt(path_count, COUNT(paths));
	snprintf(paths[path_count++], sizeof(paths[0]), "%s", path);
	cr_expect_not_null(kind, "%s is in no row of the table", path);
	cr_expect(kind && status->st_mode == kind->mode && status->st_uid == kind->user &&
			  status->st_gid == kind->group,
		  "%s: mode %o, user %u, group %u", path, status->st_mode, status->st_uid,
		  status->st_gid);
	return 0;
}

static void look_at_all(void)
{
	path_count = 0;
	cr_assert_eq(nftw(ROOT, look, 8, FTW_PHYS), 0);
}

Test(pin_modes, are_those_of_the_table)
{
	look_at_all();
	for (size_t i = 0; i < COUNT(table); i++)
		cr_expect_gt(found[i], 0, "there is no '%s'", table[i].path);
	cr_assert_gt(path_count, 50);
}

/* ---- what the owner of one port can do, and another user ----------------------------------------- */

static bool can_list(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool can = fd >= 0;

	if (can)
		close(fd);
	return can;
}

static bool can_get(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* In one's own place, or in another's: by a pin of one's own. */
static bool can_pin_in(const char *path)
{
	int own = bpf_obj_get(MINE "region");
	char inside[192];
	bool can;

	snprintf(inside, sizeof(inside), "%s/planted", path);
	can = own >= 0 && !bpf_obj_pin(own, inside);
	if (own >= 0)
		close(own);
	return can || !mkdir(inside, 0700);
}

static bool can_replace(const char *path)
{
	char moved[192];

	snprintf(moved, sizeof(moved), "%s_moved", path);
	return !rename(path, moved) || !rename("/sys/fs/bpf/planted", path) || !unlink(path) ||
	       !rmdir(path);
}

struct can {
	int open, list, plant, replace, give;
};

static int try_all(struct client_self *self, void *argument)
{
	struct can can = {};

	(void)self;
	mkdir("/sys/fs/bpf/planted", 0700); /* bpffs itself is everybody's */
	for (size_t i = 0; i < path_count; i++) {
		const char *path = paths[i];

		can.open += can_get(path);
		can.list += can_list(path);
		can.plant += can_pin_in(path);
		can.replace += can_replace(path);
		can.give += !chmod(path, 0666) || !chown(path, 0, 0);
	}
	rmdir("/sys/fs/bpf/planted");
	*(struct can *)argument = can;
	return 0;
}

/* A user's pins are its own to open, and to share; the names are root's. */
Test(pin_modes, users_can_open_their_own_and_change_nothing)
{
	struct client *owner, *member, *stranger;
	struct can can;
	char *before;

	look_at_all();
	before = bpffs_files();
	stranger = client_start_as(1, 1, 1);
	client_do(stranger, try_all, &can, sizeof(can));
	cr_assert_eq(can.open + can.list + can.plant + can.replace + can.give, 0, "%d %d %d %d %d",
		     can.open, can.list, can.plant, can.replace, can.give);
	member = client_start_as(1, 1, GAMES);
	client_do(member, try_all, &can, sizeof(can));
	cr_assert_eq(can.open, 9, "%d", can.open);
	cr_assert_eq(can.plant + can.replace + can.give, 0);
	owner = client_start_as(NOBODY, NOBODY, NOBODY);
	client_do(owner, try_all, &can, sizeof(can));
	cr_assert_eq(can.open, 9, "%d", can.open);
	cr_assert_eq(can.give, 9, "%d", can.give);
	cr_assert_eq(can.plant + can.replace, 0, "%d %d", can.plant, can.replace);
	bpffs_unchanged(before);
	client_opens(owner, "vale1:mine", 0);
}
