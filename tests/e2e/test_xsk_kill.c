// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A client over AF_XDP is killed at each system call in turn while it opens a port, sends and closes it:
 * the switch goes on for the others, and the next comer leaves it as if nothing had been.
 */
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/ring_series.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

TestSuite(xsk_kill, .init = ring_series_begin, .timeout = 3600);

static void open_send_and_close(void)
{
	struct vale_open_options options = { .size = sizeof(options),
					     .transport = VALE_TRANSPORT_XSK };
	struct vale_port *port = NULL;
	struct vale *vale = NULL;
	struct frame frame;

	frame_plain(&frame, 3, 2, FRAME_TYPE_OURS, 60);
	if (vale_open(&vale, NULL) || vale_port_open(vale, "vale1:x1", &options, &port))
		_exit(1);
	if (!vale_inject(port, 0, frame.bytes, frame.length))
		vale_txsync(port, 0);
	vale_port_close(port);
	vale_close(vale);
}

static const struct vale_open_options over_xsk = {
	.size = sizeof(over_xsk),
	.transport = VALE_TRANSPORT_XSK,
};

/* The next comer has it, over AF_XDP too, and exchanges frames by it. */
static void can_be_had(size_t call)
{
	struct client *next = ring_series_next_comer();
	int error = client_open_with(next, "vale1:x1", &over_xsk);

	cr_assert_eq(error, 0, "killed at call %zu: %s", call, client_reason(next));
	ring_series_reaches(call, next);
	client_close(next);
}

static void all_but_the_port(size_t call)
{
	must("%s detach vale1:x1", valectl());
	ring_series_as_before(call);
}

static void check_staying(size_t call, int round)
{
	if (round == 0)
		can_be_had(call);
	else if (round == 1)
		series_next(call, "port del vale1:nothing", "there is no port", NULL);
	else
		ring_series_can_be_opened(call, "vale1:other");
	cr_assert(ring_series_is_port("vale1:x1"), "killed at call %zu", call);
	can_be_had(call);
}

static void port_that_stays(void)
{
	must("%s attach vale1:x1 --xsk out", valectl());
}

Test(xsk_kill, a_client_of_a_port_that_stays)
{
	series_run(&(struct series){
		.function = open_send_and_close,
		.prepare = port_that_stays,
		.check = check_staying,
		.clean = all_but_the_port,
		.sample = 3,
	});
}

static void check_own(size_t call, int round)
{
	if (round == 0)
		can_be_had(call);
	else if (round == 1)
		series_next(call, "detach vale1:x1", "there is no port", NULL);
	else
		ring_series_can_be_opened(call, "vale1:other");
	cr_assert_not(ring_series_is_port("vale1:x1"), "killed at call %zu", call);
}

Test(xsk_kill, a_client_that_makes_its_port)
{
	series_run(&(struct series){
		.function = open_send_and_close,
		.check = check_own,
		.clean = ring_series_as_before,
		.sample = 3,
	});
}
