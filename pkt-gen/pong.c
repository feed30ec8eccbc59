// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pong: sends back what comes, with the addresses swapped. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "assemble.h"
#include "dump.h"
#include "udp.h"
#include "worker.h"

struct pong {
	struct worker *worker;
	struct interface *interface;
	struct assembly *assembly[INTERFACE_RINGS];
	struct slot in[INTERFACE_BATCH], out[INTERFACE_BATCH];
	uint32_t room; /* free slots in `out`, of which there are filled: */
	uint32_t used;
	uint64_t frames, bytes; /* and what is in these */
};

static int send_answers(struct pong *pong)
{
	int error = interface_send(pong->interface, 0, pong->out, pong->used);

	if (!error && pong->frames)
		count(pong->worker, pong->frames, pong->bytes);
	pong->room = pong->used = pong->frames = pong->bytes = 0;
	return error;
}

/* Waits for it, since to lose answers is not what pings are sent for. -ECANCELED: for nothing. */
static int find_room(struct pong *pong, uint32_t slots)
{
	int error = 0;

	if (pong->room - pong->used >= slots)
		return 0;
	while (!error && !is_cancelled(pong->worker)) {
		int room;

		error = send_answers(pong);
		room = interface_room(pong->interface, 0, pong->out, INTERFACE_BATCH);
		if (!error && room >= (int)slots) {
			pong->room = room;
			return 0;
		}
		if (!error)
			error = room < 0 ? room : wait_for(pong->worker, POLLOUT);
	}
	return error ? error : -ECANCELED;
}

static int answer(struct pong *pong, const unsigned char *frame, uint32_t length)
{
	uint32_t size = pong->interface->slot_size, slots = (length + size - 1) / size, part;
	struct slot *first;
	int error;

	/* One that came by more slots than we have cannot go back. */
	if (slots >= pong->interface->tx_slots)
		return 0;
	error = find_room(pong, slots);
	if (error)
		return error;
	first = &pong->out[pong->used];
	for (uint32_t at = 0; at < length; at += part) {
		part = length - at < size ? length - at : size;
		memcpy(pong->out[pong->used].bytes, frame + at, part);
		pong->out[pong->used].length = part;
		pong->out[pong->used++].more = at + part < length;
	}
	udp_turn(first->bytes, first->length);
	pong->frames++;
	pong->bytes += length;
	return 0;
}

static uint32_t batch_of(const struct pong *pong)
{
	uint64_t wanted = pong->worker->options->count, sent = pong->worker->counters.packets;

	if (!wanted || wanted - sent > INTERFACE_BATCH)
		return INTERFACE_BATCH;
	return wanted - sent;
}

/* Returns how many slots were taken, or -errno. */
static int answer_ring(struct pong *pong, uint32_t ring)
{
	uint32_t space;
	int slots = interface_take(pong->interface, ring, pong->in, batch_of(pong), &space);
	int error = 0;

	if (slots <= 0)
		return slots;
	if (pong->worker->options->dump)
		dump_slots(ring, pong->in, slots);
	for (int i = 0; i < slots && !error; i++) {
		const unsigned char *frame;
		uint32_t length;

		if (assemble(pong->assembly[ring], &pong->in[i], &frame, &length))
			error = answer(pong, frame, length);
	}
	if (!error)
		error = send_answers(pong);
	return error ? error : slots;
}

static int answer_all(struct pong *pong)
{
	while (!is_cancelled(pong->worker) && batch_of(pong)) {
		int taken = 0, error = 0;

		for (uint32_t ring = 0; ring < pong->interface->rings; ring++) {
			int slots = answer_ring(pong, ring);

			if (slots < 0)
				return slots == -ECANCELED ? 0 : slots;
			taken += slots;
		}
		if (!taken)
			error = wait_for(pong->worker, POLLIN);
		if (error)
			return error;
	}
	return 0;
}

static int prepare(struct pong *pong)
{
	for (uint32_t ring = 0; ring < pong->interface->rings; ring++) {
		pong->assembly[ring] = calloc(1, sizeof(*pong->assembly[ring]));
		if (!pong->assembly[ring])
			return -ENOMEM;
	}
	return 0;
}

int run_pong(struct worker *worker)
{
	struct pong *pong = calloc(1, sizeof(*pong));
	int error;

	if (!pong)
		return worker_failure(worker, "answer", -ENOMEM);
	pong->worker = worker;
	pong->interface = worker->interface;
	worker->start = now_ns();
	error = prepare(pong);
	if (!error)
		error = answer_all(pong);
	if (!error)
		error = drain(worker);
	worker->end = now_ns();
	for (uint32_t ring = 0; ring < INTERFACE_RINGS; ring++)
		free(pong->assembly[ring]);
	free(pong);
	return worker_failure(worker, "answer", error);
}
