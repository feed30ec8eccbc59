// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "scribbler.h"

#include <string.h>

#include "client/client.h"
#include "ring.h"
#include "vnet.h"

/* ---- numbers ----------------------------------------------------------------------------------- */

static __u32 any_word(unsigned int *seed)
{
	return (__u32)ring_random(seed) << 16 ^ ring_random(seed);
}

__u32 scribble_odd(unsigned int *seed)
{
	static const __u32 odd[] = {
		0,
		1,
		2,
		13,
		14,
		63,
		64,
		255,
		256,
		1023,
		1024,
		2047,
		2048,
		2049,
		4096,
		65535,
		65536,
		0x7fffffff,
		0x80000000,
		0xfffffc00,
		0xfffffffe,
		0xffffffff,
		VALE_BUFFER_FIRST - 1,
		VALE_BUFFER_FIRST,
		VALE_REGION_UNITS - 2,
		VALE_REGION_UNITS - 1,
		VALE_REGION_UNITS,
		8 * VALE_REGION_UNITS,
	};

	if (ring_random(seed) % 4)
		return odd[ring_random(seed) % (sizeof(odd) / sizeof(odd[0]))];
	return any_word(seed);
}

/* ---- memory ------------------------------------------------------------------------------------ */

/* Those of its pairs and, now and then, of its pipes. */
static struct vale_region *any_region(struct scribbler *self)
{
	__u32 count = self->port->pairs;

	if (!(ring_random(&self->seed) % 8))
		count += self->port->pipes;
	return &self->port->region[ring_random(&self->seed) % count];
}

static __u32 good_buffer(struct scribbler *self)
{
	__u32 region = any_region(self) - self->port->memory;

	return region * VALE_REGION_UNITS + VALE_BUFFER_FIRST +
	       ring_random(&self->seed) % VALE_REGION_BUFFERS;
}

static void scribble_slot(struct scribbler *self, struct vale_ring *ring)
{
	volatile struct vale_slot *slot = &ring->slot[ring_random(&self->seed) % VALE_SLOTS];
	bool good = ring_random(&self->seed) % 4;

	slot->buf_idx = good ? good_buffer(self) : scribble_odd(&self->seed);
	slot->len = good ? 14 + ring_random(&self->seed) % 2035 : scribble_odd(&self->seed);
	slot->flags = good ? ring_random(&self->seed) % 4 ? 0 : VALE_SLOT_MORE
			   : scribble_odd(&self->seed);
	slot->ptr = scribble_odd(&self->seed);
}

static void scribble_ring(struct scribbler *self, volatile struct vale_ring *ring)
{
	volatile __u32 *words = (volatile __u32 *)ring;

	switch (ring_random(&self->seed) % 12) {
	case 0:
		ring->buf_ofs = (__s64)scribble_odd(&self->seed) << (ring_random(&self->seed) % 33);
		break;
	case 1:
		ring->num_slots = scribble_odd(&self->seed);
		break;
	case 2:
		ring->nr_buf_size = scribble_odd(&self->seed);
		break;
	case 3:
		ring->tail = scribble_odd(&self->seed);
		ring->cur = scribble_odd(&self->seed);
		break;
	case 4:
		ring->flags = ring->ringid = ring->dir = scribble_odd(&self->seed);
		break;
	case 5:
		ring->head = scribble_odd(&self->seed);
		break;
	case 6: /* whatever is before the slots */
		words[ring_random(&self->seed) % (offsetof(struct vale_ring, slot) / 4)] =
			scribble_odd(&self->seed);
		break;
	default: /* some frames on */
		ring->head = ring->head + ring_random(&self->seed) % 64;
	}
}

static void scribble_control(struct scribbler *self, volatile struct vale_control *control)
{
	switch (ring_random(&self->seed) % 4) {
	case 0:
		control->rx_released = scribble_odd(&self->seed);
		break;
	case 1: /* all, or nearly all that came */
		control->rx_released =
			self->port->state->rx_published - ring_random(&self->seed) % 4 + 1;
		break;
	case 2:
		control->rx_sleeping = scribble_odd(&self->seed);
		break;
	default:
		control->lossless = ring_random(&self->seed) % 2;
	}
}

/* What is in the structure that netmap's programs look at first. */
static void scribble_interface(struct scribbler *self, struct vale_region *region)
{
	volatile __u32 *words = (volatile __u32 *)&region->interface_room;

	words[ring_random(&self->seed) % (sizeof(region->interface_room) / 4)] =
		scribble_odd(&self->seed);
}

/* Which records of the doorbell have been read. */
static void scribble_doorbell(struct scribbler *self)
{
	struct bell *bell = &self->port->bell[ring_random(&self->seed) % self->port->pairs];

	*bell->heard = ring_random(&self->seed) % 2 ? *bell->rung : scribble_odd(&self->seed);
}

/* Nearly one that makes sense, which asks for a checksum or for being cut. */
static void vnet_scribble(struct scribbler *self, unsigned char *at)
{
	static const __u8 types[] = { 0,
				      0,
				      VIRTIO_NET_HDR_GSO_TCPV4,
				      VIRTIO_NET_HDR_GSO_TCPV6,
				      VNET_UDP_L4,
				      VIRTIO_NET_HDR_GSO_UDP };
	bool good = ring_random(&self->seed) % 4;
	struct virtio_net_hdr header = {
		.flags = good ? ring_random(&self->seed) % 2 : scribble_odd(&self->seed),
		.gso_type = good ? types[ring_random(&self->seed) % sizeof(types)]
				 : scribble_odd(&self->seed),
		.hdr_len = scribble_odd(&self->seed),
		.gso_size = good ? ring_random(&self->seed) % 1500 : scribble_odd(&self->seed),
		.csum_start = good ? 14 + ring_random(&self->seed) % 40 : scribble_odd(&self->seed),
		.csum_offset = good ? ring_random(&self->seed) % 20 : scribble_odd(&self->seed),
	};

	memcpy(at, &header, sizeof(header));
}

/* Behind the addresses: IP and TCP or UDP, as far as it goes, or anything. */
static void scribble_packet(struct scribbler *self, unsigned char *type)
{
	bool ipv6 = ring_random(&self->seed) % 2;

	for (int i = 0; i < 64; i++)
		type[i] = ring_random(&self->seed);
	type[0] = ipv6 ? 0x86 : 0x08;
	if (!(ring_random(&self->seed) % 4))
		return;
	type[1] = ipv6 ? 0xdd : 0x00;
	type[2] = ipv6 ? 0x60 : 0x45;
	type[2 + (ipv6 ? 6 : 9)] = ring_random(&self->seed) % 2 ? 6 : 17;
	type[2 + (ipv6 ? 40 : 20) + 12] = 0x50;
}

/* A header of a frame that goes somewhere. It is of no type that the streams of others have. */
static void scribble_header(struct scribbler *self)
{
	struct vale_region *region = any_region(self);
	unsigned char header[12 + 2 + 64], *at;
	__u32 buffer = ring_random(&self->seed) % VALE_REGION_BUFFERS, hosts = 0;

	while (hosts < SCRIBBLE_HOSTS && self->scribble->to[hosts])
		hosts++;
	for (int i = 0; i < 12; i++)
		header[i] = ring_random(&self->seed);
	if (ring_random(&self->seed) % 8)
		frame_set_address(header, self->scribble->to[ring_random(&self->seed) % hosts]);
	if (ring_random(&self->seed) % 2)
		frame_set_address(header + 6, ring_random(&self->seed) % 2
						      ? self->scribble->from
						      : (int)(ring_random(&self->seed) % 8) + 1);
	scribble_packet(self, header + 12);
	at = region->buffers[buffer] + self->port->state->shift;
	if (self->port->state->vnet_header)
		vnet_scribble(self, at);
	memcpy(at + self->port->state->vnet_header, header, sizeof(header));
}

static void scribble_anywhere(struct scribbler *self)
{
	volatile __u32 *words = (volatile __u32 *)any_region(self);

	words[any_word(&self->seed) % (VALE_REGION_SIZE / sizeof(*words))] =
		scribble_odd(&self->seed);
}

static void scribble_rarely(struct scribbler *self, struct vale_region *region)
{
	switch (ring_random(&self->seed) % 4) {
	case 0:
		scribble_interface(self, region);
		break;
	case 1:
		scribble_doorbell(self);
		break;
	default:
		scribble_anywhere(self);
	}
}

void scribble_once(struct scribbler *self)
{
	struct vale_region *region = any_region(self);

	self->mutations++;
	switch (ring_random(&self->seed) % 8) {
	case 0:
		scribble_control(self, &region->control);
		break;
	case 1:
		scribble_ring(self, &region->tx);
		break;
	case 2:
		scribble_ring(self, &region->rx);
		break;
	case 3:
	case 4:
		scribble_slot(self, &region->tx);
		break;
	case 5:
		scribble_slot(self, &region->rx);
		break;
	case 6:
		scribble_header(self);
		break;
	default:
		scribble_rarely(self, region);
	}
}
