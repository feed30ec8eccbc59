/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Frames that are numbered by their sender and carry a checksum, so that who receives them can tell
 * which are missing, torn, repeated or out of order. Senders are hosts, 0 .. STREAM_HOSTS - 1.
 */
#ifndef VALE_TEST_STREAM_H
#define VALE_TEST_STREAM_H

#include "frame.h"
#include "vale/port.h"

#define STREAM_HOSTS 64
#define STREAM_MIN   30 /* bytes of such a frame */

/* Writes a frame; its content depends on the arguments only. */
void stream_write(uint8_t *bytes, int from, int to, uint32_t number, uint32_t length);

/* What has come at one receiver. All zero at first. */
struct stream {
	long frames;
	long from[STREAM_HOSTS]; /* frames of each sender */
	long missing;		 /* numbers that were left out */
	uint32_t next[STREAM_HOSTS];
};

/* Takes note of a frame. Ends the test if it is torn, repeated or out of order. */
void stream_take(struct stream *stream, const uint8_t *bytes, size_t length);

/*
 * Puts frames into a tx ring in the place of their buffers, until it is full or `count` are in.
 * `number` moves on. Returns how many; vale_txsync() is the caller's to do.
 */
long stream_put(struct vale_port *port, __u32 pair, int from, int to, uint32_t *number, long count,
		uint32_t length);

/* Takes all that is in the port's rx rings. Returns how many frames that were. */
long stream_receive(struct vale_port *port, struct stream *stream);

#endif
