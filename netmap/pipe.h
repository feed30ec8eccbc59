/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Pipes: two ends that exchange slots, in the memory of a port and past the switch. A slot that is
 * sent goes with its buffer to the same place of the other end's rx ring. The tx slot is the program's
 * again when that one was given back, and gets the buffer that is there then: so nothing is lost, and
 * a place of both rings needs one buffer. A tx slot that is not the program's says what it had.
 */
#ifndef VALE_NETMAP_PIPE_H
#define VALE_NETMAP_PIPE_H

#include "pool.h"

/* One end, as a file has it. */
struct pipe_end {
	struct pool_pipe *shared;
	__u32 number, end;
	__u32 mask;
	bool exclusive;
	bool tx_busy; /* a thread is in pipe_sync_tx() */
	struct vale_ring *tx, *rx, *other_rx, *other_tx;
	int bell;	  /* of this process; -1: none yet */
	__u64 bell_token; /* what it is called */
	pid_t process;	  /* whose it is */
};

/* pipe.c */

/*
 * For "valeSSS:PPP{ID" and "}ID": cuts the name, and returns ID; *end is 0 for '{'. NULL: it is no
 * pipe's name.
 */
const char *pipe_cut_name(char *name, __u32 *end);

/* What is wanted of a pipe; the last two are those of a struct pool_pipe. */
struct pipe_wish {
	const char *id;
	__u32 end;
	__u32 slots; /* of its rings, if it is made: rounded up to a power of two */
	bool less;   /* or as many as there is room for */
	bool exclusive;
	__u32 monitor, subject;
};

/* Gives the file an end of a pipe of its port, which is made if there is none. -ENOMEM, -EBUSY */
int pipe_bind(struct file *file, const struct pipe_wish *wish);
/* The number of a pipe that there is. -ENOENT */
int pipe_number(struct pool *pool, const char *id, __u32 *number);
/* Where the rings of one are. -EPROTO: what the pool says makes no sense. */
int pipe_look(const struct vale_port *port, struct pool_pipe *pipe, __u32 end,
	      struct pipe_end *out);
int pipe_find(struct file *file, __u32 number, __u32 end);
/* In a child of the process that had the file: threads of the parent's are not its own. */
void pipe_adopt(struct file *file);
/* The file has been closed; with the last one, the pipe goes. */
void pipe_end(struct file *file);

/* pipe_sync.c */
int pipe_sync_tx(struct pipe_end *pipe);
int pipe_sync_rx(struct pipe_end *pipe);
/* Slots that were sent, of a tx ring, or given back, of an rx ring, since it was made. */
__u32 pipe_count(const struct vale_ring *ring);
void pipe_set_count(struct vale_ring *ring, __u32 count);
/* Of a tx ring, those whose buffers came back. */
__u32 pipe_came_back(const struct vale_ring *ring);
/* What a sync would find: positions of the tails. */
__u32 pipe_tx_tail(const struct pipe_end *pipe);
__u32 pipe_rx_tail(const struct pipe_end *pipe);

/* bell.c: waking threads of other processes, without any privilege. */

/* Says that a thread of this end sleeps: its bell rings from now on. False: it must not sleep. */
bool bell_arm(struct pipe_end *pipe);
void bell_disarm(struct pipe_end *pipe);
/* Wakes who sleeps at an end. */
void bell_ring(struct pool_pipe *pipe, __u32 end);
void bell_close(struct pipe_end *pipe);

#endif
