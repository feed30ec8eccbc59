/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Senders that are clients of their own, and all ports that the test itself receives at:
 *
 *	struct pump pump = { .from = 1, .to = { 2, 3 }, .frames = 10000 };
 *
 *	pump_start(client, &pump);
 *	pump_receive(&receivers, &client, 1);
 */
#ifndef VALE_TEST_PUMP_H
#define VALE_TEST_PUMP_H

#include "clients.h"
#include "stream.h"

#define PUMP_MOST 8

struct pump {
	int from;
	int to[PUMP_MOST];    /* hosts, one after the other at random; the first 0 ends it */
	long frames;	      /* 0: until *stop */
	const bool *stop;     /* of pump_flag() */
	unsigned int longest; /* bytes; 0: all are 60 bytes long */
	unsigned int seed;
	__u32 pair;
	bool lossless;		    /* waits until all has been taken */
	uint32_t number[PUMP_MOST]; /* out: frames that were sent to each */
	long slept;		    /* out: how often it had to wait for room */
};

/* The client sends; client_result() is what it comes to: 0 or -errno, -ETIMEDOUT if nobody woke it. */
void pump_start(struct client *client, struct pump *pump);

/* False at first, and seen by all clients that are started from now on. */
bool *pump_flag(void);

/* Frames that were sent, to all together. */
long pump_sent(const struct pump *pump);

/* The same in a process that has the port itself. */
int pump_run(struct vale_port *port, struct pump *pump);

struct pump_receivers {
	int count;
	struct vale_port *port[PUMP_MOST];
	struct stream stream[PUMP_MOST];
	bool asleep; /* between looks, it waits for a frame at the first */
	long waited; /* out: how often it did */
};

/* Receives until all clients have sent, and then what is left. They must end with 0. */
void pump_receive(struct pump_receivers *at, struct client *const clients[], int count);

#endif
