// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports of switches. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "interface.h"
#include "log.h"
#include "vale/port.h"

struct vale_interface {
	struct interface interface;
	struct vale_port *port;
	uint32_t first_ring;
	uint32_t buffers; /* in the memory of the port */
};

static struct vale_interface *own(struct interface *interface)
{
	return (struct vale_interface *)interface;
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* An address that is the port's at every run: frames from nobody are not learned by switches. */
static void choose_mac(const char *name, uint8_t mac[6])
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
	mac[0] = 0x02; /* of no manufacturer */
	for (int i = 1; i < 6; i++)
		mac[i] = hash >> (8 * i);
}

static int open_port(const struct interface_options *options, uint32_t thread,
		     struct vale_port **out)
{
	struct vale_open_options open = {
		.size = sizeof(open),
		.flags = (options->exclusive ? VALE_OPEN_EXCLUSIVE : 0) |
			 (options->lossless ? VALE_OPEN_LOSSLESS : 0),
		.one_ring = options->one_ring,
		.transport = options->sockets ? VALE_TRANSPORT_XSK : VALE_TRANSPORT_AUTO,
		.ring = {
			.size = sizeof(open.ring),
			.rings = options->rings ? options->rings : options->threads,
			.tx_slots = options->tx_slots,
			.rx_slots = options->rx_slots,
		},
	};
	struct vale *vale = NULL;
	int error = vale_open(&vale, options->bpffs);

	if (error)
		return complain(-error, "cannot use '%s': %s", options->bpffs,
				vale_open_reason(error));
	if (options->threads > 1)
		open.one_ring = 1 + thread;
	error = vale_port_open(vale, options->name, &open, out);
	if (error)
		complain(-error, "%s", vale_reason(vale));
	vale_close(vale);
	return error;
}

static int vale_interface_open(const struct interface_options *options, uint32_t thread,
			       struct interface **out)
{
	struct vale_interface *vale = calloc(1, sizeof(*vale));
	size_t size;
	int error;

	if (!vale)
		return complain(ENOMEM, "out of memory");
	error = open_port(options, thread, &vale->port);
	if (error) {
		free(vale);
		return error;
	}
	vale->first_ring = vale_port_first_ring(vale->port);
	vale_port_memory(vale->port, &size);
	vale->buffers = size / VALE_BUFFER_SIZE - 1; /* the last one is room for a shift */
	vale->interface = (struct interface){
		.transport = &transport_vale,
		.rings = vale_port_end_ring(vale->port) - vale->first_ring,
		.queues = vale_port_rings(vale->port),
		.slot_size = VALE_BUFFER_SIZE,
		.fragments = VALE_FRAGMENTS,
		.tx_slots = vale_tx_ring(vale->port, vale->first_ring)->num_slots,
		.keeps = true,
	};
	choose_mac(options->name, vale->interface.mac);
	*out = &vale->interface;
	return 0;
}

static void vale_interface_close(struct interface *interface)
{
	vale_port_close(own(interface)->port);
	free(interface);
}

/* ---- rings ------------------------------------------------------------------------------------- */

/* Others may have the port open, and write to its rings: NULL if a slot has no buffer of the port. */
static unsigned char *buffer_of(const struct vale_interface *own, struct vale_ring *ring,
				uint32_t index)
{
	if (index < VALE_BUFFER_FIRST || index >= own->buffers)
		return NULL;
	return vale_ring_buffer(ring, index);
}

static uint32_t mask_of(const struct vale_ring *ring)
{
	return (ring->num_slots - 1) & (VALE_SLOTS - 1);
}

static int vale_room(struct interface *interface, uint32_t pair, struct slot *slots, uint32_t count)
{
	const struct vale_interface *vale = own(interface);
	struct vale_ring *ring = vale_tx_ring(vale->port, vale->first_ring + pair);
	uint32_t space = vale_ring_space(ring), head = ring->head, mask = mask_of(ring);

	if (count > space)
		count = space;
	if (!slots)
		return count;
	for (uint32_t i = 0; i < count; i++) {
		slots[i].bytes = buffer_of(vale, ring, ring->slot[(head + i) & mask].buf_idx);
		if (!slots[i].bytes)
			return -EPROTO;
	}
	return count;
}

static int vale_send(struct interface *interface, uint32_t pair, const struct slot *slots,
		     uint32_t count)
{
	const struct vale_interface *vale = own(interface);
	struct vale_ring *ring = vale_tx_ring(vale->port, vale->first_ring + pair);
	uint32_t head = ring->head, mask = mask_of(ring);
	int answer;

	for (uint32_t i = 0; slots && i < count; i++) {
		struct vale_slot *slot = &ring->slot[(head + i) & mask];

		slot->len = slots[i].length;
		slot->flags = slots[i].more ? VALE_SLOT_MORE : 0;
	}
	ring->head = ring->cur = (head + count) & mask;
	answer = vale_txsync(vale->port, vale->first_ring + pair);
	return answer < 0 ? answer : 0;
}

static uint32_t vale_pending(struct interface *interface, uint32_t pair)
{
	const struct vale_interface *vale = own(interface);
	const struct vale_ring *ring = vale_tx_ring(vale->port, vale->first_ring + pair);

	return ring->num_slots - 1 - vale_ring_space(ring);
}

static int vale_take(struct interface *interface, uint32_t pair, struct slot *slots, uint32_t count,
		     uint32_t *space)
{
	const struct vale_interface *vale = own(interface);
	struct vale_ring *ring = vale_rx_ring(vale->port, vale->first_ring + pair);
	uint32_t mask = mask_of(ring), taken = 0, waiting;
	int error = vale_rxsync(vale->port, vale->first_ring + pair);

	if (error)
		return error;
	waiting = vale_ring_space(ring);
	*space = ring->num_slots - waiting;
	if (count > waiting)
		count = waiting;
	for (uint32_t i = 0; i < count; i++) {
		struct vale_slot slot =
			*(volatile struct vale_slot *)&ring->slot[(ring->head + i) & mask];

		slots[taken].bytes = buffer_of(vale, ring, slot.buf_idx);
		slots[taken].length = slot.len;
		slots[taken].more = slot.flags & VALE_SLOT_MORE;
		/* Those that are empty are no frames; those that are impossible were forged. */
		taken += slots[taken].bytes && slot.len && slot.len <= VALE_BUFFER_SIZE;
	}
	ring->head = ring->cur = (ring->head + count) & mask;
	return taken;
}

static int vale_wait(struct interface *interface, short events, int timeout)
{
	int found = vale_port_poll(own(interface)->port, events, timeout);

	return found < 0 && found != -EINTR ? found : 0;
}

const struct transport transport_vale = {
	.prefix = "vale",
	.has_rings = true,
	.open = vale_interface_open,
	.close = vale_interface_close,
	.room = vale_room,
	.send = vale_send,
	.pending = vale_pending,
	.take = vale_take,
	.wait = vale_wait,
};
