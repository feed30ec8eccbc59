// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Everything at once, in rounds: containers behind tc and XDP, a tap, rings with and without headers, an
 * AF_XDP client, captures, a netmap program, a client that is hostile, clients that are killed, and
 * another switch that is made and taken down. After each round nobody sends, every frame is accounted
 * for, and no more is in use than after the first round.
 *
 * VALE_SOAK_MINUTES is how long that goes on: `make soak`.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/scribble.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"
#include "tests/lib/usage.h"
#include "tests/lib/workers.h"

#define MIB (1L << 20)

/* What may be more than after the first round. */
#define RESIDENT_MORE (1 * MIB) /* of each process that lives all the time */
#define KERNEL_MORE   (4 * MIB)

static struct vale_port *receivers[2]; /* r2, and the one with a header */
static struct stream stream;
static long received[2];
static long kernel_before; /* what the test took before it had switches */

static void all_kinds_of_ports(void)
{
	sandbox_enter();
	traffic_quiet();
	scratch_mount();
	if (!usage_begin())
		cr_log_warn("there is no memory cgroup: the kernel's memory is not looked at");
	usage_remember_objects();
	kernel_before = usage_kernel();
	container("c1", C1);
	container("c2", C2);
	must("ip tuntap add t1 mode tap && ip link set t1 up");
	must("ip link add d1 type veth peer name d2 && ip link set d1 up && ip link set d2 up");
	must("%s attach vale1:c1v c1 --hook tc && %s attach vale1:c2v c2 --hook xdp", valectl(),
	     valectl());
	must("%s attach vale1:tap t1 && %s attach vale1:xsk --xsk x1", valectl(), valectl());
	for (int i = 0; i < 5; i++) {
		static const char *const rings[] = { "r1", "r2", "flap", "cap", "pcap" };

		must("%s port add vale1:%s", valectl(), rings[i]);
	}
	must("%s port add vale1:head --vnet-header 12", valectl());
	must("%s port add vale1:bad --owner nobody --mac %s", valectl(), frame_address_text(BAD));
	must("%s fdb vale1 add %s tap && %s fdb vale1 add %s xsk", valectl(),
	     frame_address_text(TAP), valectl(), frame_address_text(SOCKET));
	must("%s fdb vale1 add %s head && %s fdb vale1 add %s r2", valectl(),
	     frame_address_text(HEADER), valectl(), frame_address_text(R2));
}

TestSuite(soak, .init = all_kinds_of_ports, .fini = usage_end);

/* ---- the test's own ports ------------------------------------------------------------------------ */

static void take(int at)
{
	const unsigned char *bytes;
	unsigned char addresses[12];
	__u32 length;

	frame_set_address(addresses, R2);
	frame_set_address(addresses + 6, R1);
	while ((bytes = vale_next_frame(receivers[at], &length))) {
		received[at]++;
		/* What r1 sends is numbered, and comes to others as well when it is flooded. */
		if (!at && !memcmp(bytes, addresses, sizeof(addresses)))
			stream_take(&stream, bytes, length);
	}
	cr_assert_eq(vale_rxsync(receivers[at], VALE_ALL_RINGS), 0);
}

static void take_until(time_t end)
{
	while (time(NULL) < end) {
		take(0);
		take(1);
	}
}

/* ---- sums --------------------------------------------------------------------------------------- */

struct sums {
	long long received, flooded, copies, sent, drops;
};

static struct sums sums;

static bool is_balanced(const void *unused)
{
	json_t *document = valectl_json("stats vale1"), *port;
	struct sums sum = {};
	const char *reason;
	json_t *count;
	size_t i;

	(void)unused;
	take(0);
	take(1);
	json_array_foreach (json_object_get(document, "ports"), i, port) {
		sum.received += json_integer_value(json_object_get(port, "received_frames"));
		sum.flooded += json_integer_value(json_object_get(port, "flooded"));
		sum.copies += json_integer_value(json_object_get(port, "copies"));
		sum.sent += json_integer_value(json_object_get(port, "sent_frames"));
		json_object_foreach (json_object_get(port, "drops"), reason, count)
			sum.drops += json_integer_value(count);
	}
	json_decref(document);
	sums = sum;
	return sum.received - sum.flooded + sum.copies == sum.sent + sum.drops;
}

static void expect_balance(const struct pump *pump)
{
	long long sent_by_r1 = port_counter("vale1:r1", "received_frames");

	cr_assert(eventually(is_balanced, NULL),
		  "received %lld - flooded %lld + copies %lld is not sent %lld + drops %lld",
		  sums.received, sums.flooded, sums.copies, sums.sent, sums.drops);
	cr_assert_eq(sent_by_r1, pump_sent(pump), "r1 has sent %ld, the switch received %lld",
		     pump_sent(pump), sent_by_r1);
	cr_assert_eq(port_counter("vale1:r2", "sent_frames"), received[0]);
	cr_assert_eq(port_counter("vale1:head", "sent_frames"), received[1]);
}

/* ---- what is in use ------------------------------------------------------------------------------ */

struct usage {
	long resident, sender_resident, kernel;
	int files, sender_files, pins, links;
};

static int lines_of(const char *command)
{
	return atoi(must("%s | wc -l", command).text);
}

static struct usage measure(const struct client *sender)
{
	return (struct usage){
		.resident = usage_resident(getpid()),
		.sender_resident = usage_resident(client_process(sender)),
		.kernel = usage_kernel(),
		.files = usage_files(getpid()),
		.sender_files = usage_files(client_process(sender)),
		.pins = lines_of("find /sys/fs/bpf"),
		.links = lines_of("ip -br link"),
	};
}

static void expect_flat(const struct usage *first, const struct usage *now)
{
	cr_assert_eq(now->files, first->files);
	cr_assert_eq(now->sender_files, first->sender_files);
	cr_assert_eq(now->pins, first->pins);
	cr_assert_eq(now->links, first->links);
	cr_assert_leq(now->resident, first->resident + RESIDENT_MORE);
	cr_assert_leq(now->sender_resident, first->sender_resident + RESIDENT_MORE);
	cr_assert_leq(now->kernel, first->kernel + KERNEL_MORE,
		      "the kernel's memory: %ld, then %ld", first->kernel, now->kernel);
}

/* ---- rounds ------------------------------------------------------------------------------------- */

/* What a client left parked for devices is dropped when the next one comes. */
static void settle(const char *port, int host)
{
	struct client *client = client_start();

	client_opens(client, port, 0);
	cr_assert_geq(client_send(client, host, C1, 1), 0);
	client_end(client);
}

static void go_round(struct client *sender, struct pump *pump, int seconds)
{
	struct client *hostile = client_start_as(NOBODY, NOBODY, NOBODY);
	struct scribble scribble = { .seed = ring_seed(),
				     .from = BAD,
				     .to = { R2, C1 },
				     .stop = pump->stop,
				     .least = 20000 };

	client_opens(hostile, "vale1:bad", 0);
	workers_start();
	pump_start(sender, pump);
	scribble_start(hostile, &scribble);
	take_until(time(NULL) + seconds);
	workers_end();
	cr_assert_eq(client_result(sender), 0);
	cr_assert_eq(client_result(hostile), 0);
	client_kill(hostile);
	settle("vale1:bad", BAD);
	settle("vale1:flap", FLAP);
}

static bool all_is_freed(const void *unused)
{
	(void)unused;
	return usage_new_objects() == 0;
}

/* The kernel frees it some time after. */
static bool memory_is_freed(const void *before)
{
	return usage_kernel() <= *(const long *)before + KERNEL_MORE;
}

/* Of this test, that is: those of others go when they end. */
static void expect_no_objects(void)
{
	usage_remember_new_objects();
	for (int i = 0; i < 24; i++)
		if (eventually(all_is_freed, NULL))
			return;
	cr_assert_fail("%zu maps, programs and links are left", usage_new_objects());
}

static void say(int round, const struct usage *usage)
{
	fprintf(stderr,
		"soak: round %d: received %lld, flooded %lld, copies %lld, sent %lld, dropped %lld; "
		"kernel %ld KiB, receiver %ld KiB, sender %ld KiB, %d and %d files, %d pins, %d "
		"interfaces\n",
		round, sums.received, sums.flooded, sums.copies, sums.sent, sums.drops,
		usage->kernel / 1024, usage->resident / 1024, usage->sender_resident / 1024,
		usage->files, usage->sender_files, usage->pins, usage->links);
}

Test(soak, nothing_is_lost_and_nothing_grows)
{
	const char *minutes = getenv("VALE_SOAK_MINUTES");
	const int seconds = minutes ? 20 : 2;
	const int rounds = minutes ? atoi(minutes) * 60 / seconds + 1 : 2;
	struct pump pump = { .from = R1,
			     .to = { R2, HEADER, TAP, C1, C2, SOCKET },
			     .longest = 1500 };
	struct client *sender;
	struct usage first = {}, now;

	pump.stop = workers_make();
	sender = client_start();
	client_opens(sender, "vale1:r1", 0);
	receivers[0] = ring_open("vale1:r2", NULL);
	receivers[1] = ring_open("vale1:head", NULL);
	for (int round = 0; round < rounds; round++) {
		go_round(sender, &pump, seconds);
		expect_balance(&pump);
		now = measure(sender);
		say(round, &now);
		if (!round)
			first = now;
		expect_flat(&first, &now);
	}
	cr_assert_gt(received[0], 1000);
	cr_assert_gt(received[1], 1000);
	workers_have_worked();
	client_end(sender);
	vale_port_close(receivers[0]);
	vale_port_close(receivers[1]);
	must("%s destroy vale1 --force", valectl());
	cr_assert(eventually(memory_is_freed, &kernel_before), "the kernel's memory: %ld, now %ld",
		  kernel_before, usage_kernel());
	expect_no_objects();
	fprintf(stderr, "soak: %d rounds of %d s: all frames accounted for, nothing left\n", rounds,
		seconds);
}
