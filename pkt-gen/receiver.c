// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* rx and rxseq */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "announce.h"
#include "assemble.h"
#include "dump.h"
#include "log.h"
#include "worker.h"

/* With -W: so long after the last frame, no more are waited for. */
#define SILENCE_NS SECOND

/* Lines a second that are spent on faults. */
#define FAULTS_SHOWN 2

struct receiver {
	struct worker *worker;
	const struct options *options;
	struct interface *interface;
	struct log_limit limit;
	struct announcer *announcer;		    /* NULL: nothing is announced */
	struct assembly *assembly[INTERFACE_RINGS]; /* of rxseq */
	struct slot slots[INTERFACE_BATCH];
};

/* ---- numbers ----------------------------------------------------------------------------------- */

static void check_frame(struct receiver *receiver, uint32_t ring, const unsigned char *bytes,
			uint32_t length)
{
	uint32_t expected = 0, found = 0;
	enum sequence_verdict verdict =
		sequence_check(receiver->worker->sequence[ring], bytes, length, &expected, &found);

	if (verdict == SEQUENCE_RIGHT || verdict == SEQUENCE_FOREIGN ||
	    !log_may(&receiver->limit, FAULTS_SHOWN))
		return;
	if (verdict == SEQUENCE_GAP)
		log_line("Sequence GAP: exp %u found %u", expected, found);
	else if (verdict == SEQUENCE_LATE)
		log_line("Sequence OUT OF ORDER: exp %u found %u", expected, found);
	else if (verdict == SEQUENCE_REPEATED)
		log_line("Sequence REPEATED: exp %u found %u", expected, found);
	else
		log_line("Payload TORN: %u bytes", length);
}

static void check_frames(struct receiver *receiver, uint32_t ring, uint32_t slots)
{
	for (uint32_t i = 0; i < slots; i++) {
		const unsigned char *bytes;
		uint32_t length;

		if (assemble(receiver->assembly[ring], &receiver->slots[i], &bytes, &length))
			check_frame(receiver, ring, bytes, length);
	}
}

/* ---- a batch ----------------------------------------------------------------------------------- */

static void note_space(struct worker *worker, uint32_t space)
{
	if (space < __atomic_load_n(&worker->counters.min_space, __ATOMIC_RELAXED))
		__atomic_store_n(&worker->counters.min_space, space, __ATOMIC_RELAXED);
}

static void count_slots(struct receiver *receiver, uint32_t slots)
{
	uint64_t bytes = 0, frames = 0;

	for (uint32_t i = 0; i < slots; i++) {
		bytes += receiver->slots[i].length;
		frames += !receiver->slots[i].more;
	}
	count(receiver->worker, frames, bytes);
	if (receiver->options->count)
		__atomic_fetch_add(&receiver->worker->crew->received, frames, __ATOMIC_RELAXED);
}

/* How many slots may be taken: not more than frames are wanted, as far as this thread knows. */
static uint32_t batch_of(const struct receiver *receiver)
{
	uint64_t wanted = receiver->options->count, batch = receiver->options->burst;

	if (wanted) {
		uint64_t got = __atomic_load_n(&receiver->worker->crew->received, __ATOMIC_RELAXED);

		wanted = got < wanted ? wanted - got : 0;
		batch = batch < wanted ? batch : wanted;
	}
	return batch < INTERFACE_BATCH ? batch : INTERFACE_BATCH;
}

/* Returns how many slots were taken, or -errno. */
static int take_ring(struct receiver *receiver, uint32_t ring, uint32_t *space)
{
	int slots = interface_take(receiver->interface, ring, receiver->slots, batch_of(receiver),
				   space);

	if (slots <= 0)
		return slots;
	if (!receiver->worker->start)
		receiver->worker->start = now_ns();
	if (receiver->options->dump)
		dump_slots(ring, receiver->slots, slots);
	if (receiver->options->function->has_numbers)
		check_frames(receiver, ring, slots);
	count_slots(receiver, slots);
	return slots;
}

static int take_rings(struct receiver *receiver)
{
	uint32_t all_space = 0, space = 0;
	int taken = 0;

	for (uint32_t ring = 0; ring < receiver->interface->rings; ring++) {
		int slots = take_ring(receiver, ring, &space);

		if (slots < 0)
			return slots;
		taken += slots;
		all_space += space;
	}
	note_space(receiver->worker, all_space);
	return taken;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool has_enough(const struct receiver *receiver)
{
	return receiver->options->count && !batch_of(receiver);
}

/* Nothing came: the end, if it stays like that. */
static bool is_silent(struct receiver *receiver)
{
	struct worker *worker = receiver->worker;
	uint64_t now = now_ns();

	if (!worker->end)
		worker->end = now;
	return receiver->options->quits && worker->start && now - worker->end > SILENCE_NS;
}

static int receive(struct receiver *receiver)
{
	while (!is_cancelled(receiver->worker) && !has_enough(receiver)) {
		int error = receiver->announcer ? announcer_run(receiver->announcer) : 0;
		int taken = error ? error : take_rings(receiver);

		if (taken < 0)
			return taken;
		if (taken) {
			receiver->worker->end = 0;
			continue;
		}
		if (is_silent(receiver))
			break;
		error = wait_for(receiver->worker, POLLIN);
		if (error)
			return error;
	}
	if (!receiver->worker->end)
		receiver->worker->end = now_ns();
	return 0;
}

static int prepare(struct receiver *receiver)
{
	const struct options *options = receiver->options;

	for (uint32_t ring = 0; options->function->has_numbers && ring < receiver->interface->rings;
	     ring++) {
		receiver->assembly[ring] = calloc(1, sizeof(*receiver->assembly[ring]));
		receiver->worker->sequence[ring] =
			calloc(1, sizeof(*receiver->worker->sequence[ring]));
		if (!receiver->assembly[ring] || !receiver->worker->sequence[ring])
			return -ENOMEM;
	}
	if (!options->announce || receiver->worker->number)
		return 0;
	return announcer_new(&receiver->announcer, receiver->worker);
}

int run_receiver(struct worker *worker)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));
	int error;

	if (!receiver)
		return worker_failure(worker, "receive", -ENOMEM);
	receiver->worker = worker;
	receiver->options = worker->options;
	receiver->interface = worker->interface;
	error = prepare(receiver);
	if (!error)
		error = receive(receiver);
	for (uint32_t ring = 0; ring < INTERFACE_RINGS; ring++)
		free(receiver->assembly[ring]);
	announcer_free(receiver->announcer);
	free(receiver);
	return worker_failure(worker, "receive", error);
}
