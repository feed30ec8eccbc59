// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * valectl is killed at each system call in turn while it attaches or detaches a card whose host stays
 * connected, which are two ports: both are there then, or none.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

#define ATTACH "attach vale1:p1 a --hook xdp --host"

/* The card is a container's, and the switch has made what it makes but once. */
static void one_card(void)
{
	sandbox_enter();
	container("a", 1);
	must("%s " ATTACH " && %s detach vale1:p1", valectl(), valectl());
}

TestSuite(kill_host, .init = one_card, .timeout = 480);

static bool is_port(const char *name)
{
	return !run("%s show vale1:%s", valectl(), name).status;
}

static bool has_inner(void)
{
	return !run("ip -o link | grep -E '^[0-9]+: v[0-9]+-[0-9]+@'").status;
}

/* The card, its host's side, the pair and the programs: all, or none. */
static void check_host(size_t call, int round)
{
	if (round == 0)
		series_next(call, ATTACH, "is the port vale1:p1", NULL);
	else if (round == 1)
		series_next(call, "detach vale1:p1", "there is no port", "there is no switch");
	else
		series_next(call, "detach vale1:p9", "there is no port", "there is no switch");
	cr_assert_eq(is_port("p1^"), is_port("p1"), "killed at call %zu", call);
	cr_assert_eq(has_inner(), is_port("p1"), "killed at call %zu: the pair", call);
	cr_assert_eq(!!program_on("a"), is_port("p1"), "killed at call %zu: the program", call);
}

static void detached_host(size_t call)
{
	series_next(call, "detach vale1:p1", "there is no port", "there is no switch");
	cr_assert_not(has_inner(), "killed at call %zu: the pair is left", call);
	cr_assert_null(strstr(must("bpftool net show dev a").text, "vale_"),
		       "killed at call %zu: a program is left", call);
}

Test(kill_host, attach)
{
	series_run(&(struct series){
		.command = ATTACH,
		.check = check_host,
		.clean = detached_host,
	});
}

static void host_again(void)
{
	series_next(0, ATTACH, "is the port vale1:p1", NULL);
}

Test(kill_host, detach)
{
	series_run(&(struct series){
		.command = "detach vale1:p1",
		.prepare = host_again,
		.check = check_host,
	});
}
