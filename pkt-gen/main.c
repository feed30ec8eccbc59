// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pkt-gen: sends and receives frames as fast as can be, by ports of switches or network devices. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "capture.h"
#include "log.h"
#include "report.h"

/* ---- threads ----------------------------------------------------------------------------------- */

static void *work(void *arg)
{
	struct worker *worker = arg;
	const uint64_t one = 1;

	worker->error = worker->options->function->run(worker);
	/* One that has failed ends all. */
	if (worker->error)
		cancel(worker->crew);
	if (write(worker->crew->finished, &one, sizeof(one)) < 0)
		complain(errno, "cannot tell that a thread has ended: %s", strerror(errno));
	return NULL;
}

static int start_thread(struct worker *worker)
{
	const struct options *options = worker->options;
	uint32_t cpu = options->cpu, there = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_attr_t attributes;
	cpu_set_t set;
	int error;

	pthread_attr_init(&attributes);
	if (cpu != NOT_GIVEN) {
		cpu = (cpu + worker->number % options->cpus) % there;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	}
	error = pthread_create(&worker->thread, &attributes, work, worker);
	pthread_attr_destroy(&attributes);
	worker->running = !error;
	if (error && cpu != NOT_GIVEN)
		return complain(error, "cannot start a thread on CPU %u: %s", cpu, strerror(error));
	return error ? complain(error, "cannot start a thread: %s", strerror(error)) : 0;
}

static int start_threads(struct crew *crew)
{
	int error = 0;

	for (uint32_t i = 0; i < crew->workers && !error; i++)
		error = start_thread(&crew->worker[i]);
	if (error)
		cancel(crew);
	return error;
}

/* Returns the first error of any. */
static int join_threads(struct crew *crew)
{
	int error = 0;

	for (uint32_t i = 0; i < crew->workers; i++) {
		struct worker *worker = &crew->worker[i];

		if (worker->running)
			pthread_join(worker->thread, NULL);
		worker->running = false;
		error = error ? error : worker->error;
	}
	return error;
}

/* ---- the main thread --------------------------------------------------------------------------- */

/* Waits for a signal, for workers that end (adding to `*ended`), or so long. True: a signal came. */
static bool wait_for_events(const struct crew *crew, int signals, uint64_t ns, uint64_t *ended)
{
	struct pollfd wait[] = { { .fd = signals, .events = POLLIN },
				 { .fd = crew->finished, .events = POLLIN } };
	struct signalfd_siginfo signal;
	uint64_t workers;

	if (poll(wait, 2, (ns + 999999) / 1000000) <= 0)
		return false;
	if (wait[1].revents && read(crew->finished, &workers, sizeof(workers)) == sizeof(workers))
		*ended += workers;
	return wait[0].revents && read(signals, &signal, sizeof(signal)) == sizeof(signal);
}

static void main_thread(struct crew *crew, int signals)
{
	uint64_t interval = crew->options->interval * 1000000ull, due = now_ns() + interval;
	struct report report;
	uint64_t ended = 0;

	report_begin(&report, crew);
	while (ended < crew->workers) {
		uint64_t now = now_ns();

		if (now >= due) {
			report_line(&report, __func__, __LINE__);
			for (; due <= now; due += interval)
				;
		}
		if (wait_for_events(crew, signals, due - now, &ended))
			cancel(crew);
	}
	report_line(&report, __func__, __LINE__);
}

/* The link may take a while. Returns true if a signal came meanwhile. */
static bool wait_for_link(const struct crew *crew, int signals)
{
	uint64_t end = now_ns() + crew->options->link_wait * SECOND, ended = 0;

	if (crew->options->link_wait)
		log_line("Waiting %u s for the link", crew->options->link_wait);
	for (uint64_t now = now_ns(); now < end; now = now_ns())
		if (wait_for_events(crew, signals, end - now, &ended))
			return true;
	return false;
}

/* Threads inherit that these signals are blocked, and go on until they are told to end. */
static int open_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? complain(errno, "cannot wait for signals: %s", strerror(errno)) : fd;
}

/* ---- the crew ---------------------------------------------------------------------------------- */

static int open_interfaces(struct crew *crew)
{
	const struct options *options = crew->options;
	int error = 0;

	for (uint32_t i = 0; i < crew->workers && !error; i++) {
		struct worker *worker = &crew->worker[i];

		worker->crew = crew;
		worker->options = options;
		worker->number = i;
		worker->counters.min_space = INTERFACE_UNKNOWN;
		error = interface_open(&options->interface, i, &worker->interface);
		if (!error && crew->workers > worker->interface->queues)
			error = complain(ERANGE, "cannot use %u threads: '%s' has %u queues",
					 crew->workers, options->interface.name,
					 worker->interface->queues);
	}
	return error;
}

static void close_interfaces(struct crew *crew)
{
	for (uint32_t i = 0; i < crew->workers; i++) {
		struct worker *worker = &crew->worker[i];

		for (uint32_t ring = 0; ring < INTERFACE_RINGS; ring++) {
			if (worker->sequence[ring])
				sequence_free(worker->sequence[ring]);
			free(worker->sequence[ring]);
		}
		interface_close(worker->interface);
	}
}

/* Frames are from the interface's own address, if no other is wanted. */
static void choose_source(struct options *options, const struct interface *interface)
{
	static char text[18];
	const uint8_t *mac = interface->mac;

	if (options->mac_text[SIDE_SOURCE])
		return;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	options->mac_text[SIDE_SOURCE] = text;
	range_parse_mac(text, &options->flow.mac[SIDE_SOURCE]);
}

static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		complain(errno, "cannot write the output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

static int run_crew(struct crew *crew, int signals)
{
	int error;

	report_start(crew);
	if (!wait_for_link(crew, signals)) {
		error = start_threads(crew);
		if (!error)
			main_thread(crew, signals);
	}
	error = join_threads(crew);
	return !report_end(crew) || error ? EXIT_FAILED : EXIT_OK;
}

static int run(struct options *options, int signals)
{
	struct crew crew = { .options = options, .workers = options->interface.threads };
	unsigned char *captured = NULL;
	int status = EXIT_FAILED, error = 0;

	crew.worker = aligned_alloc(64, crew.workers * sizeof(*crew.worker));
	crew.finished = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	if (!crew.worker || crew.finished < 0) {
		free(crew.worker);
		complain(ENOMEM, "out of memory");
		return EXIT_FAILED;
	}
	memset(crew.worker, 0, crew.workers * sizeof(*crew.worker));
	if (options->file)
		error = capture_read(options->file, &captured, &options->length);
	crew.captured = captured;
	options->interface.frame_length = options->length;
	if (!error)
		error = open_interfaces(&crew);
	if (!error) {
		choose_source(options, crew.worker->interface);
		status = run_crew(&crew, signals);
	}
	close_interfaces(&crew);
	close(crew.finished);
	free(crew.worker);
	free(captured);
	return finish(status);
}

int main(int argc, char **argv)
{
	struct options options;
	int status = options_read(&options, argc, argv), signals;

	if (status >= 0)
		return finish(status);
	/* What goes wrong below is said once, in our words; theirs are for who wants to know more. */
	if (!options.verbose) {
		libbpf_set_print(NULL);
		libxdp_set_print(NULL);
	}
	signals = open_signals();
	return signals < 0 ? EXIT_FAILED : run(&options, signals);
}
