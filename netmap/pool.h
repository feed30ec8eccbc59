/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the files of a port have in its memory: a netmap_if each, and a note of which buffers are in
 * use. It lies where the last buffers of the port's first region would be. As all of that memory, it may be
 * changed by whoever has the port open, so it is checked by who reads it; who changes it harms the
 * port's own programs only.
 */
#ifndef VALE_NETMAP_POOL_H
#define VALE_NETMAP_POOL_H

#include "layer.h"

#define POOL_BUFFERS 16
#define POOL_FIRST   (VALE_REGION_UNITS - 1 - POOL_BUFFERS) /* its first buffer, in the region */
#define POOL_BITS    4864
#define POOL_PIPES   16
#define POOL_PIPE    256
#define POOL_HEAD    (POOL_BITS + POOL_PIPES * POOL_PIPE)
#define POOL_IF	     256
#define POOL_IFS     ((POOL_BUFFERS * VALE_BUFFER_SIZE - POOL_HEAD) / POOL_IF)

enum {
	POOL_NO_TX_POLL = 1 << 0,
	POOL_DO_RX_POLL = 1 << 1,
	POOL_EXCLUSIVE = 1 << 2, /* nobody else has the end of the pipe */
};

/* A file's netmap_if, and what another process that gets the file needs to know of it. */
struct pool_if {
	struct vale_if interface;
	__u64 token; /* the file's; 0: free */
	__u64 netns; /* of the namespace where the file's socket has its name: the cookie */
	__u32 first_tx, end_tx, first_rx, end_rx;
	__u32 flags;
	__u32 pipe; /* 1 + its number; 0: the file is the port's own */
	__u32 end;
};

/* Threads of an end that sleep at a time: more do not sleep but look again and again. */
#define PIPE_WAITERS 8

/*
 * A pipe of the port: a pair of rings for each of its two ends, in buffers of the pool. The slots of
 * both rings of a direction have but one buffer for each place: pipe.h.
 */
struct pool_pipe {
	char id[32]; /* "": there is none */
	__u64 netns; /* where its ends must be, to be able to wake each other */
	__u32 slots;
	__u32 monitor;		       /* NR_MONITOR_*: it is one, and which way; 0: it is a pipe */
	__u32 subject;		       /* what it is a monitor of */
	__u32 turn;		       /* somebody copies to it */
	__u32 seen[VALE_RINGS];	       /* by pair of its subject: slots that came and were copied */
	__u32 ring[2][2];	       /* by end, and whether it is the tx ring: its first buffer */
	__u64 waiter[2][PIPE_WAITERS]; /* by end: bells of who sleeps; 0: none */
};

struct pool {
	__u64 used[VALE_REGIONS * VALE_REGION_UNITS / 64]; /* a bit for each of the port's buffers */
	__u32 monitors;					   /* how many there are */
	__u8 unused[POOL_BITS - VALE_REGIONS * VALE_REGION_UNITS / 8 - 4];
	union {
		struct pool_pipe pipe;
		__u8 pipe_room[POOL_PIPE];
	} pipe[POOL_PIPES];
	union {
		struct pool_if file;
		__u8 room[POOL_IF];
	} slot[POOL_IFS];
};

_Static_assert(sizeof(struct pool_if) <= POOL_IF, "a pool_if has its room");
_Static_assert(sizeof(struct pool_pipe) <= POOL_PIPE, "a pool_pipe has its room");
_Static_assert(sizeof(struct pool) == POOL_BUFFERS * VALE_BUFFER_SIZE, "the pool has its room");
_Static_assert(VALE_REGIONS *VALE_REGION_UNITS % 64 == 0, "all buffers have bits");

/* Set up if nobody has since the port was opened for the first time. NULL: it cannot be had. */
struct pool *pool_of(struct vale_port *port);

/* pool_buffers.c */

/* Links up to `wanted` buffers that nobody uses into a list; its first, and how many there are. */
__u32 pool_take_buffers(struct vale_port *port, struct pool *pool, __u32 wanted, __u32 *head);
/*
 * So many that follow each other, the next free ones from `from` on; 0: from the first of those that
 * are for pipes on. The first, or 0.
 */
__u32 pool_take_block(struct vale_port *port, struct pool *pool, __u32 from, __u32 count);
void pool_give_block(struct vale_port *port, struct pool *pool, __u32 first, __u32 count);
/* An index of the memory that a frame may be at. */
bool pool_is_buffer(const struct vale_port *port, __u32 index);
char *pool_buffer(const struct vale_port *port, __u32 index);
void pool_give_buffers(struct vale_port *port, struct pool *pool, __u32 head);
/* At first: those in the rings and in the library's list are used. False: that one needs the pool's. */
bool pool_mark_buffers(struct vale_port *port, struct pool *pool);

/* pool.c */

/* Others are kept out until *out is closed. */
int pool_lock(const struct vale_port *port, int *out);
/*
 * Files that are bound to the end of a pipe, without those that were closed; -1: to any end.
 * `exclusive` may be NULL: one of them is to be the only one.
 */
int pool_users(struct vale_port *port, struct pool *pool, __u32 pipe, int end, bool *exclusive);

#endif
