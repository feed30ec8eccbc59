// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Programs tell memories apart by a number of 16 bits, and map each once. It is made from the id of
 * the kernel's map, which has 32: so a number that is another memory's in this process is not taken.
 */
#include "layer.h"

/* netmap's own memories have the ones below. */
#define FIRST 2

/* By number: which map it is of. */
static __u32 *owner;

__u16 memory_id_of(__u32 id)
{
	__u32 number = FIRST + id % (UINT16_MAX - FIRST);

	if (!owner)
		owner = calloc(UINT16_MAX + 1, sizeof(*owner));
	/* After as many maps as there are numbers, it may be one of a memory that is gone. */
	for (int tries = 0; owner && owner[number] && owner[number] != id && tries < UINT16_MAX;
	     tries++)
		number = number == UINT16_MAX ? FIRST : number + 1;
	if (owner)
		owner[number] = id;
	return number;
}
