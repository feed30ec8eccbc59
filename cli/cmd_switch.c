// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl create, destroy, reload, list, show */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

int command_create(struct context *context, int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "fdb-size", required_argument, NULL, 's' },
		{ "age", required_argument, NULL, 'a' },
		{},
	};
	struct vale_switch_options options = {
		.size = sizeof(options),
		.fdb_size = VALE_DEFAULT,
		.age = VALE_DEFAULT,
	};
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 's' && option != 'a')
			return option_error(context, argc, argv);
		if (!parse_number(optarg, option == 's' ? &options.fdb_size : &options.age))
			return usage_error(context, "'%s' is no number", optarg);
	}
	if (argc - optind != 1)
		return usage_error(context, "name one switch");
	status = rights_check(context, "create", argv[optind]);
	if (status)
		return status;
	if (vale_switch_create(context->vale, argv[optind], &options))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "created", argv[optind]), NULL);
}

/* Only for somebody who watches, and who would wonder otherwise. `arg` is the word for it. */
static void show_progress(void *arg, __u32 done, __u32 total)
{
	fprintf(stderr, "\r%s %u of %u ports%s", (const char *)arg, done, total,
		done == total ? "\n" : "");
}

int command_destroy(struct context *context, int argc, char **argv)
{
	bool force = false;
	int status = option_force(context, argc, argv, &force);

	if (status)
		return status;
	if (argc - optind != 1)
		return usage_error(context, "name one switch");
	status = rights_check(context, "destroy", argv[optind]);
	if (status)
		return status;
	if (isatty(STDERR_FILENO))
		vale_set_progress(context->vale, show_progress, "detached");
	if (vale_switch_destroy(context->vale, argv[optind], force))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "destroyed", argv[optind]), NULL);
}

static int reload_one(struct context *context, const char *name, json_t *reloaded)
{
	int error = vale_switch_reload(context->vale, name);

	if (!error)
		json_array_append_new(reloaded, describe_text(name));
	return error;
}

/* One that cannot be reloaded does not keep the others from it; the first one is told. */
static int reload_all(struct context *context, json_t *reloaded)
{
	struct vale_switch_info *items = NULL;
	size_t count = 0;
	int status = 0;

	if (vale_switch_list(context->vale, &items, &count))
		return vale_failure(context);
	for (size_t i = 0; i < count; i++)
		if (reload_one(context, items[i].name, reloaded) && !status)
			status = vale_failure(context);
	free(items);
	return status;
}

int command_reload(struct context *context, int argc, char **argv)
{
	json_t *reloaded;
	int status;

	opterr = 0;
	if (getopt(argc, argv, "") != -1)
		return option_error(context, argc, argv);
	if (argc - optind > 1)
		return usage_error(context, "name one switch, or none: all of them");
	status = rights_check(context, "reload", optind < argc ? argv[optind] : "all");
	if (status)
		return status;
	if (isatty(STDERR_FILENO))
		vale_set_progress(context->vale, show_progress, "reloaded");
	reloaded = json_array();
	if (optind == argc)
		status = reload_all(context, reloaded);
	else if (reload_one(context, argv[optind], reloaded))
		status = vale_failure(context);
	if (status) {
		json_decref(reloaded);
		return status;
	}
	return result(context, json_pack("{s:o}", "reloaded", reloaded), NULL);
}

static void print_switches(const json_t *document)
{
	static const char *const heads[] = { "SWITCH", "PORTS", "ADDRESSES", "OF", "AGE", NULL };
	struct table *table = table_new(heads);
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(document, "switches"), i, item)
		if (number_of(item, "abi") == VALE_ABI)
			table_add(table, "%s\t%lld\t%lld\t%lld\t%lld", text_of(item, "name"),
				  number_of(item, "ports"), number_of(item, "addresses"),
				  number_of(item, "fdb_size"), number_of(item, "age"));
		else
			table_add(table, "%s\t-\t-\t-\t-", text_of(item, "name"));
	table_print(table);
	json_array_foreach (json_object_get(document, "switches"), i, item)
		if (number_of(item, "abi") != VALE_ABI)
			printf("%s was made by another version (ABI %lld, this is %u)\n",
			       text_of(item, "name"), number_of(item, "abi"), VALE_ABI);
}

static int list_switches(struct context *context)
{
	struct vale_switch_info *items = NULL;
	size_t count = 0;
	json_t *list;

	if (vale_switch_list(context->vale, &items, &count))
		return vale_failure(context);
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, describe_switch(&items[i]));
	free(items);
	return result(context, json_pack("{s:o}", "switches", list), print_switches);
}

static const struct vale_stats *counters_of(const struct vale_port_stats *stats, size_t count,
					    const char *port)
{
	static const struct vale_stats none;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(stats[i].name, port))
			return &stats[i].counters;
	return &none;
}

/* The ports of a switch with their counters, or NULL if the library has failed. */
static json_t *ports_of(struct context *context, const char *switch_name)
{
	struct vale_port_stats *stats = NULL;
	struct vale_port_info *ports = NULL;
	size_t count = 0, stats_count = 0;
	json_t *list = NULL;

	if (!vale_port_list(context->vale, switch_name, &ports, &count) &&
	    !vale_stats_get(context->vale, switch_name, &stats, &stats_count)) {
		list = json_array();
		for (size_t i = 0; i < count; i++)
			json_array_append_new(list, describe_port(&ports[i],
								  counters_of(stats, stats_count,
									      ports[i].name)));
	}
	free(ports);
	free(stats);
	return list;
}

/* A ring port has clients where others have a device, and no MTU. */
static const char *device_of(const json_t *port, char text[64])
{
	const json_t *clients = json_object_get(port, "clients");

	if (json_object_get(port, "outer"))
		return text_of(port, "outer");
	if (!clients)
		return text_of(port, "device");
	if (!json_array_size(clients))
		return "-";
	snprintf(text, 64, "pid %lld%s", (long long)json_integer_value(json_array_get(clients, 0)),
		 json_array_size(clients) > 1 ? ",..." : "");
	return text;
}

static void print_ports(const json_t *document)
{
	static const char *const heads[] = { "PORT", "DEVICE",	 "KIND", "HOOK",    "STATE",
					     "MTU",  "RECEIVED", "SENT", "DROPPED", NULL };
	struct table *table = table_new(heads);
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(document, "ports"), i, item) {
		const json_t *counters = json_object_get(item, "counters");
		char device[64], mtu[32] = "-";

		if (json_object_get(item, "mtu"))
			snprintf(mtu, sizeof(mtu), "%lld", number_of(item, "mtu"));
		table_add(table, "%s\t%s\t%s\t%s\t%s\t%s\t%lld\t%lld\t%lld", text_of(item, "port"),
			  device_of(item, device), text_of(item, "kind"), text_of(item, "hook"),
			  text_of(item, "state"), mtu, number_of(counters, "received_frames"),
			  number_of(counters, "sent_frames"), number_of(counters, "dropped"));
	}
	table_print(table);
}

int command_list(struct context *context, int argc, char **argv)
{
	json_t *ports;

	if (argc > 2)
		return usage_error(context, "name one switch, or none");
	if (argc == 1)
		return list_switches(context);
	ports = ports_of(context, argv[1]);
	if (!ports)
		return vale_failure(context);
	return result(context, json_pack("{s:s, s:o}", "switch", argv[1], "ports", ports),
		      print_ports);
}

static void print_switch(const json_t *document)
{
	printf("%s: %lld of %u ports, %lld of %lld addresses, ", text_of(document, "name"),
	       (long long)json_array_size(json_object_get(document, "ports")), VALE_PORTS,
	       number_of(document, "addresses"), number_of(document, "fdb_size"));
	if (number_of(document, "age"))
		printf("forgotten after %lld s\n", number_of(document, "age"));
	else
		printf("never forgotten\n");
	printf("programs of version %s\n", text_of(document, "version"));
	print_ports(document);
}

static int show_switch(struct context *context, const char *name)
{
	struct vale_switch_info info;
	json_t *document, *ports;

	if (vale_switch_get(context->vale, name, &info))
		return vale_failure(context);
	ports = ports_of(context, name);
	if (!ports)
		return vale_failure(context);
	document = describe_switch(&info);
	json_object_set_new(document, "ports", ports);
	return result(context, document, print_switch);
}

static bool is(const json_t *document, const char *member)
{
	return json_is_true(json_object_get(document, member));
}

static void print_list(const char *head, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (!json_array_size(list))
		return;
	printf("  %s", head);
	json_array_foreach (list, i, item) {
		if (json_is_string(item))
			printf(" %s", json_string_value(item));
		else
			printf(" %lld", (long long)json_integer_value(item));
	}
	putchar('\n');
}

/* AF_XDP sockets are bound to the outer end. */
static void print_xsk(const json_t *document)
{
	const char *outer = text_of(document, "outer");

	printf("  for AF_XDP sockets on '%s', %lld queue%s%s\n",
	       *outer ? outer : "(not to be seen)", number_of(document, "queues"),
	       number_of(document, "queues") == 1 ? "" : "s",
	       is(document, "ephemeral") ? ", made by its client" : "");
	print_list("opened by the process", json_object_get(document, "clients"));
	if (json_array_size(json_object_get(document, "clients")))
		printf("  whose sockets are in %s mode\n", text_of(document, "mode"));
	if (number_of(document, "never_sent"))
		printf("  never came to the switch %15lld (its queue was full, or slots made no sense)\n",
		       number_of(document, "never_sent"));
}

static void print_device(const json_t *document)
{
	printf("%s: port %lld, %s '%s' (ifindex %lld%s), %s, MTU %lld, hook %s%s, program %lld\n",
	       text_of(document, "port"), number_of(document, "number"),
	       *text_of(document, "kind") ? text_of(document, "kind") : "device",
	       text_of(document, "device"), number_of(document, "ifindex"),
	       is(document, "other_namespace") ? " of another namespace" : "",
	       text_of(document, "state"), number_of(document, "mtu"), text_of(document, "hook"),
	       is(document, "shared") ? " (shared)" : "", number_of(document, "program"));
	printf("  hook %s: %s\n", text_of(document, "hook"), text_of(document, "hook_reason"));
	if (!strcmp(text_of(document, "kind"), "host"))
		printf("  for the host, by its interface '%s'\n", text_of(document, "outer"));
	else if (json_object_get(document, "outer"))
		print_xsk(document);
	if (is(document, "keeps_host"))
		printf("  its host stays connected, by the port %s^\n", text_of(document, "port"));
}

static void print_rings(const json_t *document)
{
	printf("%s: port %lld, %lld pair%s of rings of %lld (tx) and %lld (rx) slots, %s, user "
	       "%lld's%s, %lld KiB of map %lld\n",
	       text_of(document, "port"), number_of(document, "number"),
	       number_of(document, "rings"), number_of(document, "rings") == 1 ? "" : "s",
	       number_of(document, "tx_slots"), number_of(document, "rx_slots"),
	       text_of(document, "state"), number_of(document, "owner"),
	       is(document, "ephemeral") ? ", made by its client" : "",
	       number_of(document, "memory") / 1024, number_of(document, "memory_id"));
	print_list("opened by the processes", json_object_get(document, "clients"));
	print_list("may send from", json_object_get(document, "macs"));
}

static void print_reasons(const json_t *reasons)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)reasons, key, value)
		if (json_integer_value(value))
			printf("    %-18s %20lld\n", key, (long long)json_integer_value(value));
}

static void print_port(const json_t *document)
{
	const json_t *counters = json_object_get(document, "counters"), *note;
	const char *key;
	json_t *value;
	size_t i;

	if (json_object_get(document, "rings"))
		print_rings(document);
	else
		print_device(document);
	print_limits(json_object_get(document, "limits"));
	json_object_foreach ((json_t *)counters, key, value) {
		if (!json_is_integer(value))
			continue;
		printf("  %-20s %20lld\n", key, number_of(counters, key));
		if (!strcmp(key, "dropped"))
			print_reasons(json_object_get(counters, "drops"));
		else if (!strcmp(key, "lost_at_receivers"))
			print_reasons(json_object_get(counters, "lost"));
	}
	json_array_foreach (json_object_get(document, "notes"), i, note)
		printf("note: %s\n", json_string_value(note));
}

static int show_port(struct context *context, const char *name)
{
	struct vale_port_stats *stats = NULL;
	struct vale_port_info info;
	json_t *document;
	size_t count = 0;

	if (vale_port_get(context->vale, name, &info) ||
	    vale_stats_get(context->vale, name, &stats, &count))
		return vale_failure(context);
	document = describe_port(&info, &stats[0].counters);
	free(stats);
	return result(context, document, print_port);
}

int command_show(struct context *context, int argc, char **argv)
{
	if (argc != 2)
		return usage_error(context, "name one switch or port");
	return strchr(argv[1], ':') ? show_port(context, argv[1]) : show_switch(context, argv[1]);
}
