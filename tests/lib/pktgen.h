/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* pkt-gen as tests use it: started, ended, and read what it printed. */
#ifndef VALE_TEST_PKTGEN_H
#define VALE_TEST_PKTGEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "sandbox.h"

/* Path of the program, for commands. */
const char *pktgen(void);

/* `pkt-gen ARGUMENTS` to its end. */
struct output pktgen_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and the test fails if that exits with anything but 0. */
struct output pktgen_must(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One in the background; it ends with the test. */
struct pktgen {
	pid_t process;
	int out, errors; /* files with what it has printed so far */
	char arguments[1024];
};

/* Returns when it has opened its interface, and printed its first line. */
struct pktgen pktgen_start(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Sends it a signal (0: none) and waits for its end. */
struct output pktgen_end(const struct pktgen *pktgen, int signal);

/* What it has printed so far on stderr; the caller frees it. */
char *pktgen_errors(const struct pktgen *pktgen);

/* The numbers in "Sent N packets N bytes" or "Received ..."; the test fails if it is not there. */
struct pktgen_total {
	long long packets, bytes, events;
	double seconds;
};
struct pktgen_total pktgen_total(const struct output *output, const char *verb);

/* Whether an extended regular expression is found in a text, where "^" and "$" are lines' ends. */
bool text_has(const char *text, const char *expression);
/* Ends the test if it is not. */
void text_expect(const char *text, const char *expression);
/* How many lines have it. */
int text_lines(const char *text, const char *expression);

#endif
