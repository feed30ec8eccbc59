// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "number.h"

/* Bits around a frame on an Ethernet: preamble, gap and checksum. */
#define FRAMING (24 * 8)

/* Rates over a shorter time say nothing. */
#define SHORTEST_NS 10000000

#define WINDOW (sizeof(((struct report *)NULL)->window) / sizeof(uint64_t))

/* ---- at the start ------------------------------------------------------------------------------ */

void report_start(const struct crew *crew)
{
	static const char *const verbs[] = {
		[FUNCTION_SENDS] = "Sending on",
		[FUNCTION_RECEIVES] = "Receiving from",
		[FUNCTION_BOTH] = "Working on",
	};
	const struct options *options = crew->options;

	printf("%s %s: %u queues, %u threads and %u cpus.\n", verbs[options->function->kind],
	       options->interface_text, crew->worker->interface->queues, crew->workers,
	       options->cpus);
	if (options->function->kind == FUNCTION_SENDS)
		printf("%s -> %s (%s -> %s)\n", options->host_text[SIDE_SOURCE],
		       options->host_text[SIDE_DESTINATION], options->mac_text[SIDE_SOURCE],
		       options->mac_text[SIDE_DESTINATION]);
	fflush(stdout);
}

/* ---- in its course ----------------------------------------------------------------------------- */

static struct counters total(const struct crew *crew)
{
	struct counters sum = {};

	for (uint32_t i = 0; i < crew->workers; i++) {
		const struct counters *counters = &crew->worker[i].counters;

		sum.packets += __atomic_load_n(&counters->packets, __ATOMIC_RELAXED);
		sum.bytes += __atomic_load_n(&counters->bytes, __ATOMIC_RELAXED);
		sum.events += __atomic_load_n(&counters->events, __ATOMIC_RELAXED);
	}
	return sum;
}

/* The least that there was since the last time. */
static uint32_t min_space(const struct crew *crew)
{
	uint32_t least = INTERFACE_UNKNOWN;

	for (uint32_t i = 0; i < crew->workers; i++) {
		uint32_t space = __atomic_exchange_n(&crew->worker[i].counters.min_space,
						     INTERFACE_UNKNOWN, __ATOMIC_RELAXED);

		least = space < least ? space : least;
	}
	return least;
}

void report_begin(struct report *report, const struct crew *crew)
{
	*report = (struct report){ .crew = crew, .before_ns = now_ns() };
}

/* Mean and standard deviation of the last rates. */
static void average_text(struct report *report, uint64_t rate, char *text, size_t size)
{
	char mean_text[NUMBER_SIZE], deviation_text[NUMBER_SIZE];
	bool raw = report->crew->options->raw_units;
	double mean = 0, deviation = 0;
	uint32_t samples;

	report->window[report->samples++ % WINDOW] = rate;
	samples = report->samples < WINDOW ? report->samples : WINDOW;
	for (uint32_t i = 0; i < samples; i++)
		mean += (double)report->window[i] / samples;
	for (uint32_t i = 0; i < samples; i++)
		deviation += (report->window[i] - mean) * (report->window[i] - mean) / samples;
	snprintf(text, size, "[avg/std %s/%spps]", number_text(mean_text, mean, raw),
		 number_text(deviation_text, sqrt(deviation), raw));
}

void report_line(struct report *report, const char *function, int line)
{
	const struct options *options = report->crew->options;
	struct counters now = total(report->crew);
	uint64_t time = now_ns(), usec = (time - report->before_ns) / 1000;
	uint64_t packets = now.packets - report->before.packets;
	uint64_t bytes = now.bytes - report->before.bytes;
	uint64_t events = now.events - report->before.events, rate;
	char rate_text[NUMBER_SIZE], packets_text[NUMBER_SIZE], bits_text[NUMBER_SIZE];
	char average[3 * NUMBER_SIZE] = "";
	double bits = 8.0 * bytes + (double)packets * (options->framing ? FRAMING : 0);

	if (time - report->before_ns < SHORTEST_NS)
		return;
	rate = (packets * 1000000 + usec / 2) / usec;
	if (options->average)
		average_text(report, rate, average, sizeof(average));
	log_print(function, line, "%spps %s(%spkts %sbps in %llu usec) %.2f avg_batch %d min_space",
		  number_text(rate_text, rate, options->raw_units), average,
		  number_text(packets_text, packets, options->raw_units),
		  number_text(bits_text, bits * 1000000 / usec, options->raw_units),
		  (unsigned long long)usec, events ? (double)packets / events : 0.0,
		  (int)min_space(report->crew));
	report->before = now;
	report->before_ns = time;
}

/* ---- in the end -------------------------------------------------------------------------------- */

/* From the first that started to the last that ended. */
static double seconds(const struct crew *crew)
{
	uint64_t start = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < crew->workers; i++) {
		const struct worker *worker = &crew->worker[i];

		if (!worker->start)
			continue;
		start = worker->start < start ? worker->start : start;
		end = worker->end > end ? worker->end : end;
	}
	return end > start ? (double)(end - start) / SECOND : 0;
}

static void print_total(const struct crew *crew, const char *verb)
{
	const struct options *options = crew->options;
	struct counters sum = total(crew);
	double time = seconds(crew), bits = 8.0 * sum.bytes;
	double framed = bits + (double)sum.packets * (options->framing ? FRAMING : 0);
	char rate[NUMBER_SIZE], speed[NUMBER_SIZE], raw[NUMBER_SIZE];

	if (!sum.packets) {
		printf("%s nothing.\n", verb);
		return;
	}
	printf("%s %llu packets %llu bytes %llu events %d bytes each in %.2f seconds.\n", verb,
	       (unsigned long long)sum.packets, (unsigned long long)sum.bytes,
	       (unsigned long long)sum.events, (int)(sum.bytes / sum.packets), time);
	if (time == 0)
		time = 1e-6;
	printf("Speed: %spps Bandwidth: %sbps (raw %sbps). Average batch: %.2f pkts\n",
	       number_text(rate, sum.packets / time, options->raw_units),
	       number_text(speed, bits / time, options->raw_units),
	       number_text(raw, framed / time, options->raw_units),
	       sum.events ? (double)sum.packets / sum.events : 0.0);
}

static void print_stream(const struct worker *worker, uint32_t ring,
			 const struct sequence_stream *stream)
{
	printf("Sequence of sender %06x on ring %u: %llu packets from %u to %u, %llu lost, "
	       "%llu repeated, %llu out of order\n",
	       stream->id, worker->number + ring, (unsigned long long)stream->frames,
	       (uint32_t)stream->first, (uint32_t)stream->next - 1,
	       (unsigned long long)stream->lost, (unsigned long long)stream->repeated,
	       (unsigned long long)stream->late);
}

/* False: there are faults, or there was nothing to check. */
static bool print_sequences(const struct crew *crew)
{
	uint64_t torn = 0, foreign = 0, streams = 0;
	bool clean = true;

	for (uint32_t i = 0; i < crew->workers; i++) {
		const struct worker *worker = &crew->worker[i];

		for (uint32_t ring = 0; ring < worker->interface->rings; ring++) {
			const struct sequence *sequence = worker->sequence[ring];

			if (!sequence)
				continue;
			clean &= sequence_is_clean(sequence);
			streams += sequence->streams;
			torn += sequence->torn;
			foreign += sequence->foreign;
			for (uint32_t s = 0; s < sequence->streams; s++)
				print_stream(worker, ring, sequence->stream[s]);
		}
	}
	printf("Sequence check: %s, %llu torn, %llu other packets\n",
	       !clean	  ? "FAULTS"
	       : !streams ? "nothing came"
			  : "clean",
	       (unsigned long long)torn, (unsigned long long)foreign);
	return clean && streams;
}

static void print_lost(const struct crew *crew)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < crew->workers; i++)
		lost += interface_lost(crew->worker[i].interface);
	if (lost)
		printf("The socket had no room for %llu more packets.\n", (unsigned long long)lost);
}

bool report_end(const struct crew *crew)
{
	const struct function *function = crew->options->function;

	if (function->kind == FUNCTION_BOTH)
		return true;
	print_total(crew, function->kind == FUNCTION_SENDS ? "Sent" : "Received");
	if (function->kind == FUNCTION_SENDS)
		return true;
	print_lost(crew);
	return !function->has_numbers || print_sequences(crew);
}
