/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * libvale for clients of a switch: programs that send and receive frames by rings in memory.
 *
 *	struct vale_port *port;
 *
 *	vale_port_open(vale, "vale1:a", NULL, &port);
 *	for (;;) {
 *		vale_port_poll(port, POLLIN, -1);
 *		while ((frame = vale_next_frame(port, &length)))
 *			...
 *	}
 *
 * Rings. A port has one or more pairs of a tx and an rx ring. A ring is an array of slots, each of
 * which names a buffer and says how many bytes are in it. The slots from `head` up to `tail` (not
 * including it, and round the end of the array) are the client's: it fills in tx slots, or reads rx
 * slots, and moves on `head`. vale_txsync() sends what is before head, vale_rxsync() gives back what
 * is before head and moves on tail over what has come. A frame that is longer than a buffer takes
 * several slots; all but the last have VALE_SLOT_MORE. Slots of length 0 on an rx ring are no frames.
 * The layout and the meaning of head, cur and tail are netmap's.
 *
 * Buffers. A client may put any buffer of its memory into any of its slots: to swap an rx slot's
 * with a tx slot's sends on what was received without a copy. A port has a memory of its own, or one
 * that it shares with others that the client may open (struct vale_ring_options): then buffers can
 * be swapped between ports, too. The first client that opens a port finds its rings as they were
 * made, with the buffers of its own pairs: those of ports that share a memory and swap them must be
 * opened anew together.
 *
 * Loss. A frame whose destination has no room in its rx ring is dropped, as is one whose
 * destination nobody has open; both ports count it. With VALE_OPEN_LOSSLESS, vale_txsync() leaves it
 * in the ring instead, if it has one destination, and vale_port_poll() waits for room. Behind it,
 * frames for other destinations go on as long as the ring has slots. (A device as destination
 * takes what it takes.)
 *
 * Order. Frames of one tx ring to one destination arrive in the order they were sent.
 *
 * Threads. A ring is one thread's at a time; different rings of a port may be different threads'.
 * Two vale_txsync() on one ring: one of them returns -EBUSY. vale_port_open(), vale_port_close() and
 * what gives several rings a sync (VALE_ALL_RINGS) are for one thread.
 *
 * Processes. A port may be open any number of times, also by several processes, that share its
 * rings and must agree on who uses which. After fork() the rings are shared in the same way; the
 * child that goes on using them must call vale_port_adopt(), since the switch closes a port when the
 * processes that said that they have it open are gone. vale_port_send() gives a port to another
 * process.
 *
 * Transports. A port is memory that the switch's programs share with the client, or it is a pair of
 * interfaces (valectl attach --xsk) with AF_XDP sockets of the client's: VALE_TRANSPORT_XSK. All of the
 * above is the same with both, but: one process has an AF_XDP port open at a time, and cannot give it
 * away; it is never lossless; and it needs CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW, and memory that may be
 * locked, 4.6 MiB for each pair of rings.
 *
 * Privileges. None, for a port that `valectl port add` has made for the caller. To make a port by
 * opening it, one needs what valectl needs.
 */
#ifndef VALE_PORT_H
#define VALE_PORT_H

#include <poll.h>
#include <string.h>

#include "vale.h"
#include "vale/ring.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vale_port;

/* In place of a pair's number: all that the port was opened with. */
#define VALE_ALL_RINGS (~0u)

enum vale_open_flags {
	VALE_OPEN_EXCLUSIVE = 1 << 0, /* nobody else has it open */
	VALE_OPEN_LOSSLESS = 1 << 1,  /* see above; holds for the ring, whoever else has it open */
	VALE_OPEN_EXISTING = 1 << 2,  /* do not make the port if there is none */
	VALE_OPEN_SOCKET_TX = 1 << 3, /* of an AF_XDP port: send by its sockets, and not by live */
				      /* frames, which is slower in all but the smallest batches */
};

enum vale_transport {
	VALE_TRANSPORT_AUTO, /* what the port has; VALE_TRANSPORT_RING, if it is to be made */
	VALE_TRANSPORT_RING,
	VALE_TRANSPORT_XSK,
};

struct vale_open_options {
	size_t size;
	__u32 flags;		       /* enum vale_open_flags */
	__u32 one_ring;		       /* 1 + the number of the one pair wanted; 0: all */
	__u32 extra_buffers;	       /* wanted for vale_extra_buffer() */
	struct vale_ring_options ring; /* of a port that is made; .owner and so on have no meaning; */
				       /* the slots are those of any AF_XDP port */
	enum vale_transport transport;
	/*
	 * Of an AF_XDP port that is made: the port (PPP) of the same switch on whose interface its
	 * sockets are to be, in place of a pair of interfaces; NULL: none. The kernel gives a socket
	 * no frames but those that come in by that interface and the queue of the socket's pair,
	 * `ring.rings` being the number of these; and no copies of frames for several ports. What of
	 * other frames the switch has for the port is dropped and counted (`refused`).
	 */
	const char *device;
};

/*
 * Opens a port, which is made if there is none, as its switch is: both then go when the last client
 * has closed the port. `options` may be NULL. `vale` need not outlive the port. The caller owns *out.
 *
 * -ENOENT: no such port, and VALE_OPEN_EXISTING; -EACCES: the port is another user's; -EPERM: there
 * is none, and the caller may not make it; -EBUSY: it is open exclusively, or is to be, and others
 * have it; -ENOTTY: it is an interface's, or has another transport; -EOPNOTSUPP: it cannot be
 * lossless; -ENOBUFS: the limit of locked memory is too small (ulimit -l); -ERANGE: it has no such pair; -ENXIO: it was deleted
 * meanwhile; -E2BIG: VALE_CLIENTS processes have it; -EROFS: a client has frozen its maps; -EPROTO: what
 * is there is no ring port; and what vale_port_add() answers.
 */
int vale_port_open(struct vale *vale, const char *name, const struct vale_open_options *options,
		   struct vale_port **out);
void vale_port_close(struct vale_port *port); /* NULL is allowed */

/*
 * The calling process, a child of the one that opened the port, has it open from now on. -ENXIO: the
 * port was deleted; -E2BIG: VALE_CLIENTS processes have it; -EOPNOTSUPP: it is an AF_XDP port.
 */
int vale_port_adopt(struct vale_port *port);

/*
 * Gives the port to the process at the other end of a Unix socket, which takes it with
 * vale_port_receive(); both have it then. -EPIPE: the other end is gone; -EPROTO: what came is no
 * port; -EOPNOTSUPP: it is an AF_XDP port.
 */
int vale_port_send(struct vale_port *port, int socket);
int vale_port_receive(int socket, struct vale_port **out);

const char *vale_port_name(const struct vale_port *port); /* valeSSS:PPP */
__u32 vale_port_rings(const struct vale_port *port);	  /* pairs that it has */
__u32 vale_port_first_ring(const struct vale_port *port); /* that it was opened with, */
__u32 vale_port_end_ring(const struct vale_port *port);	  /* and the one behind the last */
/*
 * The memory that the port's rings and buffers are in, its size, and what in it is the port's, as
 * netmap's programs see it. Ports that share a memory have each mapped it for themselves: what is
 * the same in all is a buffer's index.
 */
void *vale_port_memory(const struct vale_port *port, size_t *size);
struct vale_if *vale_port_interface(const struct vale_port *port);
bool vale_port_shares_memory(const struct vale_port *port, const struct vale_port *other);

/* ---- rings ------------------------------------------------------------------------------------- */

struct vale_ring *vale_tx_ring(const struct vale_port *port, __u32 pair); /* NULL: no such pair */
struct vale_ring *vale_rx_ring(const struct vale_port *port, __u32 pair);

/*
 * Sends the slots before the tx ring's head. Returns 0; VALE_TX_BLOCKED: of a lossless port, frames
 * are left whose destination has no room, or, with VALE_OPEN_SOCKET_TX, that the kernel did not take
 * yet; -EBUSY: another thread is at it; -EINVAL: head was none of the client's slots, and the ring was
 * set back to what the switch knows; -ENXIO: the port was deleted.
 */
int vale_txsync(struct vale_port *port, __u32 pair);

/*
 * Gives back the slots before the rx ring's head, and takes what has come. 0, -EINVAL, -ENXIO, as
 * above.
 */
int vale_rxsync(struct vale_port *port, __u32 pair);

static inline __u32 vale_ring_next(const struct vale_ring *ring, __u32 slot)
{
	return slot + 1 == ring->num_slots ? 0 : slot + 1;
}

/* Slots that are the client's. */
static inline __u32 vale_ring_space(const struct vale_ring *ring)
{
	__u32 slots = ring->tail - ring->head;

	return ring->tail < ring->head ? slots + ring->num_slots : slots;
}

/* Slots of the frame whose first slot, in an rx ring, this is. */
static inline __u32 vale_frame_slots(const struct vale_slot *slot)
{
	return slot->flags >> 8 ? slot->flags >> 8 : 1;
}

static inline unsigned char *vale_ring_buffer(struct vale_ring *ring, __u32 index)
{
	return (unsigned char *)ring + ring->buf_ofs + (__u64)index * ring->nr_buf_size;
}

/* ---- waiting ----------------------------------------------------------------------------------- */

/*
 * Waits until there is something to receive (POLLIN) or room to send (POLLOUT) on any ring, syncing
 * the rings before and after as netmap's poll() does: for POLLOUT it sends what is before head. So
 * many milliseconds; -1: for ever. Returns the events, 0 after the time; -EINTR; what syncs return.
 */
int vale_port_poll(struct vale_port *port, short events, int timeout);

/*
 * For who waits for other things, too. The file descriptor is readable when the port should be
 * looked at; it is the port's, and not to be read or closed. Before waiting, vale_port_arm() must be
 * called and must return 0: it returns the events that there are already, with nobody being woken
 * for them. After waiting, vale_port_disarm().
 *
 * Over AF_XDP the kernel does not tell that the interface has gone: who waits must look from time to
 * time, too. vale_port_poll() does.
 */
int vale_port_fd(const struct vale_port *port);
int vale_port_arm(struct vale_port *port, short events);
void vale_port_disarm(struct vale_port *port);

/* ---- frames ------------------------------------------------------------------------------------ */

/*
 * Puts a frame into a tx ring, in as many slots as it takes; the next vale_txsync() sends it.
 * -ENOBUFS: the ring has no room; -EMSGSIZE: it is shorter than VALE_FRAME_MIN, or takes more than
 * VALE_FRAGMENTS slots.
 */
int vale_inject(struct vale_port *port, __u32 pair, const void *frame, __u32 length);

/*
 * Takes the next frame of any rx ring, syncing them when all are empty; NULL: there is none. The
 * frame is in place, valid until the next call, and `*length` bytes long. One of several slots is
 * put together in memory of the port's.
 */
const unsigned char *vale_next_frame(struct vale_port *port, __u32 *length);

/*
 * Calls `visit` for up to `count` frames (0: for all that there are), stopping when it returns
 * something else than 0. Returns how many were visited.
 */
int vale_dispatch(struct vale_port *port, int count,
		  int (*visit)(void *arg, const unsigned char *frame, __u32 length), void *arg);

/* Takes one of the extra buffers that the port was opened with: its index, or 0 if none is left. */
__u32 vale_extra_buffer(struct vale_port *port);

#ifdef __cplusplus
}
#endif

#endif
