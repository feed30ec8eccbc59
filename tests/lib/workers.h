/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Processes that load the switch vale1 of the soak: containers that talk, clients that are killed,
 * captures, programs of netmap and of AF_XDP sockets, another switch that comes and goes, and somebody
 * who looks.
 */
#ifndef VALE_TEST_WORKERS_H
#define VALE_TEST_WORKERS_H

#include <stdbool.h>

/* Hosts on the switch. C1 and C2 are in containers of these names, the others behind ports. */
enum { R1 = 1, R2, HEADER, TAP, C1, C2, SOCKET, BAD, FLAP };

/* First. Returns the flag by which all are told to stop, for others who work with them. */
bool *workers_make(void);
void workers_start(void);
/* Tells them, and waits. None may fail. */
void workers_end(void);
/* Prints what each has done since the first start, which must be something. */
void workers_have_worked(void);

#endif
