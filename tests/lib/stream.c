// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "stream.h"

#include <string.h>

#include <criterion/criterion.h>

/* Behind the Ethernet header; then words that follow from these, and the checksum. */
struct head {
	uint32_t from;
	uint32_t number;
	uint32_t length;
} __attribute__((packed));

#define HEAD_AT 14

static uint32_t checksum(const uint8_t *bytes, uint32_t length)
{
	uint32_t sum = 2166136261u, word;
	uint32_t at = 0;

	for (; at + sizeof(word) <= length; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		sum = (sum ^ word) * 16777619u;
	}
	for (; at < length; at++)
		sum = (sum ^ bytes[at]) * 16777619u;
	return sum;
}

void stream_write(uint8_t *bytes, int from, int to, uint32_t number, uint32_t length)
{
	const struct head head = { from, number, length };
	uint32_t word = number * 2654435761u + from, sum;

	frame_set_address(bytes, to);
	frame_set_address(bytes + 6, from);
	bytes[12] = FRAME_TYPE_OURS >> 8;
	bytes[13] = FRAME_TYPE_OURS & 0xff;
	memcpy(bytes + HEAD_AT, &head, sizeof(head));
	for (uint32_t at = HEAD_AT + sizeof(head); at < length - sizeof(sum); at++) {
		bytes[at] = word >> 24;
		word = word * 1664525u + 1013904223u;
	}
	sum = checksum(bytes, length - sizeof(sum));
	memcpy(bytes + length - sizeof(sum), &sum, sizeof(sum));
}

void stream_take(struct stream *stream, const uint8_t *bytes, size_t length)
{
	struct head head;
	uint32_t sum;

	cr_assert_geq(length, STREAM_MIN, "a frame of %zu bytes", length);
	memcpy(&head, bytes + HEAD_AT, sizeof(head));
	memcpy(&sum, bytes + length - sizeof(sum), sizeof(sum));
	cr_assert(head.length == length && head.from < STREAM_HOSTS &&
			  sum == checksum(bytes, length - sizeof(sum)),
		  "torn: %zu bytes that say: host %u, number %u, %u bytes", length, head.from,
		  head.number, head.length);
	cr_assert_geq(head.number, stream->next[head.from],
		      "host %u: number %u comes when %u was expected", head.from, head.number,
		      stream->next[head.from]);
	stream->missing += head.number - stream->next[head.from];
	stream->next[head.from] = head.number + 1;
	stream->from[head.from]++;
	stream->frames++;
}

/* Into as many slots as it takes. */
static void put(struct vale_ring *ring, int from, int to, uint32_t number, uint32_t length)
{
	static _Thread_local uint8_t whole[FRAME_MAX];
	uint32_t slot = ring->head;

	if (length <= VALE_BUFFER_SIZE) {
		stream_write(vale_ring_buffer(ring, ring->slot[slot].buf_idx), from, to, number,
			     length);
		ring->slot[slot].len = length;
		ring->slot[slot].flags = 0;
		ring->head = ring->cur = vale_ring_next(ring, slot);
		return;
	}
	stream_write(whole, from, to, number, length);
	for (uint32_t at = 0; at < length; slot = vale_ring_next(ring, slot)) {
		uint32_t part = length - at < VALE_BUFFER_SIZE ? length - at : VALE_BUFFER_SIZE;

		memcpy(vale_ring_buffer(ring, ring->slot[slot].buf_idx), whole + at, part);
		at += part;
		ring->slot[slot].len = part;
		ring->slot[slot].flags = at < length ? VALE_SLOT_MORE : 0;
	}
	ring->head = ring->cur = slot;
}

long stream_put(struct vale_port *port, __u32 pair, int from, int to, uint32_t *number, long count,
		uint32_t length)
{
	struct vale_ring *ring = vale_tx_ring(port, pair);
	uint32_t slots = (length + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE;
	long done = 0;

	for (; done < count && vale_ring_space(ring) >= slots; done++)
		put(ring, from, to, (*number)++, length);
	return done;
}

long stream_receive(struct vale_port *port, struct stream *stream)
{
	const unsigned char *frame;
	long before = stream->frames;
	__u32 length;

	while ((frame = vale_next_frame(port, &length)))
		stream_take(stream, frame, length);
	return stream->frames - before;
}
