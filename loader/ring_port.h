/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Ring ports: how they are made, held and removed, and what memory they have. */
#ifndef VALE_RING_PORT_H
#define VALE_RING_PORT_H

#include "internal.h"

struct ring_port_options {
	__u32 rings, tx_slots, rx_slots; /* in range */
	__u32 owner, group;
	__u32 mode; /* of the pins */
	__u32 bound;
	__u64 macs[VALE_BOUND_MACS];
	__u32 spare;	    /* pairs that its memory has room for beside its own */
	__u32 pipes;	    /* regions that are its own, beside those of its pairs */
	const char *memory; /* the user's: port whose memory it shares; NULL: it has its own */
	__u32 vnet_header;
	bool ephemeral;
};

/* -ERANGE: a virtio-net header has no such size. */
int ring_port_check_header(struct vale *vale, __u32 size);
/* What the user asked for, checked. -ERANGE, -EADDRNOTAVAIL. */
int ring_port_options(struct vale *vale, const struct vale_ring_options *options,
		      struct ring_port_options *out);
/*
 * Makes a ring port. *hold, if wanted, is an exclusive hold on it, which must be had before the port
 * can be seen, or an ephemeral one would be swept away. The lock must be held.
 */
int ring_port_create(struct claim *claim, const struct ring_port_options *options, int *hold);
/* Tells clients of a port that is reserved, and so gets no frames any more, that it goes. */
int ring_port_dismiss(const struct maps *maps, const struct vale_port_entry *port);
/* Takes it out of the maps of the switch. */
int ring_port_forget(const struct maps *maps, __u32 number, const struct vale_port_entry *port);
/* Removes ports of a switch whose clients have ended, and the switch if it was made for such. */
void ring_port_reap(struct vale *vale, const char *switch_name);
/* Nobody has it open. Another one who asks at the same time is taken for somebody who has. */
bool ring_port_is_idle(const struct maps *maps, const struct vale_port_entry *port);
/* Waits for those who only ask. -EBUSY: a client has it open. */
int ring_port_wait_idle(const struct maps *maps, const struct vale_port_entry *port);
/* Holds it as a client does: exclusively, or with others. -EBUSY: others are in the way. */
int ring_port_hold(const char *path, bool exclusive, int *out);

/* ---- ring_memory.c ----------------------------------------------------------------------------- */

struct ring_memory {
	int fd;	      /* of the map; -1: none yet */
	__u32 id;     /* the kernel's */
	__u32 region; /* the first pair's */
	__u32 shift;  /* of buffers, in bytes */
};

#define RING_MEMORY_NONE    ((struct ring_memory){ .fd = -1 })
#define CLEANUP_RING_MEMORY CLEANUP(ring_memory_close)

/* So many regions in the memory of another port. The lock must be held. */
int ring_memory_share(struct vale *vale, const char *other, __u32 wanted, struct ring_memory *out);
void ring_memory_close(struct ring_memory *memory);
__u32 ring_memory_id(int fd);

#endif
