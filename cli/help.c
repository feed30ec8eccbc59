// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl help */
#include <stdio.h>
#include <string.h>

#include "command.h"

static const char *const global_options = "Options, anywhere:\n"
					  "  --json           one JSON document on stdout, also "
					  "for errors\n"
					  "  --bpffs DIR      the bpf file system to use (also "
					  "VALE_BPFFS; otherwise " VALE_BPFFS ")\n"
					  "  --help, --version\n"
					  "Exit status: 0 done, 1 failed, 2 wrong usage. "
					  "valectl(8) and vale(4) tell more.\n";

static void print_help(const json_t *document)
{
	fputs(text_of(document, "help"), stdout);
}

static int help_on(struct context *context, const struct command *command)
{
	return result(context,
		      json_pack("{s:s++++++}", "help", "usage: valectl ", command->name, " ",
				command->arguments, "\n", command->details, global_options),
		      print_help);
}

static int help_on_all(struct context *context)
{
	char text[4096] = "usage: valectl COMMAND ...\n\n";
	size_t used = strlen(text);

	for (const struct command *command = commands; command->name; command++)
		used += snprintf(text + used, sizeof(text) - used, "  %s %s\n      %s\n",
				 command->name, command->arguments, command->summary);
	return result(context, json_pack("{s:s++}", "help", text, "\n", global_options),
		      print_help);
}

int command_help(struct context *context, int argc, char **argv)
{
	const char *nearest;

	if (argc < 2)
		return help_on_all(context);
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, argv[1]))
			return help_on(context, command);
	nearest = nearest_command(argv[1]);
	if (nearest)
		return usage_error(context, "there is no command '%s': did you mean '%s'?", argv[1],
				   nearest);
	return usage_error(context, "there is no command '%s': 'valectl help' lists them", argv[1]);
}
