/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ports of vale1 that exchange frames while others of the switch do what they should not: one sends
 * without loss and one with it, both to a receiver that the test itself is, and one sends to the
 * others. What they get is to be whole and in order, and what they do not get counted.
 */
#ifndef VALE_TEST_NEIGHBOURS_H
#define VALE_TEST_NEIGHBOURS_H

#include <stdbool.h>

#include "vale/port.h"

/* Their hosts. */
#define NEIGHBOUR_LOSSLESS 1
#define NEIGHBOUR_RECEIVER 2
#define NEIGHBOUR_LOSSY	   5
#define NEIGHBOUR_BESIDE   6

#define NEIGHBOUR_SLOTS 256 /* of the receiver's rx rings, of which there are two */

/* The address of a host is behind that port of vale1, whoever says what. */
void neighbours_fix_address(int host, const char *port);

struct vale_port *neighbours_open(void); /* returns the receiver, vale1:r */

/* They begin to send; `others`: hosts, the first 0 ends it. */
void neighbours_start(unsigned int seed, const int *others);
/* The receiver takes what has come. Returns how many frames of others that were. */
long neighbours_receive(void);
/* They have exchanged so many that it tells something. */
bool neighbours_have_enough(void);
/* They have sent all. */
void neighbours_end(void);
void neighbours_expect_well(void);
void neighbours_close(void);
long neighbours_frames(void); /* that the receiver has got from them */

#endif
