// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Waiting. Whoever is about to sleep says so in its memory and then looks once more; a sender looks
 * whether somebody sleeps after it has published. So not both can miss what the other one did.
 */
#include <errno.h>
#include <time.h>

#include "client.h"

/* Sockets say nothing when there is room to send, nor when their interface has gone. */
#define ROOM_MS 1
#define GONE_MS 200

static void hear(struct bell *bell)
{
	if (!bell->heard) /* a socket, which is not rung */
		return;
	__atomic_store_n(bell->heard, __atomic_load_n(bell->rung, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

int vale_port_fd(const struct vale_port *port)
{
	return port->epoll >= 0 ? port->epoll : port->doorbell[port->first];
}

static bool has_come(const struct vale_port *port, __u32 pair)
{
	const struct vale_ring *ring = &port->region[pair].rx;
	__u32 published = __atomic_load_n(&port->state[pair].rx_published, __ATOMIC_SEQ_CST);

	return ring->cur != (published & port->state[pair].rx_mask);
}

static bool has_room(const struct vale_port *port, __u32 pair)
{
	const struct vale_ring *ring = &port->region[pair].tx;

	return ring->cur != ring->tail;
}

static short ready(const struct vale_port *port, short events)
{
	short found = 0;

	for (__u32 pair = port->first; pair < port->end; pair++) {
		if (events & POLLIN && has_come(port, pair))
			found |= POLLIN;
		if (events & POLLOUT && has_room(port, pair))
			found |= POLLOUT;
	}
	return found;
}

static void set_sleeping(struct vale_port *port, __u32 value)
{
	for (__u32 pair = port->first; pair < port->end; pair++)
		__atomic_store_n(&port->region[pair].control.rx_sleeping, value, __ATOMIC_SEQ_CST);
}

int vale_port_arm(struct vale_port *port, short events)
{
	short found;

	if (events & POLLIN)
		set_sleeping(port, 1);
	found = ready(port, events);
	if (found && events & POLLIN)
		set_sleeping(port, 0);
	return found;
}

void vale_port_disarm(struct vale_port *port)
{
	set_sleeping(port, 0);
	for (__u32 pair = port->first; pair < port->end; pair++)
		hear(&port->bell[pair]);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* What there is to be had without waiting. */
static int look(struct vale_port *port, short events)
{
	int error = 0;

	if (events & POLLOUT)
		error = vale_txsync(port, VALE_ALL_RINGS);
	if (error >= 0 && events & POLLIN)
		error = vale_rxsync(port, VALE_ALL_RINGS);
	return error < 0 ? error : ready(port, events);
}

static int shorter(int left, int limit)
{
	return left < 0 || left > limit ? limit : left;
}

int vale_port_poll(struct vale_port *port, short events, int timeout)
{
	long long end = timeout < 0 ? 0 : now_ms() + timeout;
	struct pollfd wait = { .fd = vale_port_fd(port), .events = POLLIN };

	for (;;) {
		int found = look(port, events), left = -1;

		if (!found)
			found = vale_port_arm(port, events);
		else if (found > 0)
			return found;
		if (found < 0)
			return found;
		if (found)
			continue; /* it came just now: take it */
		if (timeout >= 0) {
			long long rest = end - now_ms();

			left = rest > 0 ? rest : 0;
		}
		if (port->xsk)
			left = shorter(left, events & POLLOUT ? ROOM_MS : GONE_MS);
		found = poll(&wait, 1, left);
		if (found < 0)
			found = -errno;
		vale_port_disarm(port);
		if (!found && port->xsk && xsk_is_gone(port))
			return -ENXIO;
		if (found < 0 || (!found && timeout >= 0 && now_ms() >= end))
			return found;
	}
}
