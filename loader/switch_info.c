// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What there is to be said of switches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int vale_switch_get(struct vale *vale, const char *text, struct vale_switch_info *out)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_switch_info info = {};
	struct name name;
	int error = name_switch(vale, &name, text);

	if (!error)
		error = maps_open(&maps, vale, name.switch_name);
	if (error)
		return error;
	strcpy(info.name, name.switch_name);
	info.abi = VALE_ABI;
	snprintf(info.version, sizeof(info.version), "%.*s", (int)sizeof(maps.state->version) - 1,
		 maps.state->version);
	info.fdb_size = maps.state->fdb_size;
	info.age = maps.state->age_ns / NS_PER_SECOND;
	error = switch_count_ports(vale, &maps, &info.ports);
	if (error)
		return error;
	error = fdb_count(&maps, &info.addresses);
	if (error)
		return fail(vale, -error, "cannot read the addresses of '%s': %s", info.name,
			    strerror(-error));
	*out = info;
	return 0;
}

struct list {
	struct vale *vale;
	struct vale_switch_info *items;
	size_t count;
};

/* Of one that another version made, all that can be told. */
static int get_other(struct vale *vale, const char *name, struct vale_switch_info *out)
{
	int error = maps_abi(vale, name, &out->abi);

	if (!error)
		strcpy(out->name, name);
	return error;
}

static int list_one(const char *name, void *arg)
{
	struct vale_switch_info info = {}, *items;
	struct list *list = arg;
	struct name parsed;
	int error;

	if (name_parse_switch(&parsed, name))
		return 0;
	error = vale_switch_get(list->vale, name, &info);
	if (error == -ENOTSUP)
		error = get_other(list->vale, name, &info);
	if (error == -ENOENT) /* destroyed since we read its name */
		return 0;
	if (error)
		return error;
	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items)
		return fail(list->vale, ENOMEM, "out of memory");
	list->items = items;
	items[list->count++] = info;
	return 0;
}

int vale_switch_list(struct vale *vale, struct vale_switch_info **out, size_t *count)
{
	struct list list = { .vale = vale };
	int error = pin_trust_root(vale);

	if (error)
		return error;
	error = pin_each(vale->root, list_one, &list);
	if (error) {
		free(list.items);
		if (error == -EACCES)
			return fail_files(vale, "cannot read the switches");
		return error;
	}
	*out = list.items;
	*count = list.count;
	return 0;
}
