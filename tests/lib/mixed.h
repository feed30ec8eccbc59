/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A switch of rings and devices: hosts 1 and 2 are behind the ring ports vale1:p1 and p2, that the
 * test has open, MIXED_VETH in a container behind vale1:veth, and MIXED_TAP behind vale1:tap.
 */
#ifndef VALE_TEST_MIXED_H
#define VALE_TEST_MIXED_H

#include "frame.h"
#include "vale/port.h"

#define MIXED_RINGS 2
#define MIXED_VETH  8
#define MIXED_TAP   9

struct mixed {
	struct vale_port *port[MIXED_RINGS + 1];
	int veth; /* socket at the far end; 0: there is none */
	int tap;  /* what a process reads and writes; 0: there is none */
};

/* The container is `c`, and the veth's end in the sandbox, too; the tap is `t`. */
void mixed_add_veth(struct mixed *mixed, int mtu);
void mixed_add_tap(struct mixed *mixed, int mtu);
/* Last: opens the rings. The switch knows where all hosts are, and nothing waits anywhere. */
void mixed_open(struct mixed *mixed);

void mixed_send(struct mixed *mixed, int host, const struct frame *frame);
/* The next frame there is this one. */
void mixed_expect(struct mixed *mixed, int host, const struct frame *frame, const char *what);
/* There is none anywhere. */
void mixed_expect_none(struct mixed *mixed, const char *what);

#endif
