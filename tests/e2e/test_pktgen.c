// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pkt-gen between ports of a switch: what was sent is what arrives; and what it prints. */
#include <signal.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"

#define NUMBER "[0-9]+\\.[0-9]{3} [KMG]?"
#define REPORT                                                                                  \
	"^[0-9]{3}\\.[0-9]{6} main_thread \\[[0-9]+\\] " NUMBER "pps \\(" NUMBER "pkts " NUMBER \
	"bps in [0-9]+ usec\\) [0-9]+\\.[0-9]{2} avg_batch [0-9]+ min_space$"

TestSuite(pktgen, .init = sandbox_enter, .timeout = 240);

/* A port for the receiver, and what goes to its address goes to it alone. */
static void receiver_port(const char *options)
{
	must("%s port add vale1:b %s", valectl(), options);
	must("%s fdb vale1 add 02:00:00:00:00:bb b", valectl());
}

#define TO_B "-D 02:00:00:00:00:bb --lossless"

/* ---- the example of the manual page ------------------------------------------------------------ */

Test(pktgen, as_in_the_manual_page)
{
	struct pktgen rx = pktgen_start("-i valea:1 -f rx -n 1000");
	struct output tx = pktgen_must("-i valea:0 -f tx -n 1000"), received;
	struct pktgen_total sent = pktgen_total(&tx, "Sent"), got;

	cr_assert_eq(sent.packets, 1000);
	cr_assert_eq(sent.bytes, 60000);
	text_expect(tx.text, "^Sending on valea:0: 1 queues, 1 threads and [0-9]+ cpus\\.$");
	text_expect(tx.text, "^10\\.0\\.0\\.1 -> 10\\.1\\.0\\.1 "
			     "\\(02(:[0-9a-f]{2}){5} -> ff:ff:ff:ff:ff:ff\\)$");
	text_expect(tx.text, "^Speed: " NUMBER "pps Bandwidth: " NUMBER "bps \\(raw " NUMBER
			     "bps\\)\\. Average batch: [0-9.]+ pkts$");
	received = pktgen_end(&rx, 0);
	got = pktgen_total(&received, "Received");
	cr_assert_eq(received.status, 0);
	cr_assert_eq(got.packets, 1000);
	cr_assert_eq(got.bytes, 60000);
	text_expect(received.text, "^Receiving from valea:1: 1 queues, 1 threads and [0-9]+ cpus"
				   "\\.$");
	text_expect(received.errors, REPORT);
	/* The switch has gone with its last port. */
	cr_assert_null(strstr(must("%s list", valectl()).text, "valea"));
}

/* ---- the other transport ----------------------------------------------------------------------- */

static void expect_over(const char *rx_options, const char *tx_options)
{
	struct pktgen rx = pktgen_start("-i valea:1 -f rx %s", rx_options);
	struct output tx = pktgen_must("-i valea:0 -f tx -n 2000 -R 20k %s", tx_options), received;
	struct pktgen_total got;

	cr_assert_str_eq(port_member("valea:1", "kind"), *rx_options ? "xsk" : "ring");
	cr_assert_eq(pktgen_total(&tx, "Sent").packets, 2000);
	usleep(200000);
	received = pktgen_end(&rx, SIGINT);
	got = pktgen_total(&received, "Received");
	cr_assert_eq(got.packets, 2000);
	cr_assert_eq(got.bytes, 120000);
}

Test(pktgen, over_af_xdp_as_over_rings)
{
	expect_over("", "");
	expect_over("--xsk", "");
	expect_over("", "--xsk");
	expect_over("--xsk", "--xsk");
}

/* ---- counts ------------------------------------------------------------------------------------ */

/* So many frames are sent and received, of so many bytes if that is not 0. */
static void expect_all(const char *rx_options, const char *tx_options, long long frames,
		       long long bytes)
{
	struct pktgen rx = pktgen_start("-i vale1:b -f rx -n %lld %s", frames, rx_options);
	struct output tx = pktgen_must("-i vale1:a -f tx -n %lld " TO_B " %s", frames, tx_options);
	struct output received = pktgen_end(&rx, 0);
	struct pktgen_total sent = pktgen_total(&tx, "Sent");
	struct pktgen_total got = pktgen_total(&received, "Received");

	cr_assert_eq(received.status, 0, "%s: %s", tx_options, received.errors);
	cr_assert_eq(sent.packets, frames, "%s: %lld sent", tx_options, sent.packets);
	cr_assert_eq(got.packets, frames, "%s: %lld received", tx_options, got.packets);
	cr_assert_eq(got.bytes, sent.bytes, "%s: %lld bytes, not %lld", tx_options, got.bytes,
		     sent.bytes);
	if (bytes)
		cr_assert_eq(sent.bytes, bytes, "%s: %lld bytes", tx_options, sent.bytes);
}

Test(pktgen, what_is_sent_without_loss_is_received)
{
	receiver_port("");
	expect_all("", "", 100000, 6000000);
	expect_all("-b 7", "-b 3", 10001, 600060);
	expect_all("--busy", "--busy", 100000, 6000000);
	expect_all("", "-s 10.0.0.1-10.0.3.0 -z", 10000, 600000);
	cr_assert_eq(port_counter("vale1:b", "drops.full"), 0);
	cr_assert_eq(port_counter("vale1:b", "sent_frames"), 220001);
}

Test(pktgen, frames_of_all_lengths)
{
	receiver_port("");
	expect_all("", "-l 42", 5000, 210000);
	expect_all("", "-l 1514 -6", 5000, 7570000);
	expect_all("", "-l 1500 -l 60", 5000, 0);
	expect_all("", "-l 64 -l 64", 5000, 320000);
}

Test(pktgen, frames_of_several_slots)
{
	receiver_port("");
	expect_all("", "-l 9000", 2000, 18000000);
	expect_all("", "-l 65549", 200, 13109800);
	expect_all("", "-F 3 -l 100", 5000, 500000);
	expect_all("", "-F 63 -l 1000", 1000, 1000000);
	expect_all("", "-M 100 -l 950", 2000, 1900000);
	expect_all("", "-F 2 -l 3000 -l 1000", 2000, 0);
}

/* The buffers of a port are empty at first, and so are the addresses of its frames. */
Test(pktgen, what_is_in_the_buffers)
{
	struct pktgen rx = pktgen_start("-i vale1:b -f rx -n 3 -X");
	struct output received;

	pktgen_must("-i vale1:a -f tx -n 3 -r -l 100");
	received = pktgen_end(&rx, 0);
	cr_assert_eq(text_lines(received.text, "^ring 0 .* len +100\\]$"), 3);
	cr_assert_eq(text_lines(received.text, "^ +0: (00 ){16}\\.{16}$"), 3);
}

Test(pktgen, several_threads)
{
	receiver_port("--rings 2");
	expect_all("", "-p 2", 20001, 1200060);
	expect_all("-p 2", "-p 2", 20000, 1200000);
	expect_all("", "--rings 2", 20000, 1200000);
	expect_all("", "-C 64,64,2,2 -p 2 -b 100", 20000, 1200000);
}

Test(pktgen, a_receiver_that_makes_its_addresses_known)
{
	struct pktgen rx = pktgen_start(
		"-i vale1:b -f rx -n 10 --announce -S 02:00:00:00:01:00-02:00:00:00:01:7f");
	struct pktgen other = pktgen_start("-i vale1:c -f rx");
	struct output received;

	must("for i in $(seq 200); do [ $(%s fdb vale1 | grep -c ' b ') = 128 ] && exit 0; "
	     "sleep 0.05; done; exit 1",
	     valectl());
	pktgen_must("-i vale1:a -f tx -n 10 -D 02:00:00:00:01:7f");
	cr_assert_eq(pktgen_end(&rx, 0).status, 0);
	received = pktgen_end(&other, SIGINT);
	cr_assert_eq(pktgen_total(&received, "Received").packets, 0);
}

Test(pktgen, a_receiver_that_ends_when_nothing_comes)
{
	struct pktgen rx = pktgen_start("-i vale1:b -f rx -W");
	struct output received;

	pktgen_must("-i vale1:a -f tx -n 30");
	received = pktgen_end(&rx, 0);
	cr_assert_eq(received.status, 0);
	cr_assert_eq(pktgen_total(&received, "Received").packets, 30);
}

Test(pktgen, nobody_s_ports)
{
	struct pktgen rx;
	struct output tx;

	receiver_port("");
	must("%s port add vale1:a --owner nobody", valectl());
	rx = pktgen_start("-i vale1:b -f rx -n 500");
	tx = must("setpriv --reuid nobody --regid nogroup --clear-groups --bounding-set -all "
		  "%s -i vale1:a -f tx -n 500 " TO_B,
		  pktgen());
	cr_assert_eq(pktgen_total(&tx, "Sent").packets, 500);
	cr_assert_eq(pktgen_end(&rx, 0).status, 0);
}

/* ---- rates and reports ------------------------------------------------------------------------- */

/* A machine that is slow can only make it longer. */
Test(pktgen, is_not_faster_than_the_rate)
{
	struct output tx = pktgen_must("-i vale1:a -f tx -n 600 -R 1k -T 100");
	struct pktgen_total sent = pktgen_total(&tx, "Sent");

	cr_assert_eq(sent.packets, 600);
	cr_assert_geq(sent.seconds, 0.59);
	cr_assert_eq(sent.events, 200, "bursts of 3, not %lld", sent.events);
	cr_assert_geq(text_lines(tx.errors, REPORT), 2);
	/* Without it, it is. */
	tx = pktgen_must("-i vale1:a -f tx -n 600");
	cr_assert_eq(pktgen_total(&tx, "Sent").events, 2);
}

Test(pktgen, two_threads_share_the_rate)
{
	struct output tx = pktgen_must("-i vale1:a -f tx -n 601 -R 1k -p 2");
	struct pktgen_total sent = pktgen_total(&tx, "Sent");

	cr_assert_eq(sent.packets, 601);
	cr_assert_geq(sent.seconds, 0.59);
}

Test(pktgen, numbers_as_one_wants_them)
{
	const char *tx = "-i vale1:a -f tx -n 300 -R 1k -T 100";
	struct output output = pktgen_must("%s -N", tx);
	double bandwidth, raw;

	text_expect(output.errors, "\\] [0-9]+ pps \\([0-9]+ pkts [0-9]+ bps in ");
	text_expect(output.text,
		    "^Speed: [0-9]+ pps Bandwidth: [0-9]+ bps \\(raw [0-9]+ bps\\)\\.");
	output = pktgen_must("%s -A", tx);
	text_expect(output.errors, "pps \\[avg/std " NUMBER "/" NUMBER "pps\\]\\(");
	output = pktgen_must("%s -B -N", tx);
	cr_assert_eq(sscanf(strstr(output.text, "Bandwidth"), "Bandwidth: %lf bps (raw %lf",
			    &bandwidth, &raw),
		     2);
	/* 24 bytes more for each of 60. */
	cr_assert_float_eq(raw / bandwidth, 84.0 / 60, 0.01);
}

Test(pktgen, frames_that_are_shown)
{
	struct output tx = pktgen_must("-i vale1:a -f tx -n 2 -l 44 -X -S 02:00:00:00:00:0a");

	cr_assert_eq(text_lines(tx.text, "^ring 0 \\[flags 0x0000 len +44\\]$"), 2);
	cr_assert_eq(text_lines(tx.text, "^ +0: ff ff ff ff ff ff 02 00 00 00 00 0a 08 00 45 10 "
					 "\\.+E\\.$"),
		     2);
	cr_assert_eq(text_lines(tx.text, "^ +32: "), 2);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static int threads_on(const struct pktgen *pktgen, const char *cpus)
{
	return atoi(must("grep -l 'Cpus_allowed_list:.%s$' /proc/%d/task/*/status | wc -l", cpus,
			 pktgen->process)
			    .text);
}

Test(pktgen, threads_have_the_cpus_that_are_said)
{
	struct pktgen rx;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		cr_skip_test("there is one CPU only");
	rx = pktgen_start("-i vale1:b -f rx -a 1");
	cr_assert_eq(threads_on(&rx, "1"), 1);
	cr_assert_eq(threads_on(&rx, "0"), 0);
	pktgen_end(&rx, SIGINT);
	rx = pktgen_start("-i vale1:b -f rx -a 0 -p 2 -c 2");
	cr_assert_eq(threads_on(&rx, "0"), 1);
	cr_assert_eq(threads_on(&rx, "1"), 1);
	pktgen_end(&rx, SIGINT);
	rx = pktgen_start("-i vale1:b -f rx -a 0 -p 2 -c 1");
	cr_assert_eq(threads_on(&rx, "0"), 2);
	pktgen_end(&rx, SIGINT);
}
