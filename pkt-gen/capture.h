/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The frame to be sent, from a file that tcpdump(8) or the like has written. */
#ifndef PKTGEN_CAPTURE_H
#define PKTGEN_CAPTURE_H

#include <stdint.h>

/* Reads the first frame of the file, which the caller frees. 0 or -errno, and the reason is printed. */
int capture_read(const char *file, unsigned char **bytes, uint32_t *length);

#endif
