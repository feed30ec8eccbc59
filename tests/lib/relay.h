/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A client between two switches: what comes to one of its ring ports it looks at, and sends by the
 * other. So stacks at both sides talk to each other, and all of it has been in a ring.
 *
 *	struct relay relay = { .port = { ring_open("vale1:ring", NULL),
 *					 ring_open("vale2:ring", NULL) } };
 *
 *	relay_start(&relay);
 *	must("ip netns exec a ping -c 1 10.0.0.2");
 *	relay_stop(&relay);
 */
#ifndef VALE_TEST_RELAY_H
#define VALE_TEST_RELAY_H

#include <pthread.h>

#include "checksums.h"
#include "vale/port.h"

struct relay {
	struct vale_port *port[2];
	__u32 header;		  /* bytes of a virtio-net header that both have */
	struct checksums came[2]; /* to each, since it was started last */
	pthread_t thread;
	int stop;
	int error;
};

void relay_start(struct relay *relay);
/* The test ends if it could not send what came. */
void relay_stop(struct relay *relay);

#endif
