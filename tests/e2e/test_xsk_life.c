// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients over AF_XDP come and go: by themselves, killed, refused, with the interface taken away. */
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

TestSuite(xsk_life, .init = sandbox_enter, .timeout = 60);

static const struct vale_open_options xsk = { .transport = VALE_TRANSPORT_XSK };

static void must_open(struct client *client, const char *port)
{
	cr_assert_eq(client_open_with(client, port, &xsk), 0, "%s", client_reason(client));
}

static void must_fail(struct client *client, const char *port,
		      const struct vale_open_options *options, int error, const char *words)
{
	cr_assert_eq(client_open_with(client, port, options), -error, "%s", client_reason(client));
	cr_assert(strstr(client_reason(client), words), "not '%s': %s", words,
		  client_reason(client));
}

static void no_interfaces(void)
{
	cr_assert_str_empty(must("ip -o link | grep -v ' lo:' || true").text);
}

/* ---- coming and going -------------------------------------------------------------------------- */

/* A port that a client makes goes with it, as its switch does. */
Test(xsk_life, made_by_opening)
{
	struct client *client = client_start();
	char *before;

	must("%s create vale2 && %s destroy vale2", valectl(), valectl());
	before = bpffs_files();
	must_open(client, "vale1:a");
	cr_assert_str_eq(port_member("vale1:a", "ephemeral"), "true");
	cr_assert_str_eq(port_member("vale1:a", "mode"), "copy");
	cr_assert(client_is_shown("vale1:a", client));
	cr_assert_eq(client_close(client), 0);
	bpffs_unchanged(before);
	no_interfaces();
}

/* One that is there stays; programs that know nothing of AF_XDP get it by its name. */
Test(xsk_life, a_port_that_stays)
{
	struct client *a = client_start(), *b = client_start();

	must("%s attach vale1:a --xsk out", valectl());
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(client_open(a, "vale1:a", 0), 0, "%s", client_reason(a));
		cr_assert_eq(client_open(b, "vale1:b", 0), 0, "%s", client_reason(b));
		cr_assert(client_reaches(a, b, 1, 2) && client_reaches(b, a, 2, 1));
		cr_assert_eq(program_on("out") != 0, true);
		cr_assert_eq(client_close(a), 0);
		cr_assert_eq(client_close(b), 0);
		cr_assert_eq(program_on("out"), 0);
		cr_assert_str_eq(port_member("vale1:a", "mode"), "none");
	}
}

Test(xsk_life, in_another_namespace)
{
	struct client *a = client_start(), *b = client_start();

	must("ip netns add n && %s attach vale1:a --xsk out --netns n", valectl());
	must_open(a, "vale1:a");
	must_open(b, "vale1:b");
	cr_assert(client_reaches(a, b, 1, 2) && client_reaches(b, a, 2, 1));
}

/* The kernel's objects of a client: the ids of its maps and its program. */
static struct output objects_of(const struct client *client)
{
	return must("grep -hE '^(map_id|prog_id):' /proc/%d/fdinfo/* | sort -u",
		    client_process(client));
}

static bool are_gone(const void *objects)
{
	char kind[16];
	int id, used;

	for (const char *at = objects; sscanf(at, "%15[a-z]_id: %d%n", kind, &id, &used) == 2;
	     at += used + 1)
		if (!run("bpftool %s show id %d | grep -wE 'region|queues|vale_xsk'", kind, id)
			     .status)
			return false;
	return true;
}

static void check_killed(const char *port)
{
	struct client *client = client_start();
	struct output objects;

	must_open(client, port);
	objects = objects_of(client);
	cr_assert(strstr(objects.text, "map_id:"), "%s", objects.text);
	cr_assert_not(are_gone(objects.text), "the client has none of them");
	client_kill(client);
	cr_assert(eventually(are_gone, objects.text), "left: %s", objects.text);
}

Test(xsk_life, killed)
{
	struct client *next = client_start();
	char *before;

	must("%s attach vale1:a --xsk out", valectl());
	before = bpffs_files();
	check_killed("vale1:a");
	cr_assert_eq(program_on("out"), 0);
	cr_assert_str_eq(port_member("vale1:a", "mode"), "none");
	bpffs_unchanged(before);
	must_open(next, "vale1:a");
}

/* What was made for it is left to whoever comes next. */
Test(xsk_life, killed_with_a_port_of_its_own)
{
	must("%s create vale1", valectl());
	check_killed("vale1:b");
	must("ip -o link | grep -E ': x[0-9]+-[0-9]+@'");
	refused(1, "there is no port", "detach vale1:nobody");
	no_interfaces();
	must("%s destroy vale1", valectl());
}

/* ---- refused ----------------------------------------------------------------------------------- */

Test(xsk_life, who_has_it)
{
	struct client *a = client_start(), *b = client_start();

	must_open(a, "vale1:a");
	must_fail(b, "vale1:a", &xsk, EBUSY, "only one can");
	cr_assert_eq(client_close(a), 0);
	must_open(b, "vale1:a");
}

/* Another program's XDP program is on the outer end; then it goes. */
Test(xsk_life, another_program_is_there)
{
	struct client *a = client_start();

	must("%s attach vale1:a --xsk out", valectl());
	attach_foreign_program("out");
	must_fail(a, "vale1:a", &xsk, EBUSY,
		  "another program has AF_XDP sockets, or an XDP program");
	must("ip link set dev out xdp off");
	must_open(a, "vale1:a");
}

Test(xsk_life, of_another_kind)
{
	struct client *a = client_start();

	container("c", 1);
	must("%s attach vale1:dev c && %s port add vale1:r && %s attach vale1:x --xsk out",
	     valectl(), valectl(), valectl());
	must_fail(a, "vale1:r", &xsk, ENOTTY, "it is a port of rings");
	must_fail(a, "vale1:x", &(struct vale_open_options){ .transport = VALE_TRANSPORT_RING },
		  ENOTTY, "it is a network interface's port");
	must_fail(a, "vale1:none",
		  &(struct vale_open_options){ .transport = VALE_TRANSPORT_XSK,
					       .flags = VALE_OPEN_EXISTING },
		  ENOENT, "there is no port");
	must_fail(a, "vale1:x",
		  &(struct vale_open_options){ .transport = VALE_TRANSPORT_XSK,
					       .flags = VALE_OPEN_LOSSLESS },
		  EOPNOTSUPP, "cannot be lossless");
}

Test(xsk_life, queues_out_of_range)
{
	struct client *a = client_start();
	struct vale_open_options one = xsk;

	must("%s attach vale1:x --xsk out --queues 2", valectl());
	one.one_ring = 3;
	must_fail(a, "vale1:x", &one, ERANGE, "it has 2 queues");
	one.one_ring = 2;
	cr_assert_eq(client_open_with(a, "vale1:x", &one), 0, "%s", client_reason(a));
}

Test(xsk_life, an_outer_end_that_is_down)
{
	struct client *a = client_start();

	must("%s attach vale1:x --xsk out && ip link set out down", valectl());
	must_fail(a, "vale1:x", &xsk, ENETDOWN, "ip link set out up");
	must("ip link set out up");
	must_open(a, "vale1:x");
}

/* Gives up a capability, for good. */
static int drop(struct client_self *self, void *argument)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int capability = *(int *)argument;

	(void)self;
	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[capability / 32].effective &= ~(1u << capability % 32);
	data[capability / 32].permitted &= ~(1u << capability % 32);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int limit_memory(struct client_self *self, void *argument)
{
	const struct rlimit limit = { 1 << 20, 1 << 20 };

	(void)self;
	(void)argument;
	return setrlimit(RLIMIT_MEMLOCK, &limit) ? -errno : 0;
}

static void must_drop(struct client *client, int capability)
{
	cr_assert_eq(client_do(client, drop, &capability, sizeof(capability)), 0);
}

static void nothing_is_left(char *before)
{
	cr_assert_eq(program_on("out"), 0);
	bpffs_unchanged(before);
}

Test(xsk_life, without_the_right_to_raw_sockets)
{
	struct client *a = client_start();
	char *before;

	must("%s attach vale1:x --xsk out", valectl());
	before = bpffs_files();
	must_drop(a, CAP_NET_RAW);
	must_fail(a, "vale1:x", &xsk, EPERM, "CAP_NET_RAW");
	nothing_is_left(before);
}

Test(xsk_life, without_memory_that_may_be_locked)
{
	struct client *a = client_start();
	char *before;

	must("%s attach vale1:x --xsk out", valectl());
	before = bpffs_files();
	must_drop(a, CAP_IPC_LOCK);
	cr_assert_eq(client_do(a, limit_memory, NULL, 0), 0);
	must_fail(a, "vale1:x", &xsk, ENOBUFS, "'ulimit -l' must allow");
	nothing_is_left(before);
}

Test(xsk_life, not_to_be_given_away)
{
	struct vale_port *port = ring_open("vale1:a", &xsk);
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	cr_assert_eq(vale_port_send(port, ends[0]), -EOPNOTSUPP);
	cr_assert_eq(vale_port_adopt(port), -EOPNOTSUPP);
	vale_port_close(port);
}

/* ---- the interface goes ------------------------------------------------------------------------ */

static void check_taken_away(const char *command)
{
	struct vale_port *port;

	must("%s attach vale1:x --xsk out", valectl());
	port = ring_open("vale1:x", &xsk);
	cr_assert_eq(vale_port_poll(port, POLLIN, 50), 0);
	must(command, valectl());
	cr_assert_eq(vale_port_poll(port, POLLIN, 5000), -ENXIO);
	cr_assert_eq(vale_rxsync(port, 0), -ENXIO);
	cr_assert_eq(vale_txsync(port, 0), -ENXIO);
	vale_port_close(port);
}

Test(xsk_life, detached_under_its_client)
{
	check_taken_away("%s detach vale1:x");
	check_taken_away("%s detach vale1:x");
	no_interfaces();
}

Test(xsk_life, deleted_under_its_client)
{
	check_taken_away("true %s; ip link del out");
	cr_assert_str_eq(port_member("vale1:x", "state"), "gone");
	must("%s detach vale1:x", valectl());
	no_interfaces();
}
