/* SPDX-License-Identifier: GPL-2.0 */
/* The input of fuzz_ring.c: a struct setup, and then struct steps. */
#ifndef VALE_FUZZ_RING_INPUT_H
#define VALE_FUZZ_RING_INPUT_H

#include <linux/types.h>

struct setup {
	__u8 flags;
	__u8 slots;   /* of the tx ring and of the receivers', as powers of two */
	__u8 regions; /* of the own memory: more than one, and which is the ring's; 128: limited */
	__u8 counts;  /* where the counts begin */
};

enum {
	BOUND = 1,
	FRAGMENTS = 2,
	NO_DEVICES = 4,
	NO_RINGS = 8,
	LOSSLESS = 16,
	A_CLOSED = 32,
	SHARED_MEMORY = 64, /* the receiver B is in the sender's memory */
};

struct step {
	__u8 what;
	__u8 where;
	__u16 flags;
	__u32 value;
};

enum {
	SLOT_INDEX, /* of the slot `where`: buf_idx, len and flags */
	SLOT_LEN,
	HEAD,
	ADDRESS,  /* of the frame in the buffer `where` */
	CONTROL,  /* any word of the region's control */
	RELEASE,  /* a receiver gives slots back */
	RECEIVER, /* a receiver writes what it likes */
	TXSYNC,
	TAKE,	/* what waits for devices is sent */
	CLIENT, /* enter, leave, dismiss, wake */
	KINDS,	/* a port goes, or comes back */
	TIME,
	ALL,
	MEANWHILE = 128, /* not now, but while the program runs */
};

#endif
