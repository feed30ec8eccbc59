// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Commands of valectl that do little are killed at each system call in turn: what they were to do is
 * done, or is not.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring_series.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

#define MAC "02:00:00:00:00:63"

TestSuite(kill_short, .init = ring_series_begin, .timeout = 3600);

static void all_goes_on(size_t call)
{
	ring_series_can_be_opened(call, "vale1:c");
	ring_series_as_before(call);
}

/* ---- host -------------------------------------------------------------------------------------- */

static void check_host(size_t call, int round)
{
	bool there;

	if (round == 0)
		series_next(call, "host vale1", "there is a port vale1:host", NULL);
	else if (round == 1)
		series_next(call, "detach vale1:host", "there is no port", NULL);
	else
		series_next(call, "detach vale1:p9", "there is no port", NULL);
	there = ring_series_is_port("vale1:host");
	cr_assert(round != 0 || there);
	cr_assert_eq(!run("ip link show vale1").status, there, "killed at call %zu: the interface",
		     call);
}

static void no_host(size_t call)
{
	/* What the first port at tc brings stays with the switch. */
	series_next(call, "detach vale1:host", "there is no port", NULL);
	cr_assert(run("ip link show vale1").status, "killed at call %zu: the interface", call);
	ring_series_can_be_opened(call, "vale1:c");
}

Test(kill_short, host)
{
	series_run(&(struct series){
		.command = "host vale1",
		.check = check_host,
		.clean = no_host,
		.sample = 4,
	});
}

/* ---- a port's header --------------------------------------------------------------------------- */

static void check_header(size_t call, int round)
{
	const char *header = port_member("vale1:b", "vnet_header");

	(void)round;
	cr_assert(!strcmp(header, "0") || !strcmp(header, "12"), "killed at call %zu: %s", call,
		  header);
	series_next(call, "port header vale1:b 12", "nothing", NULL);
	cr_assert_str_eq(port_member("vale1:b", "vnet_header"), "12");
}

static void no_header(size_t call)
{
	series_next(call, "port header vale1:b 0", "nothing", NULL);
	all_goes_on(call);
}

Test(kill_short, header)
{
	series_run(&(struct series){
		.command = "port header vale1:b 12",
		.check = check_header,
		.clean = no_header,
		.sample = 3,
	});
}

/* ---- addresses --------------------------------------------------------------------------------- */

static bool knows_address(void)
{
	return strstr(must("%s fdb vale1", valectl()).text, MAC) != NULL;
}

static void check_add(size_t call, int round)
{
	bool there = knows_address();

	if (round == 1) {
		cr_assert_eq(series_next(call, "fdb vale1 del " MAC, "does not know", NULL), there);
		cr_assert_not(knows_address());
		return;
	}
	series_next(call, "fdb vale1 add " MAC " b", "nothing", NULL);
	cr_assert(knows_address(), "killed at call %zu", call);
}

static void no_address(size_t call)
{
	series_next(call, "fdb vale1 del " MAC, "does not know", NULL);
	all_goes_on(call);
}

Test(kill_short, fdb_add)
{
	series_run(&(struct series){
		.command = "fdb vale1 add " MAC " b",
		.check = check_add,
		.clean = no_address,
		.sample = 3,
	});
}

static void an_address(void)
{
	series_next(0, "fdb vale1 add " MAC " b", "nothing", NULL);
}

Test(kill_short, fdb_del)
{
	series_run(&(struct series){
		.command = "fdb vale1 del " MAC,
		.prepare = an_address,
		.check = check_add,
		.clean = no_address,
		.sample = 3,
	});
}

static void check_flush(size_t call, int round)
{
	(void)round;
	cr_assert(knows_address(), "killed at call %zu: it is not learned", call);
	series_next(call, "fdb vale1 flush", "nothing", NULL);
}

Test(kill_short, fdb_flush)
{
	series_run(&(struct series){
		.command = "fdb vale1 flush",
		.prepare = an_address,
		.check = check_flush,
		.clean = no_address,
		.sample = 3,
	});
}

/* ---- sysctl ------------------------------------------------------------------------------------ */

static void check_sysctl(size_t call, int round)
{
	(void)round;
	must("%s sysctl max_bridges | grep -E '= (64|50)$'", valectl());
	series_next(call, "sysctl -w max_bridges=50", "nothing", NULL);
	must("%s sysctl max_bridges | grep '= 50$'", valectl());
}

static void no_sysctl(size_t call)
{
	must("rm /sys/fs/bpf/vale/sysctl");
	all_goes_on(call);
}

Test(kill_short, sysctl)
{
	series_run(&(struct series){
		.command = "sysctl -w max_bridges=50",
		.check = check_sysctl,
		.clean = no_sysctl,
		.sample = 3,
	});
}

/* ---- capture ----------------------------------------------------------------------------------- */

static void check_capture(size_t call, int round)
{
	if (round == 0)
		series_next(call, "detach vale1:p9", "there is no port", NULL);
	else if (round == 1)
		series_next(call, "port del vale1:new", "there is no port", NULL);
	else
		ring_series_can_be_opened(call, "vale1:new");
	cr_assert_not(ring_series_is_port("vale1:new"), "killed at call %zu", call);
}

Test(kill_short, capture)
{
	series_run(&(struct series){
		.command = "capture vale1:new -w /dev/null",
		.check = check_capture,
		.clean = all_goes_on,
		.terminated = true,
		.sample = 4,
	});
}

/* ---- limits ------------------------------------------------------------------------------------ */

static void check_limit(size_t call, int round)
{
	(void)round;
	series_next(call, "limit vale1:b broadcast 1234", "nothing", NULL);
	must("%s limit vale1:b | grep 1234", valectl());
}

static void no_limit(size_t call)
{
	series_next(call, "limit vale1:b broadcast 0", "nothing", NULL);
	cr_assert(run("%s limit vale1:b | grep 1234", valectl()).status);
	all_goes_on(call);
}

Test(kill_short, limit)
{
	series_run(&(struct series){
		.command = "limit vale1:b broadcast 1234",
		.check = check_limit,
		.clean = no_limit,
		.sample = 3,
	});
}
