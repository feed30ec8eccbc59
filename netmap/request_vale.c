// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * NETMAP_REQ_VALE_ATTACH, _DETACH, _LIST, _POLLING: what is on which switch.
 *
 * netmap calls a port like the interface that is attached. Here, a port must not be called like an
 * interface, so it gets a name that is like it, and requests name it by its interface.
 */
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "persistent.h"

/* A name of a request, taken apart: the second part is a port's or an interface's. */
struct target {
	char switch_name[VALE_NAME_SIZE];
	char part[VALE_NAME_SIZE];
};

static int parse(const char *name, struct target *out)
{
	const char *colon = strchr(name, ':');
	struct name parsed;

	if (!is_vale_name(name) || !colon || (size_t)(colon - name) >= sizeof(out->switch_name) ||
	    !colon[1] || strlen(colon + 1) >= sizeof(out->part))
		return -EINVAL;
	memcpy(out->switch_name, name, colon - name);
	out->switch_name[colon - name] = 0;
	strcpy(out->part, colon + 1);
	return name_parse_switch(&parsed, out->switch_name) ? -EINVAL : 0;
}

static bool is_ring(const struct vale_port_info *port)
{
	return !strcmp(port->kind, "ring");
}

/* What a port of the switch is called in requests: whose interface it is, or by its own name. */
static const char *part_of(const struct vale_port_info *port)
{
	const char *colon = strchr(port->name, ':');

	if (is_ring(port) || !strcmp(port->kind, "host"))
		return colon ? colon + 1 : "";
	return port->device;
}

/* -ENOENT: no such switch; -ENXIO: no such port of it. */
static int find(struct vale *vale, const struct target *target, struct vale_port_info *out)
{
	CLEANUP_FREE struct vale_port_info *ports = NULL;
	size_t count = 0;
	int error = vale_port_list(vale, target->switch_name, &ports, &count);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(part_of(&ports[i]), target->part)) {
			*out = ports[i];
			return 0;
		}
	return -ENXIO;
}

bool request_is_attached(struct vale *vale, const char *name)
{
	struct vale_port_info port;
	struct target target;

	return !parse(name, &target) && !find(vale, &target, &port) && !is_ring(&port);
}

/* ---- attach ------------------------------------------------------------------------------------ */

/* A name for the port of an interface: the interface's, with '_' for what cannot be in it. */
static void name_port_of(const struct target *target, char out[2 * VALE_NAME_SIZE])
{
	int room = VALE_NAME_SIZE - 1 - (int)strlen(target->switch_name) - 1, used;
	char *part;

	/* With room for another character, and for that of the host's side. */
	used = snprintf(out, 2 * VALE_NAME_SIZE, "%s:%.*s", target->switch_name, room - 2,
			target->part);
	part = strchr(out, ':') + 1;
	for (char *c = part; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '_';
	/* It is another one than the interface's own, and than that of any other one. */
	for (char last = '_'; if_nametoindex(part) && last <= 'z';
	     last = last == '_' ? 'a' : last + 1)
		snprintf(out + used, 2 * VALE_NAME_SIZE - used, "%c", last);
}

static int translate_attach(int error)
{
	switch (-error) {
	case ENODEV:
	case EOPNOTSUPP:
	case EREMOTE:
		return -EINVAL;
	case EEXIST:
	case ELOOP:
		return -EBUSY;
	case ENOSPC:
		return -ENOMEM;
	default:
		return error;
	}
}

static int attach_interface(struct vale *vale, const struct target *target, bool keep_host)
{
	struct vale_attach_options options = { .size = sizeof(options), .keep_host = keep_host };
	char name[2 * VALE_NAME_SIZE];
	int error;

	name_port_of(target, name);
	error = vale_port_attach(vale, name, target->part, &options);
	if (error)
		explain(target->part, "%s", vale_reason(vale));
	return translate_attach(error);
}

/* As a whole interface, with no ring of its own; what only exists here has no host's side. */
static int check_attach(const struct target *target, const struct nmreq_register *reg)
{
	if (reg->nr_ringid)
		return -EINVAL;
	if (reg->nr_mode == NR_REG_NIC_SW)
		return if_nametoindex(target->part) ? 0 : -EINVAL;
	return reg->nr_mode == NR_REG_ALL_NIC ? 0 : -EINVAL;
}

int request_attach(struct request *request)
{
	struct nmreq_vale_attach *attach = &request->body.attach;
	CLEANUP_VALE struct vale *vale = NULL;
	struct vale_port_info port;
	struct target target;
	int error = parse(request->name, &target);

	if (!error)
		error = check_attach(&target, &attach->reg);
	if (!error)
		error = switches_open(&vale);
	if (error)
		return error;
	if (!find(vale, &target, &port))
		return -EBUSY;
	if (if_nametoindex(target.part))
		error = attach_interface(vale, &target, attach->reg.nr_mode == NR_REG_NIC_SW);
	else
		error = persistent_attach(vale, target.part, target.switch_name);
	if (!error)
		error = find(vale, &target, &port);
	if (!error)
		attach->port_index = port.number;
	return error;
}

/* ---- detach ------------------------------------------------------------------------------------ */

int request_detach(struct request *request)
{
	CLEANUP_VALE struct vale *vale = NULL;
	struct vale_port_info port;
	struct target target;
	int error = parse(request->name, &target);

	if (!error)
		error = switches_open(&vale);
	if (error)
		return error;
	if (find(vale, &target, &port))
		return -ENXIO;
	if (!is_ring(&port))
		error = vale_port_detach(vale, port.name);
	else if (!(port.flags & VALE_PORT_EPHEMERAL))
		error = persistent_detach(vale, target.part, target.switch_name);
	if (!error)
		request->body.detach.port_index = port.number;
	return error;
}

/* No thread polls an interface here, as there is none that waits for its interrupts. */
int request_polling(struct request *request)
{
	struct target target;

	return parse(request->name, &target) ? -EINVAL : -EOPNOTSUPP;
}

/* ---- list -------------------------------------------------------------------------------------- */

/* In place of a port's index: the switch has no such port. */
#define NO_PORT 255

/* Switches are numbered in the order of their names, without the one that is no user's. */
struct list {
	struct vale_switch_info *switches;
	size_t count;
};

static void list_end(struct list *list)
{
	free(list->switches);
}

static int list_begin(struct vale *vale, struct list *out)
{
	int error = vale_switch_list(vale, &out->switches, &out->count);

	for (size_t i = 0; i < out->count; i++)
		if (!strcmp(out->switches[i].name, PERSISTENT_SWITCH)) {
			memmove(&out->switches[i], &out->switches[i + 1],
				(--out->count - i) * sizeof(*out->switches));
			break;
		}
	return error;
}

/* The first port from the cursor on. */
static int next(struct vale *vale, const struct list *list, struct request *request)
{
	struct nmreq_vale_list *cursor = &request->body.list;

	for (size_t i = cursor->nr_bridge_idx; i < list->count; i++) {
		CLEANUP_FREE struct vale_port_info *ports = NULL;
		__u32 from = i == cursor->nr_bridge_idx ? cursor->nr_port_idx : 0;
		size_t count = 0;

		if (vale_port_list(vale, list->switches[i].name, &ports, &count))
			continue;
		for (size_t port = 0; port < count; port++)
			if (ports[port].number >= from) {
				cursor->nr_bridge_idx = i;
				cursor->nr_port_idx = ports[port].number;
				snprintf(request->name, sizeof(request->name), "%s:%s",
					 list->switches[i].name, part_of(&ports[port]));
				return 0;
			}
	}
	return -ENOENT;
}

static int look_up(struct vale *vale, const struct list *list, struct request *request)
{
	struct vale_port_info port;
	struct target target;
	int error = parse(request->name, &target);

	if (error)
		return error;
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->switches[i].name, target.switch_name) != 0)
			continue;
		error = find(vale, &target, &port);
		request->body.list.nr_bridge_idx = i;
		request->body.list.nr_port_idx = error ? NO_PORT : port.number;
		return 0;
	}
	return -ENOENT;
}

int request_list(struct request *request)
{
	CLEANUP(list_end) struct list list = {};
	CLEANUP_VALE struct vale *vale = NULL;
	int error;

	if (*request->name && !is_vale_name(request->name))
		return -EINVAL;
	error = switches_open(&vale);
	if (!error)
		error = list_begin(vale, &list);
	if (error)
		return error;
	return *request->name ? look_up(vale, &list, request) : next(vale, &list, request);
}
