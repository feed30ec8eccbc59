// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What rxseq makes of numbered frames; and how frames of several slots are put together. */
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/assemble.h"
#include "pkt-gen/sequence.h"

#define LENGTH 70

static struct sequence sequence;
static uint8_t bytes[2000];

static void write_frame(uint32_t stream, uint32_t number, uint32_t length)
{
	struct udp_frame frame;

	udp_build(&frame, false, length, sequence_unit(stream, number));
	udp_seal(&frame);
	udp_write(&frame, bytes);
}

static enum sequence_verdict check(uint32_t length)
{
	uint32_t expected, found;

	return sequence_check(&sequence, bytes, length, &expected, &found);
}

static enum sequence_verdict take(uint32_t stream, uint32_t number)
{
	write_frame(stream, number, LENGTH);
	return check(LENGTH);
}

static void forget(void)
{
	sequence_free(&sequence);
}

TestSuite(pktgen_sequence, .fini = forget);

static void expect(uint64_t frames, uint64_t lost, uint64_t repeated, uint64_t late)
{
	const struct sequence_stream *stream = sequence.stream[0];

	cr_assert_eq(stream->frames, frames, "%llu frames", (unsigned long long)stream->frames);
	cr_assert_eq(stream->lost, lost, "%llu lost", (unsigned long long)stream->lost);
	cr_assert_eq(stream->repeated, repeated, "%llu repeated",
		     (unsigned long long)stream->repeated);
	cr_assert_eq(stream->late, late, "%llu late", (unsigned long long)stream->late);
	cr_assert_eq(sequence_is_clean(&sequence), !lost && !repeated && !late);
}

Test(pktgen_sequence, in_order)
{
	for (uint32_t i = 0; i < 3 * SEQUENCE_WINDOW; i++)
		cr_assert_eq(take(1, i), SEQUENCE_RIGHT);
	expect(3 * SEQUENCE_WINDOW, 0, 0, 0);
	cr_assert_eq(sequence.streams, 1);
}

Test(pktgen_sequence, starts_anywhere_and_goes_round)
{
	for (uint32_t i = 0; i < 20; i++)
		cr_assert_eq(take(1, 0xfffffff6 + i), SEQUENCE_RIGHT);
	expect(20, 0, 0, 0);
	cr_assert_eq(take(1, 12), SEQUENCE_GAP);
	cr_assert_eq(take(1, 0xfffffff9), SEQUENCE_REPEATED);
	expect(22, 2, 1, 0);
}

Test(pktgen_sequence, lost)
{
	uint32_t expected, found;

	take(1, 0);
	write_frame(1, 5, LENGTH);
	cr_assert_eq(sequence_check(&sequence, bytes, LENGTH, &expected, &found), SEQUENCE_GAP);
	cr_assert_eq(expected, 1);
	cr_assert_eq(found, 5);
	expect(2, 4, 0, 0);
}

Test(pktgen_sequence, repeated)
{
	take(1, 0);
	take(1, 1);
	cr_assert_eq(take(1, 1), SEQUENCE_REPEATED);
	cr_assert_eq(take(1, 0), SEQUENCE_REPEATED);
	cr_assert_eq(take(1, 2), SEQUENCE_RIGHT);
	expect(5, 0, 2, 0);
}

Test(pktgen_sequence, out_of_order)
{
	take(1, 0);
	cr_assert_eq(take(1, 2), SEQUENCE_GAP);
	cr_assert_eq(take(1, 1), SEQUENCE_LATE);
	cr_assert_eq(take(1, 1), SEQUENCE_REPEATED);
	cr_assert_eq(take(1, 3), SEQUENCE_RIGHT);
	expect(5, 0, 1, 1);
}

/* The first frame that is seen is not the first that came. */
Test(pktgen_sequence, overtaken_at_the_start)
{
	take(1, 10);
	cr_assert_eq(take(1, 9), SEQUENCE_LATE);
	cr_assert_eq(take(1, 11), SEQUENCE_RIGHT);
	expect(3, 0, 0, 1);
}

Test(pktgen_sequence, late_by_more_than_can_be_remembered)
{
	take(1, 0);
	cr_assert_eq(take(1, 2 * SEQUENCE_WINDOW), SEQUENCE_GAP);
	cr_assert_eq(take(1, SEQUENCE_WINDOW + 1), SEQUENCE_LATE);
	cr_assert_eq(take(1, 1), SEQUENCE_REPEATED);
	expect(4, 2 * SEQUENCE_WINDOW - 2, 1, 1);
}

/* What was seen there in the last round is forgotten. */
Test(pktgen_sequence, a_gap_over_places_that_were_used)
{
	for (uint32_t i = 0; i < SEQUENCE_WINDOW; i++)
		take(1, i);
	cr_assert_eq(take(1, SEQUENCE_WINDOW + 100), SEQUENCE_GAP);
	for (uint32_t i = 0; i < 100; i++)
		cr_assert_eq(take(1, SEQUENCE_WINDOW + i), SEQUENCE_LATE);
	expect(SEQUENCE_WINDOW + 101, 0, 0, 100);
}

Test(pktgen_sequence, several_streams)
{
	for (uint32_t i = 0; i < 10; i++)
		for (uint32_t stream = 1; stream <= SEQUENCE_STREAMS; stream++)
			cr_assert_eq(take(stream, i), SEQUENCE_RIGHT);
	cr_assert_eq(sequence.streams, SEQUENCE_STREAMS);
	cr_assert(sequence_is_clean(&sequence));
	cr_assert_eq(take(SEQUENCE_STREAMS + 1, 0), SEQUENCE_FOREIGN);
	cr_assert_eq(sequence.foreign, 1);
	take(7, 11);
	cr_assert_not(sequence_is_clean(&sequence));
}

Test(pktgen_sequence, torn)
{
	/* Every byte but the addresses of Ethernet. */
	for (uint32_t at = 26; at < LENGTH; at++) {
		write_frame(1, 0, LENGTH);
		bytes[at] ^= 4;
		cr_assert_neq(check(LENGTH), SEQUENCE_RIGHT, "byte %u", at);
		cr_assert_eq(sequence.streams, 0, "byte %u", at);
	}
	cr_assert_gt(sequence.torn, 0);
	cr_assert_not(sequence_is_clean(&sequence));
	cr_assert_eq(take(1, 0), SEQUENCE_RIGHT);
}

/* The first part of one frame and the second part of another. */
Test(pktgen_sequence, put_together_of_two)
{
	uint8_t half[50];

	write_frame(1, 0, LENGTH);
	memcpy(half, bytes, sizeof(half));
	write_frame(1, 1, LENGTH);
	memcpy(bytes, half, sizeof(half));
	cr_assert_eq(check(LENGTH), SEQUENCE_TORN);
	write_frame(1, 0, LENGTH);
	cr_assert_eq(check(LENGTH - 1), SEQUENCE_TORN);
}

Test(pktgen_sequence, foreign)
{
	struct udp_frame frame;

	udp_build(&frame, false, LENGTH, 0);
	udp_seal(&frame);
	udp_write(&frame, bytes);
	cr_assert_eq(check(LENGTH), SEQUENCE_FOREIGN);
	cr_assert_eq(check(10), SEQUENCE_FOREIGN);
	memset(bytes, 0xff, sizeof(bytes));
	cr_assert_eq(check(LENGTH), SEQUENCE_FOREIGN);
	cr_assert_eq(sequence.foreign, 3);
	cr_assert(sequence_is_clean(&sequence));
}

/* ---- several slots ----------------------------------------------------------------------------- */

static struct assembly assembly;

static bool put(const unsigned char *part, uint32_t length, bool more, const unsigned char **frame,
		uint32_t *whole)
{
	struct slot slot = { .bytes = (unsigned char *)part, .length = length, .more = more };

	return assemble(&assembly, &slot, frame, whole);
}

Test(pktgen_assemble, frames)
{
	unsigned char part[3][4] = { "abc", "def", "ghi" };
	const unsigned char *frame;
	uint32_t length;

	for (int round = 0; round < 2; round++) {
		cr_assert(put(part[0], 3, false, &frame, &length));
		cr_assert_eq(frame, part[0], "one that is in one slot was copied");
		cr_assert_eq(length, 3);
		cr_assert_not(put(part[0], 3, true, &frame, &length));
		cr_assert_not(put(part[1], 3, true, &frame, &length));
		cr_assert(put(part[2], 2, false, &frame, &length));
		cr_assert_eq(length, 8);
		cr_assert_eq(memcmp(frame, "abcdefgh", 8), 0);
	}
}

Test(pktgen_assemble, one_that_is_too_long_ends_all_the_same)
{
	static unsigned char part[2048];
	const unsigned char *frame;
	uint32_t length;

	for (int i = 0; i < 100; i++)
		cr_assert_not(put(part, sizeof(part), true, &frame, &length));
	cr_assert(put(part, 1, false, &frame, &length));
	cr_assert_leq(length, sizeof(assembly.bytes));
	cr_assert(put(part, 5, false, &frame, &length));
	cr_assert_eq(length, 5);
}
