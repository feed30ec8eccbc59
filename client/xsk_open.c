// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Opening a port over AF_XDP. All that is made belongs to the process, also the link that keeps the
 * program on the outer end: a process that is killed leaves nothing behind but the port, if that was
 * made for it; whoever comes next removes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/xsk.skel.h"
#include "xsk.h"

/* 6.6; older headers do not know it, and older kernels refuse it. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif

/* 6.17 */
#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET 9
#endif

/* 4.18; the C library does not always know it. */
#ifndef SOL_XDP
#define SOL_XDP 283
#endif

/* What the kernel leaves free before each frame. */
#define HEADROOM 256

struct xsk_opening {
	struct vale *vale;
	struct vale_port *port;
	const struct vale_open_options *options;
	struct maps maps;
	char path[PATH_MAX + 2 * VALE_NAME_SIZE]; /* of the port's directory */
	__u32 number;
	struct vale_port_entry entry;
	struct ring_port_options rings;
	struct device outer;
	const char *doing; /* what fails, if something does */
};

bool xsk_is_there(const char *path)
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

/* ---- sockets ----------------------------------------------------------------------------------- */

static int make_umem(struct xsk_opening *opening, bool zero_copy)
{
	struct xsk *xsk = opening->port->xsk;
	struct xsk_queue *first = &xsk->queue[opening->port->first];
	struct xsk_umem_config config = {
		.fill_size = opening->rings.rx_slots,
		.comp_size = opening->rings.tx_slots,
		.frame_size = zero_copy ? VALE_BUFFER_SIZE : VALE_BUFFER_SIZE + HEADROOM,
		.flags = zero_copy ? 0 : XDP_UMEM_UNALIGNED_CHUNK_FLAG,
	};

	xsk->room = config.frame_size - HEADROOM;
	opening->doing = "cannot lock memory for AF_XDP";
	return xsk_umem__create(&xsk->umem, opening->port->memory,
				opening->port->pairs * sizeof(*opening->port->memory), &first->fill,
				&first->completion, &config);
}

static int bind_queue(struct xsk_opening *opening, __u32 pair, __u16 flags)
{
	struct xsk *xsk = opening->port->xsk;
	struct xsk_queue *queue = &xsk->queue[pair];
	struct xsk_socket_config config = {
		.rx_size = opening->rings.rx_slots,
		.tx_size = opening->rings.tx_slots,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = flags | XDP_USE_NEED_WAKEUP,
	};

	opening->doing = "cannot bind a socket";
	return xsk_socket__create_shared(&queue->socket, opening->outer.name, pair, xsk->umem,
					 &queue->rx, &queue->tx, &queue->fill, &queue->completion,
					 &config);
}

static void close_sockets(struct xsk *xsk)
{
	for (int pair = 0; pair < VALE_RINGS; pair++) {
		if (xsk->queue[pair].socket)
			xsk_socket__delete(xsk->queue[pair].socket);
		xsk->queue[pair].socket = NULL;
	}
	if (xsk->umem)
		xsk_umem__delete(xsk->umem);
	xsk->umem = NULL;
}

static int bind_all(struct xsk_opening *opening, __u16 flags)
{
	struct vale_port *port = opening->port;
	int error = make_umem(opening, flags & XDP_ZEROCOPY);

	for (__u32 pair = port->first; pair < port->end && !error; pair++) {
		error = bind_queue(opening, pair, flags);
		if (error == -EINVAL && pair > port->first)
			error = -EDOM; /* it is not the flags */
	}
	port->xsk->fragments = flags & XDP_USE_SG;
	if (error)
		close_sockets(port->xsk);
	return error;
}

static bool has_virtual_driver(const struct device *device)
{
	return !strcmp(device->kind, "veth") || !strcmp(device->kind, "tun");
}

/* With what the driver and the kernel can. */
static int bind_best(struct xsk_opening *opening)
{
	struct xsk *xsk = opening->port->xsk;
	int error = -EOPNOTSUPP;

	if (!has_virtual_driver(&opening->outer))
		error = bind_all(opening, XDP_ZEROCOPY);
	xsk->shared->mode = error ? VALE_XSK_COPY : VALE_XSK_ZERO_COPY;
	if (error == -EOPNOTSUPP || error == -EINVAL)
		error = bind_all(opening, XDP_COPY | XDP_USE_SG);
	if (error == -EINVAL)
		error = bind_all(opening, XDP_COPY);
	return error;
}

static int enter_sockets(const struct xsk_opening *opening, int map, __u32 first)
{
	const struct vale_port *port = opening->port;

	for (__u32 pair = port->first; pair < port->end; pair++) {
		int fd = xsk_socket__fd(port->xsk->queue[pair].socket);
		__u32 place = first + pair;

		if (bpf_map_update_elem(map, &place, &fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* A device that nobody uses and that goes with the process: see loader/live.c. */
static int make_anchor(struct xsk *xsk, __u32 *ifindex)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	xsk->anchor = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (xsk->anchor < 0 || ioctl(xsk->anchor, TUNSETIFF, &request))
		return -errno;
	*ifindex = if_nametoindex(request.ifr_name);
	return 0;
}

/*
 * The program goes on the outer end. Sockets on the device of another port get frames by that port's
 * program; ours is for sending only, which is slow (not wrong) if it is on no device.
 */
static int put_on(struct xsk_opening *opening)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
	struct xsk *xsk = opening->port->xsk;
	int program = bpf_program__fd(xsk->skeleton->progs.vale_xsk);
	__u32 ifindex = opening->outer.ifindex;

	opening->doing = "cannot put a program on the interface";
	if (opening->entry.kind == VALE_PORT_SOCKETS) {
		if (!make_anchor(xsk, &ifindex))
			xsk->link = bpf_link_create(program, ifindex, BPF_XDP, &options);
		return enter_sockets(opening, opening->maps.fd[MAP_SOCKETS],
				     vale_socket(opening->entry.on, 0));
	}
	xsk->link = bpf_link_create(program, ifindex, BPF_XDP, &options);
	if (xsk->link < 0)
		return -errno;
	return enter_sockets(opening, bpf_map__fd(xsk->skeleton->maps.queues), 0);
}

/* Newer kernels (6.17) send more than 32 frames for a system call, if they are told to. */
static void allow_batches(int socket, __u32 frames)
{
	setsockopt(socket, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &frames, sizeof(frames));
}

/* The sockets take the place of doorbells, and the program that of `live`. */
static int take_files(struct vale_port *port)
{
	struct xsk *xsk = port->xsk;

	for (__u32 pair = port->first; pair < port->end; pair++) {
		port->doorbell[pair] =
			fcntl(xsk_socket__fd(xsk->queue[pair].socket), F_DUPFD_CLOEXEC, 0);
		if (port->doorbell[pair] < 0)
			return -errno;
		allow_batches(port->doorbell[pair], xsk->state[pair].tx_mask + 1);
	}
	port->live = fcntl(bpf_program__fd(xsk->skeleton->progs.vale_xsk), F_DUPFD_CLOEXEC, 0);
	return port->live < 0 ? -errno : 0;
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
	port->xsk->shift = has_virtual_driver(&opening->outer) ? 0 : HEADROOM;
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
	error = xsk_port_outer(&opening->maps, opening->number, &opening->entry, &inner, &outer,
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
	if (!error)
		error = bind_best(opening);
	return error ? error : put_on(opening);
}

static int open_held(struct xsk_opening *opening)
{
	struct vale_port *port = opening->port;
	int error = open_there(opening);

	if (!error)
		error = take_files(port);
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

int xsk_open(struct vale *vale, struct vale_port *port, const struct vale_open_options *options)
{
	struct xsk_opening opening = {
		.vale = vale,
		.port = port,
		.options = options,
		.maps = MAPS_CLOSED,
	};
	int error = ring_port_options(vale, &options->ring, &opening.rings);

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
		port->xsk->headroom = HEADROOM;
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
	close_sockets(xsk);
	xsk_bpf__destroy(xsk->skeleton);
	free(xsk);
	port->xsk = NULL;
}
