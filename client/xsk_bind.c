// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The sockets of a port over AF_XDP, and the program that gives them frames. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
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

/*
 * The rings that the kernel takes from have twice the places: it says only now and then how far it
 * has come, and buffers may have come back before.
 */
static int make_umem(struct xsk_opening *opening, bool zero_copy)
{
	struct xsk *xsk = opening->port->xsk;
	struct xsk_queue *first = &xsk->queue[opening->port->first];
	struct xsk_umem_config config = {
		.fill_size = 2 * opening->rings.rx_slots,
		.comp_size = opening->rings.tx_slots,
		.frame_size = zero_copy ? VALE_BUFFER_SIZE : VALE_BUFFER_SIZE + XSK_HEADROOM,
		.flags = zero_copy ? 0 : XDP_UMEM_UNALIGNED_CHUNK_FLAG,
	};

	xsk->room = config.frame_size - XSK_HEADROOM;
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
		.tx_size = 2 * opening->rings.tx_slots,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = flags | XDP_USE_NEED_WAKEUP,
	};

	opening->doing = "cannot bind a socket";
	return xsk_socket__create_shared(&queue->socket, opening->outer.name, pair, xsk->umem,
					 &queue->rx, &queue->tx, &queue->fill, &queue->completion,
					 &config);
}

void xsk_unbind(struct xsk *xsk)
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
		xsk_unbind(port->xsk);
	return error;
}

bool xsk_has_virtual_driver(const struct device *device)
{
	return !strcmp(device->kind, "veth") || !strcmp(device->kind, "tun");
}

/* With what the driver and the kernel can. */
static int bind_best(struct xsk_opening *opening)
{
	struct xsk *xsk = opening->port->xsk;
	int error = -EOPNOTSUPP;

	if (!xsk_has_virtual_driver(&opening->outer))
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

int xsk_bind(struct xsk_opening *opening)
{
	int error = bind_best(opening);

	if (!error)
		error = put_on(opening);
	return error ? error : take_files(opening->port);
}
