// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Counters: the sum of what each CPU has counted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "internal.h"

const char *vale_drop_name(enum vale_drop reason)
{
	static const char *const names[VALE_DROP_REASONS] = {
		[VALE_DROP_SHORT] = "short",	   [VALE_DROP_OFFLOAD] = "offload",
		[VALE_DROP_OWN_PORT] = "own_port", [VALE_DROP_NO_PORT] = "no_port",
		[VALE_DROP_INVALID] = "invalid",   [VALE_DROP_SPOOFED] = "spoofed",
		[VALE_DROP_MTU] = "mtu",	   [VALE_DROP_JUMBO] = "jumbo",
		[VALE_DROP_DOWN] = "down",	   [VALE_DROP_REFUSED] = "refused",
		[VALE_DROP_CUT] = "cut",	   [VALE_DROP_FULL] = "full",
		[VALE_DROP_CLOSED] = "closed",	   [VALE_DROP_HEADER] = "header",
		[VALE_DROP_STORM] = "storm",
	};

	return reason < VALE_DROP_REASONS ? names[reason] : "?";
}

/* struct vale_stats is counters and nothing else. */
static void add(struct vale_stats *sum, const struct vale_stats *one)
{
	const __u64 *from = (const __u64 *)one;
	__u64 *to = (__u64 *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static int read_port(const struct maps *maps, __u32 number, struct vale_stats *out)
{
	int cpus = libbpf_num_possible_cpus();
	CLEANUP_FREE struct vale_stats *each = NULL;
	struct vale_stats sum = {};

	if (cpus < 0)
		return cpus;
	each = calloc(cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(maps->fd[MAP_STATS], &number, each))
		return -errno;
	for (int cpu = 0; cpu < cpus; cpu++)
		add(&sum, &each[cpu]);
	*out = sum;
	return 0;
}

/* `only`: the port that was asked for, "" for all. */
static int read_ports(struct vale *vale, const struct maps *maps, const char *only,
		      struct vale_port_stats *items, size_t *count)
{
	for (__u32 number = 0; number < VALE_PORTS; number++) {
		struct vale_port_stats *item = &items[*count];
		struct vale_port_entry port;
		int error;

		if (maps_get_port(maps, number, &port) || port.kind == VALE_PORT_FREE ||
		    (*only && strcmp(only, port.name)))
			continue;
		error = read_port(maps, number, &item->counters);
		if (error)
			return fail(vale, -error, "cannot read the counters of '%s:%s': %s",
				    maps->switch_name, port.name, strerror(-error));
		snprintf(item->name, sizeof(item->name), "%s:%s", maps->switch_name, port.name);
		++*count;
	}
	return 0;
}

int vale_stats_get(struct vale *vale, const char *text, struct vale_port_stats **out, size_t *count)
{
	CLEANUP_FREE struct vale_port_stats *items = NULL;
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	bool one = strchr(text, ':');
	struct name name;
	size_t found = 0;
	int error = one ? name_port(vale, &name, text) : name_switch(vale, &name, text);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	items = calloc(VALE_PORTS, sizeof(*items));
	if (!items)
		return fail(vale, ENOMEM, "out of memory");
	error = read_ports(vale, &maps, name.port, items, &found);
	if (error)
		return error;
	if (one && !found)
		return fail(vale, ENOENT, "there is no port '%s' (valectl show %s lists them)",
			    text, name.switch_name);
	*out = TAKE(items, NULL);
	*count = found;
	return 0;
}
