// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* NIOCCTRL: the form of requests, and who answers them. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "layer.h"

static const struct {
	size_t body;
	int (*run)(struct request *request);
} types[] = {
	[NETMAP_REQ_REGISTER] = { sizeof(struct nmreq_register), request_register },
	[NETMAP_REQ_PORT_INFO_GET] = { sizeof(struct nmreq_port_info_get), request_port_info },
	[NETMAP_REQ_VALE_ATTACH] = { sizeof(struct nmreq_vale_attach), request_attach },
	[NETMAP_REQ_VALE_DETACH] = { sizeof(struct nmreq_vale_detach), request_detach },
	[NETMAP_REQ_VALE_LIST] = { sizeof(struct nmreq_vale_list), request_list },
	[NETMAP_REQ_PORT_HDR_SET] = { sizeof(struct nmreq_port_hdr), request_header_set },
	[NETMAP_REQ_PORT_HDR_GET] = { sizeof(struct nmreq_port_hdr), request_header_get },
	[NETMAP_REQ_VALE_NEWIF] = { sizeof(struct nmreq_vale_newif), request_newif },
	[NETMAP_REQ_VALE_DELIF] = { 0, request_delif },
	[NETMAP_REQ_VALE_POLLING_ENABLE] = { sizeof(struct nmreq_vale_polling), request_polling },
	[NETMAP_REQ_VALE_POLLING_DISABLE] = { sizeof(struct nmreq_vale_polling), request_polling },
	[NETMAP_REQ_POOLS_INFO_GET] = { sizeof(struct nmreq_pools_info), request_pools_info },
	[NETMAP_REQ_SYNC_KLOOP_START] = { sizeof(struct nmreq_sync_kloop_start),
					  request_unsupported },
	[NETMAP_REQ_SYNC_KLOOP_STOP] = { 0, request_unsupported },
	[NETMAP_REQ_CSB_ENABLE] = { 0, request_unsupported },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

int request_run(struct request *request)
{
	return types[request->type].run(request);
}

/* Loops in the kernel are for file descriptors that are bound. */
int request_unsupported(struct request *request)
{
	return request->file->bound ? -EOPNOTSUPP : -ENXIO;
}

static int check(const struct nmreq_header *header)
{
	__u16 type = header->nr_reqtype;

	if (header->nr_version < NETMAP_MIN_API || header->nr_version > NETMAP_MAX_API)
		return -EINVAL;
	if (header->nr_reserved || type >= TYPES || !types[type].run)
		return -EINVAL;
	return !header->nr_body == !types[type].body ? 0 : -EINVAL;
}

/* A program that speaks another version learns which one there is. */
static int tell_version(const struct nmreq_header *header, __u64 argument)
{
	__u16 version = NETMAP_API;

	if (header->nr_version >= NETMAP_MIN_API && header->nr_version <= NETMAP_MAX_API)
		return 0;
	return user_write(argument + offsetof(struct nmreq_header, nr_version), &version,
			  sizeof(version));
}

int request_control(struct file *file, int fd, void *argument)
{
	__u64 address = (__u64)(unsigned long)argument;
	struct request request = { .file = file, .fd = fd };
	struct nmreq_header header;
	size_t size;
	int error = user_read(&header, address, sizeof(header));

	if (error)
		return error;
	error = check(&header);
	if (error) {
		tell_version(&header, address);
		return error;
	}
	request.type = header.nr_reqtype;
	size = types[request.type].body;
	if (size)
		error = user_read(&request.body, header.nr_body, size);
	if (!error)
		error = options_check(header.nr_options, sizeof(header) + size);
	if (error)
		return error;
	memcpy(request.name, header.nr_name, sizeof(request.name));
	request.name[sizeof(request.name) - 1] = 0;
	error = request_run(&request);
	if (!error && size)
		error = user_write(header.nr_body, &request.body, size);
	/* An enumeration tells names. */
	if (!error && request.type == NETMAP_REQ_VALE_LIST)
		error = user_write(address + offsetof(struct nmreq_header, nr_name), request.name,
				   sizeof(request.name));
	return error;
}
