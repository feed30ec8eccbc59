// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients that wait, for frames or for room, when the other side ends or their port is deleted. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

/* Long enough that somebody who is not asleep would have gone on. */
#define ASLEEP_MS 300

TestSuite(port_wake, .init = sandbox_enter, .timeout = 60);

static void opens(struct client *client, const char *port, unsigned int flags)
{
	const struct vale_open_options options = {
		.flags = flags,
		.ring = { .tx_slots = 16, .rx_slots = 16 },
	};
	int error = client_open_with(client, port, &options);

	cr_assert_eq(error, 0, "%s: %s: %s", port, strerror(-error), client_reason(client));
}

static int wait_for(struct client_self *self, void *argument)
{
	return vale_port_poll(self->port, *(short *)argument, -1);
}

static void falls_asleep(struct client *client, short events)
{
	client_begin(client, wait_for, &events, sizeof(events));
	cr_assert(client_waits(client, ASLEEP_MS), "it does not wait");
}

/* ---- for frames -------------------------------------------------------------------------------- */

Test(port_wake, a_frame_wakes)
{
	struct client *a = client_start(), *b = client_start();

	opens(a, "vale1:a", 0);
	opens(b, "vale1:b", 0);
	falls_asleep(b, POLLIN);
	cr_assert_eq(client_send(a, 1, 2, 1), 0);
	cr_assert_eq(client_result(b), POLLIN);
	cr_assert_eq(client_count(b, 0), 1);
}

static void is_told(struct client *client, const char *command)
{
	short events = POLLIN;

	falls_asleep(client, events);
	must("%s %s", valectl(), command);
	cr_assert_eq(client_result(client), -ENXIO, "%s", command);
	cr_assert_eq(client_do(client, wait_for, &events, sizeof(events)), -ENXIO, "%s", command);
	events = POLLOUT;
	cr_assert_eq(client_do(client, wait_for, &events, sizeof(events)), -ENXIO, "%s", command);
	cr_assert_eq(client_send(client, 1, 2, 1), -ENXIO, "%s", command);
	client_close(client);
}

Test(port_wake, a_port_that_is_deleted)
{
	struct client *a = client_start(), *b = client_start();

	for (int rings = 1; rings <= 3; rings += 2) {
		must("%s port add vale1:kept --rings %d", valectl(), rings);
		opens(a, "vale1:kept", 0);
		refused(1, "a client has it open", "port del vale1:kept");
		is_told(a, "port del vale1:kept --force");
		must("%s port add vale1:kept --rings %d", valectl(), rings);
		opens(a, "vale1:kept", 0);
		is_told(a, "destroy vale1 --force");
		opens(a, "vale1:a", 0);
		is_told(a, "port del vale1:a --force");
	}
	/* All who share it, and nobody else. */
	opens(a, "vale1:a", 0);
	opens(b, "vale1:b", 0);
	must("%s port del vale1:a --force", valectl());
	falls_asleep(b, POLLIN);
	client_close(a);
	opens(a, "vale1:a", 0);
	cr_assert_eq(client_send(a, 1, 2, 1), 0);
	cr_assert_eq(client_result(b), POLLIN);
}

/* What had come before it was deleted can still be read. */
Test(port_wake, frames_of_a_port_that_is_deleted)
{
	struct client *a = client_start(), *b = client_start();

	opens(a, "vale1:a", 0);
	opens(b, "vale1:b", 0);
	cr_assert_eq(client_send(a, 1, 2, 5), 0);
	must("%s port del vale1:b --force", valectl());
	for (int i = 0; i < 5; i++)
		cr_assert_eq(client_receive(b, NULL, 0), 1, "frame %d", i);
	cr_assert_eq(client_receive(b, NULL, -1), -ENXIO);
	/* The port of its number is another one now, which the old client has nothing to do with. */
	client_begin(b, wait_for, &(short){ POLLIN }, sizeof(short));
	client_result(b);
	must("%s port add vale1:new", valectl());
	client_close(b);
	cr_assert_eq(client_number("vale1:new"), 0);
	cr_assert_eq(client_entries("vale1"), 1);
}

/* ---- for room ---------------------------------------------------------------------------------- */

/* `a` waits until `b` has room. */
static void waits_for_room(struct client *a, struct client *b)
{
	opens(a, "vale1:a", VALE_OPEN_LOSSLESS);
	opens(b, "vale1:b", 0);
	cr_assert(client_reaches(b, a, 2, 1));
	cr_assert_eq(client_send(a, 1, 2, 100), VALE_TX_BLOCKED);
	falls_asleep(a, POLLOUT);
}

Test(port_wake, room)
{
	struct client *a = client_start(), *b = client_start();

	waits_for_room(a, b);
	cr_assert_eq(client_receive(b, NULL, 0), 1);
	cr_assert_eq(client_receive(b, NULL, 0), 1); /* gives back the slot of the first */
	cr_assert_eq(client_count(b, 100), 13 + 15);
	cr_assert_eq(client_result(a), POLLOUT);
	cr_assert_eq(port_counter("vale1:b", "dropped"), 0);
}

static void goes_on(struct client *a, const char *why)
{
	cr_assert_eq(client_result(a), POLLOUT, "%s", why);
	cr_assert_eq(client_send(a, 1, 2, 10), 0, "%s", why);
	client_close(a);
}

Test(port_wake, a_receiver_that_ends)
{
	struct client *a = client_start(), *b = client_start();

	waits_for_room(a, b);
	client_kill(b);
	cr_assert_eq(client_result(a), POLLOUT);
	/* The 15 that were left in the ring are counted, as are those that follow. */
	cr_assert_eq(port_counter("vale1:b", "drops.closed"), 15);
	cr_assert_eq(client_send(a, 1, 2, 10), 0);
	cr_assert_eq(port_counter("vale1:b", "drops.closed"), 25);
	client_close(a);
	b = client_start();
	waits_for_room(a, b);
	client_end(b);
	goes_on(a, "it has exited");
	b = client_start();
	must("%s port add vale1:b --slots 16", valectl());
	waits_for_room(a, b);
	client_close(b);
	goes_on(a, "it has closed the port");
	waits_for_room(a, b);
	must("%s port del vale1:b --force", valectl());
	goes_on(a, "the port was deleted");
	client_close(b);
}

Test(port_wake, a_sender_whose_port_is_deleted)
{
	struct client *a = client_start(), *b = client_start();

	waits_for_room(a, b);
	must("%s port del vale1:a --force", valectl());
	cr_assert_eq(client_result(a), -ENXIO);
}
