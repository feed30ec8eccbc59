// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A client is killed at each system call in turn while it opens a port, sends and closes it: the
 * switch goes on for the others, and the next comer leaves it as if nothing had been.
 */
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/ring_series.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

TestSuite(port_kill_client, .init = ring_series_begin, .timeout = 580);

static void deleted(size_t call)
{
	series_next(call, "port del vale1:a", "there is no port", NULL);
	ring_series_as_before(call);
}

/* ---- open and close ---------------------------------------------------------------------------- */

static void open_send_and_close(const char *name)
{
	struct vale_port *port = NULL;
	struct vale *vale = NULL;
	struct frame frame;

	frame_plain(&frame, 3, 2, FRAME_TYPE_OURS, 60);
	if (vale_open(&vale, NULL) || vale_port_open(vale, name, NULL, &port))
		_exit(1);
	if (!vale_inject(port, 0, frame.bytes, frame.length))
		vale_txsync(port, 0);
	vale_port_close(port);
	vale_close(vale);
}

static void client_of_new_port(void)
{
	open_send_and_close("vale1:new");
}

static void check_new_port(size_t call, int round)
{
	if (round == 0) {
		ring_series_can_be_opened(call, "vale1:other");
		cr_assert_not(ring_series_is_port("vale1:new"), "killed at call %zu", call);
	} else if (round == 1) {
		series_next(call, "port del vale1:new", "there is no port", NULL);
	} else {
		client_opens(ring_series_next_comer(), "vale1:new", VALE_OPEN_EXCLUSIVE);
		ring_series_reaches(call, ring_series_next_comer());
		client_close(ring_series_next_comer());
	}
}

Test(port_kill_client, a_client_that_makes_its_port)
{
	series_run(&(struct series){
		.function = client_of_new_port,
		.check = check_new_port,
		.clean = ring_series_as_before,
	});
}

static void client_of_new_switch(void)
{
	open_send_and_close("vale2:new");
}

static void check_client_of_new_switch(size_t call, int round)
{
	if (round == 0)
		ring_series_can_be_opened(call, "vale2:other");
	else if (round == 1)
		series_next(call, "destroy vale2 --force", "there is no switch", NULL);
	else
		ring_series_can_be_opened(call, "vale2:new");
}

Test(port_kill_client, a_client_that_makes_its_switch)
{
	series_run(&(struct series){
		.function = client_of_new_switch,
		.check = check_client_of_new_switch,
		.clean = ring_series_as_before,
	});
}

/* ---- of a port that stays, by a user who may do nothing else --------------------------------------- */

static void client_of_its_port(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(1);
	open_send_and_close("vale1:a");
}

static void prepare_its_port(void)
{
	series_next(0, "port add vale1:a --owner nobody", "is a port vale1:a", NULL);
}

static void check_its_port(size_t call, int round)
{
	cr_assert_eq(client_number("vale1:a"), 0, "killed at call %zu", call);
	if (round)
		ring_series_whole_or_not_there(call, "vale1:a");
	else
		cr_assert(!run("%s port del vale1:a", valectl()).status, "killed at call %zu",
			  call);
}

Test(port_kill_client, a_client_of_a_port_that_stays)
{
	series_run(&(struct series){
		.function = client_of_its_port,
		.prepare = prepare_its_port,
		.check = check_its_port,
		.clean = deleted,
		.every_call = true,
	});
}
