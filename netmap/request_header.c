// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * NETMAP_REQ_PORT_HDR_SET, NETMAP_REQ_PORT_HDR_GET: the virtio-net header before each frame of a
 * port. Ports of the switch have none.
 */
#include <errno.h>

#include "layer.h"

static int find(const char *name)
{
	CLEANUP_VALE struct vale *vale = NULL;
	char full[NETMAP_REQ_IFNAMSIZ];
	struct vale_port_info info;

	return switches_open(&vale) || port_name_of(vale, name, full) ||
			       vale_port_get(vale, full, &info)
		       ? -ENXIO
		       : 0;
}

int request_header_get(struct request *request)
{
	request->body.header.nr_hdr_len = 0;
	return find(request->name);
}

int request_header_set(struct request *request)
{
	__u32 length = request->body.header.nr_hdr_len;
	int error = find(request->name);

	if (error)
		return error;
	if (length != 0 && length != 10 && length != 12)
		return -EINVAL;
	return length ? -EOPNOTSUPP : 0;
}
