/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ring ports that the test opens itself, and frames sent and received by their rings. Ports are not
 * waited for: what a txsync sends to a ring is there when it returns. What goes wrong ends the test.
 */
#ifndef VALE_TEST_RING_H
#define VALE_TEST_RING_H

#include <stdbool.h>

#include "frame.h"
#include "vale/port.h"

/* Opens a port that goes with the test. `options` may be NULL, its size 0. */
struct vale_port *ring_open(const char *name, const struct vale_open_options *options);
/* Ports PREFIX1 .. PREFIXcount of vale1, in ports[1] ..: host N is to be behind port N. */
void ring_open_many(const char *prefix, int count, const struct vale_open_options *options,
		    struct vale_port *ports[]);
/* The switch learns where hosts 1 .. count are, and all that comes of it is thrown away. */
void ring_introduce(struct vale_port *const ports[], int count);

/* Fills the frame in, and sends it with what was filled in before. Returns what txsync does. */
void ring_inject(struct vale_port *port, __u32 pair, const struct frame *frame);
void ring_send(struct vale_port *port, __u32 pair, const struct frame *frame);

/* Takes the next frame of a pair's rx ring, by its slots. False: there is none. */
bool ring_take(struct vale_port *port, __u32 pair, struct frame *out);
/* The same of any pair, waiting for it; and with slots that are not released. */
bool ring_receive(struct vale_port *port, struct frame *out, int timeout_ms);
/* Receives a frame and ends the test if it is another one. */
void ring_expect(struct vale_port *port, const struct frame *expected, const char *what);
/* Throws away what is there; returns how many frames that were. */
long ring_drain(struct vale_port *port);

/* Fills in a slot at the tx ring's head, with whatever is in its buffer, and moves head on. */
struct vale_slot *ring_put_slot(struct vale_port *port, __u32 pair, __u32 length, __u32 flags);

/* What include/vale/abi.h promises of the counters of all ports of a switch. */
void ring_expect_balance(const char *switch_name);
__u64 ring_dropped(const char *port, enum vale_drop reason);
__u64 ring_lost(const char *port, enum vale_drop reason);

/* A number that depends on nothing but those before it and the seed, which the test prints. */
unsigned int ring_seed(void); /* of VALE_TEST_SEED, or new */
unsigned int ring_random(unsigned int *state);

#endif
