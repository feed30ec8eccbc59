// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * valectl is killed at each system call in turn. Whatever it was doing is then either done or to be
 * swept: the next command succeeds and leaves nothing half-made.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

/* Containers a and b; a's end does no GRO, which an attach has to change and a detach to put back. */
static void two_containers(void)
{
	sandbox_enter();
	container("a", 1);
	container("b", 2);
	must("ip netns exec a ethtool -K eth0 gro off");
	must("mkdir -p /sys/fs/bpf/vale");
}

TestSuite(kill, .init = two_containers, .timeout = 480);

static bool is_port(const char *name)
{
	return !run("%s show vale1:%s", valectl(), name).status;
}

/* A port that is listed works; a device that is no port is as it was. */
static void whole_or_not_there(size_t call, const char *name)
{
	bool listed = is_port(name);

	cr_assert_eq(!!program_on("a"), listed, "killed at call %zu: %s is %slisted", call, name,
		     listed ? "" : "not ");
	cr_assert_eq(gro_of("a"), listed, "killed at call %zu: %s is %slisted, GRO is %s", call,
		     name, listed ? "" : "not ", gro_of("a") ? "on" : "off");
	if (listed && is_port("p2"))
		cr_assert(can_ping("a", "10.0.0.2"), "killed at call %zu: no traffic", call);
}

/* Everything goes, and everything works once more. */
static void destroyed(size_t call)
{
	series_next(call, "destroy vale1 --force", "there is no switch", NULL);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1 ! -name sysctl").text);
	cr_assert_eq(program_on("a"), 0, "killed at call %zu: a program is left", call);
	cr_assert_eq(program_on("b"), 0, "killed at call %zu: a program is left", call);
	cr_assert_not(gro_of("a"), "killed at call %zu: GRO was not put back", call);
}

static void all_works_at_the_end(void)
{
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	cr_assert(can_ping("a", "10.0.0.2"));
	destroyed(0);
}

/* ---- create ------------------------------------------------------------------------------------ */

static void check_create(size_t call, int round)
{
	if (round == 0)
		series_next(call, "create vale1", "there is a switch of that name", NULL);
	else if (round == 1)
		must("%s attach vale1:p1 a", valectl());
	else
		must("%s sysctl -w max_bridges=64", valectl());
	whole_or_not_there(call, "p1");
}

Test(kill, create)
{
	series_run(&(struct series){
		.command = "create vale1",
		.check = check_create,
		.clean = destroyed,
	});
	all_works_at_the_end();
}

/* ---- attach ------------------------------------------------------------------------------------ */

static void check_attach(size_t call, int round)
{
	bool done = is_port("p1");

	if (round == 0) {
		cr_assert_neq(series_next(call, "attach vale1:p1 a", "is the port vale1:p1", NULL),
			      done);
		cr_assert(is_port("p1"));
	} else if (round == 1) {
		cr_assert_eq(series_next(call, "detach vale1:p1", "there is no port",
					 "there is no switch"),
			     done);
		cr_assert_not(is_port("p1"));
	} else {
		series_next(call, "create vale1", "there is a switch", NULL);
		must("%s sysctl -w max_bridges=64", valectl());
		/* What is wrong in a switch is mended when something in it is changed. */
		series_next(call, "detach vale1:p9", "there is no port", NULL);
	}
	whole_or_not_there(call, "p1");
}

static void detached(size_t call)
{
	series_next(call, "detach vale1:p1", "there is no port", NULL);
	whole_or_not_there(call, "p1");
	cr_assert_not(is_port("p1"));
}

Test(kill, attach)
{
	must("%s attach vale1:p2 b", valectl());
	series_run(&(struct series){
		.command = "attach vale1:p1 a",
		.check = check_attach,
		.clean = detached,
	});
	destroyed(0);
	all_works_at_the_end();
}

Test(kill, attach_to_a_new_switch)
{
	series_run(&(struct series){
		.command = "attach vale1:p1 a",
		.check = check_attach,
		.clean = destroyed,
	});
	all_works_at_the_end();
}

/* ---- detach, destroy --------------------------------------------------------------------------- */

static void check_detach(size_t call, int round)
{
	if (round == 0) {
		series_next(call, "detach vale1:p1", "there is no port", NULL);
		cr_assert_not(is_port("p1"));
	} else if (round == 1) {
		series_next(call, "attach vale1:p1 a", "is the port vale1:p1", NULL);
		cr_assert(is_port("p1"));
	} else {
		series_next(call, "detach vale1:p9", "there is no port", NULL);
	}
	whole_or_not_there(call, "p1");
}

static void p1_again(void)
{
	series_next(0, "attach vale1:p1 a", "is the port vale1:p1", NULL);
}

Test(kill, detach)
{
	must("%s attach vale1:p2 b", valectl());
	series_run(&(struct series){
		.command = "detach vale1:p1",
		.prepare = p1_again,
		.check = check_detach,
	});
	destroyed(0);
	all_works_at_the_end();
}

static void check_destroy(size_t call, int round)
{
	if (round == 0) {
		destroyed(call);
	} else if (round == 1) {
		series_next(call, "attach vale1:p1 a", "is the port vale1:p1", NULL);
		cr_assert(is_port("p1"));
	} else {
		must("%s sysctl -w max_bridges=64", valectl());
		series_next(call, "detach vale1:p9", "there is no port", "there is no switch");
	}
	whole_or_not_there(call, "p1");
}

static void two_ports_again(void)
{
	p1_again();
	series_next(0, "attach vale1:p2 b", "is the port vale1:p2", NULL);
}

Test(kill, destroy)
{
	series_run(&(struct series){
		.command = "destroy vale1 --force",
		.prepare = two_ports_again,
		.check = check_destroy,
	});
	destroyed(0);
	all_works_at_the_end();
}

/* ---- AF_XDP ports, whose interfaces come and go with them --------------------------------------- */

static bool has_pair(void)
{
	bool outer = !run("ip link show out").status;
	bool inner = !run("ip -o link | grep -E '^[0-9]+: v[0-9]+-[0-9]+@'").status;

	cr_assert_eq(outer, inner, "one end without the other");
	return outer;
}

static void check_xsk(size_t call, int round)
{
	if (round == 0) {
		series_next(call, "attach vale1:p1 --xsk out", "there is a port vale1:p1", NULL);
		cr_assert(is_port("p1"));
	} else if (round == 1) {
		series_next(call, "detach vale1:p1", "there is no port", "there is no switch");
		cr_assert_not(is_port("p1"));
	} else {
		series_next(call, "detach vale1:p9", "there is no port", "there is no switch");
	}
	cr_assert_eq(has_pair(), is_port("p1"), "killed at call %zu: the pair is %sthere", call,
		     has_pair() ? "" : "not ");
}

static void detached_xsk(size_t call)
{
	series_next(call, "detach vale1:p1", "there is no port", "there is no switch");
	cr_assert_not(has_pair(), "killed at call %zu: the pair is left", call);
}

Test(kill, attach_xsk)
{
	must("%s attach vale1:p2 b", valectl());
	series_run(&(struct series){
		.command = "attach vale1:p1 --xsk out",
		.check = check_xsk,
		.clean = detached_xsk,
	});
	destroyed(0);
}

static void xsk_again(void)
{
	series_next(0, "attach vale1:p1 --xsk out", "there is a port vale1:p1", NULL);
}

Test(kill, detach_xsk)
{
	must("%s attach vale1:p2 b", valectl());
	series_run(&(struct series){
		.command = "detach vale1:p1",
		.prepare = xsk_again,
		.check = check_xsk,
	});
	destroyed(0);
}
