// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* ping and pong. */
#include <signal.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define LOG   "^[0-9]{3}\\.[0-9]{6} [a-z_]+ \\[[0-9]+\\] "
#define TOTAL LOG "RTT over %d packets: min [0-9]+ av [0-9]+ ns$"

static void quiet_sandbox(void)
{
	sandbox_enter();
	traffic_quiet();
}

TestSuite(pktgen_ping, .init = quiet_sandbox, .timeout = 120);

/* `count` pings are answered, and pong ends after so many. */
static void expect_answers(const char *ping_at, const char *pong_at, const char *options, int count)
{
	struct pktgen pong = pktgen_start("-i %s -f pong -w 0 -n %d", pong_at, count);
	struct output ping = pktgen_must("-i %s -f ping -w 0 -n %d %s", ping_at, count, options);
	struct output answers = pktgen_end(&pong, 0);
	char total[128];

	snprintf(total, sizeof(total), TOTAL, count);
	text_expect(ping.text, "^Working on .*: 1 queues, 1 threads and [0-9]+ cpus\\.$");
	text_expect(ping.errors, total);
	cr_assert_not(text_has(ping.errors, "did not come back"), "%s", ping.errors);
	cr_assert_eq(answers.status, 0, "%s", answers.errors);
}

Test(pktgen_ping, is_answered)
{
	expect_answers("vale1:a", "vale1:b", "", 20);
	expect_answers("vale1:a", "vale1:b", "-b 16", 32);
	expect_answers("vale1:a", "vale1:b", "-6 -l 1000", 5);
	expect_answers("vale1:a", "vale1:b", "-l 9000", 5);
	expect_answers("vale1:a", "vale1:b", "--busy", 20);
}

Test(pktgen_ping, is_answered_by_a_small_ring)
{
	struct pktgen pong = pktgen_start("-i vale1:b -f pong -C 8,1024");
	struct output ping = pktgen_must("-i vale1:a -f ping -n 600 -b 200");

	text_expect(ping.errors, LOG "RTT over 600 packets: ");
	/* One that has no place in it is not. */
	ping = pktgen_must("-i vale1:a -f ping -n 1 -l 20000");
	text_expect(ping.errors, LOG "1 packets did not come back$");
	ping = pktgen_must("-i vale1:a -f ping -n 1");
	text_expect(ping.errors, LOG "RTT over 1 packets: ");
	cr_assert_eq(pktgen_end(&pong, SIGINT).status, 0);
}

Test(pktgen_ping, reports_each_second)
{
	struct pktgen pong = pktgen_start("-i vale1:b -f pong");
	struct output ping = pktgen_must("-i vale1:a -f ping -n 25 -R 10");

	text_expect(ping.errors, LOG "count [0-9]+ RTT: min [0-9]+ av [0-9]+ ns$");
	text_expect(ping.errors, LOG "k: [0-9]+ \\.\\. [0-9]+$");
	text_expect(ping.errors, "^\t +[0-9]");
	text_expect(ping.errors, LOG "RTT over 25 packets: ");
	pktgen_end(&pong, SIGTERM);
}

Test(pktgen_ping, is_not_answered)
{
	struct output ping = pktgen_must("-i vale1:a -f ping -n 2");

	cr_assert_not(text_has(ping.errors, "RTT over"));
	text_expect(ping.errors, LOG "2 packets did not come back$");
}

Test(pktgen_ping, through_devices)
{
	veth("dev0", "dev1");
	expect_answers("packet:dev0", "packet:dev1", "", 10);
	expect_answers("packet:dev0", "packet:dev1", "-b 16 -l 1000", 32);
	expect_answers("xdp:dev0", "xdp:dev1", "", 10);
	expect_answers("xdp:dev0", "packet:dev1", "-b 8", 16);
	must("%s attach vale1:d dev0", valectl());
	expect_answers("vale1:a", "packet:dev1", "", 10);
}

/* The addresses of an answer are those of the ping, the other way round. */
Test(pktgen_ping, answers_go_back)
{
	struct pktgen pong = pktgen_start("-i vale1:b -f pong -n 1 -X");
	struct output ping = pktgen_must("-i vale1:a -f ping -n 1 -X -S 02:00:00:00:00:0a "
					 "-D 02:00:00:00:00:0b");

	text_expect(ping.text, "^ +0: 02 00 00 00 00 0b 02 00 00 00 00 0a 08 00 ");
	text_expect(ping.text, "^ +0: 02 00 00 00 00 0a 02 00 00 00 00 0b 08 00 ");
	text_expect(ping.text, "^ +16: .. .. .. .. .. .. .. .. .. .. 0a 00 00 01 0a 01 ");
	text_expect(ping.text, "^ +16: .. .. .. .. .. .. .. .. .. .. 0a 01 00 01 0a 00 ");
	cr_assert_eq(pktgen_end(&pong, 0).status, 0);
}
