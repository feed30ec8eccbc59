// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What a client without any privilege can do to its port for good, and how the next client, of the
 * same user, fares with it. Others do not notice.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define PATIENCE_MS 20000

static struct client *spoiler, *a, *b;

static void ports_of_two_users(void)
{
	sandbox_enter();
	must("%s port add vale1:spoiled --owner nobody --rings 2", valectl());
	spoiler = client_start_as(NOBODY, NOBODY, NOBODY);
	a = client_start();
	b = client_start();
	client_opens(spoiler, "vale1:spoiled", 0);
	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
}

TestSuite(port_spoiled, .init = ports_of_two_users, .timeout = 60);

/* ---- doorbells --------------------------------------------------------------------------------- */

static int say_heard(struct client_self *self, void *argument)
{
	for (__u32 pair = 0; pair < self->port->pairs; pair++)
		*self->port->bell[pair].heard = *(unsigned long *)argument;
	return 0;
}

static int sleep_for_a_frame(struct client_self *self, void *argument)
{
	__u32 length;

	(void)argument;
	if (vale_port_poll(self->port, POLLIN, PATIENCE_MS) != POLLIN)
		return -ETIMEDOUT;
	return vale_next_frame(self->port, &length) ? 0 : -ENOENT;
}

/* Whatever the last client says that it has heard, the next one sleeps, and is woken. */
Test(port_spoiled, a_doorbell_that_was_heard_before_it_was_rung)
{
	static unsigned long heard[] = { 1, 8, 4095, 4096, 1ul << 31, 1ul << 32, ~0ul, ~7ul };

	for (size_t i = 0; i < sizeof(heard) / sizeof(heard[0]); i++) {
		struct client *next = client_start_as(NOBODY, NOBODY, NOBODY);
		int error;

		cr_assert_eq(client_do(spoiler, say_heard, &heard[i], sizeof(heard[i])), 0);
		client_kill(spoiler);
		spoiler = next;
		client_opens(next, "vale1:spoiled", VALE_OPEN_EXCLUSIVE);
		cr_assert_geq(client_send(next, 3, 1, 1), 0);
		client_begin(next, sleep_for_a_frame, NULL, 0);
		cr_assert(client_waits(next, 50), "there was no frame");
		cr_assert_eq(client_send(a, 1, 3, 1), 0);
		error = client_result(next);
		cr_assert_eq(error, 0, "heard %lx: %s", heard[i], strerror(-error));
		cr_assert(client_reaches(a, b, 1, 2));
	}
}

/* ---- memory that can be written no more -------------------------------------------------------- */

static int freeze(struct client_self *self, void *argument)
{
	int map = bpf_obj_get(argument), error;

	/* The kernel does it if nobody has mapped it to write. */
	vale_port_close(self->port);
	self->port = NULL;
	error = map < 0 || bpf_map_freeze(map) ? -errno : 0;
	if (map >= 0)
		close(map);
	return error;
}

static void expect_frozen(const char *name)
{
	char path[128] = "/sys/fs/bpf/vale/vale1/port/spoiled/";
	int error;

	strcat(path, name);
	error = client_do(spoiler, freeze, path, sizeof(path));
	if (error == -EPERM) { /* before 6.4 it takes CAP_BPF */
		client_opens(spoiler, "vale1:spoiled", 0);
		return;
	}
	cr_assert_eq(error, 0, "%s", strerror(-error));
	cr_assert_eq(client_open(spoiler, "vale1:spoiled", 0), -EROFS, "%s",
		     client_reason(spoiler));
	cr_assert_not_null(strstr(client_reason(spoiler), "valectl port del vale1:spoiled"), "%s",
			   client_reason(spoiler));
	/* Others send to it and to each other, as to any port that is closed. */
	cr_assert(client_reaches(a, b, 1, 2));
	cr_assert(client_reaches(b, a, 2, 1));
	/* What the message says helps. */
	must("%s port del vale1:spoiled && %s port add vale1:spoiled --owner nobody", valectl(),
	     valectl());
	client_opens(spoiler, "vale1:spoiled", 0);
	cr_assert(client_reaches(a, spoiler, 1, 3));
	cr_assert(client_reaches(spoiler, a, 3, 1));
}

Test(port_spoiled, rings_that_were_frozen)
{
	expect_frozen("region");
}

Test(port_spoiled, a_doorbell_that_was_frozen)
{
	expect_frozen("doorbell1");
}
