// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Which kind of interface a name stands for. */
#include "interface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct transport *const transports[] = {
	&transport_vale,
	&transport_packet,
	&transport_xdp,
};

/* netmap's libraries want it before names of devices, and allow it before those of ports. */
static const char netmap[] = "netmap:";

static const struct transport *find_transport(const char **name)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		const char *prefix = transports[i]->prefix;

		if (!strncmp(*name, prefix, strlen(prefix))) {
			/* "vale" is a part of the name. */
			*name += transports[i] == &transport_vale ? 0 : strlen(prefix);
			return transports[i];
		}
	}
	return &transport_packet;
}

/* Takes netmap's suffixes off: "/x" for exclusive, "-N" for one pair of rings. */
static const char *take_suffixes(char *name, struct interface_options *options)
{
	char *slash = strchr(name, '/'), *dash, *end;
	unsigned long ring;

	if (slash) {
		if (strcmp(slash, "/x"))
			return "of netmap's suffixes there are '/x' and '-N' only";
		*slash = 0;
		options->exclusive = true;
	}
	dash = strchr(name, '-');
	if (!dash)
		return NULL;
	*dash++ = 0;
	ring = strtoul(dash, &end, 10);
	if (!dash[strspn(dash, "0123456789")] && end != dash && ring < UINT16_MAX) {
		options->one_ring = 1 + ring;
		return NULL;
	}
	return "the number of a ring must follow '-'";
}

const char *interface_parse(const char *text, struct interface_options *options)
{
	const char *name = text;

	if (!strncmp(name, netmap, strlen(netmap)))
		name += strlen(netmap);
	options->transport = find_transport(&name);
	if (!*name)
		return "it has no name";
	if (strlen(name) >= sizeof(options->name))
		return "its name is too long";
	strcpy(options->name, name);
	return options->transport->has_rings ? take_suffixes(options->name, options) : NULL;
}

int interface_open(const struct interface_options *options, uint32_t thread, struct interface **out)
{
	return options->transport->open(options, thread, out);
}

void interface_close(struct interface *interface)
{
	if (interface)
		interface->transport->close(interface);
}
