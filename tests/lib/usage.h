/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a test uses: of the kernel's memory, of BPF objects, of processes. */
#ifndef VALE_TEST_USAGE_H
#define VALE_TEST_USAGE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * From now on, what this process and those that it starts take of the kernel's memory is counted for
 * them: in a memory cgroup of their own, on a scratch file system below /mnt. 0: the kernel has none.
 */
int usage_begin(void);
/* Removes the cgroup. */
void usage_end(void);
/* Bytes; -1: they are not counted. */
long usage_kernel(void);

/* Bytes of a process that are in memory. */
long usage_resident(pid_t process);
int usage_files(pid_t process);

/* All maps, programs and links that the kernel has, of whomever. */
void usage_remember_objects(void);
/* And those that have come since then; of others, too, which go when they end. */
void usage_remember_new_objects(void);
/* How many of the new ones are still there. */
size_t usage_new_objects(void);

#endif
