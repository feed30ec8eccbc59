// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "netmap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* ---- requests ---------------------------------------------------------------------------------- */

int netmap_request_with(int fd, int type, const char *name, void *body,
			struct nmreq_option *options)
{
	struct nmreq_header header = {
		.nr_version = NETMAP_API,
		.nr_reqtype = type,
		.nr_options = (uintptr_t)options,
		.nr_body = (uintptr_t)body,
	};

	strncpy(header.nr_name, name, sizeof(header.nr_name) - 1);
	return ioctl(fd, NIOCCTRL, &header) ? -errno : 0;
}

int netmap_request(int fd, int type, const char *name, void *body)
{
	return netmap_request_with(fd, type, name, body, NULL);
}

int netmap_device(void)
{
	int fd = open("/dev/netmap", O_RDWR);

	cr_assert_geq(fd, 0, "no /dev/netmap: %s", strerror(errno));
	return fd;
}

int netmap_bind(const char *name, struct nmreq_register *reg)
{
	struct nmreq_register all = { .nr_mode = NR_REG_ALL_NIC };
	int fd = netmap_device();
	int error = netmap_request(fd, NETMAP_REQ_REGISTER, name, reg ? reg : &all);

	if (error)
		close(fd);
	return error ? error : fd;
}

/* ---- ports ------------------------------------------------------------------------------------- */

void netmap_map(struct netmap_port *port)
{
	port->memory =
		mmap(NULL, port->reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED, port->fd, 0);
	cr_assert_neq(port->memory, MAP_FAILED, "cannot map: %s", strerror(errno));
	port->interface = NETMAP_IF(port->memory, port->reg.nr_offset);
}

struct netmap_port netmap_open(const char *name, struct nmreq_register reg)
{
	struct netmap_port port = { .reg = reg };

	if (!port.reg.nr_mode)
		port.reg.nr_mode = NR_REG_ALL_NIC;
	port.fd = netmap_bind(name, &port.reg);
	cr_assert_geq(port.fd, 0, "cannot open %s: %s", name, strerror(-port.fd));
	netmap_map(&port);
	return port;
}

struct netmap_port netmap_open_all(const char *name)
{
	return netmap_open(name, (struct nmreq_register){});
}

void netmap_close(struct netmap_port *port)
{
	munmap(port->memory, port->reg.nr_memsize);
	cr_assert_eq(close(port->fd), 0);
}

struct netmap_ring *netmap_tx(const struct netmap_port *port, int ring)
{
	return NETMAP_TXRING(port->interface, ring);
}

struct netmap_ring *netmap_rx(const struct netmap_port *port, int ring)
{
	return NETMAP_RXRING(port->interface, ring);
}

/* ---- frames ------------------------------------------------------------------------------------ */

void netmap_put(const struct netmap_port *port, int number, const struct frame *frame)
{
	struct netmap_ring *ring = netmap_tx(port, number);
	size_t done = 0;

	while (done < frame->length) {
		struct netmap_slot *slot = &ring->slot[ring->head];
		size_t part = frame->length - done;

		cr_assert(!nm_ring_empty(ring), "the tx ring is full");
		if (part > ring->nr_buf_size)
			part = ring->nr_buf_size;
		memcpy(NETMAP_BUF(ring, slot->buf_idx), frame->bytes + done, part);
		done += part;
		slot->len = part;
		slot->flags = done < frame->length ? NS_MOREFRAG : 0;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	}
}

void netmap_send(const struct netmap_port *port, const struct frame *frame)
{
	netmap_put(port, 0, frame);
	cr_assert_eq(ioctl(port->fd, NIOCTXSYNC, NULL), 0, "txsync: %s", strerror(errno));
}

bool netmap_take(const struct netmap_port *port, struct frame *out, int timeout_ms)
{
	struct netmap_ring *ring = netmap_rx(port, 0);
	struct pollfd wait = { .fd = port->fd, .events = POLLIN };
	struct netmap_slot *slot;

	memset(out, 0, sizeof(*out));
	if (nm_ring_empty(ring) && poll(&wait, 1, timeout_ms) != 1)
		return false;
	do {
		cr_assert(!nm_ring_empty(ring), "poll() says that there is a frame");
		slot = &ring->slot[ring->head];
		memcpy(out->bytes + out->length, NETMAP_BUF(ring, slot->buf_idx), slot->len);
		out->length += slot->len;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	} while (slot->flags & NS_MOREFRAG);
	return true;
}

void netmap_expect(const struct netmap_port *port, const struct frame *expected, const char *what)
{
	static struct frame actual;

	cr_assert(netmap_take(port, &actual, 10000), "%s: no frame came", what);
	frame_expect(expected, &actual, what);
}

void netmap_reaches(const struct netmap_port *a, const struct netmap_port *b, int from, int to)
{
	static struct frame frame;

	frame_plain(&frame, from, to, FRAME_TYPE_OURS, 100);
	netmap_send(a, &frame);
	netmap_expect(b, &frame, "from one port to the other");
}
