/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* In place of libvale: it takes names as the library does, and answers whatever the input says. */
#ifndef VALE_FUZZ_LIBRARY_H
#define VALE_FUZZ_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

/* What it answers from now on: successes, when there is nothing left. */
void library_answer(const uint8_t *answers, size_t size);

#endif
