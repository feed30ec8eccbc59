// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The virtio-net header before each frame of a ring port. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "internal.h"
#include "vale/ring.h"

int ring_port_check_header(struct vale *vale, __u32 size)
{
	return vale_vnet_header_is_valid(size)
		       ? 0
		       : fail(vale, ERANGE,
			      "a virtio-net header has 10 or 12 bytes, or 0: there is none");
}

/* The port's program is the owner's, as all that a client needs. */
static int open_program(const struct vale *vale, const struct name *name)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	int program;

	snprintf(path, sizeof(path), "%s/%s/port/%s/header", vale->root, name->switch_name,
		 name->port);
	program = bpf_obj_get(path);
	if (program >= 0)
		return program;
	*strrchr(path, '/') = '\0';
	return errno == ENOENT && pin_exists(path) ? -ENOTTY : -errno;
}

int vale_port_set_header(struct vale *vale, const char *text, __u32 size)
{
	struct vale_header_request request = { .size = size };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &request, .ctx_size_in = sizeof(request));
	CLEANUP_CLOSE int program = -1;
	struct name name;
	int error = name_port(vale, &name, text);

	if (!error)
		error = ring_port_check_header(vale, size);
	if (error)
		return error;
	program = open_program(vale, &name);
	if (program == -ENOENT)
		return fail(vale, ENOENT, "there is no port '%s' (valectl show %s lists them)",
			    text, name.switch_name);
	if (program == -ENOTTY)
		return fail(vale, ENOTTY,
			    "cannot give '%s' a virtio-net header: only ring ports have one", text);
	if (program == -EACCES)
		return fail_files(vale, "cannot give the port a virtio-net header");
	if (program < 0)
		error = program;
	else if (bpf_prog_test_run_opts(program, &options))
		error = -errno;
	else
		error = (int)options.retval;
	return error ? fail(vale, -error, "cannot give '%s' a virtio-net header: %s", text,
			    strerror(-error))
		     : 0;
}
