/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The programs of examples/, run one at a time. They end with the test at the latest. */
#ifndef VALE_TEST_EXAMPLE_H
#define VALE_TEST_EXAMPLE_H

#include <sys/types.h>

#define EXAMPLE_WORDS 1024

/*
 * Starts one with a port, or two, and an argument (NULL: without). It has the ports open when this
 * returns.
 */
pid_t example_start(const char *name, const char *port, const char *second, const char *argument);

/* Waits for the end of the one that was started last: its exit status, and what it has said. */
int example_end(pid_t process, char words[EXAMPLE_WORDS]);

#endif
