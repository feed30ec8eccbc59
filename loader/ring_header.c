// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The virtio-net header before each frame of a ring port. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "internal.h"
#include "ring_port.h"
#include "vale/ring.h"

int ring_port_check_header(struct vale *vale, __u32 size)
{
	return vale_vnet_header_is_valid(size)
		       ? 0
		       : fail(vale, ERANGE,
			      "a virtio-net header has 10 or 12 bytes, or 0: there is none");
}

/* The state is the owner's, too. */
static int check_abi(const char *directory)
{
	char path[PATH_MAX + 5 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int map = -1;
	struct vale_ring_state *state;
	__u32 abi;

	snprintf(path, sizeof(path), "%s/state", directory);
	map = bpf_obj_get(path);
	if (map < 0)
		return -errno;
	state = mmap(NULL, sizeof(*state), PROT_READ, MAP_SHARED, map, 0);
	if (state == MAP_FAILED)
		return -errno;
	abi = state->abi;
	munmap(state, sizeof(*state));
	return abi == VALE_ABI ? 0 : -ENOTSUP;
}

/* The port's program is the owner's, as all that a client needs. */
static int open_program(const struct vale *vale, const struct name *name)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	int program, error;

	snprintf(path, sizeof(path), "%s/%s/port/%s/header", vale->root, name->switch_name,
		 name->port);
	program = bpf_obj_get(path);
	*strrchr(path, '/') = '\0';
	if (program >= 0) {
		error = check_abi(path);
		if (!error)
			return program;
		close(program);
		return error;
	}
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
	if (program == -EACCES) {
		fail_files(vale, "cannot give the port a virtio-net header");
		return -EACCES;
	}
	if (program == -ENOTSUP)
		return fail(vale, ENOTSUP,
			    "cannot give '%s' a virtio-net header: it was made by another version "
			    "(this is ABI %u)",
			    text, VALE_ABI);
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
