/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the files of a client's part of the library share. */
#ifndef VALE_CLIENT_H
#define VALE_CLIENT_H

#include "loader/internal.h"
#include "vale/port.h"

/* The consumer's and the producer's position in a ring buffer map, each in a page of its own. */
struct bell {
	volatile unsigned long *heard;
	const volatile unsigned long *rung;
};

struct vale_port {
	char bpffs[PATH_MAX / 4];
	char name[2 * VALE_NAME_SIZE];
	bool ephemeral; /* to be removed when it is closed */
	bool lossless;
	pid_t process; /* that the switch knows to have it; 0: none */
	__u32 pairs;
	__u32 pipes;	  /* regions behind theirs that are the port's, too */
	__u32 first, end; /* that it was opened with */
	__u32 number;

	struct vale_region *memory; /* that the port's rings are in, perhaps beside others' */
	__u32 regions;		    /* of it */
	__u32 first_region;	    /* the first pair's */
	struct vale_region *region; /* the same: one for each pair */
	const struct vale_ring_state *state;
	struct bell bell[VALE_RINGS];

	bool tx_busy[VALE_RINGS]; /* a thread is in vale_txsync() */

	__u32 programs; /* of which time those are that it has open: vale_ring_state */

	int hold;
	int region_map, state_map;
	int enter, leave, live;
	int doorbell[VALE_RINGS], txsync[VALE_RINGS], wake[VALE_RINGS];
	int epoll; /* of all doorbells, if there are several */

	struct xsk *xsk; /* NULL: the switch shares the memory */

	__u32 next_pair;	  /* whose rx ring vale_next_frame() looks at first */
	bool taken;		  /* it has given out a frame, which is released by the next call */
	unsigned char *assembled; /* a frame of several slots */
};

#define CLEANUP_PORT CLEANUP(port_cleanup)

static inline void port_cleanup(struct vale_port **port)
{
	vale_port_close(*port);
}

/* A port with nothing open. */
struct vale_port *port_new(void);
/* Maps the memory of a port whose maps are open. */
int port_map(struct vale_port *port);
/* Sets up the rings anew. Nobody else has the port. */
void port_initialize(struct vale_port *port, __u32 extra_buffers);
/* Makes one file descriptor stand for all doorbells. */
int port_watch(struct vale_port *port);
/* Tells the switch that the process has the port open. */
int port_enter(struct vale_port *port);
/* Where the file descriptors of a port with so many pairs are, always in the same order. */
#define PORT_FDS_MAX (6 + 3 * VALE_RINGS)
int port_fds(struct vale_port *port, __u32 pairs, int *out[PORT_FDS_MAX]);
/*
 * vale_port_receive() without waiting, of what stays in the socket, one of datagrams, for whoever
 * else takes it. -EAGAIN: nothing is there.
 */
int port_peek(int socket, struct vale_port **out);
/* ---- programs.c -------------------------------------------------------------------------------- */

/* The port that is pinned there is the one that is held. */
bool port_is_at(const struct vale_port *port, const char *directory);
/* Opens the programs of a port whose maps are mapped, in the place of those that it has. */
int port_get_programs(struct vale_port *port, const char *directory);
/* The same after they were replaced, if it can be done. */
void port_renew(struct vale_port *port);

/* To be asked before they are run. The word is in a line that a txsync reads in any case. */
static inline bool port_is_outdated(const struct vale_port *port)
{
	return __atomic_load_n(&port->state->programs, __ATOMIC_RELAXED) != port->programs;
}

/* Runs a program of the syscall kind; what it returns, or -errno. */
int port_run(int program);
/* Has the kernel make so many frames, which the port's program `live` fills in from a tx ring. */
int port_run_live(const struct vale_port *port, __u32 pair, __u32 frames);

/* Writes down in a ring when it was synced. */
void port_take_time(struct vale_ring *ring);

/* ---- over AF_XDP: xsk_open.c, xsk_sync.c --------------------------------------------------------- */

/* `path`: of the port's directory. -ENOENT: it is not there, or is no port for that. */
int xsk_open(struct vale *vale, struct vale_port *port, const struct vale_open_options *options,
	     const char *path);
void xsk_close(struct vale_port *port);
/* Its interface was deleted, or the port detached. */
bool xsk_is_gone(struct vale_port *port);
int xsk_txsync(struct vale_port *port, __u32 pair);
int xsk_rxsync(struct vale_port *port, __u32 pair);

#endif
