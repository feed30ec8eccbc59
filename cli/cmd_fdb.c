// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl fdb */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static void print_addresses(const json_t *document)
{
	static const char *const heads[] = { "ADDRESS", "PORT", "TYPE", "SECONDS AGO", NULL };
	struct table *table = table_new(heads);
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(document, "addresses"), i, item) {
		const json_t *age = json_object_get(item, "age_ms");

		if (json_is_integer(age))
			table_add(table, "%s\t%s\t%s\t%.1f", text_of(item, "mac"),
				  text_of(item, "port"), text_of(item, "type"),
				  json_integer_value(age) / 1000.0);
		else
			table_add(table, "%s\t%s\t%s\t-", text_of(item, "mac"),
				  text_of(item, "port"), text_of(item, "type"));
	}
	table_print(table);
}

static json_t *describe_address(const struct vale_fdb_info *info)
{
	return json_pack("{s:o, s:s, s:s, s:o}", "mac", describe_mac(info->mac), "port", info->port,
			 "type", info->is_static ? "static" : "learned", "age_ms",
			 info->is_static ? json_null() : json_integer(info->age_ms));
}

static int list(struct context *context, const char *switch_name)
{
	struct vale_fdb_info *items = NULL;
	json_t *addresses;
	size_t count = 0;

	if (vale_fdb_list(context->vale, switch_name, &items, &count))
		return vale_failure(context);
	addresses = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(addresses, describe_address(&items[i]));
	free(items);
	return result(context,
		      json_pack("{s:s, s:o}", "switch", switch_name, "addresses", addresses),
		      print_addresses);
}

static int add(struct context *context, const char *switch_name, const char *text, const char *port)
{
	__u8 mac[VALE_MAC_SIZE];

	if (!parse_mac(text, mac))
		return usage_error(context, "'%s' is no address: write it as 02:00:00:00:00:01",
				   text);
	if (vale_fdb_add(context->vale, switch_name, mac, port))
		return vale_failure(context);
	return result(context, json_pack("{s:s, s:s}", "added", text, "port", port), NULL);
}

static int del(struct context *context, const char *switch_name, const char *text)
{
	__u8 mac[VALE_MAC_SIZE];

	if (!parse_mac(text, mac))
		return usage_error(context, "'%s' is no address: write it as 02:00:00:00:00:01",
				   text);
	if (vale_fdb_del(context->vale, switch_name, mac))
		return vale_failure(context);
	return result(context, json_pack("{s:s}", "deleted", text), NULL);
}

static int flush(struct context *context, const char *switch_name, const char *port)
{
	if (vale_fdb_flush(context->vale, switch_name, port))
		return vale_failure(context);
	return result(context, json_pack("{s:s, s:s?}", "flushed", switch_name, "port", port),
		      NULL);
}

int command_fdb(struct context *context, int argc, char **argv)
{
	static const char *const words[] = { "add", "del", "flush", NULL };
	const char *nearest;

	if (argc < 2)
		return usage_error(context, "name a switch");
	if (argc == 2)
		return list(context, argv[1]);
	if (!strcmp(argv[2], "add"))
		return argc == 5 ? add(context, argv[1], argv[3], argv[4])
				 : usage_error(context, "add wants an address and a port");
	if (!strcmp(argv[2], "del"))
		return argc == 4 ? del(context, argv[1], argv[3])
				 : usage_error(context, "del wants an address");
	if (!strcmp(argv[2], "flush"))
		return argc <= 4 ? flush(context, argv[1], argc == 4 ? argv[3] : NULL)
				 : usage_error(context, "flush wants a port, or none");
	nearest = nearest_word(argv[2], words);
	if (nearest)
		return usage_error(context, "there is no 'fdb ... %s': did you mean '%s'?", argv[2],
				   nearest);
	return usage_error(context, "there is no 'fdb ... %s': add, del or flush", argv[2]);
}
