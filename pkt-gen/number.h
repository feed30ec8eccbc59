/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Numbers as people write them, and as they like to read them. */
#ifndef PKTGEN_NUMBER_H
#define PKTGEN_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads 10, 10k, 14.88M, 1G, 1T: powers of ten. False if it is none, is no whole number, or is more
 * than `max`.
 */
bool number_parse(const char *text, uint64_t max, uint64_t *out);

#define NUMBER_SIZE 40

/*
 * Writes 14880000 as "14.880 M"; `raw`: as "14880000 ". A unit follows: "pps". Returns `text`.
 */
const char *number_text(char text[NUMBER_SIZE], double value, bool raw);

#endif
