// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* vale-bench: the switch, the Linux bridge and the ceiling, measured side by side. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/groups.h"
#include "bench/machine.h"
#include "bench/sandbox.h"

struct group {
	const char *name;
	const char *help;
	int (*run)(const struct options *options, struct report *report);
};

static const struct group groups[] = {
	{ "live", "device to device on one core, frames from XDP live frames", live_group },
	{ "packet", "the same, frames from a packet socket", packet_group },
	{ "tcp", "TCP streams between two network namespaces (iperf3)", tcp_group },
	{ "guests", "TCP streams between two virtual machines (QEMU, virtio-net)", guests_group },
	{ "ring", "ring to ring, beside a ring without a switch (the ceiling)", ring_group },
	{ "xsk", "AF_XDP port to AF_XDP port, beside rings (the ceiling)", xsk_group },
	{ "ring-device", "ring to device and device to ring on one core", ring_device_group },
	{ "round-trip", "a frame to another core and its answer back", round_trip_group },
	{ "ring-parts", "what a frame from ring to ring costs, by part", ring_parts_group },
	{ "ring-open", "time to open and close a ring port, and its memory", ring_open_group },
	{ "attach", "time and memory to attach 254 ports", attach_group },
};

volatile sig_atomic_t bench_interrupted;
static cpu_set_t all_cpus;

int bench_error(int error, const char *format, ...)
{
	va_list args;

	if (error == EINTR)
		return -EINTR;
	fflush(stdout);
	fputs("vale-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	return error ? -error : -EINVAL;
}

double bench_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

int bench_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set)
		       ? bench_error(errno, "cannot pin to CPU %d", cpu)
		       : 0;
}

int bench_unpin(void)
{
	return sched_setaffinity(0, sizeof(all_cpus), &all_cpus) ? bench_error(errno, "cannot "
										      "unpin")
								 : 0;
}

/* From the end, because devices' interrupts and most else tend to be served by the first CPU. */
int bench_cpu(int from_end)
{
	int cpu;

	for (cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, &all_cpus) && from_end-- == 0)
			return cpu;
	return -ENODEV;
}

static void on_signal(int number)
{
	(void)number;
	bench_interrupted = 1;
}

static void catch_signals(void)
{
	/* No SA_RESTART: whoever waits shall wake up. */
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

static void usage(FILE *to)
{
	size_t i;

	fputs("usage: vale-bench [OPTION]...\n"
	      "Measures the switch beside a Linux bridge and beside a program that redirects "
	      "without\n"
	      "any lookup (the ceiling), in turn. Needs root; works in a network of its own.\n\n"
	      "  -r, --runs N         rounds of every row (default 5)\n"
	      "  -s, --seconds S      length of one run (default 1; TCP runs take three times "
	      "that)\n"
	      "  -o, --only GROUP     measure one group of rows:\n",
	      to);
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		fprintf(to, "                         %-11s %s\n", groups[i].name, groups[i].help);
	fputs("  -l, --like TEXT      measure only rows that have TEXT in their title (not of tcp, "
	      "ring-open and\n"
	      "                       attach, whose rows are measured together)\n"
	      "  -w, --without NAME   leave out bridge, switch, tc, generic, auto, ceiling or redirect\n"
	      "  -j, --json FILE      write the figures as JSON too (-: to standard output, and "
	      "the\n"
	      "                       table to standard error)\n"
	      "  -h, --help           show this help\n\n"
	      "Environment: VALECTL, the valectl to use (default: the one built with this "
	      "program).\n",
	      to);
}

static int known_group(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return 0;
	return bench_error(0, "there is no group '%s' (see --help)", name);
}

static int parse_number(const char *text, double min, double max, double *value)
{
	char *end;

	*value = strtod(text, &end);
	if (end == text || *end || !(*value >= min && *value <= max))
		return bench_error(0, "'%s' is not a number from %g to %g", text, min, max);
	return 0;
}

static int parse_option(int option, struct options *options)
{
	double number;
	int error;

	switch (option) {
	case 'r':
		error = parse_number(optarg, 1, MAX_RUNS, &number);
		options->runs = number;
		return error;
	case 's':
		return parse_number(optarg, 0.01, 3600, &options->seconds);
	case 'o':
		options->only = optarg;
		return known_group(optarg);
	case 'l':
		options->like = optarg;
		return 0;
	case 'w':
		return datapath_leave_out(optarg);
	case 'j':
		options->json = optarg;
		return 0;
	case 'h':
		usage(stdout);
		exit(EXIT_SUCCESS);
	default:
		usage(stderr);
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option long_options[] = {
		{ "runs", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "only", required_argument, NULL, 'o' },
		{ "like", required_argument, NULL, 'l' },
		{ "without", required_argument, NULL, 'w' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, error;

	while ((option = getopt_long(argc, argv, "r:s:o:l:w:j:h", long_options, NULL)) != -1) {
		error = parse_option(option, options);
		if (error)
			return error;
	}
	return optind == argc ? 0 : bench_error(0, "what is '%s'? (see --help)", argv[optind]);
}

static int run_groups(const struct options *options, struct report *report)
{
	size_t i;
	int error;

	for (i = 0; i < ARRAY_SIZE(groups); i++) {
		if (options->only && strcmp(options->only, groups[i].name))
			continue;
		error = groups[i].run(options, report);
		if (error)
			return error;
	}
	return report_write(report);
}

static int bench(const struct options *options)
{
	struct machine machine = { 0 };
	struct report *report = NULL;
	int error;

	error = datapath_find_valectl();
	if (!error)
		error = machine_describe(&machine);
	if (!error)
		error = sandbox_enter();
	if (!error)
		error = report_open(&report, &machine, options);
	if (!error)
		error = run_groups(options, report);
	report_close(report);
	return error;
}

int main(int argc, char **argv)
{
	struct options options = { .runs = 5, .seconds = 1 };

	libbpf_set_print(libbpf_message);
	sched_getaffinity(0, sizeof(all_cpus), &all_cpus);
	if (parse_options(argc, argv, &options))
		return EXIT_FAILURE;
	catch_signals();
	if (bench(&options) == 0)
		return EXIT_SUCCESS;
	if (bench_interrupted)
		fputs("vale-bench: interrupted\n", stderr);
	return EXIT_FAILURE;
}
