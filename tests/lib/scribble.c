// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "scribble.h"

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <string.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "ring.h"

struct scribbler {
	struct vale_port *port;
	struct scribble *scribble;
	unsigned int seed;
	bool end;
};

/* ---- numbers ----------------------------------------------------------------------------------- */

static __u32 any_word(unsigned int *seed)
{
	return (__u32)ring_random(seed) << 16 ^ ring_random(seed);
}

/* Those that something may be wrong with. */
static __u32 odd_word(unsigned int *seed)
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

static struct vale_region *any_region(struct scribbler *self)
{
	return &self->port->region[ring_random(&self->seed) % self->port->pairs];
}

static __u32 good_buffer(struct scribbler *self)
{
	__u32 pair = ring_random(&self->seed) % self->port->pairs;

	return pair * VALE_REGION_UNITS + VALE_BUFFER_FIRST +
	       ring_random(&self->seed) % VALE_REGION_BUFFERS;
}

static void scribble_slot(struct scribbler *self, struct vale_ring *ring)
{
	volatile struct vale_slot *slot = &ring->slot[ring_random(&self->seed) % VALE_SLOTS];
	bool good = ring_random(&self->seed) % 4;

	slot->buf_idx = good ? good_buffer(self) : odd_word(&self->seed);
	slot->len = good ? 14 + ring_random(&self->seed) % 2035 : odd_word(&self->seed);
	slot->flags = good ? ring_random(&self->seed) % 4 ? 0 : VALE_SLOT_MORE
			   : odd_word(&self->seed);
	slot->ptr = odd_word(&self->seed);
}

static void scribble_ring(struct scribbler *self, volatile struct vale_ring *ring)
{
	switch (ring_random(&self->seed) % 12) {
	case 0:
		ring->buf_ofs = (__s64)odd_word(&self->seed) << (ring_random(&self->seed) % 33);
		break;
	case 1:
		ring->num_slots = odd_word(&self->seed);
		break;
	case 2:
		ring->nr_buf_size = odd_word(&self->seed);
		break;
	case 3:
		ring->tail = odd_word(&self->seed);
		ring->cur = odd_word(&self->seed);
		break;
	case 4:
		ring->flags = ring->ringid = ring->dir = odd_word(&self->seed);
		break;
	case 5:
		ring->head = odd_word(&self->seed);
		break;
	default: /* some frames on */
		ring->head = ring->head + ring_random(&self->seed) % 64;
	}
}

static void scribble_control(struct scribbler *self, volatile struct vale_control *control)
{
	switch (ring_random(&self->seed) % 4) {
	case 0:
		control->rx_released = odd_word(&self->seed);
		break;
	case 1: /* all, or nearly all that came */
		control->rx_released =
			self->port->state->rx_published - ring_random(&self->seed) % 4 + 1;
		break;
	case 2:
		control->rx_sleeping = odd_word(&self->seed);
		break;
	default:
		control->lossless = ring_random(&self->seed) % 2;
	}
}

/* A header of a frame that goes somewhere. It is of no type that the streams of others have. */
static void scribble_header(struct scribbler *self)
{
	struct vale_region *region = any_region(self);
	unsigned char header[14];
	__u32 buffer = ring_random(&self->seed) % VALE_REGION_BUFFERS, hosts = 0;

	while (hosts < 4 && self->scribble->to[hosts])
		hosts++;
	for (size_t i = 0; i < sizeof(header); i++)
		header[i] = ring_random(&self->seed);
	if (ring_random(&self->seed) % 8)
		frame_set_address(header, self->scribble->to[ring_random(&self->seed) % hosts]);
	if (ring_random(&self->seed) % 2)
		frame_set_address(header + 6, ring_random(&self->seed) % 8 + 1);
	header[12] = 0x08;
	memcpy(region->buffers[buffer] + vale_region_shift(self->port->number), header,
	       sizeof(header));
}

static void scribble_anywhere(struct scribbler *self)
{
	volatile __u32 *words = (volatile __u32 *)any_region(self);

	words[any_word(&self->seed) % (VALE_REGION_SIZE / sizeof(*words))] = odd_word(&self->seed);
}

static void scribble_once(struct scribbler *self)
{
	struct vale_region *region = any_region(self);

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
		scribble_anywhere(self);
	}
}

/* ---- programs ---------------------------------------------------------------------------------- */

/* Of any port and pair; the first number is what vale/ring.h says. */
static void run_live(struct scribbler *self)
{
	static unsigned char bytes[4096];
	struct xdp_md context = { .data = ring_random(&self->seed) % 2 * 4 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = ring_random(&self->seed) % 64,
		    .flags = ring_random(&self->seed) % 4 ? BPF_F_TEST_XDP_LIVE_FRAMES : 0);

	context.data_end = context.data + VALE_LIVE_LENGTH + ring_random(&self->seed) % 8;
	options.data_size_in = context.data_end;
	bpf_prog_test_run_opts(self->port->live, &options);
}

static void run_programs(struct scribbler *self)
{
	__u32 pair = ring_random(&self->seed) % self->port->pairs;
	int answer = port_run(self->port->txsync[pair]);

	if (answer >= 0)
		self->scribble->good++;
	else if (answer != -EBUSY)
		self->scribble->bad++;
	switch (ring_random(&self->seed) % 64) {
	case 0:
		port_run(self->port->wake[pair]);
		break;
	case 1:
		port_run(self->port->enter);
		port_run(self->port->leave);
		break;
	case 2:
		run_live(self);
		break;
	default:
		break;
	}
}

static void *scribble_on(void *argument)
{
	struct scribbler *self = argument;

	while (!__atomic_load_n(&self->end, __ATOMIC_RELAXED))
		scribble_once(self);
	return NULL;
}

static int scribble_in_client(struct client_self *client, void *argument)
{
	struct scribbler here = { .port = client->port, .scribble = argument };
	struct scribbler beside = here;
	pthread_t thread;

	here.seed = here.scribble->seed;
	beside.seed = here.seed + 1000;
	if (pthread_create(&thread, NULL, scribble_on, &beside))
		return -EAGAIN;
	for (long i = 0; i < here.scribble->syncs; i++) {
		for (int k = ring_random(&here.seed) % 8; k >= 0; k--)
			scribble_once(&here);
		run_programs(&here);
	}
	__atomic_store_n(&beside.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	return 0;
}

void scribble_start(struct client *client, struct scribble *scribble)
{
	client_begin(client, scribble_in_client, scribble, sizeof(*scribble));
}
