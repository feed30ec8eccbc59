/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Files of captured frames in the format of Wireshark: blocks of a type, a length and options, in
 * host byte order. Functions return 0 or -errno.
 */
#ifndef VALECTL_PCAPNG_H
#define VALECTL_PCAPNG_H

#include <stdio.h>

#include "vale.h"

/* Nanoseconds since 1970. */
__u64 pcapng_now(void);

/* The beginning: what program writes it, and the one interface. */
int pcapng_begin(FILE *file, const char *program, const char *interface, __u32 snapshot);
/* A frame that was so long, and `kept` bytes of it. */
int pcapng_frame(FILE *file, __u64 time, const void *bytes, __u32 kept, __u32 length);
/* The end: what came in all, and what there was no room for. */
int pcapng_end(FILE *file, __u64 received, __u64 dropped);

#endif
