// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * NETMAP_REQ_PORT_HDR_SET, NETMAP_REQ_PORT_HDR_GET: the virtio-net header before each frame of a
 * port. Those of interfaces have none.
 */
#include <errno.h>

#include "layer.h"

static int find(struct vale **vale, const char *name, struct vale_port_info *out)
{
	char full[NETMAP_REQ_IFNAMSIZ];

	return switches_open(vale) || port_name_of(*vale, name, full) ||
			       vale_port_get(*vale, full, out)
		       ? -ENXIO
		       : 0;
}

int request_header_get(struct request *request)
{
	CLEANUP_VALE struct vale *vale = NULL;
	struct vale_port_info info = {};
	int error = find(&vale, request->name, &info);

	request->body.header.nr_hdr_len = info.vnet_header;
	return error;
}

int request_header_set(struct request *request)
{
	CLEANUP_VALE struct vale *vale = NULL;
	__u32 size = request->body.header.nr_hdr_len;
	struct vale_port_info info;
	int error = find(&vale, request->name, &info);

	if (error)
		return error;
	if (!vale_vnet_header_is_valid(size))
		return -EINVAL;
	error = vale_port_set_header(vale, info.name, size);
	if (error == -ENOTTY)
		return size ? -EOPNOTSUPP : 0;
	return error;
}
