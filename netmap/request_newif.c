// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* NETMAP_REQ_VALE_NEWIF, NETMAP_REQ_VALE_DELIF: ports that stay when nobody has them open. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "persistent.h"

static void name_on(const char *switch_name, const char *name, char out[4 * VALE_NAME_SIZE])
{
	snprintf(out, 4 * VALE_NAME_SIZE, "%s:%s", switch_name, name);
}

/* On which switch it is. -ENXIO: there is no such port. */
static int find(struct vale *vale, const char *name, struct vale_port_info *out)
{
	CLEANUP_FREE struct vale_switch_info *switches = NULL;
	char full[4 * VALE_NAME_SIZE];
	size_t count = 0;

	if (vale_switch_list(vale, &switches, &count))
		return -ENXIO;
	for (size_t i = 0; i < count; i++) {
		name_on(switches[i].name, name, full);
		if (!vale_port_get(vale, full, out) && !strcmp(out->kind, "ring") &&
		    !(out->flags & VALE_PORT_EPHEMERAL))
			return 0;
	}
	return -ENXIO;
}

static bool is_attached(const struct vale_port_info *port)
{
	return strncmp(port->name, PERSISTENT_SWITCH ":", strlen(PERSISTENT_SWITCH ":")) != 0;
}

/* The switch goes with its last port. */
static void tidy(struct vale *vale)
{
	vale_switch_destroy(vale, PERSISTENT_SWITCH, false);
}

/* ---- moving ------------------------------------------------------------------------------------ */

static struct vale_ring_options same_as(const struct vale_port_info *port)
{
	struct vale_ring_options options = {
		.size = sizeof(options),
		.rings = port->rings,
		.tx_slots = port->tx_slots,
		.rx_slots = port->rx_slots,
		.owner = port->owner,
		.bound = port->bound,
		.pipes = port->pipes,
	};

	memcpy(options.macs, port->macs, sizeof(options.macs));
	return options;
}

static int move(struct vale *vale, const char *name, const char *from, const char *to)
{
	char old[4 * VALE_NAME_SIZE], new[4 * VALE_NAME_SIZE];
	struct vale_ring_options options;
	struct vale_port_info port;
	int error;

	name_on(from, name, old);
	name_on(to, name, new);
	error = vale_port_get(vale, old, &port);
	if (error)
		return error;
	if (port.clients)
		return -EBUSY;
	options = same_as(&port);
	error = vale_port_add(vale, new, &options);
	if (error) {
		explain(new, "%s", vale_reason(vale));
		return error == -ENOSPC ? -ENOMEM : error == -EEXIST ? -EBUSY : error;
	}
	error = vale_port_del(vale, old, false);
	if (error)
		vale_port_del(vale, new, true);
	return error;
}

int persistent_attach(struct vale *vale, const char *name, const char *switch_name)
{
	struct vale_port_info port;
	int error;

	if (find(vale, name, &port))
		return -EINVAL;
	if (is_attached(&port))
		return -EBUSY;
	error = move(vale, name, PERSISTENT_SWITCH, switch_name);
	tidy(vale);
	return error;
}

int persistent_detach(struct vale *vale, const char *name, const char *switch_name)
{
	return move(vale, name, switch_name, PERSISTENT_SWITCH);
}

int port_name_of(struct vale *vale, const char *name, char out[NETMAP_REQ_IFNAMSIZ])
{
	struct vale_port_info port;

	if (!is_vale_name(name) && find(vale, name, &port))
		return -ENXIO;
	strcpy(out, is_vale_name(name) ? name : port.name);
	return 0;
}

int persistent_name(const char *name, char out[NETMAP_REQ_IFNAMSIZ])
{
	struct name parsed;

	if (strlen(name) >= VALE_NAME_SIZE)
		return -ENXIO;
	name_on(PERSISTENT_SWITCH, name, out);
	return name_parse_port(&parsed, out) ? -ENXIO : 0;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static int create(struct vale *vale, const char *name, const struct nmreq_vale_newif *newif)
{
	struct vale_ring_options options = { .size = sizeof(options), .pipes = NEW_PORT_PIPES };
	char full[4 * VALE_NAME_SIZE];
	int error;

	options.rings = newif->nr_tx_rings > newif->nr_rx_rings ? newif->nr_tx_rings
								: newif->nr_rx_rings;
	options.rings = options.rings < VALE_RINGS ? options.rings : VALE_RINGS;
	options.tx_slots = newif->nr_tx_slots < VALE_SLOTS ? newif->nr_tx_slots : VALE_SLOTS;
	options.rx_slots = newif->nr_rx_slots < VALE_SLOTS ? newif->nr_rx_slots : VALE_SLOTS;
	name_on(PERSISTENT_SWITCH, name, full);
	error = vale_port_add(vale, full, &options);
	if (error)
		explain(name, "%s", vale_reason(vale));
	return error == -ENOSPC ? -ENOMEM : error;
}

int request_newif(struct request *request)
{
	struct nmreq_vale_newif *newif = &request->body.newif;
	CLEANUP_VALE struct vale *vale = NULL;
	struct vale_port_info port;
	int error;

	/* A memory of its own is all that there is. */
	if (!*request->name || is_vale_name(request->name) ||
	    strlen(request->name) >= VALE_NAME_SIZE || newif->nr_mem_id)
		return -EINVAL;
	error = switches_open(&vale);
	if (error)
		return error;
	if (if_nametoindex(request->name) || !find(vale, request->name, &port))
		return -EEXIST;
	error = create(vale, request->name, newif);
	if (!error)
		error = find(vale, request->name, &port);
	if (error)
		return error;
	*newif = (struct nmreq_vale_newif){
		.nr_tx_slots = port.tx_slots,
		.nr_rx_slots = port.rx_slots,
		.nr_tx_rings = port.rings,
		.nr_rx_rings = port.rings,
		.nr_mem_id = memory_id_of(port.memory_id),
	};
	return 0;
}

int request_delif(struct request *request)
{
	CLEANUP_VALE struct vale *vale = NULL;
	struct vale_port_info port;
	int error;

	if (is_vale_name(request->name) || if_nametoindex(request->name))
		return -EINVAL;
	error = switches_open(&vale);
	if (error)
		return error;
	if (find(vale, request->name, &port))
		return -ENXIO;
	if (is_attached(&port))
		return -EBUSY;
	error = vale_port_del(vale, port.name, false);
	tidy(vale);
	return error;
}
