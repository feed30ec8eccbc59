// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports that are given to another process through a socket; and what is no port. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(port_pass, .init = sandbox_enter, .timeout = 60);

static void passes(struct client *a, struct client *b)
{
	int error = client_give(a);

	cr_assert_eq(error, 0, "%s", strerror(-error));
	error = client_take(b);
	cr_assert_eq(error, 0, "%s", strerror(-error));
}

static bool exists(const char *name)
{
	return !run("%s show %s", valectl(), name).status;
}

Test(port_pass, both_have_it)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	struct client *c = client_start();

	client_opens(c, "vale1:c", 0);
	for (size_t i = 0; i < COUNT(types); i++) {
		struct client *a = client_start(), *b = client_start();
		int fds_a, fds_b;

		client_connect(a, b, types[i]);
		fds_b = client_fds(b);
		client_opens(a, "vale1:a", 0);
		fds_a = client_fds(a);
		passes(a, b);
		cr_assert(client_is_shown("vale1:a", a) && client_is_shown("vale1:a", b));
		cr_assert_eq(client_fds(a), fds_a);
		cr_assert(client_reaches(b, c, 1, 3));
		cr_assert(client_reaches(c, b, 3, 1));
		client_close(a);
		cr_assert(exists("vale1:a"));
		cr_assert(client_reaches(b, c, 1, 3));
		cr_assert(client_reaches(c, b, 3, 1));
		client_close(b);
		cr_assert_not(exists("vale1:a"));
		cr_assert_eq(client_fds(b), fds_b);
		client_end(a);
		client_end(b);
	}
}

static int send_by_ring(struct client_self *self, void *argument)
{
	const __u32 pair = *(__u32 *)argument;
	struct frame frame;
	int error;

	frame_plain(&frame, 3, 1, FRAME_TYPE_OURS, 60);
	error = vale_inject(self->port, pair, frame.bytes, frame.length);
	return error ? error : vale_txsync(self->port, pair);
}

static int wait_for_frame(struct client_self *self, void *argument)
{
	(void)argument;
	return vale_port_poll(self->port, POLLIN, -1);
}

static int what_there_is(struct client_self *self, void *argument)
{
	snprintf(self->reason, sizeof(self->reason), "%s: %u rings, %u..%u, %u slots",
		 vale_port_name(self->port), vale_port_rings(self->port),
		 vale_port_first_ring(self->port), vale_port_end_ring(self->port),
		 vale_rx_ring(self->port, 0)->num_slots);
	(void)argument;
	return 0;
}

static void has(struct client *client, const char *what)
{
	client_do(client, what_there_is, NULL, 0);
	cr_assert_str_eq(client_reason(client), what);
}

static const struct vale_ring_options four_rings = {
	.rings = 4,
	.tx_slots = 16,
	.rx_slots = 16,
	.spare = 1,
};

/* A frame of each ring wakes who has got the port. */
Test(port_pass, all_rings)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();
	const struct vale_open_options options = { .flags = VALE_OPEN_EXCLUSIVE,
						   .ring = four_rings };

	client_connect(a, b, SOCK_STREAM);
	cr_assert_eq(client_open_with(a, "vale1:a", &options), 0, "%s", client_reason(a));
	passes(a, b);
	client_end(a);
	cr_assert_eq(client_open(c, "vale1:a", 0), -EBUSY);
	cr_assert_eq(client_open_with(c, "vale1:c", &options), 0, "%s", client_reason(c));
	has(b, "vale1:a: 4 rings, 0..4, 16 slots");
	for (__u32 pair = 0; pair < 4; pair++) {
		client_begin(b, wait_for_frame, NULL, 0);
		cr_assert(client_waits(b, 300));
		cr_assert_eq(client_do(c, send_by_ring, &pair, sizeof(pair)), 0);
		cr_assert_not(client_waits(b, 10000), "ring %u", pair);
		cr_assert_eq(client_result(b), POLLIN, "ring %u", pair);
		cr_assert_eq(client_count(b, 0), 1);
	}
	client_close(b);
	cr_assert_not(exists("vale1:a"));
}

Test(port_pass, one_ring_and_lossless)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();
	const struct vale_open_options options = {
		.flags = VALE_OPEN_LOSSLESS,
		.one_ring = 1,
		.ring = four_rings,
	};

	client_connect(a, b, SOCK_STREAM);
	cr_assert_eq(client_open_with(a, "vale1:a", &options), 0, "%s", client_reason(a));
	passes(a, b);
	client_end(a);
	cr_assert_eq(client_open_with(c, "vale1:c",
				      &(struct vale_open_options){ .ring = four_rings }),
		     0);
	has(b, "vale1:a: 4 rings, 0..1, 16 slots");
	cr_assert(client_reaches(c, b, 3, 1));
	cr_assert_eq(client_send(b, 1, 3, 40), VALE_TX_BLOCKED);
	cr_assert_eq(port_counter("vale1:c", "dropped"), 0);
	/* The twin: who is not lossless loses. */
	cr_assert_eq(client_send(c, 3, 1, 40), 0);
	cr_assert_gt(port_counter("vale1:a", "dropped"), 0);
}

/* Who gets it so needs no right to open it. */
Test(port_pass, to_nobody)
{
	struct client *a = client_start(), *b = client_start_as(NOBODY, NOBODY, NOBODY);
	struct client *c = client_start();

	client_opens(c, "vale1:c", 0);
	client_opens(a, "vale1:a", 0);
	cr_assert_eq(client_open(b, "vale1:a", 0), -EACCES);
	client_connect(a, b, SOCK_STREAM);
	passes(a, b);
	client_end(a);
	cr_assert(client_reaches(b, c, 1, 3));
	cr_assert(client_reaches(c, b, 3, 1));
	client_close(b); /* who may not remove it leaves that to the next one */
	cr_assert_eq(client_number("vale1:a"), 0);
	a = client_start();
	client_opens(a, "vale1:b", 0);
	cr_assert_not(exists("vale1:a"));
}

Test(port_pass, to_nobody_who_is_there)
{
	struct client *a = client_start(), *b = client_start();

	client_opens(a, "vale1:a", 0);
	client_connect(a, b, SOCK_STREAM);
	client_end(b);
	cr_assert_eq(client_give(a), -EPIPE);
	b = client_start();
	client_connect(a, b, SOCK_STREAM);
	client_end(a);
	cr_assert_eq(client_take(b), -EPIPE);
}

Test(port_pass, one_that_was_deleted)
{
	struct client *a = client_start(), *b = client_start();
	int fds;

	client_opens(a, "vale1:a", 0);
	client_connect(a, b, SOCK_STREAM);
	fds = client_fds(b);
	must("%s port del vale1:a --force", valectl());
	cr_assert_eq(client_give(a), 0);
	cr_assert_eq(client_take(b), -ENXIO);
	cr_assert_eq(client_fds(b), fds);
}

/* Other things may come beside the file descriptors. */
static int want_credentials(struct client_self *self, void *argument)
{
	int on = 1;

	(void)argument;
	return setsockopt(self->socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ? -errno : 0;
}

Test(port_pass, with_credentials)
{
	struct client *a = client_start(), *b = client_start();
	int fds;

	client_opens(a, "vale1:a", 0);
	client_connect(a, b, SOCK_STREAM);
	cr_assert_eq(client_do(b, want_credentials, NULL, 0), 0);
	fds = client_fds(b);
	passes(a, b);
	client_close(b);
	cr_assert_eq(client_fds(b), fds);
}
