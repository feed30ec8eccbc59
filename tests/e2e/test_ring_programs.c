// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The programs that a client may run, run by hand: out of turn, and with contexts that make no sense.
 * What may come of it is what the port's own library would have done, sooner.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/mixed.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"

#define XDP_VERDICT_DROP 1 /* XDP_DROP */

static struct mixed mixed;
static struct frame frame;
static struct arrival arrival;

TestSuite(ring_programs, .init = sandbox_enter, .timeout = 60);

/* ---- what runs `live` -------------------------------------------------------------------------- */

struct live_run {
	__u32 length; /* of the frame, without metadata */
	__u32 metadata;
	__u32 flags;
	__u32 repeat;
	__u32 batch;
	__u32 ifindex;
	__u32 queue;
	bool no_context;
};

/* What the kernel says, or the program's verdict; `seen` gets the frame as the program left it. */
static int run_live(const struct live_run *run, void *seen, __u32 *size)
{
	static unsigned char bytes[65536];
	struct xdp_md context = {
		.data = run->metadata,
		.data_end = run->metadata + run->length,
		.ingress_ifindex = run->ifindex,
		.rx_queue_index = run->queue,
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .data_size_in = context.data_end,
		    .repeat = run->repeat, .flags = run->flags, .batch_size = run->batch);

	if (!run->no_context) {
		options.ctx_in = &context;
		options.ctx_size_in = sizeof(context);
	}
	if (seen) {
		options.data_out = seen;
		options.data_size_out = *size;
	}
	if (bpf_prog_test_run_opts(mixed.port[2]->live, &options))
		return -errno;
	if (seen)
		*size = options.data_size_out;
	return options.retval;
}

/* As the library of port `number` does. */
static struct live_run turn_of(int number, __u32 frames)
{
	return (struct live_run){
		.length = VALE_LIVE_LENGTH + mixed.port[number]->number,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.repeat = frames,
	};
}

static void park(int number, int frames)
{
	frame_plain(&frame, number, MIXED_VETH, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < frames; i++) {
		frame_put16(&frame, 20, i);
		ring_inject(mixed.port[number], 0, &frame);
	}
	cr_assert_eq(port_run(mixed.port[number]->txsync[0]), frames);
}

static void expect_parked_sent(int number, int frames, const char *what)
{
	frame_plain(&frame, number, MIXED_VETH, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < frames; i++) {
		frame_put16(&frame, 20, i);
		mixed_expect(&mixed, MIXED_VETH, &frame, what);
	}
	mixed_expect_none(&mixed, what);
}

static void open_all(void)
{
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
}

Test(ring_programs, parked_frames_are_sent_by_hand_and_are_the_same)
{
	struct live_run run;

	open_all();
	park(1, 20);
	run = turn_of(1, 15);
	cr_assert_eq(run_live(&run, NULL, NULL), 0);
	expect_parked_sent(1, 15, "by hand");
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	for (int i = 15; i < 20; i++) {
		frame_put16(&frame, 20, i);
		mixed_expect(&mixed, MIXED_VETH, &frame, "by the library");
	}
	mixed_expect_none(&mixed, "at the end");
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), 20 + 1);
	cr_assert_eq(port_counter("vale1:p2", "received_frames"), 1);
	ring_expect_balance("vale1");
}

static int run_in_client(struct client_self *self, void *argument)
{
	(void)self;
	return run_live(argument, NULL, NULL);
}

static int txsync_in_client(struct client_self *self, void *argument)
{
	(void)self;
	return port_run(*(int *)argument);
}

/* A client has all that the test has open, and can do the same. */
Test(ring_programs, frames_are_not_sent_by_who_has_not_run_txsync)
{
	struct client *client;
	struct live_run run;

	open_all();
	client = client_start();
	park(1, 20);
	run = turn_of(1, 100);
	cr_assert_eq(client_do(client, run_in_client, &run, sizeof(run)), 0);
	mixed_expect_none(&mixed, "by a process whose turn it is not");
	cr_assert_eq(client_do(client, txsync_in_client, &mixed.port[1]->txsync[0], sizeof(int)),
		     20);
	cr_assert_eq(run_live(&run, NULL, NULL), 0);
	mixed_expect_none(&mixed, "by the process whose turn it was");
	cr_assert_eq(client_do(client, run_in_client, &run, sizeof(run)), 0);
	expect_parked_sent(1, 20, "by the process whose turn it is");
	ring_expect_balance("vale1");
}

Test(ring_programs, more_runs_than_frames_send_what_there_is)
{
	struct live_run run;

	open_all();
	for (int round = 0; round < 10; round++) {
		park(1, 20);
		run = turn_of(1, 1000);
		run.batch = round * 25;
		cr_assert_eq(run_live(&run, NULL, NULL), 0);
		expect_parked_sent(1, 20, "too often");
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	}
	ring_expect_balance("vale1");
}

/*
 * The kernel also runs such a program on a frame that goes nowhere, and shows it to who asked for
 * it: no frame of another client's may be lost by that, or be seen.
 */
Test(ring_programs, runs_without_live_frames_take_nothing)
{
	struct live_run run;
	unsigned char seen[4096];

	open_all();
	for (__u32 repeat = 1; repeat <= 100; repeat *= 10) {
		__u32 size = sizeof(seen);

		park(1, 20);
		run = turn_of(1, repeat);
		run.flags = 0;
		cr_assert_eq(run_live(&run, seen, &size), XDP_VERDICT_DROP);
		cr_assert_eq(size, run.length, "%u bytes of a frame can be seen", size);
		for (__u32 i = 0; i < size; i++)
			cr_assert_eq(seen[i], 0, "byte %u", i);
		mixed_expect_none(&mixed, "sent without live frames");
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		expect_parked_sent(1, 20, "by its own client");
	}
	ring_expect_balance("vale1");
}

/* Ports and pairs that there are not, and frames that say nothing. */
Test(ring_programs, wrong_frames_send_nothing)
{
	unsigned int seed = ring_seed();
	struct live_run run;

	open_all();
	park(1, 20);
	for (__u32 length = 14; length <= 3400; length += 1 + length / 64) {
		for (__u32 metadata = 0; metadata <= 32; metadata += 4) {
			run = (struct live_run){
				.length = length,
				.metadata = metadata,
				.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
				.repeat = ring_random(&seed) % 4,
			};
			if (length == turn_of(1, 0).length)
				run.metadata += 4;
			run_live(&run, NULL, NULL);
		}
	}
	mixed_expect_none(&mixed, "a wrong frame");
	cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
	expect_parked_sent(1, 20, "by its own client");
	ring_expect_balance("vale1");
}

/* Whatever the kernel lets through of that. */
Test(ring_programs, random_contexts_lose_and_change_nothing)
{
	static const __u32 flags[] = { 0, BPF_F_TEST_XDP_LIVE_FRAMES, ~0u, 1, 8 };
	unsigned int seed = ring_seed();
	struct stream stream = {};
	uint32_t number = 0;

	open_all();
	for (int round = 0; round < 300; round++) {
		long frames = stream_put(mixed.port[1], 0, 1, MIXED_VETH, &number, 50, 60);

		cr_assert_eq(port_run(mixed.port[1]->txsync[0]), frames);
		for (int i = 0; i < 20; i++) {
			struct live_run run = turn_of(1, ring_random(&seed) % 8);

			if (ring_random(&seed) % 2)
				run.length = ring_random(&seed) % 4096;
			run.metadata = ring_random(&seed) % 3 ? 0 : ring_random(&seed) % 64;
			run.flags = flags[ring_random(&seed) % 5];
			run.batch = ring_random(&seed) % 2 ? 0 : ring_random(&seed) % 300;
			run.ifindex = ring_random(&seed) % 4;
			run.queue = ring_random(&seed) % 3;
			run.no_context = !(ring_random(&seed) % 8);
			run_live(&run, NULL, NULL);
		}
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		for (long i = 0; i < frames; i++) {
			cr_assert(traffic_receive(mixed.veth, &arrival, 5000),
				  "round %d: %ld of %ld came", round, i, frames);
			stream_take(&stream, arrival.frame.bytes, arrival.frame.length);
		}
	}
	cr_assert_eq(stream.missing, 0);
	mixed_expect_none(&mixed, "at the end");
	ring_expect_balance("vale1");
}

/* ---- programs of the syscall kind -------------------------------------------------------------- */

static int run_with(int program, const void *context, __u32 size, __u32 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = program;
	attr.test.ctx_in = (__u64)(unsigned long)context;
	attr.test.ctx_size_in = size;
	attr.test.flags = flags;
	return syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) ? -errno
									: (int)attr.test.retval;
}

/* txsync does what it always does, whatever comes with it. */
Test(ring_programs, contexts_of_any_size_mean_nothing)
{
	static unsigned char context[65536 + 8];
	int program;

	open_all();
	program = mixed.port[1]->txsync[0];
	memset(context, 0xff, sizeof(context));
	for (__u32 size = 0; size <= sizeof(context); size = size ? size * 2 : 1) {
		int answer;

		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
		ring_inject(mixed.port[1], 0, &frame);
		answer = run_with(program, context, size, 0);
		cr_assert(answer == 0 || answer == -EINVAL || answer == -E2BIG, "%u bytes: %d",
			  size, answer);
		cr_assert_eq(run_with(program, NULL, size, 0) < 0, size > 0, "%u bytes", size);
		cr_assert_lt(run_with(program, context, size, 1), 0);
		cr_assert_eq(vale_txsync(mixed.port[1], 0), 0);
		ring_expect(mixed.port[2], &frame, "after a wrong context");
		mixed_expect_none(&mixed, "after a wrong context");
	}
	ring_expect_balance("vale1");
}

/* Nobody waits, nobody has it open more often than the process itself has opened it. */
Test(ring_programs, out_of_turn)
{
	struct vale_port *of;

	open_all();
	of = mixed.port[1];
	for (int i = 0; i < 1000; i++) {
		cr_assert_eq(port_run(of->wake[0]), 0);
		cr_assert_eq(port_run(of->txsync[0]), 0);
	}
	cr_assert_eq(of->state->clients, 1);
	for (__u32 i = 2; i < 100; i++) {
		cr_assert_eq(port_run(of->enter), 0);
		cr_assert_eq(of->state->clients, i);
	}
	for (int i = 0; i < 99; i++)
		cr_assert_eq(port_run(of->leave), 0);
	cr_assert_eq(of->state->clients, 0);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(port_run(of->leave), -ENOENT);
	cr_assert_eq(of->state->clients, 0);
	cr_assert_eq(mixed.port[2]->state->clients, 1);
	frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 60);
	mixed_send(&mixed, 2, &frame);
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_CLOSED), 1);
	cr_assert_eq(port_run(of->enter), 0);
	mixed_send(&mixed, 2, &frame);
	ring_expect(mixed.port[1], &frame, "open again");
	ring_expect_balance("vale1");
}
