// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* txseq and rxseq: frames that are lost, repeated, late or torn are seen, and others are not. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/sequence.h"
#include "pkt-gen/udp.h"
#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "vale/port.h"

#define STREAM 0xabcdef
#define LENGTH 70

TestSuite(pktgen_numbers, .init = sandbox_enter, .timeout = 120);

#define CLEAN "^Sequence check: clean, 0 torn, 0 other packets$"

static void receiver_port(const char *options)
{
	must("%s port add vale1:b %s", valectl(), options);
	must("%s fdb vale1 add 02:00:00:00:00:bb b", valectl());
}

/* ---- nothing is wrong -------------------------------------------------------------------------- */

static void expect_clean(const char *tx_options, int senders)
{
	struct pktgen rx = pktgen_start("-i vale1:b -f rxseq -n 20000");
	struct output tx = pktgen_must("-i vale1:a -f txseq -n 20000 -D 02:00:00:00:00:bb "
				       "--lossless %s",
				       tx_options);
	struct output received = pktgen_end(&rx, 0);

	cr_assert_eq(pktgen_total(&tx, "Sent").packets, 20000);
	cr_assert_eq(received.status, 0, "%s: %s%s", tx_options, received.text, received.errors);
	text_expect(received.text, CLEAN);
	cr_assert_eq(text_lines(received.text, "^Sequence of sender [0-9a-f]{6} on ring [0-9]: "
					       "[0-9]+ packets from 0 to [0-9]+, 0 lost, "
					       "0 repeated, 0 out of order$"),
		     senders, "%s: %s", tx_options, received.text);
}

Test(pktgen_numbers, nothing_is_lost_without_loss)
{
	receiver_port("--rings 2");
	expect_clean("", 1);
	expect_clean("-b 1", 1);
	expect_clean("-6 -l 1514", 1);
	expect_clean("-l 1514 -l 64", 1);
	expect_clean("-s 10.0.0.1-10.0.0.200 -Z", 1);
	expect_clean("-l 5000", 1);
	expect_clean("-F 3 -l 100", 1);
	expect_clean("-p 2", 2);
	expect_clean("--rings 2", 2);
	expect_clean("--busy", 1);
}

/* ---- what a sender of ours does wrong ---------------------------------------------------------- */

static void put(struct vale_port *port, uint32_t stream, uint32_t number, int torn)
{
	static uint8_t bytes[LENGTH];
	struct udp_frame frame;

	udp_build(&frame, false, LENGTH, sequence_unit(stream, number));
	udp_set_mac(&frame, SIDE_SOURCE, 0x0200000000aa);
	udp_set_mac(&frame, SIDE_DESTINATION, 0x0200000000bb);
	udp_seal(&frame);
	udp_write(&frame, bytes);
	bytes[LENGTH - 1] ^= torn;
	cr_assert_eq(vale_inject(port, 0, bytes, LENGTH), 0);
}

/* Sends frames with these numbers, and returns what rxseq says. Below 0: one that is torn. */
static struct output rxseq_of(const int *numbers, size_t count)
{
	struct pktgen rx = pktgen_start("-i vale1:b -f rxseq -n %zu", count);
	struct vale *vale = NULL;
	struct vale_port *port = NULL;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	cr_assert_eq(vale_port_open(vale, "vale1:a", NULL, &port), 0);
	for (size_t i = 0; i < count; i++)
		put(port, STREAM, numbers[i] < 0 ? 0 : numbers[i], numbers[i] < 0);
	cr_assert_eq(vale_txsync(port, 0), 0);
	vale_port_close(port);
	vale_close(vale);
	return pktgen_end(&rx, 0);
}

#define RXSEQ_OF(...) \
	rxseq_of((const int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int))

static void expect_faults(const struct output *received, const char *sequence, const char *message)
{
	char line[256];

	cr_assert_eq(received->status, 1, "%s%s", received->text, received->errors);
	snprintf(line, sizeof(line), "^Sequence of sender abcdef on ring 0: %s$", sequence);
	text_expect(received->text, line);
	text_expect(received->text, "^Sequence check: FAULTS, ");
	snprintf(line, sizeof(line), "^[0-9]{3}\\.[0-9]{6} check_frame \\[[0-9]+\\] %s$", message);
	text_expect(received->errors, line);
}

Test(pktgen_numbers, faults_are_seen)
{
	struct output received;

	receiver_port("");
	received = RXSEQ_OF(5, 6, 7);
	cr_assert_eq(received.status, 0);
	text_expect(received.text, CLEAN);
	text_expect(received.text, "^Sequence of sender abcdef on ring 0: 3 packets from 5 to 7, "
				   "0 lost, 0 repeated, 0 out of order$");
	received = RXSEQ_OF(0, 1, 4, 5);
	expect_faults(&received, "4 packets from 0 to 5, 2 lost, 0 repeated, 0 out of order",
		      "Sequence GAP: exp 2 found 4");
	received = RXSEQ_OF(0, 1, 1, 2);
	expect_faults(&received, "4 packets from 0 to 2, 0 lost, 1 repeated, 0 out of order",
		      "Sequence REPEATED: exp 2 found 1");
	received = RXSEQ_OF(0, 2, 1, 3);
	expect_faults(&received, "4 packets from 0 to 3, 0 lost, 0 repeated, 1 out of order",
		      "Sequence OUT OF ORDER: exp 3 found 1");
	received = RXSEQ_OF(0, 1, -1);
	expect_faults(&received, "2 packets from 0 to 1, 0 lost, 0 repeated, 0 out of order",
		      "Payload TORN: 70 bytes");
}

/* ---- what is lost on the way ------------------------------------------------------------------- */

static bool has_taken(const void *rx)
{
	char *errors = pktgen_errors(rx);
	bool has = text_has(errors, "\\(15\\.000 pkts ");

	free(errors);
	return has;
}

/* A receiver that sleeps, with room for 15 frames. */
Test(pktgen_numbers, loss_is_seen)
{
	struct output received;
	struct pktgen rx;

	receiver_port("--slots 16");
	rx = pktgen_start("-i vale1:b -f rxseq -n 16 -T 100");
	kill(rx.process, SIGSTOP);
	pktgen_must("-i vale1:a -f txseq -n 1000 -D 02:00:00:00:00:bb");
	kill(rx.process, SIGCONT);
	cr_assert(eventually(has_taken, &rx));
	pktgen_must("-i vale1:a -f txseq -n 1 -D 02:00:00:00:00:bb");
	received = pktgen_end(&rx, 0);
	cr_assert_eq(port_counter("vale1:b", "drops.full"), 985);
	cr_assert_eq(pktgen_total(&received, "Received").packets, 16);
	/* Of each sender only what came: that the end is missing, nobody can see. */
	text_expect(received.text, " 15 packets from 0 to 14, 0 lost, ");
	text_expect(received.text, " 1 packets from 0 to 0, 0 lost, ");
}

static bool has_seen_a_gap(const void *rx)
{
	char *errors = pktgen_errors(rx);
	bool has = text_has(errors, "Sequence GAP: exp ");

	free(errors);
	return has;
}

Test(pktgen_numbers, loss_in_the_middle_is_seen)
{
	struct output received;
	struct pktgen rx, tx;

	receiver_port("--slots 16");
	rx = pktgen_start("-i vale1:b -f rxseq");
	tx = pktgen_start("-i vale1:a -f txseq -D 02:00:00:00:00:bb -b 64");
	cr_assert(eventually(has_seen_a_gap, &rx));
	pktgen_end(&tx, SIGINT);
	received = pktgen_end(&rx, SIGINT);
	cr_assert_gt(port_counter("vale1:b", "drops.full"), 0);
	cr_assert_eq(received.status, 1);
	text_expect(received.text, ", [1-9][0-9]* lost, 0 repeated, 0 out of order$");
	text_expect(received.text, "^Sequence check: FAULTS, 0 torn, 0 other packets$");
	text_expect(received.errors, "Sequence GAP: exp ");
}

/* ---- others ------------------------------------------------------------------------------------ */

Test(pktgen_numbers, that_nobody_has_sent)
{
	struct pktgen rx;
	struct output received;

	receiver_port("");
	rx = pktgen_start("-i vale1:b -f rxseq -n 10");
	pktgen_must("-i vale1:a -f tx -n 10");
	received = pktgen_end(&rx, 0);
	cr_assert_eq(received.status, 1, "a check of nothing has succeeded");
	text_expect(received.text, "^Sequence check: nothing came, 0 torn, 10 other packets$");
}
