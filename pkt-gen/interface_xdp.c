// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Network devices by AF_XDP, with libxdp. Each queue of a device has a socket of its own, with memory
 * of its own: half of its frames for sending, half for receiving.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <xdp/xsk.h>

#include "device.h"
#include "log.h"

#define FRAME_SIZE XSK_UMEM__DEFAULT_FRAME_SIZE
#define FRAMES	   1024 /* in each direction */
#define MEMORY	   (2 * FRAMES * FRAME_SIZE)

#define OPEN_TRIES	  50
#define OPEN_MICROSECONDS 20000

/* Calls to have sent what is in the ring: a call sends some frames only. */
#define KICKS (2 * FRAMES)

/* What the kernel's copy mode leaves of a frame that comes. */
#define LENGTH_MAX (FRAME_SIZE - 256)

struct queue {
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completion, rx;
	unsigned char *memory;
	uint32_t free; /* frames for sending that can be had: */
	uint64_t free_frame[FRAMES];
	uint32_t taken; /* frames that were received, to be given back: */
	uint64_t taken_frame[FRAMES];
};

struct xdp_interface {
	struct interface interface;
	bool sends, receives;
	struct queue queue[];
};

static struct queue *queue_of(struct interface *interface, uint32_t ring)
{
	return &((struct xdp_interface *)interface)->queue[ring];
}

/* ---- opening ----------------------------------------------------------------------------------- */

static int open_umem(struct queue *queue)
{
	const struct xsk_umem_config config = {
		.fill_size = FRAMES,
		.comp_size = FRAMES,
		.frame_size = FRAME_SIZE,
	};
	void *memory =
		mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	queue->memory = memory;
	return xsk_umem__create(&queue->umem, queue->memory, MEMORY, &queue->fill,
				&queue->completion, &config);
}

/* All frames are where they are waited for. */
static void fill_rings(struct queue *queue)
{
	uint32_t index = 0;

	for (uint32_t i = 0; i < FRAMES; i++)
		queue->free_frame[queue->free++] = i * FRAME_SIZE;
	if (xsk_ring_prod__reserve(&queue->fill, FRAMES, &index) != FRAMES)
		return;
	for (uint32_t i = 0; i < FRAMES; i++)
		*xsk_ring_prod__fill_addr(&queue->fill, index + i) = (FRAMES + i) * FRAME_SIZE;
	xsk_ring_prod__submit(&queue->fill, FRAMES);
}

static void close_queue(struct queue *queue)
{
	if (queue->socket)
		xsk_socket__delete(queue->socket);
	if (queue->umem)
		xsk_umem__delete(queue->umem);
	if (queue->memory)
		munmap(queue->memory, MEMORY);
	memset(queue, 0, sizeof(*queue));
}

static int try_queue(const struct interface_options *options, uint32_t number, struct queue *queue)
{
	/* Who only sends needs no program on the device. */
	const struct xsk_socket_config config = {
		.rx_size = FRAMES,
		.tx_size = FRAMES,
		.libxdp_flags = options->receives ? 0 : XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP,
	};
	int error = open_umem(queue);

	if (!error)
		fill_rings(queue);
	if (!error)
		error = xsk_socket__create(&queue->socket, options->name, number, queue->umem,
					   options->receives ? &queue->rx : NULL,
					   options->sends ? &queue->tx : NULL, &config);
	if (error)
		close_queue(queue);
	return error;
}

/* The kernel frees the queue of a socket a moment after the socket was closed. */
static int open_queue(const struct interface_options *options, uint32_t number, struct queue *queue)
{
	int error = try_queue(options, number, queue);

	for (int i = 0; i < OPEN_TRIES && error == -EBUSY; i++) {
		usleep(OPEN_MICROSECONDS);
		error = try_queue(options, number, queue);
	}
	if (error)
		complain(-error, "cannot open an AF_XDP socket on queue %u of '%s': %s%s", number,
			 options->name, strerror(-error),
			 error == -EBUSY || error == -EEXIST
				 ? " (is there another XDP program on the device?)"
				 : "");
	return error;
}

static void xdp_close(struct interface *interface)
{
	for (uint32_t i = 0; i < interface->rings; i++)
		close_queue(queue_of(interface, i));
	free(interface);
}

static int open_queues(const struct interface_options *options, uint32_t first,
		       struct interface *interface)
{
	int error = 0;

	for (uint32_t i = 0; i < interface->rings && !error; i++)
		error = open_queue(options, first + i, queue_of(interface, i));
	return error;
}

static int xdp_open(const struct interface_options *options, uint32_t thread,
		    struct interface **out)
{
	struct xdp_interface *xdp;
	struct device device;
	uint32_t rings;
	int error = device_find(options, &device);

	if (error)
		return error;
	if (options->sends && options->frame_length > LENGTH_MAX)
		return complain(EMSGSIZE,
				"cannot send frames of %u bytes by AF_XDP: %u are the most",
				options->frame_length, LENGTH_MAX);
	if (device.queues > INTERFACE_RINGS)
		device.queues = INTERFACE_RINGS;
	rings = options->threads > 1 ? 1 : device.queues;
	xdp = calloc(1, sizeof(*xdp) + rings * sizeof(xdp->queue[0]));
	if (!xdp)
		return complain(ENOMEM, "out of memory");
	xdp->sends = options->sends;
	xdp->receives = options->receives;
	xdp->interface = (struct interface){
		.transport = &transport_xdp,
		.rings = rings,
		.queues = device.queues,
		.slot_size = FRAME_SIZE,
		.fragments = 1,
		.tx_slots = FRAMES,
	};
	memcpy(xdp->interface.mac, device.mac, sizeof(device.mac));
	error = thread < device.queues ? open_queues(options, thread, &xdp->interface) : 0;
	if (error)
		xdp_close(&xdp->interface);
	else
		*out = &xdp->interface;
	return error;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void reap(struct queue *queue)
{
	uint32_t index, count = xsk_ring_cons__peek(&queue->completion, FRAMES, &index);

	for (uint32_t i = 0; i < count; i++)
		queue->free_frame[queue->free++] =
			*xsk_ring_cons__comp_addr(&queue->completion, index + i);
	xsk_ring_cons__release(&queue->completion, count);
}

static int xdp_room(struct interface *interface, uint32_t ring, struct slot *slots, uint32_t count)
{
	struct queue *queue = queue_of(interface, ring);

	reap(queue);
	if (count > queue->free)
		count = queue->free;
	for (uint32_t i = 0; slots && i < count; i++)
		slots[i].bytes = queue->memory + queue->free_frame[queue->free - 1 - i];
	return count;
}

static bool is_sent(const struct xsk_ring_prod *tx)
{
	return __atomic_load_n(tx->consumer, __ATOMIC_ACQUIRE) == *tx->producer;
}

/* Has the kernel send, as long as it does. */
static int kick(struct queue *queue)
{
	int fd = xsk_socket__fd(queue->socket);

	for (int i = 0; i < KICKS && !is_sent(&queue->tx); i++) {
		uint32_t before = __atomic_load_n(queue->tx.consumer, __ATOMIC_ACQUIRE);

		if (!xsk_ring_prod__needs_wakeup(&queue->tx))
			return 0;
		if (sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
		    errno != EBUSY && errno != ENOBUFS && errno != EINTR)
			return -errno;
		if (before == __atomic_load_n(queue->tx.consumer, __ATOMIC_ACQUIRE))
			return 0;
	}
	return 0;
}

static int xdp_send(struct interface *interface, uint32_t ring, const struct slot *slots,
		    uint32_t count)
{
	struct queue *queue = queue_of(interface, ring);
	uint32_t index = 0;

	/* There are as many places in the ring as there are frames. */
	if (count && xsk_ring_prod__reserve(&queue->tx, count, &index) != count)
		return -EPROTO;
	for (uint32_t i = 0; i < count; i++) {
		struct xdp_desc *descriptor = xsk_ring_prod__tx_desc(&queue->tx, index + i);

		*descriptor = (struct xdp_desc){ .addr = queue->free_frame[--queue->free],
						 .len = slots[i].length };
	}
	xsk_ring_prod__submit(&queue->tx, count);
	return kick(queue);
}

static uint32_t xdp_pending(struct interface *interface, uint32_t ring)
{
	reap(queue_of(interface, ring));
	return FRAMES - queue_of(interface, ring)->free;
}

/* ---- receiving --------------------------------------------------------------------------------- */

static void give_back(struct queue *queue)
{
	uint32_t index;

	if (!queue->taken ||
	    xsk_ring_prod__reserve(&queue->fill, queue->taken, &index) != queue->taken)
		return;
	for (uint32_t i = 0; i < queue->taken; i++)
		*xsk_ring_prod__fill_addr(&queue->fill, index + i) = queue->taken_frame[i];
	xsk_ring_prod__submit(&queue->fill, queue->taken);
	queue->taken = 0;
}

/* Nothing came: has the driver go on. Of a device that is gone, only this error tells. */
static int look_after(struct queue *queue)
{
	int fd = xsk_socket__fd(queue->socket), error = 0;
	socklen_t size = sizeof(error);

	if (xsk_ring_prod__needs_wakeup(&queue->fill))
		recvfrom(fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

static int xdp_take(struct interface *interface, uint32_t ring, struct slot *slots, uint32_t count,
		    uint32_t *space)
{
	struct queue *queue = queue_of(interface, ring);
	uint32_t index = 0;

	*space = INTERFACE_UNKNOWN;
	give_back(queue);
	count = xsk_ring_cons__peek(&queue->rx, count < FRAMES ? count : FRAMES, &index);
	if (!count)
		return look_after(queue);
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *descriptor = xsk_ring_cons__rx_desc(&queue->rx, index + i);

		slots[i] = (struct slot){ .bytes = queue->memory + descriptor->addr,
					  .length = descriptor->len };
		queue->taken_frame[i] = descriptor->addr & ~(FRAME_SIZE - 1ull);
	}
	queue->taken = count;
	xsk_ring_cons__release(&queue->rx, count);
	return count;
}

static int xdp_wait(struct interface *interface, short events, int timeout)
{
	struct pollfd wait[INTERFACE_RINGS];
	int error = 0;

	for (uint32_t i = 0; i < interface->rings; i++)
		wait[i] = (struct pollfd){ .fd = xsk_socket__fd(queue_of(interface, i)->socket),
					   .events = events };
	if (poll(wait, interface->rings, timeout) < 0 && errno != EINTR)
		return -errno;
	for (uint32_t i = 0; i < interface->rings && events & POLLOUT && !error; i++)
		error = kick(queue_of(interface, i));
	return error;
}

static uint64_t xdp_lost(struct interface *interface)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < interface->rings; i++) {
		struct xdp_statistics counts = {};
		socklen_t size = sizeof(counts);

		if (!getsockopt(xsk_socket__fd(queue_of(interface, i)->socket), SOL_XDP,
				XDP_STATISTICS, &counts, &size))
			lost += counts.rx_dropped + counts.rx_ring_full;
	}
	return lost;
}

const struct transport transport_xdp = {
	.prefix = "xdp:",
	.link_wait = 2,
	.open = xdp_open,
	.close = xdp_close,
	.room = xdp_room,
	.send = xdp_send,
	.pending = xdp_pending,
	.take = xdp_take,
	.wait = xdp_wait,
	.lost = xdp_lost,
};
