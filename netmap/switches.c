// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The switches, and what is said about them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "layer.h"

int switches_open(struct vale **out)
{
	const char *bpffs = getenv("VALE_BPFFS");

	/* What goes wrong is said in our words, if at all. */
	libbpf_set_print(NULL);
	libxdp_set_print(NULL);
	return vale_open(out, bpffs && *bpffs ? bpffs : NULL);
}

void explain(const char *name, const char *format, ...)
{
	char text[1024];
	va_list arguments;
	size_t used;

	snprintf(text, sizeof(text), "libvale-netmap: %s: ", name);
	used = strlen(text);
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - used, format, arguments);
	va_end(arguments);
	/* One line at a time, whatever the program does with stdio. */
	dprintf(STDERR_FILENO, "%s\n", text);
}

/* netmap itself looks at three characters only where ports are opened. */
bool is_vale_name(const char *name)
{
	return !strncmp(name, NM_BDG_NAME, strlen(NM_BDG_NAME));
}
