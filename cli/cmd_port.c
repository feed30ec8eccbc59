// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl attach, host, detach */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

static bool parse_hook(const char *text, enum vale_hook *out)
{
	static const char *const words[] = {
		[VALE_HOOK_AUTO] = "auto",
		[VALE_HOOK_NATIVE] = "xdp",
		[VALE_HOOK_GENERIC] = "generic",
		[VALE_HOOK_TC] = "tc",
	};

	if (!strcmp(text, "native")) /* what XDP itself calls it */
		text = "xdp";
	for (int i = 0; i < 4; i++) {
		if (strcmp(text, words[i]))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static void print_attached(const json_t *document)
{
	const json_t *note;
	size_t i;

	json_array_foreach (json_object_get(document, "notes"), i, note)
		fprintf(stderr, "valectl: note: %s\n", json_string_value(note));
}

static int attach(struct context *context, const char *port, const char *device,
		  const struct vale_attach_options *options)
{
	struct vale_port_info info;
	const char *shown = options->host ? info.outer : info.device;
	int status = rights_check(context, "attach", port);

	if (status)
		return status;
	if (vale_port_attach(context->vale, port, device, options) ||
	    vale_port_get(context->vale, port, &info))
		return vale_failure(context);
	return result(context,
		      json_pack("{s:s, s:o, s:s, s:o}", "attached", port, "device",
				describe_text(shown), "hook", hook_word(&info), "notes",
				describe_notes(&info, NULL)),
		      print_attached);
}

int command_attach(struct context *context, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "hook", required_argument, NULL, 'h' },
		{ "netns", required_argument, NULL, 'n' },
		{ "shared", no_argument, NULL, 's' },
		{ "host", no_argument, NULL, 'k' },
		{ "xsk", required_argument, NULL, 'x' },
		{ "queues", required_argument, NULL, 'q' },
		{},
	};
	struct vale_attach_options options = { .size = sizeof(options) };
	const char *device = NULL;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'x':
			options.xsk = true;
			device = optarg;
			break;
		case 'q':
			if (!parse_number(optarg, &options.queues) || !options.queues)
				return usage_error(context, "'%s' is no number of queues", optarg);
			break;
		case 'h':
			if (!parse_hook(optarg, &options.hook))
				return usage_error(
					context, "there is no hook '%s': auto, xdp, generic or tc",
					optarg);
			break;
		case 'n':
			options.netns = optarg;
			break;
		case 's':
			options.shared = true;
			break;
		case 'k':
			options.keep_host = true;
			break;
		default:
			return option_error(context, argc, argv);
		}
	}
	if (options.queues && !options.xsk)
		return usage_error(context, "--queues is for --xsk");
	if (options.keep_host && options.xsk)
		return usage_error(context, "--host is for an interface that is there");
	if (argc - optind != (options.xsk ? 1 : 2))
		return usage_error(context,
				   options.xsk ? "name one port" : "name a port and a device");
	if (!options.xsk)
		device = argv[optind + 1];
	return attach(context, argv[optind], device, &options);
}

/* The port's name, where only that of a switch is given. */
#define HOST_PORT "host"

int command_host(struct context *context, int argc, char **argv)
{
	struct vale_attach_options options = { .size = sizeof(options), .host = true };
	const char *colon = argc > 1 ? strchr(argv[1], ':') : NULL;
	char port[256], device[256];
	int length;

	if (argc != 2 && argc != 3)
		return usage_error(context, "name a switch, and perhaps an interface");
	length = colon ? (int)(colon - argv[1]) : (int)strlen(argv[1]);
	snprintf(port, sizeof(port), "%.*s%s", length, argv[1], colon ? colon : ":" HOST_PORT);
	snprintf(device, sizeof(device), "%.*s", length, argv[1]);
	return attach(context, port, argc > 2 ? argv[2] : device, &options);
}

int command_detach(struct context *context, int argc, char **argv)
{
	int status;

	if (argc != 2)
		return usage_error(context, "name one port");
	status = rights_check(context, "detach", argv[1]);
	if (status)
		return status;
	if (vale_port_detach(context->vale, argv[1]))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "detached", argv[1]), NULL);
}
