// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Opening a port over AF_XDP. All that is made belongs to the process, also the link that keeps the
 * program on the outer end: a process that is killed leaves nothing behind but the port, if that was
 * made for it; whoever comes next removes it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/xsk.skel.h"
#include "loader/pair.h"
#include "xsk.h"
#include "loader/ring_port.h"

static bool is_there(const char *path)
{
	char pin[PATH_MAX + VALE_NAME_SIZE];

	snprintf(pin, sizeof(pin), "%s/xdp", path);
	if (!pin_exists(pin))
		return false;
	snprintf(pin, sizeof(pin), "%s/state", path);
	return pin_exists(pin);
}

/* ---- the port ---------------------------------------------------------------------------------- */

static int find_port(struct xsk_opening *opening)
{
	CLEANUP_CLOSE int lock = -1;
	const char *name = opening->port->name;
	int error = port_open_locked(opening->vale, name, &opening->maps, &lock, &opening->number,
				     &opening->entry);

	if (error)
		return error;
	if (!(opening->entry.flags & VALE_PORT_XSK))
		return fail(
			opening->vale, ENOTTY,
			"cannot open '%s' over AF_XDP: it is %s: 'valectl attach %s --xsk NAME' "
			"makes a port for that",
			name,
			opening->entry.kind == VALE_PORT_RING ? "a port of rings"
							      : "a network interface's port",
			name);
	snprintf(opening->path, sizeof(opening->path), "%s/port/%s", opening->maps.path,
		 opening->entry.name);
	opening->port->ephemeral = opening->entry.flags & VALE_PORT_EPHEMERAL;
	if (opening->port->hold >= 0)
		return 0;
	error = ring_port_hold(opening->path, true, &opening->port->hold);
	return error == -EBUSY
		       ? fail(opening->vale, EBUSY,
			      "cannot open '%s': a process has it open over AF_XDP, and only "
			      "one can ('valectl show %s' tells which)",
			      name, name)
		       : error;
}

static int find_or_create(struct xsk_opening *opening)
{
	const struct vale_open_options *options = opening->options;
	int error = find_port(opening);

	if (error != -ENOENT || options->transport != VALE_TRANSPORT_XSK ||
	    options->flags & VALE_OPEN_EXISTING)
		return error;
	maps_close(&opening->maps);
	opening->maps = MAPS_CLOSED;
	if (options->device)
		error = sockets_port_create(opening->vale, opening->port->name, options->device,
					    opening->rings.rings, &opening->port->hold);
	else
		error = xsk_port_create(opening->vale, opening->port->name, opening->rings.rings,
					&opening->port->hold);
	return error ? error : find_port(opening);
}

/* ---- memory ------------------------------------------------------------------------------------ */

static int load(struct xsk_opening *opening)
{
	struct xsk_bpf *skeleton = xsk_bpf__open();
	char pin[PATH_MAX + 3 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int state = -1;
	int error = 0;

	opening->port->xsk->skeleton = skeleton;
	if (!skeleton)
		return -errno;
	snprintf(pin, sizeof(pin), "%s/state", opening->path);
	state = bpf_obj_get(pin);
	if (state < 0)
		return -errno;
	skeleton->rodata->port = opening->number;
	skeleton->rodata->generation = opening->entry.generation;
	skeleton->rodata->shift = opening->port->xsk->shift;
	error = bpf_map__set_max_entries(skeleton->maps.region, opening->entry.rings);
	if (!error)
		error = bpf_map__reuse_fd(skeleton->maps.xsk_state, state);
	for (int map = 0; map < MAPS && !error; map++) {
		struct bpf_map *found = bpf_object__find_map_by_name(skeleton->obj, map_name(map));

		if (found)
			error = bpf_map__reuse_fd(found, opening->maps.fd[map]);
	}
	return error ? error : xsk_bpf__load(skeleton);
}

static int map_shared(int fd, size_t size, void *out)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*(void **)out = memory;
	return 0;
}

static int map_memory(struct xsk_opening *opening)
{
	struct vale_port *port = opening->port;
	struct xsk *xsk = port->xsk;
	int error = map_shared(bpf_map__fd(xsk->skeleton->maps.region),
			       port->pairs * sizeof(*port->memory), &port->memory);

	if (!error)
		error = map_shared(-1, port->pairs * sizeof(*xsk->state), &xsk->state);
	port->state = xsk->state;
	port->regions = port->pairs;
	port->region = port->memory;
	if (!error)
		error = map_shared(bpf_map__fd(xsk->skeleton->maps.xsk_state), sizeof(*xsk->shared),
				   &xsk->shared);
	for (__u32 pair = 0; pair < port->pairs && !error; pair++) {
		xsk->state[pair].tx_mask = opening->rings.tx_slots - 1;
		xsk->state[pair].rx_mask = opening->rings.rx_slots - 1;
		xsk->state[pair].shift = xsk->shift;
		xsk->shared->cursor[pair] = (struct vale_xsk_cursor){
			.mask = opening->rings.tx_slots - 1,
		};
	}
	return error;
}

/* ---- all of it --------------------------------------------------------------------------------- */

static int choose_pairs(struct xsk_opening *opening)
{
	struct vale_port *port = opening->port;
	__u32 one = opening->options->one_ring;

	port->pairs = opening->entry.rings <= VALE_RINGS ? opening->entry.rings : VALE_RINGS;
	port->number = opening->number;
	/*
	 * Drivers that put frames into the memory themselves want chunks that do not cross pages: so
	 * buffers are chunks then, less the headroom.
	 */
	port->xsk->shift = xsk_has_virtual_driver(&opening->outer) ? 0 : XSK_HEADROOM;
	if (one > port->pairs)
		return -ERANGE;
	port->first = one ? one - 1 : 0;
	port->end = one ? one : port->pairs;
	return 0;
}

/* In the namespace of the outer end. */
static int open_there(struct xsk_opening *opening)
{
	CLEANUP_NETNS struct netns_visit inner = { -1 }, outer = { -1 };
	int error;

	opening->doing = "cannot find the outer end";
	error = pair_outer(&opening->maps, opening->number, &opening->entry, &inner, &outer,
			   &opening->outer);
	/* Some kernels bind there, and then nothing comes. */
	if (!error && !opening->outer.up)
		error = -ENETDOWN;
	if (!error)
		error = choose_pairs(opening);
	if (error)
		return error;
	opening->doing = "cannot load the program of the outer end";
	error = load(opening);
	if (!error)
		error = map_memory(opening);
	return error ? error : xsk_bind(opening);
}

static int open_held(struct xsk_opening *opening)
{
	struct vale_port *port = opening->port;
	int error = open_there(opening);

	if (!error)
		error = port_watch(port);
	if (error)
		return error;
	port_initialize(port, opening->options->extra_buffers);
	for (__u32 pair = port->first; pair < port->end; pair++)
		xsk_give(port, pair, 0, opening->rings.rx_slots);
	port->xsk->shared->invalid = 0;
	port->xsk->shared->client = getpid();
	return 0;
}

static int explain(struct xsk_opening *opening, int error)
{
	const char *name = opening->port->name, *outer = opening->outer.name;
	struct vale *vale = opening->vale;

	switch (-error) {
	case EBUSY:
	case EEXIST:
		return fail(
			vale, EBUSY,
			"cannot open '%s': another program has AF_XDP sockets, or an XDP program, "
			"on '%s' ('bpftool net' and 'ss --xdp' show them)",
			name, outer);
	case EPERM:
	case EACCES:
		return fail(
			vale, EPERM,
			"cannot open '%s': %s: not permitted: run it as root (it needs CAP_BPF, "
			"CAP_NET_ADMIN, CAP_PERFMON and CAP_NET_RAW)",
			name, opening->doing);
	case ENOBUFS:
		return fail(vale, ENOBUFS,
			    "cannot open '%s': %s: the limit is too small: 'ulimit -l' must allow "
			    "%zu KiB, or the process needs CAP_IPC_LOCK",
			    name, opening->doing,
			    opening->port->pairs * sizeof(struct vale_region) / 1024);
	case ENETDOWN:
		return fail(vale, ENETDOWN,
			    "cannot open '%s': the interface '%s' is down: 'ip link set %s up'",
			    name, outer, outer);
	case EINVAL:
	case EDOM:
		return fail(vale, ERANGE,
			    "cannot open '%s': '%s' has no %u queues for AF_XDP sockets", name,
			    outer, opening->port->pairs);
	case ENODEV:
		return fail(vale, ENXIO, "cannot open '%s': its interface was deleted", name);
	case ERANGE:
		return fail(vale, ERANGE, "cannot open '%s': it has %u queue%s", name,
			    opening->port->pairs, opening->port->pairs == 1 ? "" : "s");
	default:
		return fail(vale, -error, "cannot open '%s': %s: %s", name, opening->doing,
			    strerror(-error));
	}
}

/* What is not there any more, and was not asked for by its transport, may be made anew. */
int xsk_open(struct vale *vale, struct vale_port *port, const struct vale_open_options *options,
	     const char *path)
{
	struct xsk_opening opening = {
		.vale = vale,
		.port = port,
		.options = options,
		.maps = MAPS_CLOSED,
	};
	int error;

	if (options->transport == VALE_TRANSPORT_RING ||
	    (options->transport == VALE_TRANSPORT_AUTO && !is_there(path)))
		return -ENOENT;
	error = ring_port_options(vale, &options->ring, &opening.rings);
	if (error)
		return error;
	if (options->flags & VALE_OPEN_LOSSLESS)
		return fail(vale, EOPNOTSUPP,
			    "cannot open '%s': a port over AF_XDP cannot be lossless", port->name);
	error = find_or_create(&opening);
	if (!error && opening.entry.kind == VALE_PORT_SOCKETS &&
	    options->flags & VALE_OPEN_SOCKET_TX)
		error = fail(vale, EOPNOTSUPP,
			     "cannot open '%s': its sockets would send past the switch",
			     port->name);
	if (error) {
		maps_close(&opening.maps);
		return error;
	}
	port->xsk = calloc(1, sizeof(*port->xsk));
	if (port->xsk) {
		port->xsk->link = port->xsk->anchor = -1;
		port->xsk->headroom = XSK_HEADROOM;
		port->xsk->by_socket = options->flags & VALE_OPEN_SOCKET_TX;
		vale->reason[0] = 0;
		error = open_held(&opening);
	} else {
		error = -ENOMEM;
	}
	maps_close(&opening.maps);
	return error ? explain(&opening, error) : 0;
}

void xsk_close(struct vale_port *port)
{
	struct xsk *xsk = port->xsk;

	if (xsk->shared) {
		xsk->shared->client = 0;
		munmap(xsk->shared, sizeof(*xsk->shared));
	}
	cleanup_close(&xsk->anchor);
	cleanup_close(&xsk->link); /* takes the program off, so that nothing comes any more */
	xsk_unbind(xsk);
	xsk_bpf__destroy(xsk->skeleton);
	free(xsk);
	port->xsk = NULL;
}
