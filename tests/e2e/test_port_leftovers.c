// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ring ports leave nothing behind when they go, in whatever way: no pin, no device, no BPF object. */
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/sandbox.h"

TestSuite(port_leftovers, .init = sandbox_enter, .timeout = 120);

/* Pins and network devices: the anchor of a switch is one. */
static char *everything(void)
{
	return strdup(must("find /sys/fs/bpf/vale -mindepth 1 | sort;"
			   " ip -o link show | cut -d : -f 2")
			      .text);
}

static void is_everything(char *before)
{
	char *now = everything();

	cr_assert_str_eq(now, before, "before:\n%safter:\n%s", before, now);
	free(now);
	free(before);
}

static void all_is_freed(void)
{
	cr_assert(objects_are_freed(), "%zu of %zu objects are left", objects_alive(),
		  objects_count());
}

static const struct vale_open_options two_rings = { .ring = { .rings = 2 } };

Test(port_leftovers, opened_and_closed)
{
	struct client *a = client_start(), *b = client_start();
	char *before;

	client_opens(a, "vale2:a", 0); /* now there is the directory of the switches */
	client_close(a);
	before = everything();
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(client_open_with(a, "vale1:a", &two_rings), 0);
		client_opens(b, "vale1:b", 0);
		cr_assert(client_reaches(a, b, 1, 2));
		objects_remember();
		client_close(round % 2 ? a : b);
		client_close(round % 2 ? b : a);
	}
	is_everything(before);
	cr_assert_gt(objects_count(), 3 * 40);
	all_is_freed();
}

/* The twin: what is in use is found, until it is not any more. */
Test(port_leftovers, what_is_in_use_is_there)
{
	struct client *a = client_start(), *b = client_start();
	size_t both;

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	objects_remember();
	both = objects_count();
	cr_assert_eq(objects_alive(), both);
	must("ip link show | grep vale-");
	client_close(b);
	usleep(500000);
	cr_assert(objects_alive() < both && objects_alive() > both / 2);
	client_close(a);
	all_is_freed();
	cr_assert_neq(run("ip link show | grep vale-").status, 0);
}

Test(port_leftovers, added_and_deleted)
{
	struct client *a = client_start();
	char *before;

	must("%s create vale1 && %s destroy vale1", valectl(), valectl());
	before = everything();
	for (int round = 0; round < 3; round++) {
		must("%s port add vale1:a --rings 2 --owner nobody", valectl());
		must("%s port add vale1:b --mac 02:00:00:00:00:01", valectl());
		client_opens(a, "vale1:a", 0);
		objects_remember();
		if (round == 1)
			client_close(a);
		must("%s port del vale1:a --force && %s port del vale1:b", valectl(), valectl());
		if (round == 0)
			client_close(a);
		must("%s destroy vale1", valectl());
		if (round == 2)
			client_close(a);
	}
	must("%s port add vale1:a && %s port add vale1:b", valectl(), valectl());
	objects_remember();
	must("%s destroy vale1 --force", valectl());
	is_everything(before);
	cr_assert_gt(objects_count(), 4 * 40);
	all_is_freed();
}

/* One port is made and deleted in a switch that stays. */
Test(port_leftovers, in_a_switch_that_stays)
{
	struct client *a = client_start();
	char *before;
	size_t stays;

	must("%s port add vale1:b", valectl());
	before = everything();
	objects_remember();
	stays = objects_count();
	for (int round = 0; round < 3; round++) {
		must("%s port add vale1:a --rings 2", valectl());
		client_opens(a, "vale1:a", 0);
		objects_remember();
		client_close(a);
		must("%s port del vale1:a", valectl());
		cr_assert_eq(client_open_with(a, "vale1:new", &two_rings), 0);
		objects_remember();
		client_close(a);
	}
	is_everything(before);
	usleep(500000);
	cr_assert_eq(objects_alive(), stays, "%zu are left, %zu should", objects_alive(), stays);
	must("%s destroy vale1 --force", valectl());
	all_is_freed();
}

Test(port_leftovers, clients_that_are_killed)
{
	struct client *a, *b, *next = client_start();
	char *before;

	client_opens(next, "vale2:next", 0);
	before = everything();
	for (int round = 0; round < 3; round++) {
		a = client_start();
		b = client_start();
		client_opens(a, "vale2:a", 0);
		cr_assert_eq(client_open_with(b, "vale1:b", &two_rings), 0);
		objects_remember();
		client_kill(a);
		client_kill(b);
		/* It is the next comer who cleans up. */
		a = client_start();
		client_opens(a, "vale1:x", 0);
		client_close(a);
		client_opens(a, "vale2:x", 0);
		client_end(a);
	}
	a = client_start();
	client_opens(a, "vale2:y", 0);
	client_close(a);
	is_everything(before);
	client_close(next);
	cr_assert_gt(objects_count(), 3 * 40);
	all_is_freed();
}
