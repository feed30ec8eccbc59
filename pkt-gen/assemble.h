/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Putting together frames that take several slots. */
#ifndef PKTGEN_ASSEMBLE_H
#define PKTGEN_ASSEMBLE_H

#include <string.h>

#include "udp.h"
#include "interface.h"

struct assembly {
	uint32_t length;
	bool open; /* a frame has begun */
	unsigned char bytes[UDP_LENGTH_MAX];
};

/* False: the frame goes on. Otherwise where it is, until the slot or the assembly is used again. */
static inline bool assemble(struct assembly *assembly, const struct slot *slot,
			    const unsigned char **bytes, uint32_t *length)
{
	if (!assembly->open && !slot->more) {
		*bytes = slot->bytes;
		*length = slot->length;
		return true;
	}
	/* One that is too long is cut off, and will not pass any check. */
	if (slot->length <= sizeof(assembly->bytes) - assembly->length) {
		memcpy(assembly->bytes + assembly->length, slot->bytes, slot->length);
		assembly->length += slot->length;
	}
	assembly->open = slot->more;
	if (slot->more)
		return false;
	*bytes = assembly->bytes;
	*length = assembly->length;
	assembly->length = 0;
	return true;
}

#endif
