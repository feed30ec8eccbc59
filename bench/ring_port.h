/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Ring ports of the switch that is measured. Whatever fails has said why. */
#ifndef BENCH_RING_PORT_H
#define BENCH_RING_PORT_H

#include "vale/port.h"

/* The one that the datapath of devices makes, too: one of them exists at a time. */
#define RING_SWITCH "vale1"

int bench_vale_open(struct vale **vale);

/* Its table has room for all addresses that a row may have. */
int bench_switch_create(struct vale *vale);
void bench_switch_destroy(struct vale *vale);

/* The port KINDNUMBER. To make one takes the kernel's time, to verify its programs. */
struct bench_port {
	const char *kind;
	unsigned int number;
};

struct bench_port_name {
	char text[2 * VALE_NAME_SIZE];
};

struct bench_port_name bench_port_name(struct bench_port which);

/* One that stays, so that to open it is quick. */
int bench_port_add(struct vale *vale, struct bench_port which);
void bench_port_del(struct vale *vale, struct bench_port which);

/* `options` may be NULL. */
int bench_port_open(struct vale *vale, struct bench_port which,
		    const struct vale_open_options *options, struct vale_port **out);

/* Throws away what has come. Returns how many slots that were. */
__u32 bench_port_discard(struct vale_port *port);

static inline void bench_port_cleanup(struct vale_port **port)
{
	vale_port_close(*port);
}

static inline void bench_vale_cleanup(struct vale **vale)
{
	vale_close(*vale);
}

#define CLEANUP_PORT __attribute__((cleanup(bench_port_cleanup)))
#define CLEANUP_VALE __attribute__((cleanup(bench_vale_cleanup)))

#endif
