// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * valectl is killed at each system call in turn while it makes or deletes a ring port: the switch
 * goes on for the others, and the next comer leaves it as if nothing had been.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/ring_series.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

TestSuite(port_kill, .init = ring_series_begin, .timeout = 580);

static void deleted(size_t call)
{
	series_next(call, "port del vale1:a", "there is no port", NULL);
	ring_series_as_before(call);
}

/* ---- port add ---------------------------------------------------------------------------------- */

static void check_add(size_t call, int round)
{
	bool done = ring_series_is_port("vale1:a");

	if (round == 0) {
		cr_assert_neq(series_next(call, "port add vale1:a", "is a port vale1:a", NULL),
			      done);
		cr_assert(ring_series_is_port("vale1:a"));
	} else if (round == 1) {
		cr_assert_eq(series_next(call, "port del vale1:a", "there is no port", NULL), done);
		cr_assert_not(ring_series_is_port("vale1:a"));
	} else {
		ring_series_can_be_opened(call, "vale1:a");
	}
	ring_series_whole_or_not_there(call, "vale1:a");
}

Test(port_kill, add)
{
	series_run(&(struct series){
		.command = "port add vale1:a --rings 2",
		.check = check_add,
		.clean = deleted,
	});
}

static void check_new_switch(size_t call, int round)
{
	if (round == 0) {
		series_next(call, "port add vale2:x", "is a port vale2:x", NULL);
		cr_assert(ring_series_is_port("vale2:x"));
	} else if (round == 1) {
		series_next(call, "port del vale2:x", "there is no port", "there is no switch");
		cr_assert_not(ring_series_is_port("vale2:x"));
	} else {
		ring_series_can_be_opened(call, "vale2:x");
	}
}

static void destroyed(size_t call)
{
	series_next(call, "destroy vale2 --force", "there is no switch", NULL);
	ring_series_as_before(call);
}

Test(port_kill, add_to_a_new_switch)
{
	series_run(&(struct series){
		.command = "port add vale2:x",
		.check = check_new_switch,
		.clean = destroyed,
	});
}

/* ---- port del ---------------------------------------------------------------------------------- */

static void prepare_del(void)
{
	series_next(0, "port add vale1:a", "is a port vale1:a", NULL);
}

static void check_del(size_t call, int round)
{
	if (round == 0) {
		series_next(call, "port del vale1:a", "there is no port", NULL);
		cr_assert_not(ring_series_is_port("vale1:a"));
	} else if (round == 1) {
		series_next(call, "port add vale1:a", "is a port vale1:a", NULL);
		cr_assert(ring_series_is_port("vale1:a"));
	} else {
		ring_series_can_be_opened(call, "vale1:a");
	}
	ring_series_whole_or_not_there(call, "vale1:a");
}

Test(port_kill, del)
{
	series_run(&(struct series){
		.command = "port del vale1:a",
		.prepare = prepare_del,
		.check = check_del,
		.clean = deleted,
	});
}

/* Of a port that a client has open. */
static struct client *a;

static void prepare_forced_del(void)
{
	prepare_del();
	a = client_start();
	client_opens(a, "vale1:a", 0);
}

static void check_forced_del(size_t call, int round)
{
	int error;

	if (round == 0)
		series_next(call, "port del vale1:a --force", "there is no port", NULL);
	else if (round == 1)
		series_next(call, "port add vale1:a", "is a port vale1:a", NULL);
	else
		ring_series_can_be_opened(call, "vale1:a");
	error = client_send(a, 1, 2, 1);
	cr_assert(error == -ENXIO || (!error && round), "killed at call %zu: %s", call,
		  strerror(-error));
	if (!error)
		ring_series_reaches(call, a);
}

static void deleted_with_client(size_t call)
{
	client_close(a);
	client_end(a);
	ring_series_whole_or_not_there(call, "vale1:a");
	deleted(call);
}

Test(port_kill, del_under_a_client)
{
	series_run(&(struct series){
		.command = "port del vale1:a --force",
		.prepare = prepare_forced_del,
		.check = check_forced_del,
		.clean = deleted_with_client,
	});
}
