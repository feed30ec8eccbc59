// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The client of a ring port as a source: what it sends to a device, the kernel's live frames carry. */
#include <errno.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/ring_port.h"
#include "bench/source.h"

#define BATCH 256

static const struct bench_port ring_port = { "ring", 0 };

struct ring_source {
	struct vale *vale;
	struct vale_port *port; /* as soon as there is a switch */
	struct vale_ring *ring;
};

static void ring_close(void *source)
{
	struct ring_source *ring_source = source;

	if (!ring_source)
		return;
	vale_port_close(ring_source->port);
	vale_close(ring_source->vale);
	free(ring_source);
}

static int ring_open(void **source)
{
	struct ring_source *ring_source = calloc(1, sizeof(*ring_source));
	int error;

	if (!ring_source)
		return bench_error(ENOMEM, "ring source");
	error = bench_vale_open(&ring_source->vale);
	if (error) {
		ring_close(ring_source);
		return error;
	}
	*source = ring_source;
	return 0;
}

/* The switch finds the device by the frames' addresses. */
static int ring_aim(void *source, const struct frame_set *frames, int device)
{
	struct ring_source *ring_source = source;
	struct vale_ring *ring;
	__u32 slot;

	(void)device;
	if (!ring_source->port) {
		int error = bench_port_open(ring_source->vale, ring_port, NULL, &ring_source->port);

		if (error)
			return error;
		ring_source->ring = vale_tx_ring(ring_source->port, 0);
	}
	ring = ring_source->ring;
	slot = ring->head;
	for (__u32 i = 0; i < ring->num_slots; i++) {
		memcpy(vale_ring_buffer(ring, ring->slot[slot].buf_idx),
		       frames->frame[i % frames->flows], frames->length);
		ring->slot[slot].len = frames->length;
		slot = vale_ring_next(ring, slot);
	}
	return 0;
}

static int ring_send(void *source, unsigned int frames)
{
	struct ring_source *ring_source = source;
	struct vale_ring *ring = ring_source->ring;
	unsigned int left = frames, count;
	int answer;

	for (; left; left -= count) {
		count = left < BATCH ? left : BATCH;
		if (vale_ring_space(ring) < count)
			return bench_error(0, "frames stay in a ring that are for a device");
		ring->head = ring->cur = (ring->head + count) & (ring->num_slots - 1);
		answer = vale_txsync(ring_source->port, 0);
		if (bench_interrupted)
			return -EINTR;
		if (answer < 0)
			return bench_error(-answer, "cannot send by a ring");
	}
	return frames;
}

const struct source_type source_ring = {
	.group = "ring-device",
	.from = "ring",
	.title = "txsync of 256 frames",
	.chunk = 4096,
	.switch_only = true,
	.open = ring_open,
	.aim = ring_aim,
	.send = ring_send,
	.close = ring_close,
};
