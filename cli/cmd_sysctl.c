// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl sysctl: our own, and an answer for each of netmap's. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static const struct {
	const char *name;
	size_t offset;
	const char *about;
} ours[] = {
	{ "max_bridges", offsetof(struct vale_sysctl, max_bridges), "switches there may be" },
	{ "default_fdb_size", offsetof(struct vale_sysctl, default_fdb_size),
	  "addresses a switch can learn, unless created otherwise" },
	{ "default_age", offsetof(struct vale_sysctl, default_age),
	  "seconds until an address is forgotten (0: never), unless created otherwise" },
};

#define OURS (sizeof(ours) / sizeof(ours[0]))

/* What netmap's parameters are answered with. */
static const struct {
	const char *name;
	const char *answer;
} theirs[] = {
	{ "verbose", "nothing is logged: valectl show and stats tell what happens" },
	{ "debug", "nothing is logged: valectl show and stats tell what happens" },
	{ "bridge_batch", "the kernel sends device frames in batches of 16, which is fixed" },
	{ "no_timestamp", "belongs to netmap rings" },
	{ "no_pendintr", "belongs to netmap's drivers, there are none here" },
	{ "txsync_retry", "a device that is full refuses frames, which are counted" },
	{ "fwd", "belongs to netmap's host rings" },
	{ "admode", "there is no emulated mode: valectl attach --hook chooses the program's "
		    "place" },
	{ "generic_hwcsum", "belongs to netmap's emulated mode" },
	{ "generic_mit", "belongs to netmap's emulated mode" },
	{ "generic_ringsize", "belongs to netmap's emulated mode" },
	{ "generic_rings", "belongs to netmap's emulated mode" },
	{ "generic_txqdisc", "belongs to netmap's emulated mode" },
	{ "ptnet_vnet_hdr", "there is no ptnet here" },
	{ "default_pipes", "netmap itself ignores it" },
	{ "if_size", "there is no shared memory pool to size" },
	{ "if_num", "there is no shared memory pool to size" },
	{ "ring_size", "there is no shared memory pool to size" },
	{ "ring_num", "there is no shared memory pool to size" },
	{ "buf_size", "there is no shared memory pool to size" },
	{ "buf_num", "there is no shared memory pool to size" },
	{ "priv_if_size", "there is no private memory pool to size" },
	{ "priv_if_num", "there is no private memory pool to size" },
	{ "priv_ring_size", "there is no private memory pool to size" },
	{ "priv_ring_num", "there is no private memory pool to size" },
	{ "priv_buf_size", "there is no private memory pool to size" },
	{ "priv_buf_num", "there is no private memory pool to size" },
};

static __u32 *value_of(struct vale_sysctl *values, size_t index)
{
	return (__u32 *)((char *)values + ours[index].offset);
}

/* netmap users write dev.netmap.NAME. */
static const char *without_prefix(const char *name)
{
	static const char prefix[] = "dev.netmap.";

	return strncmp(name, prefix, sizeof(prefix) - 1) ? name : name + sizeof(prefix) - 1;
}

static size_t find(const char *name)
{
	size_t index = 0;

	while (index < OURS && strcmp(ours[index].name, name))
		index++;
	return index;
}

static int not_ours(struct context *context, const char *name)
{
	const char *names[OURS + 1] = {}, *nearest;
	char reason[512];

	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++) {
		if (strcmp(theirs[i].name, name))
			continue;
		snprintf(reason, sizeof(reason), "'%s' has no meaning here: %s", name,
			 theirs[i].answer);
		return failure(context, reason);
	}
	for (size_t i = 0; i < OURS; i++)
		names[i] = ours[i].name;
	nearest = nearest_word(name, names);
	if (nearest)
		snprintf(reason, sizeof(reason), "there is no sysctl '%s': did you mean '%s'?",
			 name, nearest);
	else
		snprintf(reason, sizeof(reason),
			 "there is no sysctl '%s': 'valectl sysctl -a' lists them", name);
	return failure(context, reason);
}

static void print_values(const json_t *document)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(document, "sysctl"), i, item)
		printf("%s = %lld\n", text_of(item, "name"), number_of(item, "value"));
}

/* `only`: OURS for all of them. */
static int show(struct context *context, size_t only)
{
	struct vale_sysctl values;
	json_t *list;

	if (vale_sysctl_get(context->vale, &values))
		return vale_failure(context);
	list = json_array();
	for (size_t i = 0; i < OURS; i++)
		if (only == OURS || only == i)
			json_array_append_new(list,
					      json_pack("{s:s, s:I, s:s}", "name", ours[i].name,
							"value", (json_int_t)*value_of(&values, i),
							"about", ours[i].about));
	return result(context, json_pack("{s:o}", "sysctl", list), print_values);
}

static int set(struct context *context, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	struct vale_sysctl values;
	char name[64] = "";
	unsigned int value;
	size_t index;

	if (!equals || (size_t)(equals - assignment) >= sizeof(name))
		return usage_error(context, "-w wants NAME=VALUE, not '%s'", assignment);
	memcpy(name, assignment, equals - assignment);
	index = find(without_prefix(name));
	if (index == OURS)
		return not_ours(context, without_prefix(name));
	if (!parse_number(equals + 1, &value))
		return usage_error(context, "'%s' is no number", equals + 1);
	if (vale_sysctl_get(context->vale, &values))
		return vale_failure(context);
	*value_of(&values, index) = value;
	if (vale_sysctl_set(context->vale, &values))
		return vale_failure(context);
	return show(context, index);
}

int command_sysctl(struct context *context, int argc, char **argv)
{
	const char *assignment = NULL;
	bool all = false;
	size_t index;
	int option;

	opterr = 0;
	while ((option = getopt(argc, argv, "aw:")) != -1) {
		if (option == 'a')
			all = true;
		else if (option == 'w')
			assignment = optarg;
		else
			return option_error(context, argc, argv);
	}
	if (argc - optind > 1 || (argc > optind && (all || assignment)) || (all && assignment))
		return usage_error(context, "name one sysctl, or use one of -a and -w");
	if (assignment)
		return set(context, assignment);
	if (argc == optind)
		return show(context, OURS);
	index = find(without_prefix(argv[optind]));
	return index == OURS ? not_ours(context, without_prefix(argv[optind]))
			     : show(context, index);
}
