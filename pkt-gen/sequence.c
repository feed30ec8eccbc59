// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "sequence.h"

#include <endian.h>
#include <stdlib.h>

#include "udp.h"
#include "payload.h"

#define MARK 0x5e

uint64_t sequence_unit(uint32_t stream, uint32_t number)
{
	return htobe64((uint64_t)number << 32 | MARK << 24 | (stream & 0xffffff));
}

static bool read_unit(const struct udp_payload *payload, uint64_t *unit)
{
	if (payload->length < PAYLOAD_UNIT)
		return false;
	memcpy(unit, payload->bytes, PAYLOAD_UNIT);
	return (be64toh(*unit) >> 24 & 0xff) == MARK;
}

/* ---- streams ----------------------------------------------------------------------------------- */

/* NULL: it is one too many, or there is no memory. */
static struct sequence_stream *add_stream(struct sequence *sequence, uint32_t id, uint32_t number)
{
	struct sequence_stream *stream;

	if (sequence->streams == SEQUENCE_STREAMS)
		return NULL;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return NULL;
	stream->id = id;
	/* Some frames may have been overtaken by this one. */
	stream->first = stream->next = (1ull << 32) + number;
	sequence->stream[sequence->streams++] = stream;
	return stream;
}

static struct sequence_stream *find_stream(struct sequence *sequence, uint32_t id, uint32_t number)
{
	struct sequence_stream *stream = sequence->last;

	if (stream && stream->id == id)
		return stream;
	stream = NULL;
	for (uint32_t i = 0; i < sequence->streams && !stream; i++)
		if (sequence->stream[i]->id == id)
			stream = sequence->stream[i];
	if (!stream)
		stream = add_stream(sequence, id, number);
	if (stream)
		sequence->last = stream;
	return stream;
}

void sequence_free(struct sequence *sequence)
{
	for (uint32_t i = 0; i < sequence->streams; i++)
		free(sequence->stream[i]);
	*sequence = (struct sequence){};
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static uint64_t *word_of(struct sequence_stream *stream, uint64_t number)
{
	return &stream->seen[number / 64 % (SEQUENCE_WINDOW / 64)];
}

static uint64_t bit_of(uint64_t number)
{
	return 1ull << number % 64;
}

/* Numbers up to this one are missing so far. */
static void skip(struct sequence_stream *stream, uint64_t number)
{
	uint64_t missing = number - stream->next;

	stream->lost += missing;
	if (missing > SEQUENCE_WINDOW)
		missing = SEQUENCE_WINDOW;
	for (uint64_t i = 1; i <= missing; i++)
		*word_of(stream, number - i) &= ~bit_of(number - i);
}

/* One that is lower than was expected. */
static enum sequence_verdict check_old(struct sequence_stream *stream, uint64_t number)
{
	if (number + SEQUENCE_WINDOW < stream->next || *word_of(stream, number) & bit_of(number)) {
		stream->repeated++;
		return SEQUENCE_REPEATED;
	}
	*word_of(stream, number) |= bit_of(number);
	stream->late++;
	/* Those before the first one were not waited for. */
	if (number > stream->first)
		stream->lost--;
	return SEQUENCE_LATE;
}

static enum sequence_verdict check_number(struct sequence_stream *stream, uint32_t low)
{
	uint64_t number = stream->next + (int32_t)(low - (uint32_t)stream->next);
	enum sequence_verdict verdict = SEQUENCE_RIGHT;

	stream->frames++;
	if (number < stream->next)
		return check_old(stream, number);
	if (number > stream->next) {
		skip(stream, number);
		verdict = SEQUENCE_GAP;
	}
	*word_of(stream, number) |= bit_of(number);
	stream->next = number + 1;
	return verdict;
}

/* ---- frames ------------------------------------------------------------------------------------ */

static bool is_whole(const struct udp_payload *payload, uint64_t unit)
{
	return payload->good && payload_is(payload->bytes, payload->length, unit) &&
	       sum_fold((uint64_t)payload->sum + payload_sum(unit, payload->length)) == 0xffff;
}

enum sequence_verdict sequence_check(struct sequence *sequence, const unsigned char *frame,
				     uint32_t length, uint32_t *expected, uint32_t *found)
{
	struct udp_payload payload;
	struct sequence_stream *stream;
	uint64_t unit;

	if (!udp_read(frame, length, &payload) || !read_unit(&payload, &unit)) {
		sequence->foreign++;
		return SEQUENCE_FOREIGN;
	}
	if (!is_whole(&payload, unit)) {
		sequence->torn++;
		return SEQUENCE_TORN;
	}
	*found = be64toh(unit) >> 32;
	stream = find_stream(sequence, be64toh(unit) & 0xffffff, *found);
	if (!stream) {
		sequence->foreign++;
		return SEQUENCE_FOREIGN;
	}
	*expected = stream->next;
	return check_number(stream, *found);
}

bool sequence_is_clean(const struct sequence *sequence)
{
	for (uint32_t i = 0; i < sequence->streams; i++) {
		const struct sequence_stream *stream = sequence->stream[i];

		if (stream->lost || stream->repeated || stream->late)
			return false;
	}
	return !sequence->torn;
}
