// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "dump.h"

#include <ctype.h>
#include <stdio.h>

#define WIDTH 16

static void dump_line(const struct slot *slot, uint32_t at)
{
	uint32_t end = at + WIDTH < slot->length ? at + WIDTH : slot->length;

	printf("%5u: ", at);
	for (uint32_t i = at; i < at + WIDTH; i++)
		if (i < end)
			printf("%02x ", slot->bytes[i]);
		else
			printf("   ");
	for (uint32_t i = at; i < end; i++)
		putchar(isprint(slot->bytes[i]) ? slot->bytes[i] : '.');
	putchar('\n');
}

void dump_slots(uint32_t ring, const struct slot *slots, uint32_t count)
{
	/* Several threads may want to. */
	flockfile(stdout);
	for (uint32_t i = 0; i < count; i++) {
		printf("ring %u [flags 0x%04x len %5u]\n", ring, slots[i].more ? 0x20 : 0,
		       slots[i].length);
		for (uint32_t at = 0; at < slots[i].length; at += WIDTH)
			dump_line(&slots[i], at);
	}
	funlockfile(stdout);
}
