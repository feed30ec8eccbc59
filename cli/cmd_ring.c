// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl port add, port header, port del */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "loader/internal.h"
#include "vale/ring.h"

/* That is no mistake of the user's. */
static const char not_looked_up[] = "the list of users cannot be read";

/* After a function of the C library has found nobody: it may be that it could not look. */
static bool is_unknown(void)
{
	return !is_shortage(-errno) && errno != EIO;
}

static const char *parse_user(const char *text, __u32 *user, __u32 *group)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(text);
	if (!entry && is_unknown()) {
		if (!parse_number(text, user))
			return "there is no such user";
		errno = 0;
		entry = getpwuid(*user);
	}
	if (!entry && !is_unknown())
		return not_looked_up;
	if (entry)
		*user = entry->pw_uid;
	*group = entry ? entry->pw_gid : 0;
	return NULL;
}

static const char *parse_group(const char *text, __u32 *group)
{
	const struct group *entry;

	errno = 0;
	entry = getgrnam(text);
	if (!entry && !is_unknown())
		return not_looked_up;
	if (entry)
		*group = entry->gr_gid;
	return entry || parse_number(text, group) ? NULL : "there is no such group";
}

/* USER[:GROUP], by name or number. */
static const char *parse_owner(char *text, struct vale_ring_options *options)
{
	char *group = strchr(text, ':');
	const char *wrong;

	if (group)
		*group++ = 0;
	wrong = parse_user(text, &options->owner, &options->group);
	return wrong || !group ? wrong : parse_group(group, &options->group);
}

static const char *parse_mode(const char *text, struct vale_ring_options *options)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (end == text || *end || !mode || mode > 0777)
		return "it is no mode: 0600, 0660 or 0666";
	options->mode = mode;
	return NULL;
}

static const char *parse_bound(char *text, struct vale_ring_options *options)
{
	char *rest = NULL;

	for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		if (options->bound == VALE_BOUND_MACS)
			return "these are too many addresses: 4 at the most";
		if (!parse_mac(word, options->macs[options->bound++]))
			return "it is no address: write it as 02:00:00:00:00:01";
	}
	return options->bound ? NULL : "it is no address";
}

static const char *parse_count(const char *text, __u32 *out)
{
	return parse_number(text, out) && *out ? NULL : "it is no number of these";
}

static const char *parse_header(const char *text, __u32 *out)
{
	return parse_number(text, out) && vale_vnet_header_is_valid(*out)
		       ? NULL
		       : "a virtio-net header has 10 or 12 bytes, or 0: there is none";
}

/* NULL, or what is wrong with the option's value. */
static const char *take_option(int option, char *value, struct vale_ring_options *options)
{
	switch (option) {
	case 'o':
		return parse_owner(value, options);
	case 'm':
		return parse_mode(value, options);
	case 'b':
		return parse_bound(value, options);
	case 'r':
		return parse_count(value, &options->rings);
	case 'M':
		options->memory = value;
		return NULL;
	case 'v':
		return parse_header(value, &options->vnet_header);
	case 'S':
		return parse_count(value, &options->spare);
	case 'p':
		return parse_count(value, &options->pipes);
	case 't':
		return parse_count(value, &options->tx_slots);
	case 'x':
		return parse_count(value, &options->rx_slots);
	default:
		return parse_count(value, &options->tx_slots)
			       ? "it is no number of these"
			       : parse_count(value, &options->rx_slots);
	}
}

static int add(struct context *context, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "owner", required_argument, NULL, 'o' },
		{ "mode", required_argument, NULL, 'm' },
		{ "mac", required_argument, NULL, 'b' },
		{ "rings", required_argument, NULL, 'r' },
		{ "slots", required_argument, NULL, 's' },
		{ "tx-slots", required_argument, NULL, 't' },
		{ "rx-slots", required_argument, NULL, 'x' },
		{ "memory", required_argument, NULL, 'M' },
		{ "spare", required_argument, NULL, 'S' },
		{ "vnet-header", required_argument, NULL, 'v' },
		{ "pipes", required_argument, NULL, 'p' },
		{},
	};
	struct vale_ring_options options = { .size = sizeof(options) };
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		const char *wrong;

		if (option == '?')
			return option_error(context, argc, argv);
		wrong = take_option(option, optarg, &options);
		if (wrong == not_looked_up)
			return failure(context, wrong);
		if (wrong)
			return usage_error(context, "'%s': %s", optarg, wrong);
	}
	if (argc - optind != 1)
		return usage_error(context, "name one port");
	status = rights_check(context, "add", argv[optind]);
	if (status)
		return status;
	if (vale_port_add(context->vale, argv[optind], &options))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "added", argv[optind]), NULL);
}

static int del(struct context *context, int argc, char **argv)
{
	bool force = false;
	int status = option_force(context, argc, argv, &force);

	if (status)
		return status;
	if (argc - optind != 1)
		return usage_error(context, "name one port");
	if (vale_port_del(context->vale, argv[optind], force))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "deleted", argv[optind]), NULL);
}

static int set_header(struct context *context, int argc, char **argv)
{
	const char *wrong;
	__u32 size;

	if (argc != 3)
		return usage_error(context, "name one port, and the bytes of its header");
	wrong = parse_header(argv[2], &size);
	if (wrong)
		return usage_error(context, "'%s': %s", argv[2], wrong);
	if (vale_port_set_header(context->vale, argv[1], size))
		return vale_failure(context);
	return result(context,
		      json_pack("{s:s, s:I}", "port", argv[1], "vnet_header", (json_int_t)size),
		      NULL);
}

int command_port(struct context *context, int argc, char **argv)
{
	static const char *const words[] = { "add", "del", "header", NULL };
	const char *nearest;

	if (argc < 2)
		return usage_error(context, "what shall be done: add, del or header?");
	if (!strcmp(argv[1], "add"))
		return add(context, argc - 1, argv + 1);
	if (!strcmp(argv[1], "del"))
		return del(context, argc - 1, argv + 1);
	if (!strcmp(argv[1], "header"))
		return set_header(context, argc - 1, argv + 1);
	nearest = nearest_word(argv[1], words);
	if (nearest)
		return usage_error(context, "there is no 'port %s': did you mean '%s'?", argv[1],
				   nearest);
	return usage_error(context, "there is no 'port %s': add, del or header", argv[1]);
}
