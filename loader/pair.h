/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ports for which a pair of devices is made: the inner end is the switch's, the outer end is for
 * programs with AF_XDP sockets, or for the host's own stack. Both go with the port.
 */
#ifndef VALE_PAIR_H
#define VALE_PAIR_H

#include "internal.h"

/* ---- pair.c ------------------------------------------------------------------------------------ */

bool pair_has(const struct vale_port_entry *port);
/* What is to be written down about the pair before it is made. */
void pair_plan(struct claim *claim);
/* Makes the pair of a port that is reserved, and brings it up. "": the outer name is chosen. */
int pair_make(struct claim *claim, const char *outer, int outer_netns, __u32 queues);
int pair_remove(const struct maps *maps, __u32 number, const struct vale_port_entry *port);
/*
 * Goes where the outer end is, and asks for it there; or for the device that sockets are on, or whose
 * stack the port is for.
 */
int pair_outer(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
	       struct netns_visit *inner, struct netns_visit *outer, struct device *out);

/* ---- attach.c, xsk_port.c: AF_XDP ports -------------------------------------------------------- */

/*
 * As vale_port_attach() with options->xsk, for a client that opens the port: it goes with its last
 * client, and *hold is an exclusive hold on it. The outer end's name is chosen. The lock must not be
 * held.
 */
int xsk_port_create(struct vale *vale, const char *name, __u32 queues, int *hold);
/* What the user asked for. */
int xsk_port_check(struct claim *claim, struct vale_attach_options *options);
/* After the pair is there: the port's pin `state`, and how its inner end is polled. */
int xsk_port_make(struct claim *claim);
/* The port's pin `state`. */
int xsk_port_pin_state(const struct claim *claim);
/* Tells its client, if it has one, that it goes. */
int xsk_port_dismiss(const struct maps *maps, const struct vale_port_entry *port);

/* ---- sockets_port.c ---------------------------------------------------------------------------- */

/*
 * Makes a port that has sockets on the interface of another one of its switch. The same holds for it.
 */
int sockets_port_create(struct vale *vale, const char *name, const char *on, __u32 queues,
			int *hold);

/* ---- host.c ------------------------------------------------------------------------------------ */

/* What the host's side of a port is called: as the port, with this behind it. */
#define HOST_SIDE '^'

/* Joins the outer end of a pair and an interface's own stack; pinned in claim->staging. */
int host_join(struct claim *claim);
/* Takes off what does not go with the pair. */
int host_part(const struct maps *maps, const struct vale_port_entry *side);

#endif
