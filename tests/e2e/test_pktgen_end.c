// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* How pkt-gen ends: by a signal, or since its interface is gone. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

static void quiet_sandbox(void)
{
	sandbox_enter();
	traffic_quiet();
}

TestSuite(pktgen_end, .init = quiet_sandbox, .timeout = 240);

/* All functions, how each totals what it has done, and what it cannot do any more. */
static const struct {
	const char *name;
	const char *total; /* NULL: not at all */
	const char *verb;
} functions[] = {
	{ "tx", "Sent", "send" },    { "rx", "Received", "receive" },
	{ "txseq", "Sent", "send" }, { "rxseq", "Received", "receive" },
	{ "ping", NULL, "send" },    { "pong", NULL, "answer" },
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static void expect_total(const struct output *output, size_t function)
{
	if (functions[function].total)
		pktgen_total(output, functions[function].total);
}

/* ---- signals ----------------------------------------------------------------------------------- */

static void expect_end_by(int signal, const char *interface)
{
	for (size_t i = 0; i < FUNCTIONS; i++) {
		struct pktgen pktgen =
			pktgen_start("-i %s -w 0 -R 1000 -f %s", interface, functions[i].name);
		struct output output;

		usleep(100000);
		output = pktgen_end(&pktgen, signal);
		/* A check that had nothing to check has not succeeded. */
		cr_assert_eq(output.status, !strcmp(functions[i].name, "rxseq"), "%s at %s: %d %s",
			     functions[i].name, interface, output.status, output.errors);
		expect_total(&output, i);
	}
}

Test(pktgen_end, by_a_signal)
{
	expect_end_by(SIGINT, "vale1:a");
	expect_end_by(SIGTERM, "vale1:a");
	cr_assert_null(strstr(must("%s list", valectl()).text, "vale1"));
	veth("dev0", "dev1");
	expect_end_by(SIGINT, "packet:dev0");
	expect_end_by(SIGINT, "xdp:dev0");
	cr_assert_eq(program_on("dev0"), 0);
}

Test(pktgen_end, while_the_link_is_waited_for)
{
	struct pktgen tx;
	struct output output;

	veth("dev0", "dev1");
	tx = pktgen_start("-i dev0 -f tx -w 3000");
	output = pktgen_end(&tx, SIGINT);
	cr_assert_eq(output.status, 0);
	text_expect(output.text, "^Sent nothing\\.$");
	text_expect(output.errors, "Waiting 3000 s for the link$");
}

static bool is_full(const void *port)
{
	return port_counter(port, "sent_frames") == 1023;
}

/* The sender waits for the receiver, which does not take anything. */
Test(pktgen_end, while_a_receiver_is_waited_for)
{
	struct pktgen rx, tx;
	struct output output;

	must("%s port add vale1:b", valectl());
	must("%s fdb vale1 add 02:00:00:00:00:bb b", valectl());
	rx = pktgen_start("-i vale1:b -f rx -n 1023");
	kill(rx.process, SIGSTOP);
	tx = pktgen_start("-i vale1:a -f tx --lossless -D 02:00:00:00:00:bb");
	cr_assert(eventually(is_full, "vale1:b"));
	output = pktgen_end(&tx, SIGINT);
	cr_assert_eq(output.status, 0);
	/* What stays in its ring is not counted. */
	cr_assert_eq(pktgen_total(&output, "Sent").packets, 1023);
	kill(rx.process, SIGCONT);
	output = pktgen_end(&rx, 0);
	cr_assert_eq(pktgen_total(&output, "Received").packets, 1023);
}

/* ---- an interface that vanishes ---------------------------------------------------------------- */

static void expect_end_without(const char *interface, const char *name, const char *make,
			       const char *take_away, const char *reason)
{
	for (size_t i = 0; i < FUNCTIONS; i++) {
		struct pktgen pktgen;
		struct output output;
		char words[256];

		must("%s", make);
		pktgen = pktgen_start("-i %s -w 0 -R 1000 -f %s", interface, functions[i].name);
		usleep(50000);
		must("%s", take_away);
		output = pktgen_end(&pktgen, 0);
		snprintf(words, sizeof(words), "^pkt-gen: cannot %s on '%s' any more: %s$",
			 functions[i].verb, name, reason);
		cr_assert_eq(output.status, 1);
		text_expect(output.errors, words);
		expect_total(&output, i);
	}
}

Test(pktgen_end, with_its_port)
{
	char make[512], take_away[512];

	snprintf(make, sizeof(make), "%s port add vale1:a", valectl());
	snprintf(take_away, sizeof(take_away), "%s port del vale1:a --force", valectl());
	expect_end_without("vale1:a", "vale1:a", make, take_away, "the port was deleted");
}

#define MAKE_DEVICE \
	"ip link add name dev0 type veth peer name dev1 && ip link set dev0 up && ip link set dev1 up"

Test(pktgen_end, with_its_device)
{
	expect_end_without("packet:dev0", "dev0", MAKE_DEVICE, "ip link del dev0",
			   "the device is down, or gone");
	expect_end_without("xdp:dev0", "dev0", MAKE_DEVICE, "ip link del dev0",
			   "the device is down, or gone");
}
