/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A port over AF_XDP. Its memory is the UMEM of one socket for each pair of rings: a slot and a
 * descriptor that belong together name the same buffer. What the switch writes into a port's state
 * otherwise, the library does here, in memory of its own.
 */
#ifndef VALE_CLIENT_XSK_H
#define VALE_CLIENT_XSK_H

#include <xdp/xsk.h>

#include "client.h"
#include "loader/ring_port.h"
#include "vale/xsk.h"

struct xsk_bpf;

/* A slot of a tx ring, as long as the kernel has its buffer. */
enum { XSK_SLOT_DONE = 0, XSK_SLOT_SENT = 1 };

struct xsk_queue {
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons rx, completion;

	__u32 rx_fragments; /* slots so far of a frame that goes on */
	__u32 idle;	    /* how often nothing had come */

	/* if it is sent by the socket: */
	__u32 tx_oldest;				  /* slot that the kernel may still have */
	__u8 tx_slot[VALE_SLOTS];			  /* XSK_SLOT_* */
	__u16 tx_slot_of[VALE_RINGS * VALE_REGION_UNITS]; /* by the buffer's index */
};

struct xsk {
	struct xsk_bpf *skeleton;
	struct xsk_umem *umem;
	int link;   /* of the program on the outer end */
	int anchor; /* of sockets on the device of another port: a tap for it */
	bool by_socket;
	bool fragments; /* its sockets take frames of several buffers */
	bool gone;	/* the interface was deleted, or went down */
	__u32 headroom; /* bytes of a chunk before the frame */
	__u32 shift;	/* of buffers in the memory */
	__u32 room;	/* bytes of a frame in a buffer */
	struct vale_xsk_state *shared;
	struct vale_ring_state *state; /* that of the port, to be written */
	struct xsk_queue queue[VALE_RINGS];
};

/* Where a buffer is in the memory. */
static inline __u64 xsk_offset(const struct vale_port *port, __u32 index)
{
	return (__u64)index * VALE_BUFFER_SIZE + port->xsk->shift;
}

/* The buffer that is there. */
static inline __u32 xsk_index(const struct vale_port *port, __u64 offset)
{
	return (offset - port->xsk->shift) / VALE_BUFFER_SIZE;
}

static inline bool xsk_is_buffer(const struct vale_port *port, __u32 index)
{
	__u32 unit = index % VALE_REGION_UNITS;

	return index / VALE_REGION_UNITS < port->pairs && unit >= VALE_BUFFER_FIRST &&
	       unit < VALE_REGION_UNITS - 1;
}

/* What the kernel leaves free before each frame. */
#define XSK_HEADROOM 256

/* A port that is being opened. */
struct xsk_opening {
	struct vale *vale;
	struct vale_port *port;
	const struct vale_open_options *options;
	struct maps maps;
	char path[PATH_MAX + 2 * VALE_NAME_SIZE]; /* of the port's directory */
	__u32 number;
	struct vale_port_entry entry;
	struct ring_port_options rings;
	struct device outer;
	const char *doing; /* what fails, if something does */
};

bool xsk_has_virtual_driver(const struct device *device);
/* Binds a socket for each pair, and lets frames come. In the namespace of the interface. */
int xsk_bind(struct xsk_opening *opening);
void xsk_unbind(struct xsk *xsk);

/* Gives the kernel the buffers of so many slots of an rx ring, from `slot` on. */
void xsk_give(struct vale_port *port, __u32 pair, __u32 slot, __u32 slots);

#endif
