// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports that programs open: made on the fly and gone with the last client, or there to stay. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

TestSuite(port_open, .init = sandbox_enter, .timeout = 60);

static bool exists(const char *name)
{
	return !run("%s show %s", valectl(), name).status;
}

static void nothing_is_left(void)
{
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
	cr_assert_str_empty(must("ls /sys/class/net | grep '^vale' || :").text);
}

static void is_refused(struct client *client, int error, const char *words, const char *port,
		       const struct vale_open_options *options)
{
	int answer = client_open_with(client, port, options);

	cr_assert_eq(answer, -error, "%s: %s: %s", port, strerror(-answer), client_reason(client));
	cr_assert_not_null(strstr(client_reason(client), words), "%s: %s", port,
			   client_reason(client));
}

static void refuses(struct client *client, int error, const char *words, const char *port,
		    unsigned int flags)
{
	is_refused(client, error, words, port, &(struct vale_open_options){ .flags = flags });
}

Test(port_open, makes_switch_and_port_which_go_with_the_last_client)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	client_opens(c, "vale1:b", 0);
	cr_assert(client_reaches(a, b, 1, 2));
	cr_assert_str_eq(port_member("vale1:b", "ephemeral"), "true");
	client_close(b);
	cr_assert(exists("vale1:b"), "a client still has it");
	cr_assert(client_reaches(a, c, 1, 2));
	client_close(c);
	cr_assert_not(exists("vale1:b"));
	cr_assert(exists("vale1:a"));
	client_end(a); /* without closing it: the next comer tidies up */
	client_opens(b, "vale1:c", 0);
	cr_assert_not(exists("vale1:a"));
	client_close(b);
	nothing_is_left();
}

/* The twin: what was made by hand stays. */
Test(port_open, what_was_made_by_hand_stays)
{
	struct client *a = client_start();

	must("%s create vale1 && %s port add vale2:b", valectl(), valectl());
	client_opens(a, "vale1:a", 0);
	client_close(a);
	cr_assert(exists("vale1"));
	cr_assert_not(exists("vale1:a"));
	client_opens(a, "vale2:b", 0);
	cr_assert_str_eq(port_member("vale2:b", "ephemeral"), "false");
	cr_assert_str_eq(port_member("vale2:b", "state"), "open");
	client_close(a);
	cr_assert_str_eq(port_member("vale2:b", "state"), "closed");
	/* A switch that a client has made stays while something else is in it. */
	client_opens(a, "vale3:a", 0);
	must("%s port add vale3:b", valectl());
	client_close(a);
	cr_assert_not(exists("vale3:a"));
	cr_assert(exists("vale3:b"));
	must("%s destroy vale1 && %s destroy vale2 --force && %s destroy vale3 --force", valectl(),
	     valectl(), valectl());
	nothing_is_left();
}

Test(port_open, exclusive_and_shared)
{
	struct client *a = client_start(), *b = client_start();

	must("%s port add vale1:kept", valectl());
	for (int i = 0; i < 2; i++) {
		const char *port = i ? "vale1:kept" : "vale1:a";

		client_opens(a, port, VALE_OPEN_EXCLUSIVE);
		refuses(b, EBUSY, "somebody has it exclusively", port, 0);
		refuses(b, EBUSY, "it is open already", port, VALE_OPEN_EXCLUSIVE);
		client_close(a);
		client_opens(a, port, 0);
		refuses(b, EBUSY, "it is open already", port, VALE_OPEN_EXCLUSIVE);
		client_opens(b, port, 0);
		cr_assert(client_is_shown(port, a) && client_is_shown(port, b));
		client_close(a);
		refuses(a, EBUSY, "it is open already", port, VALE_OPEN_EXCLUSIVE);
		client_close(b);
		client_opens(a, port, VALE_OPEN_EXCLUSIVE);
		client_end(a);
		client_opens(b, port, VALE_OPEN_EXCLUSIVE);
		client_close(b);
		a = client_start();
	}
}

Test(port_open, refusals)
{
	struct client *a = client_start();
	char *before;

	veth("t0", "t1");
	must("%s attach vale1:dev t0 && %s port add vale1:ring", valectl(), valectl());
	before = bpffs_files();
	refuses(a, ENOTTY, "it is a network interface's port", "vale1:dev", 0);
	refuses(a, EEXIST, "there is a network interface 't1'", "vale1:t1", 0);
	refuses(a, ENOENT, "there is no such ring port", "vale1:none", VALE_OPEN_EXISTING);
	refuses(a, ENOENT, "there is no such ring port", "vale9:none", VALE_OPEN_EXISTING);
	refuses(a, EINVAL, "is no name of a port", "vale1", 0);
	refuses(a, EINVAL, "is no name of a port", "vale1:../vale1", 0);
	is_refused(a, ERANGE, "it has fewer rings", "vale1:ring",
		   &(struct vale_open_options){ .one_ring = 2 });
	is_refused(a, ERANGE, "a port has 1 to 8 pairs of rings, not 9", "vale1:new",
		   &(struct vale_open_options){ .ring.rings = 9 });
	is_refused(a, ERANGE, "it has fewer rings", "vale1:new",
		   &(struct vale_open_options){ .one_ring = 2, .ring.rings = 1 });
	is_refused(a, ERANGE, "a ring has 8 to 1024 slots", "vale9:new",
		   &(struct vale_open_options){ .ring.tx_slots = 1025 });
	bpffs_unchanged(before);
	cr_assert_eq(client_number("vale1:ring"), 0);
	client_opens(a, "vale1:ring", VALE_OPEN_EXISTING);
}

struct shape {
	__u32 pairs, first, end, tx_slots, rx_slots;
};

static int get_shape(struct client_self *self, void *argument)
{
	*(struct shape *)argument = (struct shape){
		.pairs = vale_port_rings(self->port),
		.first = vale_port_first_ring(self->port),
		.end = vale_port_end_ring(self->port),
		.tx_slots = vale_tx_ring(self->port, 0)->num_slots,
		.rx_slots = vale_rx_ring(self->port, 0)->num_slots,
	};
	return 0;
}

static void has_shape(struct client *client, struct shape expected)
{
	struct shape shape;

	client_do(client, get_shape, &shape, sizeof(shape));
	cr_assert_eq(memcmp(&shape, &expected, sizeof(shape)), 0,
		     "%u pairs, of these %u to %u, slots %u and %u", shape.pairs, shape.first,
		     shape.end, shape.tx_slots, shape.rx_slots);
}

Test(port_open, the_first_one_chooses_rings_and_slots)
{
	struct client *a = client_start(), *b = client_start();
	struct vale_open_options options = {
		.ring = { .rings = 3, .tx_slots = 64, .rx_slots = 100 },
	};

	cr_assert_eq(client_open_with(a, "vale1:a", &options), 0, "%s", client_reason(a));
	has_shape(a, (struct shape){ 3, 0, 3, 64, 128 });
	options = (struct vale_open_options){ .one_ring = 3, .ring = { .rings = 8 } };
	cr_assert_eq(client_open_with(b, "vale1:a", &options), 0, "%s", client_reason(b));
	has_shape(b, (struct shape){ 3, 2, 3, 64, 128 });
	client_close(b);
	client_opens(b, "vale1:b", 0);
	has_shape(b, (struct shape){ 1, 0, 1, 1024, 1024 });
	must("%s port add vale1:c --rings 8 --slots 8", valectl());
	client_close(b);
	client_opens(b, "vale1:c", 0);
	has_shape(b, (struct shape){ 8, 0, 8, 8, 8 });
}

static bool is_shared_by_two(const void *port)
{
	return client_number(port) == 2;
}

/* The rings go on where they are, when others come and go. */
Test(port_open, who_comes_second_disturbs_nobody)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	cr_assert_eq(client_send(a, 1, 2, 10), 0);
	client_opens(c, "vale1:b", 0);
	cr_assert(is_shared_by_two("vale1:b"));
	cr_assert_eq(client_count(b, 100), 10);
	cr_assert_eq(client_send(a, 1, 2, 10), 0);
	client_close(c);
	cr_assert_eq(client_count(b, 100), 10);
	/* Whoever comes when nobody had it finds it empty. */
	cr_assert_eq(client_send(a, 1, 2, 10), 0);
	must("%s port add vale1:kept", valectl());
	client_close(b);
	client_opens(b, "vale1:kept", 0);
	cr_assert_eq(client_send(a, 1, 2, 10), 0);
	client_close(b);
	client_opens(b, "vale1:kept", 0);
	cr_assert_eq(client_count(b, 100), 0);
	cr_assert(client_reaches(a, b, 1, 2));
}

static int open_often(struct client_self *self, void *argument)
{
	int error = 0;

	for (int i = 0; i < 1000 && !error; i++) {
		error = vale_port_open(self->vale, argument, NULL, &self->port);
		vale_port_close(self->port);
		self->port = NULL;
	}
	return error;
}

Test(port_open, a_thousand_times)
{
	char kept[] = "vale1:kept";
	struct client *a = client_start(), *b = client_start();
	int fds, entries;

	must("%s port add vale1:kept", valectl());
	client_opens(b, "vale1:b", 0);
	fds = client_fds(a);
	entries = client_entries("vale1");
	cr_assert_eq(client_do(a, open_often, kept, sizeof(kept)), 0);
	cr_assert_eq(client_fds(a), fds);
	cr_assert_eq(client_number(kept), 0);
	cr_assert_str_eq(port_member(kept, "state"), "closed");
	cr_assert_eq(client_entries("vale1"), entries);
}

static int make_often(struct client_self *self, void *argument)
{
	int error = 0;

	for (int i = 0; i < *(int *)argument && !error; i++) {
		error = vale_port_open(self->vale, i % 2 ? "vale1:a" : "vale1:b", NULL,
				       &self->port);
		vale_port_close(self->port);
		self->port = NULL;
	}
	return error;
}

Test(port_open, made_and_removed_many_times)
{
	struct client *a = client_start();
	int times = 20, fds = client_fds(a);

	cr_assert_eq(client_do(a, make_often, &times, sizeof(times)), 0);
	nothing_is_left();
	cr_assert_eq(client_fds(a), fds);
	must("%s create vale1", valectl());
	cr_assert_eq(client_do(a, make_often, &times, sizeof(times)), 0);
	cr_assert_eq(client_entries("vale1"), 0);
}
