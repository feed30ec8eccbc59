/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ethernet frames for tests: built byte by byte, and checked by code that shares nothing with the
 * switch's own.
 *
 * Hosts are numbers. Host N has the address 02:00:00 and N in three bytes, 10 and N in three bytes,
 * and fd00::N: for N < 256 what container() gives.
 */
#ifndef VALE_TEST_FRAME_H
#define VALE_TEST_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX      131072 /* a ring's frame of 64 slots */
#define FRAME_EVERYONE (-1)   /* as a destination: the broadcast address */

/* A type that no protocol has: what carries it is ours (IEEE's for local experiments). */
#define FRAME_TYPE_OURS 0x88b5

struct frame {
	size_t length;
	size_t network;	  /* where the IP header starts, 0 if there is none */
	size_t transport; /* where the TCP or UDP header starts */
	size_t checksum;  /* where the checksum of TCP or UDP is */
	uint8_t bytes[FRAME_MAX];
};

enum frame_checksum {
	FRAME_COMPLETE,
	FRAME_PARTIAL, /* only the pseudo header's sum, as a stack leaves it to its device */
	FRAME_ZERO,    /* a UDP sender that does without */
};

struct frame_options {
	int from;
	int to;
	int tags;	/* of VLANs: 0..2, the outer of two an 802.1ad one */
	int version;	/* of IP: 4 or 6 */
	int ip_options; /* bytes of options in an IPv4 header: 0, 4 .. 40 */
	int protocol;	/* IPPROTO_TCP or IPPROTO_UDP */
	int payload;	/* bytes behind the TCP or UDP header */
	enum frame_checksum checksum;
};

/* A TCP or UDP frame. The payload depends on nothing but its length. */
void frame_build(struct frame *frame, const struct frame_options *options);

/* A frame of `length` bytes whose content nobody knows. */
void frame_plain(struct frame *frame, int from, int to, uint16_t type, size_t length);

void frame_set_address(uint8_t address[6], int host);

/* The same in text, as valectl prints it: in a static buffer. */
const char *frame_address_text(int host);

/* Stores a number in network byte order at `offset`. */
void frame_put16(struct frame *frame, size_t offset, uint16_t value);
uint16_t frame_get16(const struct frame *frame, size_t offset);

enum frame_verdict {
	FRAME_UNCHECKED, /* no TCP or UDP, a fragment, or a UDP frame without a checksum */
	FRAME_GOOD,
	FRAME_BAD,
};

/* Adds up the checksums of a frame: that of the IPv4 header and that of TCP or UDP. */
enum frame_verdict frame_verify(const uint8_t *bytes, size_t length);

/*
 * True if the frame carries TCP or UDP whose field has the pseudo header's sum and no more: what a
 * frame must look like whose receiver is told that the checksum is still open.
 */
bool frame_is_open(const uint8_t *bytes, size_t length);

bool frame_equal(const struct frame *a, const struct frame *b);

/* Ends the test if `actual` is not `expected`: `what` and the bytes that differ are printed. */
void frame_expect(const struct frame *expected, const struct frame *actual, const char *what);

/* The words of `options`, in a static buffer: to say which row of a table failed. */
const char *frame_describe(const struct frame_options *options);

#endif
