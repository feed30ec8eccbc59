/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the user wants. */
#ifndef PKTGEN_OPTIONS_H
#define PKTGEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"
#include "interface.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* In place of a number. */
#define NOT_GIVEN (~0u)

struct worker;

enum function_kind {
	FUNCTION_SENDS,
	FUNCTION_RECEIVES,
	FUNCTION_BOTH,
};

struct function {
	const char *name;
	enum function_kind kind;
	uint32_t burst;			   /* unless the user says another */
	bool has_numbers;		   /* its frames have them */
	bool has_many;			   /* threads */
	int (*run)(struct worker *worker); /* 0 or -errno, and the reason is printed */
};

extern const struct function functions[]; /* ends with a name of NULL */

struct options {
	const struct function *function;
	const char *interface_text;
	struct interface_options interface;
	uint64_t count; /* frames; 0: without end */
	uint32_t length;
	uint32_t length_min; /* 0: all are `length` long; otherwise they are from here to below it */
	uint32_t burst;
	uint64_t rate; /* frames a second, 0: as many as can be */
	bool ipv6;
	const char *host_text[2]; /* by enum side */
	const char *mac_text[2];
	struct flow_options flow;
	uint32_t fragments;
	uint32_t fragment_size; /* 0: what there is room for */
	const char *file;	/* with the frame to be sent */
	bool rubbish;		/* what is in the buffers is sent */
	bool rewrite;		/* each frame is written anew */
	uint32_t cpu;		/* of the first thread, or NOT_GIVEN */
	uint32_t cpus;		/* for the threads, in turn; 0: all that there are */
	uint32_t interval;	/* milliseconds between reports */
	uint32_t link_wait;	/* seconds */
	bool dump;
	bool raw_units;
	bool average;
	bool framing; /* counts what is around a frame on an Ethernet */
	bool quits;   /* a receiver ends when nothing comes any more */
	bool busy;    /* nobody sleeps */
	bool announce;
	bool verbose;
};

/*
 * Reads the command line. Returns -1, or the status to end with at once: after --help, or after a
 * wrong usage, for which the reason is printed.
 */
int options_read(struct options *options, int argc, char **argv);

/* Says what is wrong and how to get help; returns EXIT_USAGE. */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Parts of options_read(): the help, and what depends on more than one option. */
int options_help(void);
int options_check(struct options *options);

#endif
