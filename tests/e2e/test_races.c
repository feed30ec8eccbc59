// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Many processes that make, open and remove the same switches and ports at the same time, while
 * other ports of the switch exchange frames. These notice nothing; what is there in the end is what
 * the answers say, in some order; and when all is removed, nothing is left.
 *
 * Environment: VALE_RACE_SECONDS=N   how long each race takes (otherwise 4)
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/neighbours.h"
#include "tests/lib/objects.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "vale.h"

#define RACERS 6
#define LEAST  30  /* acts of all together */
#define WAIT   120 /* seconds that a slow machine may take */

enum kind { RING, DEVICE, HOST, SOCKETS, SWITCH };

/* What the racers make and remove, by these functions only. */
static const struct thing {
	enum kind kind;
	const char *name;
} things[] = {
	{ RING, "vale1:x" }, { RING, "vale1:y" },    { DEVICE, "vale1:d" }, { DEVICE, "vale1:e" },
	{ HOST, "vale1:h" }, { SOCKETS, "vale1:k" }, { SWITCH, "vale3" },
};

#define THINGS (sizeof(things) / sizeof(things[0]))

/* In memory that all racers share. */
struct score {
	long made[THINGS], removed[THINGS];
	long acts, failed;
	long bad; /* answers for which there is no reason */
};

static struct score *score;
static char *interfaces; /* before there was any switch */
static bool gro;

/* ---- before ------------------------------------------------------------------------------------ */

static void a_switch_with_neighbours(void)
{
	sandbox_enter();
	traffic_quiet();
	container("a", 41);
	container("b", 42);
	score = mmap(NULL, sizeof(*score), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	cr_assert_neq(score, MAP_FAILED);
	interfaces = strdup(must("ls /sys/class/net").text);
	gro = gro_of("a");
	neighbours_open();
}

TestSuite(races, .init = a_switch_with_neighbours, .timeout = 600);

/* ---- a racer ----------------------------------------------------------------------------------- */

static int make(struct vale *vale, const struct thing *thing, unsigned int *seed)
{
	struct vale_ring_options rings = { .size = sizeof(rings), .rings = 1 + rand_r(seed) % 3 };
	struct vale_attach_options attach = { .size = sizeof(attach) };

	switch (thing->kind) {
	case RING:
		return vale_port_add(vale, thing->name, &rings);
	case DEVICE:
		attach.hook = rand_r(seed) % 2 ? VALE_HOOK_NATIVE : VALE_HOOK_TC;
		return vale_port_attach(vale, thing->name, rand_r(seed) % 2 ? "a" : "b", &attach);
	case HOST:
		attach.host = true;
		return vale_port_attach(vale, thing->name, "vhost", &attach);
	case SOCKETS:
		attach.xsk = true;
		return vale_port_attach(vale, thing->name, "vsock", &attach);
	default:
		return vale_switch_create(vale, thing->name, NULL);
	}
}

static int undo(struct vale *vale, const struct thing *thing, unsigned int *seed)
{
	switch (thing->kind) {
	case RING:
		return vale_port_del(vale, thing->name, rand_r(seed) % 2);
	case SWITCH:
		return vale_switch_destroy(vale, thing->name, rand_r(seed) % 2);
	default:
		return vale_port_detach(vale, thing->name);
	}
}

static int change(struct vale *vale, unsigned int *seed)
{
	size_t i = rand_r(seed) % THINGS;
	bool makes = rand_r(seed) % 2;
	int error = makes ? make(vale, &things[i], seed) : undo(vale, &things[i], seed);

	if (!error)
		__atomic_add_fetch(makes ? &score->made[i] : &score->removed[i], 1,
				   __ATOMIC_RELAXED);
	return error;
}

/* A port of vale1 that is there, or one of vale2 that goes with its last client, as vale2 does. */
static int open_and_send(struct vale *vale, unsigned int *seed)
{
	static const char *const names[] = { "vale1:x", "vale1:y", "vale2:x", "vale2:y" };
	struct vale_open_options options = { .size = sizeof(options) };
	int which = rand_r(seed) % 4, error;
	struct vale_port *port = NULL;
	static struct frame frame;

	options.flags = which < 2 ? VALE_OPEN_EXISTING : 0;
	error = vale_port_open(vale, names[which], &options, &port);
	if (error)
		return error;
	frame_plain(&frame, 50 + which, NEIGHBOUR_RECEIVER, FRAME_TYPE_OURS, 60);
	for (int i = rand_r(seed) % 20; i > 0 && !error; i--) {
		vale_inject(port, 0, frame.bytes, frame.length);
		error = vale_txsync(port, 0);
	}
	vale_port_close(port);
	/* Others that share its rings are not agreed with. */
	return error == -EINVAL ? 0 : error;
}

static int set_address(struct vale *vale, unsigned int *seed)
{
	const __u8 mac[VALE_MAC_SIZE] = { 2, 0, 0, 0, 1, rand_r(seed) % 4 };

	switch (rand_r(seed) % 3) {
	case 0:
		return vale_fdb_add(vale, "vale1", mac, "x");
	case 1:
		return vale_fdb_del(vale, "vale1", mac);
	default:
		return vale_fdb_flush(vale, "vale1", "y");
	}
}

static int look(struct vale *vale, unsigned int *seed)
{
	struct vale_port_stats *stats = NULL;
	struct vale_port_info *ports = NULL;
	size_t count;
	int error = rand_r(seed) % 2 ? vale_port_list(vale, "vale1", &ports, &count)
				     : vale_stats_get(vale, "vale1:d", &stats, &count);

	free(ports);
	free(stats);
	return error;
}

static int act(struct vale *vale, unsigned int *seed)
{
	switch (rand_r(seed) % 16) {
	case 0:
		return set_address(vale, seed);
	case 1:
		return look(vale, seed);
	case 2:
		return vale_switch_destroy(vale, "vale2", true);
	case 3:
	case 4:
	case 5:
		return open_and_send(vale, seed);
	default:
		return change(vale, seed);
	}
}

/* What others may have done just now. Anything else is a bug. */
static bool is_acceptable(int error)
{
	return error == 0 || error == -ENOENT || error == -EEXIST || error == -EBUSY ||
	       error == -ENXIO;
}

static void race(unsigned int seed, time_t end)
{
	struct vale *vale = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It holds a lock while it works, and others have enough to do without it. */
	setpriority(PRIO_PROCESS, 0, -15);
	if (vale_open(&vale, NULL))
		_exit(1);
	while (time(NULL) < end || (score->acts < LEAST && time(NULL) < end + WAIT)) {
		int error = act(vale, &seed);

		__atomic_add_fetch(&score->acts, 1, __ATOMIC_RELAXED);
		if (error)
			__atomic_add_fetch(&score->failed, 1, __ATOMIC_RELAXED);
		if (is_acceptable(error))
			continue;
		__atomic_add_fetch(&score->bad, 1, __ATOMIC_RELAXED);
		fprintf(stderr, "%s: %s\n", strerror(-error), vale_reason(vale));
	}
	vale_close(vale);
	_exit(0);
}

static pid_t start_racer(unsigned int seed, time_t end)
{
	pid_t child = fork();

	cr_assert_geq(child, 0, "no process: %s", strerror(errno));
	if (!child)
		race(seed, end);
	return child;
}

/* ---- after ------------------------------------------------------------------------------------- */

static bool is_there(struct vale *vale, const struct thing *thing)
{
	struct vale_switch_info as_switch;
	struct vale_port_info port;

	return thing->kind == SWITCH ? !vale_switch_get(vale, thing->name, &as_switch)
				     : !vale_port_get(vale, thing->name, &port);
}

/* Each was made and removed by turns. */
static void expect_some_order(void)
{
	struct vale *vale = NULL;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (size_t i = 0; i < THINGS; i++)
		cr_assert_eq(score->made[i] - score->removed[i], is_there(vale, &things[i]),
			     "%s was made %ld times and removed %ld times, and is %sthere",
			     things[i].name, score->made[i], score->removed[i],
			     is_there(vale, &things[i]) ? "" : "not ");
	vale_close(vale);
}

static bool nothing_is_on_a_and_b(const void *unused)
{
	(void)unused;
	return !program_on("a") && !program_on("b");
}

/* From whatever is there to nothing at all: but first everything can be made and removed once more. */
static void expect_nothing_is_left(void)
{
	struct vale *vale = NULL;
	unsigned int seed = 1;
	int error;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	objects_sample();
	for (size_t i = 0; i < THINGS; i++) {
		while (is_there(vale, &things[i]))
			cr_assert_eq(undo(vale, &things[i], &seed), 0, "%s: %s", things[i].name,
				     vale_reason(vale));
	}
	for (size_t i = 0; i < THINGS; i++) {
		error = things[i].kind == DEVICE
				? vale_port_attach(vale, things[i].name,
						   things[i].name[6] == 'd' ? "a" : "b", NULL)
				: make(vale, &things[i], &seed);
		cr_assert_eq(error, 0, "%s: %s", things[i].name, vale_reason(vale));
	}
	objects_sample();
	neighbours_close();
	/* What somebody has begun in a switch and not ended is swept by the next one there. */
	vale_switch_destroy(vale, "vale2", true);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -name '-*'").text);
	cr_assert_eq(vale_switch_destroy(vale, "vale3", true), 0, "%s", vale_reason(vale));
	cr_assert_eq(vale_switch_destroy(vale, "vale1", true), 0, "%s", vale_reason(vale));
	vale_close(vale);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
	cr_assert_str_eq(must("ls /sys/class/net").text, interfaces);
	cr_assert(eventually(nothing_is_on_a_and_b, NULL));
	cr_assert_eq(gro_of("a"), gro);
	cr_assert_eq(gro_of("b"), gro);
	cr_assert_gt(objects_count(), 100);
	cr_assert(objects_are_freed(), "%zu of %zu objects are left", objects_alive(),
		  objects_count());
	cr_log_info("%zu maps, programs and links were seen, and all are freed\n", objects_count());
}

/* ---- races ------------------------------------------------------------------------------------- */

static time_t seconds(void)
{
	const char *given = getenv("VALE_RACE_SECONDS");

	return given ? atol(given) : 4;
}

/* The neighbours' frames come meanwhile. */
static void watch(time_t end, time_t *sampled)
{
	if (time(NULL) != *sampled && time(NULL) < end)
		objects_sample();
	*sampled = time(NULL);
	neighbours_receive();
}

static void begin_race(unsigned int seed)
{
	static const int hosts[] = { 50, 51, 0 };

	neighbours_start(seed, hosts);
}

static void end_race(void)
{
	time_t end = time(NULL) + WAIT;

	while (!neighbours_have_enough() && time(NULL) < end)
		neighbours_receive();
	neighbours_end();
	neighbours_expect_well();
	cr_log_info("%ld acts, %ld of them refused; neighbours: %ld frames\n", score->acts,
		    score->failed, neighbours_frames());
	cr_assert_eq(score->bad, 0, "%ld answers are not acceptable", score->bad);
}

Test(races, commands_under_traffic)
{
	time_t end = time(NULL) + seconds(), sampled = 0;
	unsigned int seed = ring_seed();
	pid_t racer[RACERS];

	begin_race(seed);
	for (int i = 0; i < RACERS; i++)
		racer[i] = start_racer(seed + i, end);
	for (int i = 0; i < RACERS; i++) {
		int status = 0;

		while (!waitpid(racer[i], &status, WNOHANG))
			watch(end, &sampled);
		cr_assert_eq(status, 0, "racer %d ended with %x", i, status);
	}
	end_race();
	cr_assert_geq(score->acts, LEAST);
	expect_some_order();
	expect_nothing_is_left();
}

/* Who is killed leaves nothing that the next one cannot mend. */
Test(races, commands_that_are_killed_under_traffic)
{
	time_t end = time(NULL) + seconds(), sampled = 0;
	unsigned int seed = ring_seed();
	pid_t racer[RACERS];
	long kills = 0;

	begin_race(seed);
	for (int i = 0; i < RACERS; i++)
		racer[i] = start_racer(ring_random(&seed), end + WAIT);
	while (time(NULL) < end || kills < 2 * RACERS) {
		int i = ring_random(&seed) % RACERS;

		watch(end, &sampled);
		usleep(ring_random(&seed) % 20000);
		kill(racer[i], SIGKILL);
		cr_assert_eq(waitpid(racer[i], NULL, 0), racer[i]);
		racer[i] = start_racer(ring_random(&seed), end + WAIT);
		kills++;
	}
	for (int i = 0; i < RACERS; i++) {
		kill(racer[i], SIGKILL);
		cr_assert_eq(waitpid(racer[i], NULL, 0), racer[i]);
	}
	cr_log_info("%ld kills\n", kills);
	end_race();
	must("timeout 60 %s port add vale4:next && %s destroy vale4 --force", valectl(), valectl());
	expect_nothing_is_left();
}
