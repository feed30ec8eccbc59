/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a client of an AF_XDP port shares with the program on the port's outer end, and shows to
 * whoever asks about the port. Integers are in host byte order.
 *
 * The client's memory is that of vale/ring.h: a struct vale_region for each pair of rings, which is
 * the sockets' UMEM at the same time. A slot names a buffer, and the descriptor of an AF_XDP ring
 * names the same one: frames are not copied between the two.
 */
#ifndef VALE_XSK_H
#define VALE_XSK_H

#include "vale/ring.h"

/* Slots of a tx ring that are to be sent by live frames. */
struct vale_xsk_cursor {
	__u32 next; /* the first; moved on by the program */
	__u32 end;  /* behind the last; set by the client */
	__u32 mask; /* slots less one */
	__u32 unused[13];
};

/* The one element of `state`. */
struct vale_xsk_state {
	__u32 client;  /* process that has the port open; 0: none */
	__u32 mode;    /* enum vale_xsk_mode */
	__u32 removed; /* 1: the port was detached */
	__u32 unused1;
	__u64 invalid; /* frames that its client has sent and that make no sense */
	__u32 unused2[10];
	struct vale_xsk_cursor cursor[VALE_RINGS]; /* by pair */
};

VALE_ASSERT(sizeof(struct vale_xsk_cursor) == 64, "layout of vale_xsk_cursor");
VALE_ASSERT(offsetof(struct vale_xsk_state, cursor) == 64, "layout of vale_xsk_state");

#endif
