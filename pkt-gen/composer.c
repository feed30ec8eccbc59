// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "composer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "payload.h"
#include "random.h"
#include "vale/abi.h"

/* ---- starting ---------------------------------------------------------------------------------- */

static uint64_t text_unit(void)
{
	uint64_t unit;

	memcpy(&unit, "pkt-gen ", sizeof(unit));
	return unit;
}

static uint64_t seed(void)
{
	uint64_t value;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value) || !value)
		value = now_ns();
	return value;
}

/* As netmap's pkt-gen has it: so many slots, or as many as it takes if each has so many bytes. */
static int choose_fragments(struct composer *composer, const struct interface *interface)
{
	const struct options *options = composer->options;
	uint32_t size = interface->slot_size, length = composer->frame.length, last, most;

	if (options->fragment_size && options->fragment_size < size)
		size = options->fragment_size;
	composer->fragments = options->fragments;
	composer->fragment_size = length / composer->fragments;
	last = length - (composer->fragments - 1) * composer->fragment_size;
	if (last > size) {
		composer->fragments = (length + size - 1) / size;
		composer->fragment_size = size;
	}
	most = interface->tx_slots - 1 < interface->fragments ? interface->tx_slots - 1
							      : interface->fragments;
	if (composer->fragments > most)
		return complain(EMSGSIZE, "frames of %u bytes would take %u slots: %u are the most",
				length, composer->fragments, most);
	if (composer->fragments > 1 && composer->fragment_size < VALE_FRAME_MIN)
		return complain(EMSGSIZE,
				"slots would have %u bytes: the first must have %d, for the "
				"switch to know where the frame goes",
				composer->fragment_size, VALE_FRAME_MIN);
	composer->assembled = malloc(length);
	return composer->assembled ? 0 : complain(ENOMEM, "out of memory");
}

/* The frame is there; how does it change? */
static void choose_ways(struct composer *composer, const struct interface *interface)
{
	const struct options *options = composer->options;
	bool fixed = options->rubbish || options->file;

	composer->changes = !fixed && (composer->flow.varies || options->length_min ||
				       options->function->has_numbers);
	composer->rewrites = !interface->keeps || options->rewrite || options->dump ||
			     options->length_min || options->function->has_numbers ||
			     composer->fragments > 1;
	for (uint32_t ring = 0; ring < interface->rings; ring++)
		composer->unwritten[ring] = interface->tx_slots;
}

int composer_start(struct composer *composer, const struct worker *worker)
{
	const struct options *options = worker->options;
	int error;

	*composer = (struct composer){ .options = options, .random = seed() };
	composer->stream = random_draw(&composer->random);
	if (options->file) {
		udp_build_raw(&composer->frame, worker->crew->captured, options->length);
	} else {
		udp_build(&composer->frame, options->ipv6, options->length, text_unit());
		flow_start(&composer->flow, &options->flow, seed(), &composer->frame);
		udp_seal(&composer->frame);
	}
	error = choose_fragments(composer, worker->interface);
	if (!error)
		choose_ways(composer, worker->interface);
	return error;
}

void composer_free(struct composer *composer)
{
	free(composer->assembled);
	composer->assembled = NULL;
}

/* ---- a frame ----------------------------------------------------------------------------------- */

static void draw_length(struct composer *composer)
{
	uint32_t shortest = composer->options->length_min;
	uint32_t lengths = composer->options->length - shortest;

	if (lengths)
		shortest += random_draw(&composer->random) % lengths;
	udp_set_length(&composer->frame, shortest);
}

static void prepare(struct composer *composer, uint32_t ring)
{
	if (!composer->changes)
		return;
	if (composer->options->function->has_numbers)
		composer->frame.unit =
			sequence_unit(composer->stream + ring, composer->number[ring]++);
	if (composer->options->length_min)
		draw_length(composer);
	udp_seal(&composer->frame);
}

static uint32_t put_fragments(const struct composer *composer, struct slot *slots)
{
	uint32_t length = composer->frame.length, part = composer->fragment_size, at = 0, used = 0;

	udp_write(&composer->frame, composer->assembled);
	while (at < length) {
		/* The last one has what is left by the division. */
		if (used + 1 == composer->fragments || part > length - at)
			part = length - at;
		if (!composer->options->rubbish)
			memcpy(slots[used].bytes, composer->assembled + at, part);
		at += part;
		slots[used].length = part;
		slots[used++].more = at < length;
	}
	return used;
}

static void put_whole(const struct composer *composer, struct slot *slot, bool all)
{
	slot->length = composer->frame.length;
	slot->more = false;
	if (composer->options->rubbish)
		return;
	if (all)
		udp_write(&composer->frame, slot->bytes);
	else if (composer->changes)
		udp_write_headers(&composer->frame, slot->bytes);
}

/* ---- slots ------------------------------------------------------------------------------------- */

bool composer_is_done(const struct composer *composer, uint32_t ring)
{
	return !composer->changes && !composer->rewrites && !composer->unwritten[ring];
}

uint32_t composer_fill(struct composer *composer, uint32_t ring, struct slot *slots,
		       uint32_t frames, uint64_t *bytes)
{
	bool all = composer->rewrites || composer->unwritten[ring];
	uint32_t used = 0;

	for (uint32_t i = 0; i < frames; i++) {
		prepare(composer, ring);
		if (composer->fragments > 1)
			used += put_fragments(composer, &slots[used]);
		else
			put_whole(composer, &slots[used++], all);
		*bytes += composer->frame.length;
		if (composer->flow.varies)
			flow_next(&composer->flow, &composer->frame);
	}
	composer->unwritten[ring] -= used < composer->unwritten[ring] ? used
								      : composer->unwritten[ring];
	return used;
}
