// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl limit */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char *const storm_words[] = {
	[VALE_STORM_BROADCAST] = "broadcast",
	[VALE_STORM_MULTICAST] = "multicast",
	[VALE_STORM_UNKNOWN] = "unknown",
};

/* RATE[/BURST] */
static const char *parse_rate(const char *text, struct vale_rate *out)
{
	static const char wrong[] = "it is no rate: N frames a second, N/BURST, or 0: no limit";
	const char *burst = strchr(text, '/');
	char rate[16];

	*out = (struct vale_rate){};
	snprintf(rate, sizeof(rate), "%.*s", burst ? (int)(burst - text) : (int)strlen(text), text);
	if (!parse_number(rate, &out->rate))
		return wrong;
	return burst && (!parse_number(burst + 1, &out->burst) || !out->burst) ? wrong : NULL;
}

/* Takes one limit and its value. Returns the status to end with, or 0. */
static int take(const struct context *context, const char *word, const char *value,
		struct vale_limits *limits)
{
	static const char *const words[] = { "macs", "broadcast", "multicast", "unknown", NULL };
	const char *wrong, *nearest;

	if (!strcmp(word, "macs"))
		return parse_number(value, &limits->macs)
			       ? 0
			       : usage_error(context, "'%s' is no number of addresses", value);
	for (int kind = 0; kind < VALE_STORMS; kind++) {
		if (strcmp(word, storm_words[kind]))
			continue;
		wrong = parse_rate(value, &limits->storm[kind]);
		return wrong ? usage_error(context, "'%s': %s", value, wrong) : 0;
	}
	nearest = nearest_word(word, words);
	if (nearest)
		return usage_error(context, "there is no limit '%s': did you mean '%s'?", word,
				   nearest);
	return usage_error(context, "there is no limit '%s': macs, broadcast, multicast or unknown",
			   word);
}

static json_t *describe_rate(const struct vale_rate *rate)
{
	return rate->rate ? json_pack("{s:I, s:I}", "rate", (json_int_t)rate->rate, "burst",
				      (json_int_t)rate->burst)
			  : json_null();
}

json_t *describe_limits(const struct vale_port_info *info)
{
	json_t *limits = json_object();
	__u32 macs = info->limits.macs;

	json_object_set_new(limits, "macs", macs ? json_integer(macs) : json_null());
	json_object_set_new(limits, "learned", macs ? json_integer(info->learned) : json_null());
	for (int kind = 0; kind < VALE_STORMS; kind++)
		json_object_set_new(limits, storm_words[kind],
				    describe_rate(&info->limits.storm[kind]));
	return limits;
}

void print_limits(const json_t *limits)
{
	if (json_is_integer(json_object_get(limits, "macs")))
		printf("  at most %lld addresses are learned: %lld now\n",
		       number_of(limits, "macs"), number_of(limits, "learned"));
	for (int kind = 0; kind < VALE_STORMS; kind++) {
		const json_t *rate = json_object_get(limits, storm_words[kind]);

		if (json_is_object(rate))
			printf("  at most %lld %s frames a second, %lld at once\n",
			       number_of(rate, "rate"), storm_words[kind],
			       number_of(rate, "burst"));
	}
}

static void print_port(const json_t *document)
{
	print_limits(json_object_get(document, "limits"));
}

static int show(struct context *context, const struct vale_port_info *info)
{
	return result(context,
		      json_pack("{s:s, s:o}", "port", info->name, "limits", describe_limits(info)),
		      print_port);
}

/* What was not given stays as it is. */
static void complete(struct vale_limits *given, const struct vale_limits *now)
{
	if (given->macs == VALE_DEFAULT)
		given->macs = now->macs;
	for (int kind = 0; kind < VALE_STORMS; kind++)
		if (given->storm[kind].rate == VALE_DEFAULT)
			given->storm[kind] = now->storm[kind];
}

int command_limit(struct context *context, int argc, char **argv)
{
	struct vale_limits limits = {
		.size = sizeof(limits),
		.macs = VALE_DEFAULT,
		.storm = { { .rate = VALE_DEFAULT },
			   { .rate = VALE_DEFAULT },
			   { .rate = VALE_DEFAULT } },
	};
	struct vale_port_info info;
	int status;

	if (argc < 2)
		return usage_error(context, "name a port");
	if (argc % 2)
		return usage_error(context, "'%s' wants a number", argv[argc - 1]);
	for (int i = 2; i < argc; i += 2) {
		status = take(context, argv[i], argv[i + 1], &limits);
		if (status)
			return status;
	}
	if (vale_port_get(context->vale, argv[1], &info))
		return vale_failure(context);
	if (argc == 2)
		return show(context, &info);
	complete(&limits, &info.limits);
	if (vale_port_set_limits(context->vale, argv[1], &limits))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "limited", argv[1]), NULL);
}
