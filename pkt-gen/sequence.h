/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Numbered frames, and the check that they arrive: all, once, in order, whole.
 *
 * Each tx ring of a sender is a stream with a number of its own. The unit of a frame's payload (see
 * payload.h) says of which stream it is, and the how manyeth of it:
 *
 *	0	the number in the stream, from 0 on and modulo 2^32, as netmap's pkt-gen has it there
 *	4	0x5e
 *	5	the number of the stream
 *
 * in network byte order.
 */
#ifndef PKTGEN_SEQUENCE_H
#define PKTGEN_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Streams that one receiver can follow. */
#define SEQUENCE_STREAMS 64

/* A frame that is late by more than this is taken for a repeated one. */
#define SEQUENCE_WINDOW 4096

uint64_t sequence_unit(uint32_t stream, uint32_t number);

struct sequence_stream {
	uint32_t id;
	uint64_t first; /* number that came first, and */
	uint64_t next; /* the one that is expected, one more than the highest; with more than 32 bits */
	uint64_t frames;
	uint64_t lost; /* have not come, so far */
	uint64_t repeated;
	uint64_t late; /* came behind one with a higher number */
	uint64_t seen[SEQUENCE_WINDOW / 64];
};

struct sequence {
	struct sequence_stream *stream[SEQUENCE_STREAMS]; /* by age */
	struct sequence_stream *last;			  /* that a frame came of */
	uint32_t streams;
	uint64_t torn;	  /* frames of a sender's that are not as they were sent */
	uint64_t foreign; /* frames that no txseq has sent, or of more streams than can be followed */
};

enum sequence_verdict {
	SEQUENCE_RIGHT,
	SEQUENCE_GAP,	   /* frames before this one are missing */
	SEQUENCE_LATE,	   /* it is one that was missing */
	SEQUENCE_REPEATED, /* it came before */
	SEQUENCE_TORN,
	SEQUENCE_FOREIGN,
};

/* Looks at a frame. `*expected` and `*found` are numbers, if the verdict is about such. */
enum sequence_verdict sequence_check(struct sequence *sequence, const unsigned char *frame,
				     uint32_t length, uint32_t *expected, uint32_t *found);

/* Nothing was lost, repeated, late or torn. */
bool sequence_is_clean(const struct sequence *sequence);

void sequence_free(struct sequence *sequence);

#endif
