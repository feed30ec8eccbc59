// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl stats */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"

struct sample {
	struct timespec time;
	struct vale_port_stats *ports;
	size_t count;
};

static json_t *describe_sample(const struct sample *sample)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sample->count; i++) {
		json_t *port = describe_counters(&sample->ports[i].counters);

		json_object_set_new(port, "port", json_string(sample->ports[i].name));
		json_array_append_new(list, port);
	}
	return list;
}

static void drop_words(const json_t *port, char *out, size_t size)
{
	const char *name;
	json_t *value;
	size_t used = 0;

	*out = 0;
	json_object_foreach (json_object_get(port, "drops"), name, value)
		if (json_integer_value(value) && used < size)
			used += snprintf(out + used, size - used, "%s%s %lld", used ? ", " : "",
					 name, (long long)json_integer_value(value));
	if (number_of(port, "unlearned") && used < size)
		snprintf(out + used, size - used, "%s(unlearned %lld)", used ? ", " : "",
			 number_of(port, "unlearned"));
}

static void print_counters(const json_t *document)
{
	static const char *const heads[] = { "PORT",  "RECEIVED", "BYTES",   "SENT",
					     "BYTES", "DROPPED",  "REASONS", NULL };
	struct table *table = table_new(heads);
	const json_t *port;
	char words[256];
	size_t i;

	json_array_foreach (json_object_get(document, "ports"), i, port) {
		drop_words(port, words, sizeof(words));
		table_add(table, "%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%s", text_of(port, "port"),
			  number_of(port, "received_frames"), number_of(port, "received_bytes"),
			  number_of(port, "sent_frames"), number_of(port, "sent_bytes"),
			  number_of(port, "dropped"), words);
	}
	table_print(table);
}

static int take_sample(struct context *context, const char *name, struct sample *out)
{
	struct sample sample = {};

	clock_gettime(CLOCK_MONOTONIC, &sample.time);
	if (vale_stats_get(context->vale, name, &sample.ports, &sample.count))
		return -1;
	*out = sample;
	return 0;
}

/* ---- rates ------------------------------------------------------------------------------------- */

static __u64 dropped_of(const struct vale_stats *counters)
{
	__u64 sum = 0;

	for (int reason = 0; reason < VALE_DROP_REASONS; reason++)
		sum += counters->drops[reason];
	return sum;
}

static const struct vale_stats *find(const struct sample *sample, const char *name)
{
	for (size_t i = 0; i < sample->count; i++)
		if (!strcmp(sample->ports[i].name, name))
			return &sample->ports[i].counters;
	return NULL;
}

/* A port that was attached anew counts from zero again. */
static double rate(__u64 now, __u64 before, double seconds)
{
	return now >= before ? (now - before) / seconds : now / seconds;
}

static json_t *describe_rates(const struct sample *before, const struct sample *now)
{
	static const struct vale_stats zero;
	double seconds = now->time.tv_sec - before->time.tv_sec +
			 (now->time.tv_nsec - before->time.tv_nsec) * 1e-9;
	json_t *list = json_array();

	for (size_t i = 0; i < now->count; i++) {
		const struct vale_stats *a = find(before, now->ports[i].name);
		const struct vale_stats *b = &now->ports[i].counters;

		if (!a)
			a = &zero;
		json_array_append_new(
			list, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "port",
					now->ports[i].name, "received_frames_per_second",
					rate(b->received_frames, a->received_frames, seconds),
					"received_bits_per_second",
					8 * rate(b->received_bytes, a->received_bytes, seconds),
					"sent_frames_per_second",
					rate(b->sent_frames, a->sent_frames, seconds),
					"sent_bits_per_second",
					8 * rate(b->sent_bytes, a->sent_bytes, seconds),
					"dropped_per_second",
					rate(dropped_of(b), dropped_of(a), seconds)));
	}
	return json_pack("{s:f, s:o}", "seconds", seconds, "ports", list);
}

static double real_of(const json_t *object, const char *member)
{
	return json_real_value(json_object_get(object, member));
}

static void print_rates(const json_t *document)
{
	static const char *const heads[] = { "PORT",   "RECEIVED/s", "Mbit/s", "SENT/s",
					     "Mbit/s", "DROPPED/s",  NULL };
	struct table *table = table_new(heads);
	const json_t *port;
	size_t i;

	json_array_foreach (json_object_get(document, "ports"), i, port)
		table_add(table, "%s\t%.0f\t%.1f\t%.0f\t%.1f\t%.0f", text_of(port, "port"),
			  real_of(port, "received_frames_per_second"),
			  real_of(port, "received_bits_per_second") / 1e6,
			  real_of(port, "sent_frames_per_second"),
			  real_of(port, "sent_bits_per_second") / 1e6,
			  real_of(port, "dropped_per_second"));
	table_print(table);
	putchar('\n');
	fflush(stdout);
}

/* Waits; false if the user has interrupted. The signals are blocked, so none comes in between. */
static bool wait_for(unsigned int seconds, const sigset_t *signals)
{
	struct timespec timeout = { .tv_sec = seconds };

	return sigtimedwait(signals, NULL, &timeout) < 0;
}

/* With --json, the samples are printed together when the last one is taken. */
static int watch(struct context *context, const char *name, unsigned int interval,
		 unsigned int rounds)
{
	struct sample before, now;
	int failed = 0;
	json_t *samples;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (take_sample(context, name, &before))
		return vale_failure(context);
	samples = json_array();
	for (unsigned int i = 0; (!rounds || i < rounds) && wait_for(interval, &signals); i++) {
		json_t *rates;

		failed = take_sample(context, name, &now);
		if (failed)
			break;
		rates = describe_rates(&before, &now);
		if (!context->json)
			print_rates(rates);
		else
			json_array_append(samples, rates);
		json_decref(rates);
		free(before.ports);
		before = now;
	}
	free(before.ports);
	if (!failed)
		return result(context, json_pack("{s:o}", "samples", samples), NULL);
	json_decref(samples);
	return vale_failure(context);
}

int command_stats(struct context *context, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{},
	};
	unsigned int interval = 0, rounds = 0;
	struct sample sample;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 'i' && option != 'c')
			return option_error(context, argc, argv);
		if (!parse_number(optarg, option == 'i' ? &interval : &rounds) || !*optarg ||
		    (option == 'i' && !interval))
			return usage_error(context, "'%s' is no number of %s", optarg,
					   option == 'i' ? "seconds" : "times");
	}
	if (argc - optind != 1)
		return usage_error(context, "name one switch or port");
	if (interval)
		return watch(context, argv[optind], interval, rounds);
	if (take_sample(context, argv[optind], &sample))
		return vale_failure(context);
	json_t *list = describe_sample(&sample);
	free(sample.ports);
	return result(context, json_pack("{s:o}", "ports", list), print_counters);
}
