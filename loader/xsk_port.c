// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What AF_XDP ports have beside their pair of devices: pair.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/xsk.skel.h"
#include "pair.h"
#include "vale/xsk.h"

static void skeleton_free(struct xsk_bpf **skeleton)
{
	xsk_bpf__destroy(*skeleton);
}

int xsk_port_check(struct claim *claim, struct vale_attach_options *options)
{
	if (!options->queues)
		options->queues = 1;
	if (options->queues > VALE_QUEUES)
		return fail(claim->vale, ERANGE, "%s: it can have 1 to %u queues, not %u",
			    claim->what, VALE_QUEUES, options->queues);
	return 0;
}

/*
 * What an AF_XDP socket sends, the kernel hands over frame by frame. So the inner end is polled some
 * time after the last frame and not at once after each, as network cards do, which halves the work.
 */
static void poll_later(const char *inner)
{
	static const struct {
		const char *file, *value;
	} settings[] = {
		{ "gro_flush_timeout", "50000" }, /* ns */
		{ "napi_defer_hard_irqs", "100" },
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		char path[64];
		CLEANUP_CLOSE int fd = -1;

		/* Works without, and slower, where /sys shows another namespace. */
		snprintf(path, sizeof(path), "/sys/class/net/%s/%s", inner, settings[i].file);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, settings[i].value, strlen(settings[i].value)) < 0)
			return;
	}
}

/* The map is of the type that the program on the outer end knows. */
int xsk_port_pin_state(const struct claim *claim)
{
	CLEANUP(skeleton_free) struct xsk_bpf *skeleton = xsk_bpf__open();
	char path[sizeof(claim->staging) + VALE_NAME_SIZE];
	struct bpf_map *map;
	int error;

	if (!skeleton)
		return -errno;
	bpf_object__for_each_map(map, skeleton->obj)
		bpf_map__set_autocreate(map, map == skeleton->maps.xsk_state);
	bpf_program__set_autoload(skeleton->progs.vale_xsk, false);
	error = bpf_object__load(skeleton->obj); /* and not what a skeleton maps of it */
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/state", claim->staging);
	return bpf_obj_pin(bpf_map__fd(skeleton->maps.xsk_state), path) ? -errno : 0;
}

int xsk_port_make(struct claim *claim)
{
	int error = xsk_port_pin_state(claim);

	poll_later(claim->port.device);
	return error ? fail_bpf(claim->vale, -error, claim->what) : 0;
}

int xsk_port_dismiss(const struct maps *maps, const struct vale_port_entry *port)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int map = -1;
	struct vale_xsk_state *state;

	snprintf(path, sizeof(path), "%s/port/%s/state", maps->path, port->name);
	map = bpf_obj_get(path);
	if (map < 0)
		return errno == ENOENT ? 0 : -errno;
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (state == MAP_FAILED)
		return -errno;
	__atomic_store_n(&state->removed, 1, __ATOMIC_RELEASE);
	munmap(state, sizeof(*state));
	return 0;
}
