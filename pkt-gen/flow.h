/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which addresses the next frame has. As in netmap's pkt-gen, ranges of hosts are counted through
 * like the digits of a number: the source's port is the last digit, then come the source's address,
 * the destination's port and its address. MAC addresses move on by one with every frame.
 */
#ifndef PKTGEN_FLOW_H
#define PKTGEN_FLOW_H

#include "udp.h"
#include "range.h"

struct flow_options {
	struct mac_range mac[2]; /* by enum side */
	struct host_range host[2];
	bool random[2]; /* addresses and ports are drawn */
};

struct flow {
	struct flow_options options;
	bool varies;
	uint64_t mac[2];
	uint32_t address[2]; /* what varies of it */
	uint16_t port[2];
	uint64_t random; /* state of the generator, never 0 */
};

/* Gives the frame the first addresses. `seed`: what is drawn follows from it. */
void flow_start(struct flow *flow, const struct flow_options *options, uint64_t seed,
		struct udp_frame *frame);
/* And then the next ones, if they vary. */
void flow_next(struct flow *flow, struct udp_frame *frame);

#endif
