/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Series of kills (series.h) beside ring ports that are in use: a client has vale1:b open all the
 * time, and there is another one, the next comer. `call` is where something was killed just now.
 */
#ifndef VALE_TEST_RING_SERIES_H
#define VALE_TEST_RING_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "clients.h"

/* Use as a suite's .init. */
void ring_series_begin(void);
struct client *ring_series_next_comer(void);

/* valectl shows it. */
bool ring_series_is_port(const char *name);

/* A client of another port of vale1 exchanges frames with vale1:b. */
void ring_series_reaches(size_t call, struct client *client);

/* If the port is listed, it can be opened, and works; if not, there is none. */
void ring_series_whole_or_not_there(size_t call, const char *port);

/* Whether or not it is there, the next comer has it by opening it; and closes it again. */
void ring_series_can_be_opened(size_t call, const char *port);

/* Pins, devices and the maps of vale1 are as they were at first, and vale1:b works. */
void ring_series_as_before(size_t call);

#endif
