/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * With what checksums frames have come to a receiver. TCP's or UDP's is in the frame, or the receiver
 * is told that it is not there yet, and then finds the sum of the pseudo header in its place.
 */
#ifndef VALE_TEST_CHECKSUMS_H
#define VALE_TEST_CHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct checksums {
	long good;
	long open; /* as the receiver is told */
	long bad;  /* of either kind */
	long none; /* frames that have no checksum of TCP or UDP */
	size_t longest;
	/* Of those that are right: */
	long tagged;
	long bytes;
};

/* A frame has come. `open`: so the receiver is told. */
void checksums_add(struct checksums *checksums, const uint8_t *bytes, size_t length, bool open);

/* The frames that wait at a socket of traffic_open(). */
void checksums_collect(struct checksums *checksums, int socket);

/* Ends the test if any is bad, or the frames with right ones are of less than so many bytes. */
void checksums_expect(const struct checksums *checksums, long bytes, const char *what);

#endif
