// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "workers.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "clients.h"
#include "pktgen.h"
#include "sandbox.h"
#include "traffic.h"

/* In memory that all of them share. */
struct shared {
	bool stop;
	long done[16]; /* of each */
};

static struct shared *shared;

static long *done; /* of this one */

static bool stopped(void)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_RELAXED);
}

/* ---- what they do ------------------------------------------------------------------------------- */

/* Stacks: to all others, to everybody, to nobody, from many. */
static void talk(const char *netns, int host)
{
	static struct frame frame;
	int socket = traffic_open(netns, "eth0", FRAME_TYPE_OURS);

	for (int round = 0; !stopped(); round++) {
		static const int hosts[] = { R2, HEADER, TAP, C1, C2, SOCKET, FRAME_EVERYONE, 5000 };

		frame_plain(&frame, host, hosts[round % 8], FRAME_TYPE_OURS, round % 3 ? 60 : 1400);
		*done += traffic_send(socket, &frame, 20);
		if (round % 64 == 0)
			*done += traffic_send_sources(socket, &frame, host * 100000 + 1000, 20);
	}
}

static void talk_1(void)
{
	talk("c1", C1);
}

static void talk_2(void)
{
	talk("c2", C2);
}

/* A client that is killed with its port open and frames on their way. */
static void flap(void)
{
	while (!stopped()) {
		struct client *client = client_start();

		client_opens(client, "vale1:flap", 0);
		*done += client_send(client, FLAP, R2, 100) >= 0;
		client_kill(client);
	}
}

/* The number before these words; 0: they are not there. */
static long number_before(const char *text, const char *words)
{
	const char *at = strstr(text, words);

	while (at && at > text && isdigit((unsigned char)at[-1]))
		at--;
	return at ? atol(at) : 0;
}

static void capture(void)
{
	while (!stopped())
		*done += number_before(
			run("timeout 2 %s capture vale1:cap -w /dev/null -c 1000", valectl()).errors,
			" frames captured");
}

static void netmap_program(void)
{
	while (!stopped())
		*done += number_before(
			run("timeout 2 %s exec -- tcpdump -i vale1:pcap -c 1000 -w /dev/null",
			    valectl())
				.errors,
			" packets captured");
}

static void socket_program(void)
{
	while (!stopped())
		*done += number_before(
			run("timeout -s INT 5 %s -i vale1:xsk -f rx -n 1000 2>&1", pktgen()).text,
			" packets");
}

/* Another switch, of which nothing stays. */
static void come_and_go(void)
{
	while (!stopped()) {
		must("%s create vale2 --fdb-size 1024 && %s attach vale2:a d1 && %s port add vale2:b",
		     valectl(), valectl(), valectl());
		must("%s -i vale2:b -f tx -n 1000 && %s host vale2 && %s detach vale2:a", pktgen(),
		     valectl(), valectl());
		must("%s destroy vale2 --force", valectl());
		++*done;
	}
}

static void look(void)
{
	while (!stopped()) {
		must("%s list && %s show vale1 && %s stats vale1 && %s fdb vale1", valectl(),
		     valectl(), valectl(), valectl());
		must("%s fdb vale1 flush c1v", valectl());
		++*done;
	}
}

static const struct worker {
	void (*work)(void);
	const char *name, *unit;
} workers[] = {
	{ talk_1, "container behind tc", "frames sent" },
	{ talk_2, "container behind xdp", "frames sent" },
	{ flap, "clients", "killed" },
	{ capture, "valectl capture", "frames captured" },
	{ netmap_program, "tcpdump by netmap", "frames captured" },
	{ socket_program, "pkt-gen by AF_XDP", "frames received" },
	{ come_and_go, "another switch", "times made and taken down" },
	{ look, "somebody", "looks at all" },
};

#define WORKERS (sizeof(workers) / sizeof(workers[0]))

static pid_t processes[WORKERS];

/* ---- all of them -------------------------------------------------------------------------------- */

static pid_t start(size_t at)
{
	pid_t process = fork();

	cr_assert_geq(process, 0);
	if (process)
		return process;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	done = &shared->done[at];
	workers[at].work();
	_exit(0);
}

bool *workers_make(void)
{
	_Static_assert(WORKERS <= sizeof(shared->done) / sizeof(shared->done[0]), "room for each");

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	cr_assert_neq(shared, MAP_FAILED);
	return &shared->stop;
}

void workers_start(void)
{
	shared->stop = false;
	for (size_t i = 0; i < WORKERS; i++)
		processes[i] = start(i);
}

void workers_end(void)
{
	int status;

	__atomic_store_n(&shared->stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < WORKERS; i++) {
		cr_assert_eq(waitpid(processes[i], &status, 0), processes[i]);
		cr_assert_eq(status, 0, "%s: ended with %x", workers[i].name, status);
	}
}

void workers_have_worked(void)
{
	for (size_t i = 0; i < WORKERS; i++) {
		fprintf(stderr, "soak: %s: %ld %s\n", workers[i].name, shared->done[i],
			workers[i].unit);
		cr_assert_gt(shared->done[i], 0, "%s has done nothing", workers[i].name);
	}
}
