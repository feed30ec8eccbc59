// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A reload is killed at its system calls: the switch forwards, with programs of before and after, and
 * the next reload replaces all of them.
 */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"
#include "tests/lib/traffic.h"

/* Rings for hosts 1 and 2, and interfaces at XDP and at tc, of hosts 3 and 4. */
static struct client *client[2];
static int interface[2];
static char *files;
static size_t maps, links;

static void two_of_each(void)
{
	static const char *const ports[] = { "vale1:r1", "vale1:r2" };

	sandbox_enter();
	traffic_quiet();
	container("c", 3);
	container("d", 4);
	must("%s attach vale1:xdp c --hook xdp && %s attach vale1:tc d --hook tc", valectl(),
	     valectl());
	interface[0] = traffic_open("c", "eth0", FRAME_TYPE_OURS);
	interface[1] = traffic_open("d", "eth0", FRAME_TYPE_OURS);
	for (int i = 0; i < 2; i++) {
		must("%s port add %s", valectl(), ports[i]);
		client[i] = client_start();
		client_opens(client[i], ports[i], 0);
	}
	files = bpffs_files();
}

TestSuite(reload_kill, .init = two_of_each, .timeout = 3600);

static void interfaces_reach(size_t call, int from, int to)
{
	static struct arrival arrival;
	static struct frame frame;

	frame_plain(&frame, 3 + from, 3 + to, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(interface[from], &frame, 1), 1);
	do
		cr_assert(traffic_receive(interface[to], &arrival, 5000),
			  "killed at call %zu: from host %d to host %d", call, 3 + from, 3 + to);
	while (!frame_equal(&arrival.frame, &frame)); /* or else flooded by a client */
}

static void forwards(size_t call)
{
	cr_assert(client_reaches(client[0], client[1], 1, 2), "killed at call %zu", call);
	cr_assert(client_reaches(client[1], client[0], 2, 1), "killed at call %zu", call);
	interfaces_reach(call, 0, 1);
	interfaces_reach(call, 1, 0);
}

/* All that there is after the kill goes with the reload that is done, and nothing else comes. */
static void check_reload(size_t call, int round)
{
	(void)round;
	forwards(call);
	objects_forget();
	objects_remember();
	must("%s reload vale1", valectl());
	forwards(call);
	bpffs_unchanged(strdup(files));
	cr_assert(objects_programs_are_replaced(), "killed at call %zu: an old program is left",
		  call);
	objects_forget();
	objects_remember();
	if (!maps) {
		maps = objects_count_of("map");
		links = objects_count_of("link");
	}
	cr_assert_eq(objects_count_of("map"), maps, "killed at call %zu", call);
	cr_assert_eq(objects_count_of("link"), links, "killed at call %zu", call);
}

Test(reload_kill, reload)
{
	series_run(&(struct series){
		.command = "reload vale1",
		.check = check_reload,
		.sample = 12,
	});
	ring_expect_balance("vale1");
}
