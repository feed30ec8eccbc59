// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Rings under load, to the last frame: what senders have sent is what receivers have taken, what was
 * left in their rings, and what was dropped for a reason. More senders than CPUs, rings and devices
 * together, receivers that come and go and are killed.
 *
 * Environment: VALE_LOAD=N   N times as much of it (otherwise 1)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/expect.h"
#include "tests/lib/pump.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define SENDERS	 12 /* at the most; host 1 is behind the first */
#define RECEIVER 20
#define DEVICES	 2 /* host 31 is behind the first */
#define DEVICE	 31

static struct client *sender[SENDERS + DEVICES];
static struct pump pump[SENDERS];
static struct pump_receivers at;
static int senders;
static bool *stop;

static void enter(void)
{
	sandbox_enter();
	stop = pump_flag();
}

TestSuite(ring_load, .init = enter, .timeout = 600);

static long much(void)
{
	const char *given = getenv("VALE_LOAD");

	return given ? atol(given) : 1;
}

static int more_than_cpus(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), count = cpus + cpus / 2 + 4;

	return count < SENDERS ? (int)count : SENDERS;
}

static void add_receiver(__u32 slots)
{
	must("%s port add vale1:r --slots %u", valectl(), slots);
	must("%s fdb vale1 add %s r", valectl(), frame_address_text(RECEIVER));
}

static void open_senders(int count, unsigned int flags)
{
	char name[32];

	for (senders = 0; senders < count; senders++) {
		snprintf(name, sizeof(name), "vale1:s%d", senders + 1);
		sender[senders] = client_start();
		client_opens(sender[senders], name, flags);
	}
}

/* Frames of 60 bytes, each, if `longest` is 0; with 0 frames, they go on until *stop. */
static void start_senders(long frames, unsigned int longest, bool lossless)
{
	unsigned int seed = ring_seed();

	for (int i = 0; i < senders; i++) {
		pump[i] = (struct pump){
			.from = 1 + i,
			.to = { RECEIVER },
			.frames = frames,
			.stop = frames ? NULL : stop,
			.longest = longest,
			.seed = seed + i,
			.lossless = lossless,
		};
		pump_start(sender[i], &pump[i]);
	}
}

static long long sent_by_rings(void)
{
	long long sent = 0;
	char name[32];

	for (int i = 0; i < senders; i++) {
		snprintf(name, sizeof(name), "vale1:s%d", i + 1);
		cr_assert_eq(port_counter(name, "received_frames"), pump_sent(&pump[i]));
		cr_assert_eq(port_counter(name, "dropped"), 0);
		sent += pump_sent(&pump[i]);
	}
	return sent;
}

/* Returns how many the receiver's port did not drop. */
static long long expect_sum(long long sent)
{
	struct vale_stats counters = traffic_stats("vale1:r");
	__u64 dropped = counters.drops[VALE_DROP_FULL] + counters.drops[VALE_DROP_CLOSED];

	cr_assert_eq(counters.sent_frames + dropped, sent, "%llu + %llu dropped, not %lld",
		     counters.sent_frames, dropped, sent);
	cr_assert_eq(port_counter("vale1:r", "dropped"), dropped);
	ring_expect_balance("vale1");
	cr_log_info("%lld sent, %llu received, %llu full, %llu closed\n", sent,
		    counters.sent_frames, counters.drops[VALE_DROP_FULL],
		    counters.drops[VALE_DROP_CLOSED]);
	return (long long)counters.sent_frames;
}

/* ---- more senders than CPUs -------------------------------------------------------------------- */

static void receive_from_many(__u32 slots, unsigned int longest, bool lossless)
{
	add_receiver(slots);
	at.port[at.count++] = ring_open("vale1:r", NULL);
	open_senders(more_than_cpus(), lossless ? VALE_OPEN_LOSSLESS : 0);
	start_senders((lossless ? 5000 : 20000) * much(), longest, lossless);
	pump_receive(&at, sender, senders);
	cr_assert_eq(expect_sum(sent_by_rings()), at.stream[0].frames);
	if (lossless) {
		cr_assert_eq(at.stream[0].missing, 0);
		cr_assert_eq(port_counter("vale1:r", "dropped"), 0);
	}
}

Test(ring_load, more_senders_than_cpus_to_one_ring)
{
	receive_from_many(256, 3 * VALE_BUFFER_SIZE, false);
}

Test(ring_load, more_lossless_senders_than_cpus_to_one_small_ring)
{
	receive_from_many(16, 3 * VALE_BUFFER_SIZE, true);
}

/* ---- rings and devices ------------------------------------------------------------------------- */

struct speech {
	int host;
	long first, end; /* numbers of frames */
	char netns[8];
};

/* Of a container, by its interface. */
static int speak(struct client_self *self, void *argument)
{
	const struct speech *speech = argument;
	int socket = traffic_open(speech->netns, "eth0", FRAME_TYPE_OURS);
	static struct frame frame;
	uint32_t number = speech->first;

	(void)self;
	while (number < speech->end) {
		frame.length = STREAM_MIN + number % 1000;
		stream_write(frame.bytes, speech->host, RECEIVER, number, frame.length);
		number += traffic_send(socket, &frame, 1);
	}
	return 0;
}

static struct link_count before[DEVICES];

static void attach_devices(const char *hook)
{
	traffic_quiet();
	for (int i = 0; i < DEVICES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "c%d", i + 1);
		container(name, DEVICE + i);
		must("%s attach vale1:d%d %s --hook %s", valectl(), i + 1, name, hook);
		before[i] = traffic_link(name, "eth0");
	}
}

static void open_devices(void)
{
	for (int i = 0; i < DEVICES; i++)
		sender[senders + i] = client_start();
}

static void start_devices(long first, long end)
{
	static struct speech speech[DEVICES];

	for (int i = 0; i < DEVICES; i++) {
		speech[i] = (struct speech){ .host = DEVICE + i, .first = first, .end = end };
		snprintf(speech[i].netns, sizeof(speech[i].netns), "c%d", i + 1);
		client_begin(sender[senders + i], speak, &speech[i], sizeof(speech[i]));
	}
}

/* What the containers' kernels have sent; the last of it is still on its way. */
static long long sent_by_devices(void)
{
	long long sent = 0;

	for (int i = 0; i < DEVICES; i++) {
		char name[8];

		snprintf(name, sizeof(name), "c%d", i + 1);
		sent += traffic_link(name, "eth0").sent - before[i].sent;
	}
	return sent;
}

static bool all_has_come(const void *unused)
{
	long long received = 0;
	char name[16];

	(void)unused;
	for (int i = 0; i < DEVICES; i++) {
		snprintf(name, sizeof(name), "vale1:d%d", i + 1);
		received += port_counter(name, "received_frames");
	}
	return received == sent_by_devices();
}

static void receive_from_both_kinds(const char *hook)
{
	const long frames = 10000 * much();

	add_receiver(256);
	at.port[at.count++] = ring_open("vale1:r", NULL);
	attach_devices(hook);
	open_senders(3, 0);
	open_devices();
	start_senders(20000 * much(), 3 * VALE_BUFFER_SIZE, false);
	start_devices(0, frames);
	pump_receive(&at, sender, senders + DEVICES);
	/* Who found no room among the others has it now. */
	start_devices(frames, frames + 1);
	pump_receive(&at, &sender[senders], DEVICES);
	cr_assert(eventually(all_has_come, NULL));
	stream_receive(at.port[0], &at.stream[0]);
	cr_assert_eq(expect_sum(sent_by_rings() + sent_by_devices()), at.stream[0].frames);
	for (int i = 0; i < DEVICES; i++)
		cr_assert_gt(at.stream[0].from[DEVICE + i], 0);
}

Test(ring_load, rings_and_devices_to_one_ring)
{
	receive_from_both_kinds("xdp");
}

Test(ring_load, rings_and_devices_by_tc_to_one_ring)
{
	receive_from_both_kinds("tc");
}

/* ---- receivers that come and go ---------------------------------------------------------------- */

/* In memory that all processes share. */
struct lives {
	struct stream stream; /* of all receivers, one after the other */
	__u32 start;	      /* count of the first slot that the one at hand may take */
	bool open;
};

static struct lives *lives;
static const struct vale_ring_state *state; /* of the receiver's port, */
static struct vale_region *region;	    /* and its memory */

static void *map_pin(const char *path, size_t size, int protection)
{
	int fd = bpf_obj_get(path);
	void *memory = mmap(NULL, size, protection, MAP_SHARED, fd, 0);

	cr_assert_neq(memory, MAP_FAILED, "%s: %s", path, strerror(errno));
	close(fd);
	return memory;
}

static int receive_a_while(struct client_self *self, void *argument)
{
	long frames = *(long *)argument, end;
	int error = vale_port_open(self->vale, "vale1:r", NULL, &self->port);

	if (error)
		return error;
	lives->start = self->port->region->control.rx_released;
	__atomic_store_n(&lives->open, true, __ATOMIC_RELEASE);
	end = lives->stream.frames + frames;
	while (lives->stream.frames < end)
		stream_receive(self->port, &lives->stream);
	vale_rxsync(self->port, 0);
	vale_port_close(self->port);
	self->port = NULL;
	return 0;
}

/* One life; returns how many frames the receiver has given back. */
static __u32 live_once(struct client *receiver, bool kill, unsigned int *seed)
{
	long frames = kill ? 1000000000 : 1 + (long)(ring_random(seed) % 500);
	long taken = lives->stream.frames;
	__u32 released;

	lives->open = false;
	client_begin(receiver, receive_a_while, &frames, sizeof(frames));
	while (kill && !__atomic_load_n(&lives->open, __ATOMIC_ACQUIRE))
		cr_assert(client_waits(receiver, 0), "it cannot open the port");
	if (kill) {
		client_waits(receiver, (int)(ring_random(seed) % 20));
		client_kill(receiver);
	} else {
		cr_assert_eq(client_result(receiver), 0);
		client_end(receiver);
	}
	taken = lives->stream.frames - taken;
	released = region->control.rx_released - lives->start;
	/* One that is killed has not said of all that it has given them back. */
	if (kill)
		cr_assert_leq(released, taken);
	else
		cr_assert_eq(released, taken, "%u slots for %ld frames", released, taken);
	return released;
}

/* Each frame takes one slot, so that what is left in the ring can be told. */
Test(ring_load, receivers_that_close_or_are_killed)
{
	unsigned int seed = ring_seed();
	long released = 0, left = 0, rounds = 12 * much();

	add_receiver(64);
	lives = mmap(NULL, sizeof(*lives), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	cr_assert_neq(lives, MAP_FAILED);
	state = map_pin("/sys/fs/bpf/vale/vale1/port/r/state", sizeof(*state), PROT_READ);
	region = map_pin("/sys/fs/bpf/vale/vale1/port/r/region", sizeof(*region),
			 PROT_READ | PROT_WRITE);
	open_senders(more_than_cpus(), 0);
	start_senders(0, 0, false);
	for (long round = 0; round < rounds; round++) {
		__u32 end = region->control.rx_released;

		released += live_once(client_start(), round % 2, &seed);
		left += lives->start - end;
	}
	*stop = true;
	for (int i = 0; i < senders; i++)
		cr_assert_eq(client_result(sender[i]), 0);
	left += state->rx_published - region->control.rx_released;
	cr_assert_eq(expect_sum(sent_by_rings()), released + left);
	cr_assert_gt(port_counter("vale1:r", "drops.closed"), 0);
	cr_log_info("%ld receivers: %ld frames given back, %ld left in the ring\n", rounds,
		    released, left);
}
