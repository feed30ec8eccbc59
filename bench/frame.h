/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The frames that are sent; read by the BPF programs too. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <linux/types.h>

/*
 * Lengths count the 14 byte Ethernet header and not the 4 byte FCS: 60 is the shortest frame that
 * Ethernet allows, 1514 the longest with an MTU of 1500. Measured are the first two.
 */
#define FRAME_MIN  60
#define FRAME_LONG 1500
#define FRAME_MAX  1514

/* A power of two: the source takes the flows in turn. */
#define FRAME_FLOWS 64

/*
 * Addresses are 02:00:00:00:SS:FF, SS the side (1 sends, 2 receives) and FF the flow. The sink
 * tells its frames by the first byte and the side.
 */
#define FRAME_MAC_FIRST 0x02
#define FRAME_SENDER	1
#define FRAME_RECEIVER	2

/* Ethernet, IPv4 and UDP header (42 bytes) and so much payload that eight byte words fill it. */
struct frame_header {
	__u64 word[6];
};

enum sink_counter {
	SINK_GOOD,    /* right length, right address */
	SINK_WRONG,   /* anything else that reached the sink */
	SINK_FLOODED, /* anything that reached the third port */
	SINK_COUNTERS,
};

/* One of the wrong frames, for the error message. */
struct wrong_frame {
	__u32 length;
	unsigned char header[14];
};

#ifndef __bpf__
#include <stddef.h>

struct frame_set {
	size_t length;
	unsigned int flows;
	unsigned char frame[FRAME_FLOWS][FRAME_MAX];
};

/* UDP over IPv4 with valid checksums, from one side to the other. */
void frame_set_build(struct frame_set *set, size_t length, unsigned int flows, int from, int to);
#endif

#endif
