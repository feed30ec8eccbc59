// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients without any privilege: what they may do, and that they may do no more. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
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

	client_opens(a, "vale1:mine", 0);
	client_opens(b, "vale1:root", 0);
	client_opens(c, "vale1:other", 0);
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
	client_opens(a, "vale1:mine", 0);
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
	client_opens(member, "vale1:g660", 0);
	client_close(member);
	refuses(member, EACCES, "it is another user's", "vale1:g600");
	client_opens(member, "vale1:game", 0);
	client_close(member);
	client_opens(member, "vale1:all", 0);
	refuses(stranger, EACCES, "it is another user's", "vale1:g660");
	refuses(stranger, EACCES, "'valectl port add vale1:mine --owner'", "vale1:mine");
	client_opens(stranger, "vale1:all", 0);
	for (int i = 0; i < 4; i++) {
		static const char *const ports[] = { "vale1:g660", "vale1:g600", "vale1:game",
						     "vale1:all" };

		client_opens(owner, ports[i], 0);
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

	refuses(a, EPERM, "not permitted: run it as root (it needs CAP_", "vale1:new");
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

	client_opens(a, "vale1:mine", 0);
	cr_assert_eq(client_do(a, ways_to_write, state, sizeof(state)), 0);
	/* The region is, in the two ways that there are to have it: by mmap() and by bpf(). */
	cr_assert_eq(client_do(a, ways_to_write, region, sizeof(region)), 2 * 2);
}
