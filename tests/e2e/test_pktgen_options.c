// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pkt-gen and what it cannot do: the reason, the exit status, and nothing left behind. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void quiet_sandbox(void)
{
	sandbox_enter();
	traffic_quiet();
}

TestSuite(pktgen_options, .init = quiet_sandbox, .timeout = 120);

struct bad {
	const char *arguments;
	const char *words;
};

static void expect_refusals(int status, const struct bad *bad, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct output output = pktgen_run("%s", bad[i].arguments);

		cr_assert_eq(output.status, status, "'%s' ended with %d: %s", bad[i].arguments,
			     output.status, output.errors);
		cr_assert_eq(strncmp(output.errors, "pkt-gen: ", 9), 0, "'%s' said: %s",
			     bad[i].arguments, output.errors);
		cr_assert_not_null(strstr(output.errors, bad[i].words), "'%s' said: %s",
				   bad[i].arguments, output.errors);
		cr_assert_not(text_has(output.text, "^Sent [0-9]"), "'%s'", bad[i].arguments);
		if (status == 2)
			cr_assert_not_null(strstr(output.errors, "usage: pkt-gen -i INTERFACE"));
	}
}

/* ---- usage ------------------------------------------------------------------------------------- */

Test(pktgen_options, that_are_none)
{
	static const struct bad bad[] = {
		{ "", "which interface? -i vale1:a, or -i eth0" },
		{ "-q", "wrong option '-q'" },
		{ "-i vale1:a -Aq", "wrong option '-Aq'" },
		{ "--wrong", "wrong option '--wrong'" },
		{ "-i vale1:a --lossless=yes", "wrong option '--lossless=yes'" },
		{ "-i", "-i wants a value" },
		{ "--rings", "--rings wants a value" },
		{ "-i vale1:a tx", "what is 'tx' for? Every argument belongs to an option" },
		{ "-i vale1:a -f send",
		  "there is no function 'send': tx, rx, ping, pong, txseq or rxseq" },
	};

	expect_refusals(2, bad, COUNT(bad));
}

Test(pktgen_options, with_wrong_values)
{
	static const struct bad bad[] = {
		{ "-i vale1:a -n x", "-n x: it is no number: 1000, 500k, 14.88M" },
		{ "-i vale1:a -n -1", "-n -1: it is no number" },
		{ "-i vale1:a -R 1.5", "-R 1.5: it is no number" },
		{ "-i vale1:a -b 65536", "-b 65536: it is no number from 0 to 65535" },
		{ "-i vale1:a -l 0", "-l 0: it is no number from 1 to 65549" },
		{ "-i vale1:a -l 65550", "-l 65550: it is no number from 1 to 65549" },
		{ "-i vale1:a -F 64", "-F 64: it is no number from 1 to 63" },
		{ "-i vale1:a -F 0", "-F 0: it is no number from 1 to 63" },
		{ "-i vale1:a -M 0", "-M 0: it is no number from 1 to 65535" },
		{ "-i vale1:a -p 0", "-p 0: it is no number from 1 to 64" },
		{ "-i vale1:a -T 0", "-T 0: it is no number from 1 to " },
		{ "-i vale1:a -w 3601", "-w 3601: it is no number from 0 to 3600" },
		{ "-i vale1:a -a 30000", "-a 30000: CPUs are numbered from 0 to " },
		{ "-i vale1:a -c 30000", "-c 30000: there are " },
		{ "-i vale1:a --rings 9", "--rings 9: it is no number from 1 to 8" },
		{ "-i vale1:a -C 1025", "-C 1025: it is not TX_SLOTS[,RX_SLOTS" },
		{ "-i vale1:a -C 1,2,3,4,5", "-C 1,2,3,4,5: it is not TX_SLOTS" },
		{ "-i vale1:a -C 64,64,1,2", "rings come in pairs, as many for tx as for rx" },
		{ "-i vale1:a -H 12", "here ports have no virtio-net header, so there is 0 only" },
		{ "-i vale1:a -o 128", "-o 128: it is no sum of 1, 2, 4, 8" },
		{ "-i vale1:a -s 10.0.0", "-s 10.0.0: it is no IPv4 address, nor a range" },
		{ "-i vale1:a -6 -d 10.0.0.1", "-d 10.0.0.1: it is no IPv6 address" },
		{ "-i vale1:a -S 02:00", "-S 02:00: it is no MAC address" },
		{ "-i vale1:a -D x", "-D x: it is no MAC address" },
	};

	expect_refusals(2, bad, COUNT(bad));
}

Test(pktgen_options, that_do_not_go_together)
{
	static const struct bad bad[] = {
		{ "-i vale1:a -f tx -l 41", "-l 41: the headers take 42 bytes" },
		{ "-i vale1:a -f tx -6 -l 61", "-l 61: the headers take 62 bytes" },
		{ "-i vale1:a -f txseq -l 49", "the headers and the number take 50 bytes" },
		{ "-i vale1:a -f tx -l 60 -l 70", "the second one is the shortest frame" },
		{ "-i vale1:a -f ping -p 2", "-p 2: ping is for one thread" },
		{ "-i vale1:a -f pong -p 2", "-p 2: pong is for one thread" },
		{ "-i vale1:a -p 9", "-p 9: a port has 8 rings at the most" },
		{ "-i vale1:a/x -p 2", "to open a port exclusively is for one thread" },
		{ "-i vale1:a-0 -p 2", "to open a port with one ring of it is for one thread" },
		{ "-i vale1:a -f tx --announce", "--announce is for rx and rxseq" },
		{ "-i eth0 --lossless", "are for ports of switches: 'eth0' is a network device" },
		{ "-i eth0 -C 64", "are for ports of switches" },
		{ "-i eth0 -F 2", "-F and -M are for ports of switches" },
		{ "-i vale1:a -f txseq -P file", "-P: txseq has frames of its own" },
		{ "-i vale1:a -f ping -r", "-r: ping has frames of its own" },
		{ "-i vale1:a -f tx -r -P file", "-P and -r: what shall be sent?" },
	};

	expect_refusals(2, bad, COUNT(bad));
}

Test(pktgen_options, with_names_that_are_none)
{
	static const struct bad bad[] = {
		{ "-i ''", "-i : it has no name" },
		{ "-i xdp:", "-i xdp:: it has no name" },
		{ "-i vale1:a/t", "of netmap's suffixes there are '/x' and '-N' only" },
		{ "-i vale1:a-x", "the number of a ring must follow '-'" },
		{ "-i vale1:a-", "the number of a ring must follow '-'" },
		{ "-i vale1:$(printf %080d 0)", "its name is too long" },
	};

	expect_refusals(2, bad, COUNT(bad));
}

/* ---- failures ---------------------------------------------------------------------------------- */

Test(pktgen_options, what_cannot_be_opened)
{
	static const struct bad bad[] = {
		{ "-i dev9", "there is no network device 'dev9' (ports of switches are called "
			     "valeSSS:PPP)" },
		{ "-i xdp:dev9", "there is no network device 'dev9'" },
		{ "-i dev012345678901234567890", "its name is too long" },
		{ "-i vale1", "'vale1' is no name of a port: a port is named valeSSS:PPP" },
		{ "-i vale1:a.b", "only letters, digits and '_' are allowed" },
		{ "-i vale1:lo", "'lo'" },
		{ "-i vale1:dev", "'vale1:dev'" },
		{ "-i vale1:one -p 2", "vale1:one" },
		{ "-i vale1:one-1", "vale1:one" },
		{ "-i down0", "cannot use 'down0': it is down ('ip link set down0 up')" },
		{ "-i dev0 -f tx -l 1515",
		  "cannot send frames of 1515 bytes on 'dev0': by its MTU, "
		  "1514 are the most" },
		{ "-i xdp:dev1 -f tx -p 2", "cannot use 2 threads: 'dev1' has 1 queues" },
		{ "-i xdp:big0 -f tx -l 3841", "by AF_XDP: 3840 are the most" },
		{ "-i vale2:a -f tx -C 8 -l 20000",
		  "20000 bytes would take 10 slots: 7 are the most" },
		{ "-i vale2:a -f tx -F 63 -l 126",
		  "slots would have 2 bytes: the first must have 14" },
		{ "-i vale2:a -f tx -P /mnt/none", "cannot read '/mnt/none': " },
		{ "-i vale2:a -f tx -P /dev/null", "cannot read '/dev/null': " },
		{ "-i vale2:a --bpffs /mnt", "cannot use '/mnt': " },
	};
	char *before;

	veth("dev0", "dev1");
	veth("big0", "big1");
	must("ip link set big0 mtu 9000 && ip link set big1 mtu 9000");
	must("ip link add name down0 type veth peer name down1");
	must("%s attach vale1:dev dev0 && %s port add vale1:one", valectl(), valectl());
	before = bpffs_files();
	expect_refusals(1, bad, COUNT(bad));
	bpffs_unchanged(before);
}

Test(pktgen_options, exclusive_ports)
{
	struct pktgen rx = pktgen_start("-i vale1:a/x -f rx");
	static const struct bad bad[] = { { "-i vale1:a -f tx -n 1", "vale1:a" } };

	expect_refusals(1, bad, COUNT(bad));
	pktgen_end(&rx, 15);
	rx = pktgen_start("-i vale1:a -f rx");
	pktgen_must("-i vale1:a -f tx -n 1");
	expect_refusals(1, (const struct bad[]){ { "-i vale1:a --exclusive", "vale1:a" } }, 1);
	pktgen_end(&rx, 15);
}

Test(pktgen_options, nobody_makes_no_switch)
{
	struct output output = run("setpriv --reuid nobody --regid nogroup --clear-groups "
				   "--bounding-set -all %s -i vale1:a -f tx -n 1",
				   pktgen());

	cr_assert_eq(output.status, 1);
	cr_assert_eq(strncmp(output.errors, "pkt-gen: ", 9), 0, "%s", output.errors);
	cr_assert_null(strstr(must("%s list", valectl()).text, "vale1"));
}

Test(pktgen_options, another_program_on_the_device)
{
	veth("dev0", "dev1");
	attach_foreign_program("dev0");
	expect_refusals(1,
			(const struct bad[]){ { "-i xdp:dev0 -f rx", "is there another XDP program "
								     "on the device?" } },
			1);
	cr_assert_neq(program_on("dev0"), 0);
}

/* ---- what is no mistake ------------------------------------------------------------------------ */

Test(pktgen_options, help_and_version)
{
	struct output help = pktgen_must("-h"), version = pktgen_must("--version");

	text_expect(help.text, "^usage: pkt-gen -i INTERFACE");
	cr_assert_str_empty(help.errors);
	cr_assert_str_eq(pktgen_must("--help").text, help.text);
	text_expect(version.text, "^pkt-gen [0-9]+\\.[0-9]+");
	/* Each option that getopt() knows is in the help. */
	for (const char *letter = "46aAbBcCdDfFhHiIlMnNopPrRsSTvwWXzZ"; *letter; letter++) {
		char expression[32];

		snprintf(expression, sizeof(expression), "-%c[ ,;.]", *letter);
		text_expect(help.text, expression);
	}
}

/* What netmap's has, and has no effect here. */
Test(pktgen_options, that_are_taken)
{
	struct output tx;

	pktgen_must("-i vale1:a -f tx -n 1 -H 0 -o 4111 -v -4 -w 0");
	pktgen_must("-i netmap:vale1:a -f tx -n 1");
	tx = pktgen_must("-i vale1:a -f tx -n 1 -I");
	text_expect(tx.errors, "^pkt-gen: here are no indirect buffers: frames are sent as ever$");
	tx = pktgen_must("-i vale1:a -f tx -n 1 -o 64");
	text_expect(tx.text, "^ring 0 ");
	tx = pktgen_must("-i vale1:a -f tx -n 0 -W -n 2 -f tx");
	cr_assert_eq(pktgen_total(&tx, "Sent").packets, 2);
}

Test(pktgen_options, standard_output_that_is_full)
{
	struct output output = run("%s -i vale1:a -f tx -n 1 > /dev/full", pktgen());

	cr_assert_eq(output.status, 1);
	text_expect(output.errors, "^pkt-gen: cannot write the output: No space left on device$");
	cr_assert_eq(run("%s -h > /dev/full", pktgen()).status, 1);
}
