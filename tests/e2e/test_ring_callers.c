// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Callers of programs out of turn, at the same time as those whose turn it is: clients of other ports
 * that run `live` for a port of somebody else's, and processes that never have opened the port.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/mixed.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/stream.h"
#include "tests/lib/traffic.h"

#define INTRUDERS 2
#define FRAMES	  100000

static struct mixed mixed;
static bool *stop;

static void enter(void)
{
	sandbox_enter();
	stop = pump_flag();
}

TestSuite(ring_callers, .init = enter, .timeout = 120);

/* ---- `live`, of another port ------------------------------------------------------------------- */

struct intrusion {
	__u32 number; /* of the port whose frames it asks for */
	unsigned int seed;
	const bool *stop;
	long runs; /* out */
};

static int ask_for_frames(struct client_self *self, void *argument)
{
	static unsigned char bytes[VALE_LIVE_LENGTH + VALE_PORTS];
	struct intrusion *intrusion = argument;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes,
		    .data_size_in = VALE_LIVE_LENGTH + intrusion->number,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	for (; !__atomic_load_n(intrusion->stop, __ATOMIC_RELAXED); intrusion->runs++) {
		options.repeat = 1 + ring_random(&intrusion->seed) % 32;
		options.batch_size = options.repeat;
		if (bpf_prog_test_run_opts(self->port->live, &options) && errno != EINTR)
			return -errno;
	}
	return 0;
}

static int tell_number(struct client_self *self, void *argument)
{
	(void)argument;
	return (int)self->port->number;
}

/* What comes to the veth, until the client has sent all. */
static void receive_at_veth(struct stream *stream, struct client *sender)
{
	static struct arrival arrival;
	bool waits;
	int result;

	do {
		waits = client_waits(sender, 0);
		while (traffic_receive(mixed.veth, &arrival, waits ? 0 : 200))
			stream_take(stream, arrival.frame.bytes, arrival.frame.length);
	} while (waits);
	result = client_result(sender);
	cr_assert_eq(result, 0, "the sender: %s", strerror(-result));
}

/*
 * The frames of others are sent when their client sends them, by nobody else: on another CPU they
 * would overtake those before them.
 */
Test(ring_callers, who_runs_live_for_another_s_port_does_not_reorder_its_frames)
{
	struct pump pump = { .from = 5, .to = { MIXED_VETH }, .frames = FRAMES, .longest = 1000 };
	struct client *sender = client_start(), *intruder[INTRUDERS];
	struct intrusion intrusion[INTRUDERS] = {};
	struct stream stream = {};
	struct link_count before;

	must("%s port add vale1:evil --owner nobody", valectl());
	mixed_add_veth(&mixed, 1500);
	mixed_open(&mixed);
	before = traffic_link("c", "eth0");
	client_opens(sender, "vale1:sender", 0);
	for (int i = 0; i < INTRUDERS; i++) {
		intruder[i] = client_start_as(NOBODY, NOBODY, NOBODY);
		client_opens(intruder[i], "vale1:evil", 0);
		intrusion[i].number = client_do(sender, tell_number, NULL, 0);
		intrusion[i].stop = stop;
		intrusion[i].seed = ring_seed() + i;
		client_begin(intruder[i], ask_for_frames, &intrusion[i], sizeof(intrusion[i]));
	}
	pump_start(sender, &pump);
	receive_at_veth(&stream, sender);
	*stop = true;
	for (int i = 0; i < INTRUDERS; i++) {
		cr_assert_eq(client_result(intruder[i]), 0);
		cr_assert_gt(intrusion[i].runs, 100);
		cr_log_info("%ld runs of live for another port\n", intrusion[i].runs);
	}
	cr_assert_eq(port_counter("vale1:sender", "received_frames"), pump_sent(&pump));
	cr_assert_eq(port_counter("vale1:sender", "lost_at_receivers") +
			     traffic_link("c", "eth0").received - before.received,
		     pump_sent(&pump));
	cr_assert_gt(stream.frames, FRAMES / 10);
	ring_expect_balance("vale1");
}
