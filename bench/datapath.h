/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The things that are compared: the Linux bridge, the switch, and the ceiling. */
#ifndef BENCH_DATAPATH_H
#define BENCH_DATAPATH_H

#include <stdbool.h>

struct datapath {
	const char *name;
	/* Has a table of addresses; otherwise it joins the first two ports, in that direction. */
	bool learns;
	/* The device needs GRO, or it takes no frames from XDP: a port without an XDP program. */
	bool needs_gro;
	int (*create)(void);
	/* The port's name is for messages and for datapaths that name their ports. */
	int (*attach)(const char *port, const char *device);
	int (*destroy)(void);
};

#define DATAPATHS	 4
#define DATAPATH_BRIDGE	 0
#define DATAPATH_SWITCH	 1 /* its ports at XDP */
#define DATAPATH_TC	 2 /* another switch, its ports at tc */
#define DATAPATH_CEILING 3

/* In the order in which they take turns. One of each can exist at a time. */
extern const struct datapath *const datapaths[DATAPATHS];

extern const struct datapath ceiling_datapath;

/* Leaves one out: for when it cannot run. */
int datapath_leave_out(const char *name);
bool datapath_used(int index);

/* $VALECTL, or the one that was built with this program. */
int datapath_find_valectl(void);

#endif
