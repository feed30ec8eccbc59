// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Making ring ports, and taking them out of the switch. A port's directory is root's. Its pins are
 * the owner's, which makes them usable by the system calls bpf() and mmap() without any privilege;
 * the map that only programs may write is frozen.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/ring.skel.h"
#include "reload.h"
#include "vale/ring.h"
#include "ring_port.h"

struct making {
	struct claim *claim;
	const struct ring_port_options *options;
	const struct ring_memory *memory;
	struct ring_bpf *first; /* of the first pair: has made the port's maps */
};

static void skeleton_free(struct ring_bpf **skeleton)
{
	ring_bpf__destroy(*skeleton);
}

/* ---- pins -------------------------------------------------------------------------------------- */

static int give_away(const struct making *making, const char *path)
{
	const struct ring_port_options *options = making->options;
	int error;

	if (chmod(path, options->mode))
		return -errno;
	if (!chown(path, options->owner, options->group))
		return 0;
	error = -errno;
	if (error == -EPERM && capability_missing(CAPABILITY(CHOWN)))
		fail(making->claim->vale, EPERM,
		     "%s: it cannot be given to user %u, group %u: missing: CAP_CHOWN",
		     making->claim->what, options->owner, options->group);
	return error;
}

__attribute__((format(printf, 3, 4))) static int pin(const struct making *making, int fd,
						     const char *format, ...)
{
	char path[sizeof(making->claim->staging) + 2 * VALE_NAME_SIZE];
	int used = snprintf(path, sizeof(path), "%s/", making->claim->staging);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path + used, sizeof(path) - used, format, arguments);
	va_end(arguments);
	if (bpf_obj_pin(fd, path))
		return -errno;
	return give_away(making, path);
}

static int pin_map(const struct making *making, const struct bpf_map *map, const char *name)
{
	return pin(making, bpf_map__fd(map), "%s", name);
}

static int pin_program(const struct making *making, const struct bpf_program *program)
{
	return pin(making, bpf_program__fd(program), "%s", bpf_program__name(program));
}

/* That is for whoever removes the port. */
static int pin_dismiss(const struct making *making, const struct bpf_program *program)
{
	char path[sizeof(making->claim->staging) + VALE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/dismiss", making->claim->staging);
	return bpf_obj_pin(bpf_program__fd(program), path) ? -errno : 0;
}

/* ---- programs and maps ------------------------------------------------------------------------- */

int ring_programs_open(const struct maps *maps, __u32 number, __u32 pair,
		       const struct vale_port_entry *port, __u32 shift, struct ring_bpf **out)
{
	CLEANUP(skeleton_free) struct ring_bpf *skeleton = ring_bpf__open();
	int error;

	if (!skeleton)
		return -errno;
	skeleton->rodata->port = number;
	skeleton->rodata->pair = pair;
	skeleton->rodata->first_region = port->region;
	skeleton->rodata->shift = shift;
	skeleton->rodata->generation = port->generation;
	skeleton->rodata->bound = port->bound;
	memcpy((void *)skeleton->rodata->bound_macs, port->macs, sizeof(port->macs));
	error = maps_use(maps, skeleton->obj);
	if (error)
		return error;
	if (pair) { /* the port has these once */
		bpf_program__set_autoload(skeleton->progs.enter, false);
		bpf_program__set_autoload(skeleton->progs.leave, false);
		bpf_program__set_autoload(skeleton->progs.header, false);
		bpf_program__set_autoload(skeleton->progs.dismiss, false);
	}
	*out = TAKE(skeleton, NULL);
	return 0;
}

/* The maps of the port are made for the first pair, and have an element for each. */
static int make_port_maps(const struct making *making, struct ring_bpf *skeleton)
{
	const struct ring_port_options *options = making->options;
	int error = bpf_map__set_max_entries(skeleton->maps.ring_state, options->rings);

	if (error)
		return error;
	return making->memory->fd >= 0
		       ? bpf_map__reuse_fd(skeleton->maps.region, making->memory->fd)
		       : bpf_map__set_max_entries(skeleton->maps.region,
						  options->rings + options->pipes + options->spare);
}

static int use_port_maps(const struct making *making, struct ring_bpf *skeleton)
{
	int error;

	if (!making->first)
		return make_port_maps(making, skeleton);
	error = bpf_map__reuse_fd(skeleton->maps.region, bpf_map__fd(making->first->maps.region));
	return error ? error
		     : bpf_map__reuse_fd(skeleton->maps.ring_state,
					 bpf_map__fd(making->first->maps.ring_state));
}

static int load(const struct making *making, __u32 pair, struct ring_bpf **out)
{
	CLEANUP(skeleton_free) struct ring_bpf *skeleton = NULL;
	const struct claim *claim = making->claim;
	int error = ring_programs_open(claim->maps, claim->number, pair, &claim->port,
				       making->memory->shift, &skeleton);

	if (!error)
		error = use_port_maps(making, skeleton);
	if (!error)
		error = ring_bpf__load(skeleton);
	if (error)
		return error;
	*out = TAKE(skeleton, NULL);
	return 0;
}

/*
 * Who has the port open locks this map's pin, which the kernel lets nobody open if it does not know the
 * map's types; and libbpf goes on without them when it could not load them.
 */
static int check_types(const struct making *making, int map)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &size))
		return -errno;
	return info.btf_value_type_id ? 0
				      : fail(making->claim->vale, ENOMEM,
					     "%s: the kernel did not take the types of its maps "
					     "(BTF): is there memory left?",
					     making->claim->what);
}

/* Numbers that the programs trust. After this nobody but they can write them. */
static int set_state(const struct making *making, int map)
{
	size_t size = making->options->rings * sizeof(struct vale_ring_state);
	struct vale_ring_state *state =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (state == MAP_FAILED)
		return -errno;
	for (__u32 pair = 0; pair < making->options->rings; pair++) {
		state[pair].tx_mask = making->options->tx_slots - 1;
		state[pair].rx_mask = making->options->rx_slots - 1;
		state[pair].bound = !!making->options->bound;
		state[pair].vnet_header = making->options->vnet_header;
		state[pair].port = making->claim->number;
		state[pair].region = making->memory->region + pair;
		state[pair].pipes = making->options->pipes;
		state[pair].shift = making->memory->shift;
		state[pair].abi = VALE_ABI;
	}
	munmap(state, size);
	return bpf_map_freeze(map) ? -errno : 0;
}

static int enter_map(const struct making *making, enum map map, __u32 key, int fd)
{
	return bpf_map_update_elem(making->claim->maps->fd[map], &key, &fd, BPF_ANY) ? -errno : 0;
}

/* What all pairs share. */
static int make_shared(const struct making *making, int live)
{
	struct vale_port_entry *port = &making->claim->port;
	const struct ring_bpf *skeleton = making->first;
	int region = bpf_map__fd(skeleton->maps.region);
	int state = bpf_map__fd(skeleton->maps.ring_state);
	int error = check_types(making, state);

	port->memory = ring_memory_id(region);
	if (!error)
		error = set_state(making, state);
	if (!error)
		error = enter_map(making, MAP_REGIONS, making->claim->number, region);
	if (!error)
		error = enter_map(making, MAP_RING_STATES, making->claim->number, state);
	if (!error)
		error = pin_map(making, skeleton->maps.region, "region");
	if (!error)
		error = pin_map(making, skeleton->maps.ring_state, "state");
	if (!error)
		error = pin_program(making, skeleton->progs.enter);
	if (!error)
		error = pin_program(making, skeleton->progs.leave);
	if (!error)
		error = pin_program(making, skeleton->progs.header);
	if (!error)
		error = pin_dismiss(making, skeleton->progs.dismiss);
	return error ? error : pin(making, live, "live");
}

/* What each pair has for itself. */
static int pin_pair(const struct making *making, const struct ring_bpf *skeleton, __u32 pair)
{
	int error = pin(making, bpf_map__fd(skeleton->maps.doorbell), "doorbell%u", pair);

	if (!error)
		error = pin(making, bpf_program__fd(skeleton->progs.txsync), "txsync%u", pair);
	if (!error)
		error = pin(making, bpf_program__fd(skeleton->progs.wake), "wake%u", pair);
	return error;
}

static int make_pair(struct making *making, __u32 pair, int live)
{
	CLEANUP(skeleton_free) struct ring_bpf *skeleton = NULL;
	int error = load(making, pair, &skeleton);

	if (error)
		return error;
	if (!pair) {
		making->first = skeleton;
		error = make_shared(making, live);
	}
	if (!error)
		error = enter_map(making, MAP_DOORBELLS, vale_doorbell(making->claim->number, pair),
				  bpf_map__fd(skeleton->maps.doorbell));
	if (!error)
		error = pin_pair(making, skeleton, pair);
	if (!pair)
		TAKE(skeleton, NULL); /* the caller's now */
	return error;
}

static int make_pairs(struct claim *claim, const struct ring_port_options *options,
		      const struct ring_memory *memory, int live)
{
	struct making making = { .claim = claim, .options = options, .memory = memory };
	int error = 0;

	for (__u32 pair = 0; pair < options->rings && !error; pair++)
		error = make_pair(&making, pair, live);
	ring_bpf__destroy(making.first);
	return error;
}

int ring_port_create(struct claim *claim, const struct ring_port_options *options, int *hold)
{
	CLEANUP_RING_MEMORY struct ring_memory memory = RING_MEMORY_NONE;
	CLEANUP_CLOSE int live = -1, held = -1;
	int error = 0;

	memory.shift = vale_region_shift(claim->number);
	if (options->memory)
		error = ring_memory_share(claim->vale, options->memory,
					  options->rings + options->pipes, &memory);
	if (!error) /* it stays with the switch */
		error = live_open(claim->vale, claim->maps, &live);
	if (error)
		return error;
	claim->vale->reason[0] = 0;
	claim->port.region = memory.region;
	claim->port.rings = options->rings;
	claim->port.pipes = options->pipes;
	claim->port.owner = options->owner;
	claim->port.bound = options->bound;
	memcpy(claim->port.macs, options->macs, sizeof(options->macs));
	if (options->ephemeral)
		claim->port.flags |= VALE_PORT_EPHEMERAL;
	error = claim_reserve(claim);
	if (!error)
		error = make_pairs(claim, options, &memory, live);
	if (!error && hold)
		error = ring_port_hold(claim->staging, true, &held);
	if (!error)
		error = claim_publish(claim, VALE_PORT_RING);
	if (error) {
		if (!*claim->vale->reason)
			fail_bpf(claim->vale, -error, claim->what);
		claim_undo(claim);
		return error;
	}
	if (hold)
		*hold = TAKE(held, -1);
	return 0;
}

int ring_port_dismiss(const struct maps *maps, const struct vale_port_entry *port)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int program = -1;

	snprintf(path, sizeof(path), "%s/port/%s/dismiss", maps->path, port->name);
	program = bpf_obj_get(path);
	if (program < 0)
		return errno == ENOENT ? 0 : -errno;
	return bpf_prog_test_run_opts(program, &options) ? -errno : 0;
}

int ring_port_forget(const struct maps *maps, __u32 number, const struct vale_port_entry *port)
{
	int error = maps_delete(maps, MAP_REGIONS, &number);

	if (!error)
		error = maps_delete(maps, MAP_RING_STATES, &number);
	for (__u32 pair = 0; pair < port->rings && pair < VALE_RINGS && !error; pair++) {
		__u32 doorbell = vale_doorbell(number, pair);

		error = maps_delete(maps, MAP_DOORBELLS, &doorbell);
	}
	return error;
}
