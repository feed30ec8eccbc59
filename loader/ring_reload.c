// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * New programs in the place of a ring port's. Clients that have the old ones go on with them until
 * they look, and both work on the same maps: also on that in which a txsync writes down for the next
 * one what it has sent already.
 */
#include <errno.h>
#include <stdio.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/ring.skel.h"
#include "reload.h"
#include "vale/ring.h"

struct reloading {
	struct vale *vale;
	const struct maps *maps;
	const char *directory;
	const struct vale_port_entry *port;
	__u32 number;
	__u32 shift;
};

typedef char pin_name[PATH_MAX + 5 * VALE_NAME_SIZE];

static void skeleton_free(struct ring_bpf **skeleton)
{
	ring_bpf__destroy(*skeleton);
}

static void name_pin(const struct reloading *of, const char *name, pin_name out)
{
	snprintf(out, sizeof(pin_name), "%s/%s", of->directory, name);
}

static void name_pair_pin(const struct reloading *of, const char *name, __u32 pair, pin_name out)
{
	snprintf(out, sizeof(pin_name), "%s/%s%u", of->directory, name, pair);
}

static int use_pinned(struct bpf_map *map, const char *pin)
{
	CLEANUP_CLOSE int fd = bpf_obj_get(pin);

	return fd < 0 ? -errno : bpf_map__reuse_fd(map, fd);
}

static int use_work(const struct reloading *of, struct bpf_map *map, __u32 pair)
{
	CLEANUP_CLOSE int fd = -1;
	pin_name pin;

	name_pair_pin(of, "txsync", pair, pin);
	fd = replace_find_map(pin, bpf_map__name(map), bpf_map__value_size(map));
	return fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
}

/* Those that the programs in place have. */
static int use_maps(const struct reloading *of, struct ring_bpf *skeleton, __u32 pair)
{
	pin_name pin;
	int error;

	name_pin(of, "region", pin);
	error = use_pinned(skeleton->maps.region, pin);
	name_pin(of, "state", pin);
	if (!error)
		error = use_pinned(skeleton->maps.ring_state, pin);
	name_pair_pin(of, "doorbell", pair, pin);
	if (!error)
		error = use_pinned(skeleton->maps.doorbell, pin);
	return error ? error : use_work(of, skeleton->maps.work, pair);
}

static int replace_pair(const struct reloading *of, const struct ring_bpf *skeleton, __u32 pair)
{
	pin_name pin;
	int error;

	name_pair_pin(of, "txsync", pair, pin);
	error = replace_pin(of->vale, pin, bpf_program__fd(skeleton->progs.txsync));
	name_pair_pin(of, "wake", pair, pin);
	return error ? error : replace_pin(of->vale, pin, bpf_program__fd(skeleton->progs.wake));
}

/* What the port has once. */
static int replace_first(const struct reloading *of, const struct ring_bpf *skeleton)
{
	const struct bpf_program *programs[] = {
		skeleton->progs.enter,
		skeleton->progs.leave,
		skeleton->progs.header,
		skeleton->progs.dismiss,
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && !error; i++) {
		pin_name pin;

		name_pin(of, bpf_program__name(programs[i]), pin);
		error = replace_pin(of->vale, pin, bpf_program__fd(programs[i]));
	}
	return error;
}

static int reload_pair(const struct reloading *of, __u32 pair)
{
	CLEANUP(skeleton_free) struct ring_bpf *skeleton = NULL;
	int error = ring_programs_open(of->maps, of->number, pair, of->port, of->shift, &skeleton);

	if (!error)
		error = use_maps(of, skeleton, pair);
	if (!error)
		error = ring_bpf__load(skeleton);
	if (!error && !pair)
		error = replace_first(of, skeleton);
	return error ? error : replace_pair(of, skeleton, pair);
}

static int read_shift(const char *directory, __u32 *out)
{
	char pin[PATH_MAX + 5 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int map = -1;
	struct vale_ring_state state;
	__u32 zero = 0;

	snprintf(pin, sizeof(pin), "%s/state", directory);
	map = bpf_obj_get(pin);
	if (map < 0 || bpf_map_lookup_elem(map, &zero, &state))
		return -errno;
	*out = state.shift;
	return 0;
}

int ring_reload(struct vale *vale, const struct maps *maps, __u32 number, const char *directory,
		const struct vale_port_entry *port)
{
	struct reloading of = {
		.vale = vale,
		.maps = maps,
		.directory = directory,
		.port = port,
		.number = number,
	};
	int error = read_shift(directory, &of.shift);

	for (__u32 pair = 0; pair < port->rings && pair < VALE_RINGS && !error; pair++)
		error = reload_pair(&of, pair);
	return error;
}
