// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The limits of ports of every kind: what of their frames arrives, and what is learned behind them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define FRAMES 30
#define BURST  5

static struct frame frame;
static struct vale *vale;

TestSuite(limits, .init = sandbox_enter, .timeout = 120);

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void limit(const char *port, struct vale_limits limits)
{
	limits.size = sizeof(limits);
	cr_assert_eq(vale_port_set_limits(vale, port, &limits), 0, "%s", vale_reason(vale));
}

static size_t learned(const char *port)
{
	struct vale_fdb_info *items = NULL;
	size_t all = 0, count = 0;

	cr_assert_eq(vale_fdb_list(vale, "vale1", &items, &all), 0, "%s", vale_reason(vale));
	for (size_t i = 0; i < all; i++)
		count += !strcmp(items[i].port, port);
	free(items);
	return count;
}

/* ---- a sender of some kind, and a receiver of each --------------------------------------------- */

enum kind { RING, XSK, XDP, GENERIC, TC, KINDS };

static const char *const hooks[KINDS] = { [XDP] = "xdp", [GENERIC] = "generic", [TC] = "tc" };

/* Hosts 1 behind vale1:from, 2 behind vale1:ring, and 3 in the container `b` behind vale1:veth. */
struct switched {
	enum kind kind;
	struct vale_port *from, *ring; /* `from` of a ring or an AF_XDP port */
	int socket, veth;
};

static void open_switch(struct switched *on, enum kind kind)
{
	struct vale_open_options xsk = { .transport = VALE_TRANSPORT_XSK };

	*on = (struct switched){ .kind = kind };
	cr_assert_eq(vale_open(&vale, NULL), 0);
	traffic_quiet();
	container("b", 3);
	must("%s attach vale1:veth b", valectl());
	on->veth = traffic_open("b", "eth0", FRAME_TYPE_OURS);
	on->ring = ring_open("vale1:ring", NULL);
	if (!hooks[kind]) {
		on->from = ring_open("vale1:from", kind == XSK ? &xsk : NULL);
		return;
	}
	container("a", 1);
	must("%s attach vale1:from a --hook %s", valectl(), hooks[kind]);
	on->socket = traffic_open("a", "eth0", FRAME_TYPE_OURS);
}

static void put(struct switched *on)
{
	if (on->from)
		ring_inject(on->from, 0, &frame);
	else
		cr_assert_eq(traffic_send(on->socket, &frame, 1), 1);
}

/* All frames that were put in have come to the switch. */
static bool have_come(const void *frames)
{
	return traffic_stats("vale1:from").received_frames == *(const __u64 *)frames;
}

static void send_all(struct switched *on, __u64 frames)
{
	if (on->from)
		cr_assert_eq(vale_txsync(on->from, 0), 0);
	cr_assert(eventually(have_come, &frames), "%llu of %llu frames have come",
		  traffic_stats("vale1:from").received_frames, frames);
}

static void expect_arrived(struct switched *on, long at_ring, long at_veth)
{
	struct arrival *arrival = calloc(1, sizeof(*arrival));

	for (long i = 0; i < at_ring; i++)
		cr_assert(ring_receive(on->ring, &arrival->frame, 5000), "ring: %ld of %ld", i,
			  at_ring);
	for (long i = 0; i < at_veth; i++)
		cr_assert(traffic_receive(on->veth, arrival, 5000), "veth: %ld of %ld", i, at_veth);
	cr_assert_eq(ring_drain(on->ring), 0, "too many frames at the ring");
	cr_assert_eq(traffic_count(on->veth, 20), 0, "too many frames at the veth");
	free(arrival);
}

/* The switch knows host 2, and nothing waits. */
static void introduce(struct switched *on)
{
	frame_plain(&frame, 2, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(on->ring, 0, &frame);
	expect_arrived(on, 0, 1);
	if (on->from)
		cr_assert(ring_receive(on->from, &frame, 5000));
}

/* ---- storms ------------------------------------------------------------------------------------ */

/* Sends FRAMES to `host`, which is everyone or nobody, or host 2. */
static void check_storm(struct switched *on, int host, bool is_limited)
{
	struct vale_stats before = traffic_stats("vale1:from"), after;
	double start = now();
	long flooded, storm;

	frame_plain(&frame, 1, host, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < FRAMES; i++)
		put(on);
	send_all(on, before.received_frames + FRAMES);
	if (host == 2) {
		expect_arrived(on, FRAMES, 0);
		return;
	}
	/* The last may be on its way still. */
	do {
		after = traffic_stats("vale1:from");
		flooded = after.flooded - before.flooded;
		storm = after.drops[VALE_DROP_STORM] - before.drops[VALE_DROP_STORM];
	} while (flooded + storm < FRAMES && now() - start < 5);
	cr_assert_eq(flooded + storm, FRAMES, "%ld and %ld", flooded, storm);
	expect_arrived(on, flooded, flooded);
	if (is_limited) /* one more for each second */
		cr_assert(flooded >= BURST && flooded <= BURST + 1 + now() - start,
			  "%ld frames went to all", flooded);
	else
		cr_assert_eq(storm, 0);
}

static void check_storms(enum kind kind)
{
	struct switched on;

	open_switch(&on, kind);
	introduce(&on);
	check_storm(&on, FRAME_EVERYONE, false);
	check_storm(&on, 77, false);
	limit("vale1:from", (struct vale_limits){ .storm[VALE_STORM_BROADCAST] = { 1, BURST } });
	check_storm(&on, FRAME_EVERYONE, true);
	check_storm(&on, 77, false);
	limit("vale1:from", (struct vale_limits){ .storm[VALE_STORM_UNKNOWN] = { 1, BURST } });
	check_storm(&on, FRAME_EVERYONE, false);
	check_storm(&on, 77, true);
	check_storm(&on, 2, false);
	ring_expect_balance("vale1");
}

/* ---- addresses --------------------------------------------------------------------------------- */

static void check_macs(enum kind kind)
{
	struct switched on;
	__u64 had;

	open_switch(&on, kind);
	introduce(&on);
	had = traffic_stats("vale1:from").received_frames;
	for (int limited = 1; limited >= 0; limited--) {
		limit("vale1:from", (struct vale_limits){ .macs = limited ? 3 : 0 });
		for (int i = 0; i < FRAMES; i++) {
			frame_plain(&frame, 100 + i, 2, FRAME_TYPE_OURS, 60);
			put(&on);
		}
		send_all(&on, had += FRAMES);
		expect_arrived(&on, FRAMES, 0);
		cr_assert_eq(learned("from"), limited ? 3 : FRAMES, "%zu", learned("from"));
		cr_assert_eq(traffic_stats("vale1:from").unlearned, FRAMES - 3);
	}
}

#define EACH(name, check)                      \
	Test(limits, name##_of_a_ring)         \
	{                                      \
		check(RING);                   \
	}                                      \
	Test(limits, name##_of_af_xdp)         \
	{                                      \
		check(XSK);                    \
	}                                      \
	Test(limits, name##_of_a_device)       \
	{                                      \
		check(XDP);                    \
	}                                      \
	Test(limits, name##_of_generic_xdp)    \
	{                                      \
		check(GENERIC);                \
	}                                      \
	Test(limits, name##_of_a_device_at_tc) \
	{                                      \
		check(TC);                     \
	}

EACH(storms, check_storms)
EACH(addresses, check_macs)

/* ---- batches of a ring ------------------------------------------------------------------------- */

static void open_rings(struct vale_port *port[3], const struct vale_limits *limits)
{
	cr_assert_eq(vale_open(&vale, NULL), 0);
	ring_open_many("p", 2, NULL, port);
	ring_introduce(port, 2);
	limit("vale1:p1", *limits);
}

/* The first of a batch go, in order. */
Test(limits, of_a_batch_the_first_go)
{
	struct vale_limits limits = { .storm[VALE_STORM_BROADCAST] = { 1, 100 } };
	struct vale_port *port[3];
	double start = now();
	long count = 0;

	open_rings(port, &limits);
	for (int i = 0; i < 500; i++) {
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60 + i);
		ring_inject(port[1], 0, &frame);
	}
	cr_assert_eq(vale_txsync(port[1], 0), 0);
	for (; ring_receive(port[2], &frame, 0); count++)
		cr_assert_eq(frame.length, 60 + count);
	cr_assert(count >= 100 && count <= 101 + now() - start, "%ld", count);
	cr_assert_eq(ring_dropped("vale1:p1", VALE_DROP_STORM), 500 - count);
	ring_expect_balance("vale1");
}

/* Room is taken for the rest of the batch: what is not needed comes back. */
Test(limits, a_batch_takes_no_more_room_than_it_has_floods)
{
	struct vale_limits limits = { .storm[VALE_STORM_BROADCAST] = { 1, 30 } };
	struct vale_port *port[3];
	double start;
	long count;

	open_rings(port, &limits);
	start = now();
	for (int batch = 0; batch < 30; batch++) {
		for (int i = 0; i < 10; i++) {
			frame_plain(&frame, 1, i ? 2 : FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
			ring_inject(port[1], 0, &frame);
		}
		cr_assert_eq(vale_txsync(port[1], 0), 0);
		count = ring_drain(port[2]);
		cr_assert_eq(count, 10, "%ld of batch %d", count, batch);
	}
	for (int i = 0; i < 100; i++) {
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		ring_send(port[1], 0, &frame);
	}
	cr_assert_leq(ring_drain(port[2]), 1 + now() - start, "no room should be left");
	ring_expect_balance("vale1");
}

Test(limits, rings_of_a_port_share_them)
{
	struct vale_open_options options = { .ring.rings = 4 };
	struct vale_limits limits = { .macs = 8, .storm[VALE_STORM_UNKNOWN] = { 1, 50 } };
	struct vale_port *other, *port;
	double start = now();
	long count;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	port = ring_open("vale1:p1", &options);
	other = ring_open("vale1:p2", NULL);
	limit("vale1:p1", limits);
	for (int i = 0; i < 200; i++) {
		frame_plain(&frame, 100 + i, 77, FRAME_TYPE_OURS, 60);
		ring_send(port, i % 4, &frame);
	}
	count = ring_drain(other);
	cr_assert(count >= 50 && count <= 51 + now() - start, "%ld", count);
	cr_assert_eq(learned("p1"), 8);
	ring_expect_balance("vale1");
}

/* ---- the limits go with their port ------------------------------------------------------------- */

static const json_t *shown(const char *command, const char *port)
{
	const json_t *document = valectl_json("%s %s", command, port);

	return json_object_get(document, "limits");
}

Test(limits, they_go_with_their_port)
{
	must("%s port add vale1:a", valectl());
	must("%s limit vale1:a macs 7 broadcast 1000 unknown 100/3", valectl());
	must("%s limit vale1:a multicast 2000000", valectl());
	for (int i = 0; i < 2; i++) {
		const json_t *limits = shown(i ? "limit" : "show", "vale1:a");
		json_int_t macs = 0, learned = 9, rate[3] = {}, burst[3] = {};

		cr_assert_eq(json_unpack((json_t *)limits,
					 "{s:I, s:I, s:{s:I,s:I}, s:{s:I,s:I}, s:{s:I,s:I}}",
					 "macs", &macs, "learned", &learned, "broadcast", "rate",
					 &rate[0], "burst", &burst[0], "multicast", "rate",
					 &rate[1], "burst", &burst[1], "unknown", "rate", &rate[2],
					 "burst", &burst[2]),
			     0);
		cr_assert(macs == 7 && !learned && rate[0] == 1000 && burst[0] == 100 &&
			  rate[1] == 2000000 && burst[1] == 200000 && rate[2] == 100 &&
			  burst[2] == 3);
	}
	must("%s limit vale1:a unknown 0", valectl());
	cr_assert(json_is_null(json_object_get(shown("show", "vale1:a"), "unknown")));
	cr_assert(json_is_object(json_object_get(shown("show", "vale1:a"), "broadcast")));
	must("%s port del vale1:a && %s port add vale1:a", valectl(), valectl());
	cr_assert(json_is_null(json_object_get(shown("show", "vale1:a"), "macs")));
	cr_assert(json_is_null(json_object_get(shown("show", "vale1:a"), "broadcast")));
}

Test(limits, wrong_usage)
{
	must("%s port add vale1:a", valectl());
	refused(2, "name a port", "limit");
	refused(2, "'macs' wants a number", "limit vale1:a macs");
	refused(2, "'x' is no number of addresses", "limit vale1:a macs x");
	refused(2, "'1/': it is no rate", "limit vale1:a broadcast 1/");
	refused(2, "'1/0': it is no rate", "limit vale1:a broadcast 1/0");
	refused(2, "'-1': it is no rate", "limit vale1:a unknown -1");
	refused(2, "did you mean 'broadcast'?", "limit vale1:a broadcasts 1");
	refused(1, "at most 1024", "limit vale1:a macs 1025");
	refused(1, "at most 10000000", "limit vale1:a multicast 10000001");
	refused(1, "there is no port 'vale1:b'", "limit vale1:b macs 3");
	refused(1, "there is no port 'vale1:b'", "limit vale1:b");
	cr_assert(json_is_null(json_object_get(shown("show", "vale1:a"), "macs")));
}
