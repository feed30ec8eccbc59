/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The things that are compared: the Linux bridge, the switch, and the ceilings. */
#ifndef BENCH_DATAPATH_H
#define BENCH_DATAPATH_H

#include <stdbool.h>

struct datapath {
	const char *name;
	/* Has a table of addresses; otherwise it joins the first two ports, in that direction. */
	bool learns;
	/* The device needs GRO, or it takes no frames from XDP: a port without an XDP program. */
	bool needs_gro;
	/* It is a switch of ours, whose ports have that hook. */
	const char *switch_name;
	const char *hook;
	/* It is something else. */
	int (*create)(void);
	int (*attach)(const char *port, const char *device);
	int (*destroy)(void);
};

/* Between bridge and ceiling are switches of ours, with their ports at that hook. */
#define DATAPATHS	  7
#define DATAPATH_BRIDGE	  0
#define DATAPATH_SWITCH	  1 /* at xdp */
#define DATAPATH_TC	  2
#define DATAPATH_GENERIC  3
#define DATAPATH_AUTO	  4 /* at what it chooses itself */
#define DATAPATH_CEILING  5 /* of xdp */
#define DATAPATH_REDIRECT 6 /* the ceiling of tc */

/* In the order in which they take turns. One of each can exist at a time. */
extern const struct datapath *const datapaths[DATAPATHS];

extern const struct datapath ceiling_datapath;
extern const struct datapath redirect_datapath;

int datapath_create(const struct datapath *datapath);
/* The port's name is for messages and for datapaths that name their ports. */
int datapath_attach(const struct datapath *datapath, const char *port, const char *device);
int datapath_destroy(const struct datapath *datapath);

/* Leaves one out: for when it cannot run. */
int datapath_leave_out(const char *name);
bool datapath_used(int index);

/* $VALECTL, or the one that was built with this program. */
int datapath_find_valectl(void);

#endif
