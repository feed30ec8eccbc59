/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Frames in hexadecimal, for -X. */
#ifndef PKTGEN_DUMP_H
#define PKTGEN_DUMP_H

#include "interface.h"

void dump_slots(uint32_t ring, const struct slot *slots, uint32_t count);

#endif
