/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * All that switches leave on a machine, as text that can be compared: files of bpffs, what the maps of
 * switches have in them, network interfaces with the programs on them, and how the far end of the container
 * `a` is set. Numbers that differ from one time to the next are left out.
 */
#ifndef VALE_TEST_INVENTORY_H
#define VALE_TEST_INVENTORY_H

#include <stdbool.h>

/* The caller frees it. */
char *inventory(void);

/*
 * Whether all that is wanted is there, and no more. Only the device that a switch is slow without may be
 * missing.
 */
bool inventory_is(const char *now, const char *wanted);
/* The lines that one of the two has alone; the caller frees it. */
char *inventory_difference(const char *now, const char *wanted);

#endif
