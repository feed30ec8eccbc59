// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Where the figures were measured. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/machine.h"
#include "bench/report.h"

/* Blocks are shorter than a time slice: the median of many is one that nothing interrupted. */
#define BLOCKS		  51
#define BLOCK_ROUND_TRIPS 2000
/* The first answer says that the other core is there; the last call sends it home. */
#define FIRST_ANSWER 1UL
#define LAST_CALL    ~0UL

/* Two lines that the two cores write, each its own. */
struct line {
	_Alignas(128) atomic_ulong value;
};

struct pair {
	struct line ping;
	struct line pong;
	int cpu;
	int error;
};

static void *answer(void *argument)
{
	struct pair *pair = argument;
	unsigned long seen, last = 0;

	pair->error = bench_pin(pair->cpu);
	atomic_store_explicit(&pair->pong.value, FIRST_ANSWER, memory_order_release);
	do {
		seen = atomic_load_explicit(&pair->ping.value, memory_order_acquire);
		if (seen == last)
			continue;
		last = seen;
		atomic_store_explicit(&pair->pong.value, seen, memory_order_release);
	} while (last != LAST_CALL);
	return NULL;
}

static void call(struct pair *pair, unsigned long value)
{
	atomic_store_explicit(&pair->ping.value, value, memory_order_release);
	while (atomic_load_explicit(&pair->pong.value, memory_order_acquire) != value)
		;
}

static double measure_block(struct pair *pair, unsigned long *value)
{
	double start = bench_now();
	int i;

	for (i = 0; i < BLOCK_ROUND_TRIPS; i++)
		call(pair, ++*value);
	return (bench_now() - start) / BLOCK_ROUND_TRIPS * 1e9;
}

static double measure(struct pair *pair)
{
	unsigned long value = FIRST_ANSWER;
	double block[BLOCKS];
	int i;

	while (atomic_load_explicit(&pair->pong.value, memory_order_acquire) != FIRST_ANSWER)
		;
	for (i = 0; i < BLOCKS; i++)
		block[i] = measure_block(pair, &value);
	return spread_of(block, BLOCKS).median;
}

static int round_trip_on(int here, int there, double *nanoseconds)
{
	struct pair pair = { .cpu = there };
	pthread_t thread;
	int error = bench_pin(here);

	if (error)
		return error;
	error = pthread_create(&thread, NULL, answer, &pair);
	if (error)
		return bench_error(error, "cannot start a thread");
	*nanoseconds = measure(&pair);
	call(&pair, LAST_CALL);
	pthread_join(thread, NULL);
	return pair.error;
}

int machine_line_round_trip(double *nanoseconds)
{
	int here = bench_cpu(0), there = bench_cpu(1), error;

	*nanoseconds = 0;
	if (there < 0)
		return 0;
	error = round_trip_on(here, there, nanoseconds);
	if (error)
		return error;
	return bench_unpin();
}

static void describe_cpu(char *text, size_t size)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(text, size, "unknown CPU");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "model name", strlen("model name")))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(text, size, "%s", strchr(line, ':') ? strchr(line, ':') + 2 : "?");
		break;
	}
	if (file)
		fclose(file);
}

/* The tree in which we were built; a program that was copied elsewhere has none. */
static void describe_commit(char *text, size_t size)
{
	static const char script[] = "cd \"${0%/*}\" && git -c safe.directory='*' "
				     "describe --always --dirty --abbrev=12";
	char self[4096] = "";
	const char *argv[] = { "sh", "-c", script, self, NULL };
	struct command command = { .argv = argv, .silent = true };
	char *output CLEANUP_FREE = NULL;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(text, size, "unknown");
	if (length < 0)
		return;
	if (command_run(&command, &output) || !output || !*output)
		return;
	output[strcspn(output, "\n")] = '\0';
	snprintf(text, size, "%s", output);
}

int machine_describe(struct machine *machine)
{
	struct utsname name;

	if (uname(&name))
		return bench_error(errno, "uname");
	snprintf(machine->kernel, sizeof(machine->kernel), "%s", name.release);
	describe_cpu(machine->cpu, sizeof(machine->cpu));
	describe_commit(machine->commit, sizeof(machine->commit));
	machine->cores = sysconf(_SC_NPROCESSORS_ONLN);
	return machine_line_round_trip(&machine->line_round_trip);
}
