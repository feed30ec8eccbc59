// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl: makes, changes and shows VALE switches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "command.h"

const struct command commands[] = {
	{ "create", "vale1 [--fdb-size N] [--age SECONDS]", "make a switch",
	  "  --fdb-size N     addresses it can learn (128 .. 1048576)\n"
	  "  --age SECONDS    forget an address that was silent for so long; 0: never\n"
	  "The defaults are the sysctls default_fdb_size and default_age.\n",
	  command_create, false },
	{ "destroy", "vale1 [--force]", "take a switch down",
	  "  --force          also if it has ports: they are detached\n", command_destroy, false },
	{ "reload", "[vale1]", "give a switch, or all, the programs of this version",
	  "It forwards meanwhile, and keeps its ports, clients, addresses and counters.\n",
	  command_reload, false },
	{ "attach",
	  "vale1:a DEVICE [--hook auto|xdp|generic|tc] [--netns NAME|PID] [--shared] [--host] | vale1:a "
	  "--xsk NAME [--netns NAME|PID] [--queues N]",
	  "make a network interface a port",
	  "A switch that does not exist is made.\n"
	  "  --hook HOOK      where frames come in: xdp (in the driver), tc (in the stack, with what\n"
	  "                   is left to devices), generic (XDP for drivers without, slower), or\n"
	  "                   auto (by the interface: valectl(8) says how)\n"
	  "  --netns NAME|PID the interface is in that network namespace\n"
	  "  --shared         through libxdp's dispatcher, beside other XDP programs\n"
	  "  --host           this host stays connected through the interface, by its addresses\n"
	  "  --xsk NAME       make an interface NAME for a program with AF_XDP sockets, which goes "
	  "with\n"
	  "                   the port; in the other namespace, if --netns is given\n"
	  "  --queues N       that it has, 1 (default) to 8\n",
	  command_attach, false },
	{ "host", "vale1[:a] [INTERFACE]", "give this host an interface on a switch",
	  "The interface, called like the switch unless said otherwise, goes with its port, which is\n"
	  "called vale1:host unless said otherwise.\n",
	  command_host, false },
	{ "detach", "vale1:a", "take a port off its interface", "", command_detach, false },
	{ "port",
	  "add vale1:a [--owner USER[:GROUP]] [--mode MODE] [--mac MAC[,MAC]...] [--rings N] "
	  "[--slots N] | header vale1:a N | del vale1:a [--force]",
	  "make, change or delete a port of rings for a program",
	  "add makes a port that stays, whoever opens and closes it:\n"
	  "  --owner USER     whose programs may open it (otherwise root's)\n"
	  "  --mode MODE      permissions as of a file: 0600, 0660, ...\n"
	  "  --mac MAC        the only address, or addresses, that it may send from\n"
	  "  --rings N        pairs of a tx and an rx ring (1 .. 8, otherwise 1)\n"
	  "  --slots N        of each ring (8 .. 1024, otherwise 1024)\n"
	  "  --tx-slots N, --rx-slots N\n"
	  "                   the same for one direction\n"
	  "  --spare N        room in its memory for N pairs of other ports that share it\n"
	  "  --pipes N        room in its memory for N pipes of netmap's programs\n"
	  "  --memory PORT    share the memory of PORT, of any switch: its programs can then\n"
	  "                   read and write the frames of both\n"
	  "  --vnet-header N  a virtio-net header of 10 or 12 bytes before each frame\n"
	  "header gives it one, or takes it (0)\n"
	  "del deletes it:\n"
	  "  --force          also if it is open\n",
	  command_port, false },
	{ "limit",
	  "vale1:a [macs N] [broadcast RATE[/BURST]] [multicast RATE[/BURST]] [unknown RATE[/BURST]]",
	  "show or set what a port may do to the others",
	  "  macs N           addresses learned behind the port, at most (1 .. 1024)\n"
	  "  broadcast RATE[/BURST], multicast ..., unknown ...\n"
	  "                   frames to all, to a group, or to unknown addresses, in a second; and\n"
	  "                   at once (otherwise a tenth of RATE, or 10)\n"
	  "0 takes a limit off. Those that are not named stay as they are.\n",
	  command_limit, false },
	{ "list", "[vale1]", "list the switches, or the ports of one", "", command_list, false },
	{ "show", "vale1 | vale1:a", "show all about a switch or a port", "", command_show, false },
	{ "stats", "vale1[:a] [--interval SECONDS [--count N]]", "show the counters of the ports",
	  "  --interval S     show rates every S seconds until interrupted\n"
	  "  --count N        ... N times\n",
	  command_stats, false },
	{ "fdb", "vale1 [add MAC PORT | del MAC | flush [PORT]]", "show or change the addresses",
	  "  add MAC PORT     MAC is behind PORT: not learned elsewhere, never forgotten\n"
	  "  del MAC          forget it\n"
	  "  flush [PORT]     forget what was learned (behind PORT)\n",
	  command_fdb, false },
	{ "sysctl", "[-a | NAME | -w NAME=VALUE]", "show or set limits and defaults",
	  "  -a               all of them (as without arguments)\n"
	  "  -w NAME=VALUE    set one\n",
	  command_sysctl, false },
	{ "capture", "vale1:a -w FILE|- [-c COUNT] [-s BYTES]",
	  "write the frames that come to a port into a file",
	  "The file is for Wireshark and tcpdump -r. It ends with a signal.\n"
	  "  -w FILE          where to; -: standard output\n"
	  "  -c COUNT         end after so many frames\n"
	  "  -s BYTES         keep so much of each\n",
	  command_capture, false },
	{ "exec", "[--] PROGRAM [ARGUMENT]...", "run a program of netmap, or of libpcap",
	  "The program finds a /dev/netmap that serves the ports of VALE switches, and libpcap\n"
	  "captures from them by their names.\n",
	  command_exec, true },
	{ "doctor", "", "say what this machine and you can do, and what to do about the rest",
	  "It tries things out, in namespaces of its own that go with it. As root it tells all;\n"
	  "otherwise it says what it cannot tell. Exit status: 0 if nothing that is required is\n"
	  "missing, otherwise 1.\n",
	  command_doctor, true },
	{ "help", "[COMMAND]", "explain the commands", "", command_help, true },
	{ NULL, NULL, NULL, NULL, NULL, false },
};

#define CANNOT_DROP "cannot drop the capabilities that it has no use for"

struct globals {
	const char *bpffs;
	bool json;
	bool version;
	bool help;
	const char *wrong; /* an option without its value */
};

/* Takes the global options out of argv, wherever they stand. Returns the new argc. */
static int take_globals(int argc, char **argv, struct globals *globals)
{
	int kept = 1, i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			globals->json = true;
		else if (!strcmp(argv[i], "--version"))
			globals->version = true;
		else if (!strcmp(argv[i], "--help"))
			globals->help = true;
		else if (!strncmp(argv[i], "--bpffs=", strlen("--bpffs=")))
			globals->bpffs = argv[i] + strlen("--bpffs=");
		else if (!strcmp(argv[i], "--bpffs") && i + 1 < argc)
			globals->bpffs = argv[++i];
		else if (!strcmp(argv[i], "--bpffs"))
			globals->wrong = argv[i];
		else
			argv[kept++] = argv[i];
	}
	while (i < argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	return kept;
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

static void print_version(const json_t *document)
{
	printf("valectl %s\n", text_of(document, "version"));
}

static int unknown_command(const struct context *context, const char *word)
{
	const char *nearest = nearest_command(word);

	if (nearest)
		return usage_error(context, "there is no command '%s': did you mean '%s'?", word,
				   nearest);
	return usage_error(context, "there is no command '%s': 'valectl help' lists them", word);
}

static int run(struct context *context, const char *bpffs, int argc, char **argv)
{
	int status, error;

	if (context->command->needs_no_vale)
		return context->command->run(context, argc, argv);
	error = vale_open(&context->vale, bpffs);
	if (error) {
		char reason[512];

		snprintf(reason, sizeof(reason), "cannot use '%s': %s", bpffs,
			 vale_open_reason(error));
		return failure(context, reason);
	}
	status = context->command->run(context, argc, argv);
	vale_close(context->vale);
	return status;
}

int main(int argc, char **argv)
{
	struct globals globals = { .bpffs = getenv("VALE_BPFFS") };
	struct context context = {};
	char *help[] = { "help", argc > 1 ? argv[1] : NULL, NULL };

	/* What goes wrong below is said once, in our words. */
	libbpf_set_print(NULL);
	libxdp_set_print(NULL);

	argc = take_globals(argc, argv, &globals);
	context.json = globals.json;
	if (!globals.bpffs || !*globals.bpffs)
		globals.bpffs = VALE_BPFFS;
	if (globals.wrong)
		return usage_error(&context, "%s wants the directory of a bpf file system",
				   globals.wrong);
	if (globals.version)
		return result(&context, json_pack("{s:s}", "version", VALE_VERSION), print_version);
	if (globals.help) {
		help[1] = argc > 1 ? argv[1] : NULL;
		return command_help(&context, help[1] ? 2 : 1, help);
	}
	context.bpffs = globals.bpffs;
	if (is_netmap_command(argc, argv)) {
		if (rights_keep(RIGHTS_NETMAP))
			return failure(&context, CANNOT_DROP);
		setenv("VALE_BPFFS", globals.bpffs, true);
		return netmap_command(argc, argv);
	}
	if (argc < 2)
		return usage_error(&context, "what shall be done? 'valectl help' lists the "
					     "commands");
	context.command = find_command(argv[1]);
	if (!context.command)
		return unknown_command(&context, argv[1]);
	if (rights_keep(context.command->name))
		return failure(&context, CANNOT_DROP);
	return run(&context, globals.bpffs, argc - 1, argv + 1);
}
