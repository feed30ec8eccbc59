// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Reading the command line. */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "vale.h"
#include "vale/ring.h"

/* Options that have no letter. */
enum {
	LOSSLESS = 256,
	EXCLUSIVE,
	SOCKETS,
	RINGS,
	BUSY,
	ANNOUNCE,
	BPFFS,
	VERSION,
};

/* Of -o. netmap's others are about how a frame gets into its slot, for which there is one way here. */
enum {
	BIT_COPY = 4,
	BIT_MEMCPY = 8,
	BIT_INDIRECT = 32,
	BIT_DUMP = 64,
	BIT_RUBBISH = 256,
	BIT_RANDOM_SOURCE = 512,
	BIT_RANDOM_DESTINATION = 1024,
	BIT_AVERAGE = 2048,
	BITS = 1 | 2 | 4 | 8 | 16 | 32 | 64 | 256 | 512 | 1024 | 2048 | 4096,
};

static const struct option long_options[] = {
	{ "lossless", no_argument, NULL, LOSSLESS }, { "exclusive", no_argument, NULL, EXCLUSIVE },
	{ "xsk", no_argument, NULL, SOCKETS },	     { "rings", required_argument, NULL, RINGS },
	{ "busy", no_argument, NULL, BUSY },	     { "announce", no_argument, NULL, ANNOUNCE },
	{ "bpffs", required_argument, NULL, BPFFS }, { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, VERSION },   {},
};

int usage_error(const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	fprintf(stderr,
		"pkt-gen: %s\n"
		"usage: pkt-gen -i INTERFACE [-f FUNCTION] [OPTION]... ('pkt-gen -h' explains them)\n",
		reason);
	return EXIT_USAGE;
}

/* ---- options that are more than a value. -1, or the status to end with ------------------------- */

static int take_help(struct options *options, const char *text)
{
	(void)options, (void)text;
	return options_help();
}

static int take_version(struct options *options, const char *text)
{
	(void)options, (void)text;
	printf("pkt-gen %s\n", VALE_VERSION);
	return EXIT_OK;
}

static int take_ipv4(struct options *options, const char *text)
{
	(void)text;
	options->ipv6 = false;
	return -1;
}

static int take_function(struct options *options, const char *text)
{
	for (options->function = functions; options->function->name; options->function++)
		if (!strcmp(options->function->name, text))
			return -1;
	return usage_error("there is no function '%s': tx, rx, ping, pong, txseq or rxseq", text);
}

/* The first is the length; with a second one, lengths are from that one up to the first. */
static int take_length(struct options *options, const char *text)
{
	uint64_t value;

	if (!number_parse(text, UDP_LENGTH_MAX, &value) || !value)
		return usage_error("-l %s: it is no number from 1 to %d", text, UDP_LENGTH_MAX);
	if (options->length)
		options->length_min = value;
	else
		options->length = value;
	return -1;
}

/* tx_slots[,rx_slots[,tx_rings[,rx_rings]]], where 0 is the default. */
static int take_config(struct options *options, const char *text)
{
	uint64_t values[4] = {}, max[] = { VALE_SLOTS, VALE_SLOTS, VALE_RINGS, VALE_RINGS };
	char copy[64] = "", *rest = NULL;
	uint32_t count = 0;

	strncpy(copy, text, sizeof(copy) - 1);
	for (char *word = strtok_r(copy, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (count == 4 || !number_parse(word, max[count], &values[count]))
			return usage_error("-C %s: it is not TX_SLOTS[,RX_SLOTS[,TX_RINGS[,RX_RINGS"
					   "]]], with %d slots and %d rings at the most",
					   text, VALE_SLOTS, VALE_RINGS);
		count++;
	}
	if (count == 4 && values[2] != values[3])
		return usage_error("-C %s: rings come in pairs, as many for tx as for rx", text);
	options->interface.tx_slots = values[0];
	options->interface.rx_slots = count == 1 ? values[0] : values[1];
	options->interface.rings = values[2];
	return -1;
}

static int take_header(struct options *options, const char *text)
{
	(void)options;
	if (!strcmp(text, "0"))
		return -1;
	return usage_error("-H %s: here ports have no virtio-net header, so there is 0 only", text);
}

static int take_indirect(struct options *options, const char *text)
{
	(void)options, (void)text;
	fprintf(stderr, "pkt-gen: here are no indirect buffers: frames are sent as ever\n");
	return -1;
}

static int take_bits(struct options *options, const char *text)
{
	uint64_t bits;

	if (!number_parse(text, BITS, &bits) || bits & ~(uint64_t)BITS)
		return usage_error("-o %s: it is no sum of 1, 2, 4, 8, 16, 32, 64, 256, 512, 1024, "
				   "2048, 4096",
				   text);
	if (bits & BIT_INDIRECT)
		take_indirect(options, NULL);
	options->rewrite |= bits & (BIT_COPY | BIT_MEMCPY);
	options->dump |= bits & BIT_DUMP;
	options->rubbish |= bits & BIT_RUBBISH;
	options->average |= bits & BIT_AVERAGE;
	options->flow.random[SIDE_SOURCE] |= bits & BIT_RANDOM_SOURCE;
	options->flow.random[SIDE_DESTINATION] |= bits & BIT_RANDOM_DESTINATION;
	return -1;
}

/* ---- all of them ------------------------------------------------------------------------------- */

struct known_option {
	int option;
	enum { FLAG, TEXT, COUNT, NUMBER, OTHER } kind;
	size_t offset; /* of its member in struct options */
	uint32_t min, max;
	int (*take)(struct options *options, const char *text);
};

#define PLACE(option, kind, member)                                        \
	{                                                                  \
		option, kind, offsetof(struct options, member), 0, 0, NULL \
	}
#define NUMBER_IN(option, member, min, max)                                      \
	{                                                                        \
		option, NUMBER, offsetof(struct options, member), min, max, NULL \
	}
#define SPECIAL(option, take)                \
	{                                    \
		option, OTHER, 0, 0, 0, take \
	}

static const struct known_option known_options[] = {
	PLACE('6', FLAG, ipv6),
	PLACE('A', FLAG, average),
	PLACE('B', FLAG, framing),
	PLACE('N', FLAG, raw_units),
	PLACE('r', FLAG, rubbish),
	PLACE('v', FLAG, verbose),
	PLACE('W', FLAG, quits),
	PLACE('X', FLAG, dump),
	PLACE('z', FLAG, flow.random[SIDE_SOURCE]),
	PLACE('Z', FLAG, flow.random[SIDE_DESTINATION]),
	PLACE(LOSSLESS, FLAG, interface.lossless),
	PLACE(EXCLUSIVE, FLAG, interface.exclusive),
	PLACE(SOCKETS, FLAG, interface.sockets),
	PLACE(BUSY, FLAG, busy),
	PLACE(ANNOUNCE, FLAG, announce),
	PLACE('i', TEXT, interface_text),
	PLACE('s', TEXT, host_text[SIDE_SOURCE]),
	PLACE('d', TEXT, host_text[SIDE_DESTINATION]),
	PLACE('S', TEXT, mac_text[SIDE_SOURCE]),
	PLACE('D', TEXT, mac_text[SIDE_DESTINATION]),
	PLACE('P', TEXT, file),
	PLACE(BPFFS, TEXT, interface.bpffs),
	PLACE('n', COUNT, count),
	PLACE('R', COUNT, rate),
	NUMBER_IN('a', cpu, 0, INT16_MAX),
	NUMBER_IN('b', burst, 0, UINT16_MAX),
	NUMBER_IN('c', cpus, 0, INT16_MAX),
	NUMBER_IN('F', fragments, 1, VALE_FRAGMENTS - 1),
	NUMBER_IN('M', fragment_size, 1, UINT16_MAX),
	NUMBER_IN('p', interface.threads, 1, INTERFACE_THREADS),
	NUMBER_IN('T', interval, 1, INT32_MAX),
	NUMBER_IN('w', link_wait, 0, 3600),
	NUMBER_IN(RINGS, interface.rings, 1, VALE_RINGS),
	SPECIAL('4', take_ipv4),
	SPECIAL('C', take_config),
	SPECIAL('f', take_function),
	SPECIAL('h', take_help),
	SPECIAL('H', take_header),
	SPECIAL('I', take_indirect),
	SPECIAL('l', take_length),
	SPECIAL('o', take_bits),
	SPECIAL(VERSION, take_version),
};

/* "-a", "--rings" */
static const char *spelling_of(int option)
{
	static char text[32];

	snprintf(text, sizeof(text), "-%c", option);
	for (const struct option *known = long_options; known->name; known++)
		if (known->val == option && option >= LOSSLESS)
			snprintf(text, sizeof(text), "--%s", known->name);
	return text;
}

static int take(struct options *options, const struct known_option *known, const char *text)
{
	void *member = (char *)options + known->offset;
	uint64_t value;

	switch (known->kind) {
	case FLAG:
		*(bool *)member = true;
		return -1;
	case TEXT:
		*(const char **)member = text;
		return -1;
	case COUNT:
		if (number_parse(text, UINT64_MAX, member))
			return -1;
		return usage_error("%s %s: it is no number: 1000, 500k, 14.88M",
				   spelling_of(known->option), text);
	case NUMBER:
		if (!number_parse(text, known->max, &value) || value < known->min)
			return usage_error("%s %s: it is no number from %u to %u",
					   spelling_of(known->option), text, known->min,
					   known->max);
		*(uint32_t *)member = value;
		return -1;
	default:
		return known->take(options, text);
	}
}

static int take_option(struct options *options, int option, const char *text)
{
	for (size_t i = 0; i < sizeof(known_options) / sizeof(known_options[0]); i++)
		if (known_options[i].option == option)
			return take(options, &known_options[i], text);
	return usage_error("wrong option '%s'", spelling_of(option));
}

/* getopt() is past the option, but for one of several letters in a word. */
static int wrong_option(int option, int argc, char **argv)
{
	const char *word = argv[optind - 1];

	if (option == ':')
		return usage_error("%s wants a value", spelling_of(optopt));
	if (optind < argc && argv[optind][0] == '-' && argv[optind][1] == optopt)
		word = argv[optind];
	return usage_error("wrong option '%s'", word);
}

int options_read(struct options *options, int argc, char **argv)
{
	int option, status;

	*options = (struct options){
		.function = functions,
		.interface = { .bpffs = getenv("VALE_BPFFS"), .threads = 1 },
		.fragments = 1,
		.cpu = NOT_GIVEN,
		.interval = 1000,
		.link_wait = NOT_GIVEN,
	};
	opterr = 0;
	while ((option = getopt_long(argc, argv,
				     ":46a:Ab:Bc:C:d:D:f:F:hH:i:Il:M:n:No:p:P:rR:s:S:T:"
				     "vw:WXzZ",
				     long_options, NULL)) != -1) {
		status = option == '?' || option == ':' ? wrong_option(option, argc, argv)
							: take_option(options, option, optarg);
		if (status >= 0)
			return status;
	}
	if (optind < argc)
		return usage_error("what is '%s' for? Every argument belongs to an option",
				   argv[optind]);
	if (!options->interface.bpffs || !*options->interface.bpffs)
		options->interface.bpffs = VALE_BPFFS;
	return options_check(options);
}
