// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* NETMAP_REQ_PORT_INFO_GET, NETMAP_REQ_POOLS_INFO_GET: sizes. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "pool.h"
#include "loader/ring_port.h"

/* A port of that name, or what one would be like that was made now: nothing is. */
static int look(const char *name, struct vale_port_info *out)
{
	CLEANUP_VALE struct vale *vale = NULL;
	char full[NETMAP_REQ_IFNAMSIZ];
	struct name parsed;
	int error = switches_open(&vale);

	if (!error)
		error = port_name_of(vale, name, full);
	if (!error && name_parse_port(&parsed, full))
		error = -ENOMEM;
	if (!error)
		error = vale_port_get(vale, full, out);
	if (error == -ENOENT) {
		*out = (struct vale_port_info){
			.kind = "ring",
			.rings = 1,
			.pipes = NEW_PORT_PIPES,
			.tx_slots = VALE_SLOTS,
			.rx_slots = VALE_SLOTS,
		};
		error = 0;
	}
	return error;
}

/* 0: the port gets a memory when it is made. */
static __u16 memory_id(const struct vale_port_info *port)
{
	return port->memory_id ? memory_id_of(port->memory_id) : 0;
}

/* What a program would map, of which a port may have only a part. */
static __u64 memory_size(const struct file *file, const struct vale_port_info *port)
{
	size_t size = (port->rings + port->pipes) * sizeof(struct vale_region);

	if (file->bound && ring_memory_id(file->port->region_map) == port->memory_id)
		vale_port_memory(file->port, &size);
	return size;
}

int request_port_info(struct request *request)
{
	struct nmreq_port_info_get *info = &request->body.info;
	const struct file *file = request->file;
	struct vale_port_info port = {};
	int error;

	/* Without a name it is about what the file is bound to. */
	error = look(!*request->name && file->bound ? file->port->name : request->name, &port);
	if (error)
		return error;
	if (strcmp(port.kind, "ring") != 0)
		return -EBUSY;
	*info = (struct nmreq_port_info_get){
		.nr_memsize = memory_size(file, &port),
		.nr_tx_slots = port.tx_slots,
		.nr_rx_slots = port.rx_slots,
		.nr_tx_rings = port.rings,
		.nr_rx_rings = port.rings,
		.nr_host_tx_rings = 1,
		.nr_host_rx_rings = 1,
		.nr_mem_id = memory_id(&port),
	};
	return 0;
}

int request_pools_info(struct request *request)
{
	struct nmreq_pools_info *pools = &request->body.pools;
	const struct file *file = request->file;
	struct vale_port_info port = {};
	int error = look(!*request->name && file->bound ? file->port->name : request->name, &port);

	if (error)
		return error;
	*pools = (struct nmreq_pools_info){
		.nr_memsize = memory_size(file, &port),
		.nr_mem_id = memory_id(&port),
		.nr_if_pool_offset = POOL_FIRST * VALE_BUFFER_SIZE + POOL_HEAD,
		.nr_if_pool_objtotal = POOL_IFS,
		.nr_if_pool_objsize = POOL_IF,
		.nr_ring_pool_offset = offsetof(struct vale_region, tx),
		.nr_ring_pool_objtotal = 2 * port.rings,
		.nr_ring_pool_objsize = sizeof(struct vale_ring),
		.nr_buf_pool_offset = 0,
		.nr_buf_pool_objtotal = (port.rings + port.pipes) * VALE_REGION_UNITS,
		.nr_buf_pool_objsize = VALE_BUFFER_SIZE,
	};
	return 0;
}
