/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What others must not have changed: memory that nobody has a reason to write into, and the tables
 * of a switch.
 */
#ifndef VALE_TEST_GUARD_H
#define VALE_TEST_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "vale/port.h"

/* Memory that is filled with a pattern. */
struct guard {
	uint32_t *words;
	size_t count;
};

/* All of the memory of a ring port, `switch:port`, that no client has opened yet. */
struct guard guard_port(const char *name);
/* Buffers of a pair of a port that no slot of its rx ring has, from that slot's on. */
struct guard guard_buffers(const struct vale_port *port, __u32 pair, __u32 slot);
/* Ends the test if it has changed. */
void guard_expect(const struct guard *guard, const char *what);

#define GUARD_TABLES 10

/* What is in the maps of a switch that frames do not change. */
struct guard_tables {
	uint64_t sum[GUARD_TABLES];
};

struct guard_tables guard_tables(const char *switch_name);
void guard_expect_tables(const struct guard_tables *before, const char *switch_name);

#endif
