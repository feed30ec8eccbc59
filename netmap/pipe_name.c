// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What a pipe is called: PORT{NAME at the one end, PORT}NAME at the other. */
#include <string.h>

#include "pipe.h"

const char *pipe_cut_name(char *name, __u32 *end)
{
	char *mark = strpbrk(name, "{}");

	if (!mark)
		return NULL;
	*end = *mark == '}';
	*mark = 0;
	return mark + 1;
}
