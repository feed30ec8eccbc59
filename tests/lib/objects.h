/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The kernel's maps, programs and links that are pinned below /sys/fs/bpf/vale, and those that these
 * use. They are remembered by their ids, so that other tests that run at the same time do not
 * matter.
 */
#ifndef VALE_TEST_OBJECTS_H
#define VALE_TEST_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

/* Remembers those that there are now, beside those from before. */
void objects_remember(void);
/* The same, as far as it goes, while others add and remove some. */
void objects_sample(void);
size_t objects_count(void);
size_t objects_count_of(const char *kind); /* "map", "program" or "link" */
/* How many of these the kernel still has. */
size_t objects_alive(void);
/* None, soon. */
bool objects_are_freed(void);

/* Of the programs, soon none but those that a reload leaves. */
bool objects_programs_are_replaced(void);
void objects_forget(void);

#endif
