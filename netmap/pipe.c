// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Pipes: finding, making and removing them. The pool's lock is held for all of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipe.h"

/* Fewer make no sense. */
#define SLOTS_MIN 8

/* ---- rings in buffers -------------------------------------------------------------------------- */

/* A ring's first bytes are at a multiple of what its alignment is. */
static struct vale_ring *ring_at(const struct vale_port *port, __u32 first)
{
	unsigned long address = (unsigned long)pool_buffer(port, first);

	return (struct vale_ring *)((address + NM_CACHE_ALIGN - 1) & -NM_CACHE_ALIGN);
}

/* Buffers that a ring is made of, without those of its slots. */
static __u32 ring_buffers(__u32 slots)
{
	size_t size = offsetof(struct vale_ring, slot) + slots * sizeof(struct vale_slot);

	return (size + NM_CACHE_ALIGN + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE;
}

static bool fill_slots(struct vale_port *port, struct pool *pool, struct vale_ring *ring)
{
	for (__u32 i = 0; i < ring->num_slots; i++) {
		ring->slot[i] = (struct vale_slot){ .len = VALE_BUFFER_SIZE };
		ring->slot[i].buf_idx = pool_take_block(port, pool, 1);
		if (!ring->slot[i].buf_idx)
			return false;
	}
	return true;
}

static bool make_ring(struct vale_port *port, struct pool *pool, __u32 slots, bool tx, __u32 *first)
{
	struct vale_ring *ring;

	*first = pool_take_block(port, pool, ring_buffers(slots));
	if (!*first)
		return false;
	ring = ring_at(port, *first);
	memset(ring, 0, offsetof(struct vale_ring, slot));
	ring->buf_ofs = pool_buffer(port, 0) - (char *)ring;
	ring->num_slots = slots;
	ring->nr_buf_size = VALE_BUFFER_SIZE;
	ring->dir = tx;
	ring->buf_align = 64;
	ring->tail = tx && slots ? slots - 1 : 0;
	return fill_slots(port, pool, ring);
}

static void remove_ring(struct vale_port *port, struct pool *pool, __u32 slots, __u32 first)
{
	struct vale_ring *ring = ring_at(port, first);

	if (!first)
		return;
	for (__u32 i = 0; i < slots; i++)
		pool_give_block(port, pool, *(volatile __u32 *)&ring->slot[i].buf_idx, 1);
	memset(ring->slot, 0, slots * sizeof(ring->slot[0]));
	pool_give_block(port, pool, first, ring_buffers(slots));
}

static void remove_rings(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe)
{
	for (int i = 0; i < 4; i++) {
		/* What counts a monitor's slots has none. */
		bool none = pipe->monitor && i != 2;

		remove_ring(port, pool, none ? 0 : pipe->slots, pipe->ring[i / 2][i % 2]);
		pipe->ring[i / 2][i % 2] = 0;
	}
}

/* Of a monitor: the ring of who receives, and of the other end what counts its slots. */
static bool make_monitor_rings(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe)
{
	if (make_ring(port, pool, pipe->slots, false, &pipe->ring[1][0]) &&
	    make_ring(port, pool, 0, true, &pipe->ring[0][1]))
		return true;
	remove_rings(port, pool, pipe);
	return false;
}

static bool make_rings(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe)
{
	if (pipe->monitor)
		return make_monitor_rings(port, pool, pipe);
	for (int i = 0; i < 4; i++)
		if (!make_ring(port, pool, pipe->slots, i % 2, &pipe->ring[i / 2][i % 2])) {
			remove_rings(port, pool, pipe);
			return false;
		}
	return true;
}

/* ---- pipes ------------------------------------------------------------------------------------- */

/* As many slots as asked for, or as there are buffers for. */
static int make(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe, const char *id,
		__u32 slots, __u32 monitor, __u32 subject)
{
	__u32 wanted = SLOTS_MIN;

	memset(pipe, 0, sizeof(*pipe));
	pipe->monitor = monitor;
	pipe->subject = subject;
	while (wanted < slots && wanted < VALE_SLOTS)
		wanted *= 2;
	for (pipe->slots = wanted; pipe->slots >= SLOTS_MIN; pipe->slots /= 2)
		if (make_rings(port, pool, pipe)) {
			pipe->netns = own_netns();
			strcpy(pipe->id, id);
			return 0;
		}
	return -ENOMEM;
}

/* The pipe of that name, or a free place. */
static int find(struct pool *pool, const char *id, __u32 *number)
{
	int vacant = -1;

	for (__u32 i = 0; i < POOL_PIPES; i++) {
		const struct pool_pipe *pipe = &pool->pipe[i].pipe;

		if (!strncmp(pipe->id, id, sizeof(pipe->id))) {
			*number = i;
			return 0;
		}
		if (!*pipe->id && vacant < 0)
			vacant = i;
	}
	*number = vacant;
	return vacant < 0 ? -ENOMEM : -ENOENT;
}

/* Processes that were killed have left theirs. */
static void sweep(struct vale_port *port, struct pool *pool)
{
	for (__u32 i = 0; i < POOL_PIPES; i++) {
		struct pool_pipe *pipe = &pool->pipe[i].pipe;

		if (*pipe->id && !pool_users(port, pool, i, -1, NULL)) {
			remove_rings(port, pool, pipe);
			*pipe->id = 0;
			pipe->monitor = 0;
		}
	}
}

static void count_monitors(struct pool *pool)
{
	__u32 count = 0;

	for (__u32 i = 0; i < POOL_PIPES; i++)
		count += *pool->pipe[i].pipe.id && pool->pipe[i].pipe.monitor;
	__atomic_store_n(&pool->monitors, count, __ATOMIC_RELEASE);
}

int pipe_number(struct pool *pool, const char *id, __u32 *number)
{
	return find(pool, id, number) ? -ENOENT : 0;
}

/* What the pool says is anybody's of the port's: it is looked at before it is used. */
static bool is_sound(const struct vale_port *port, const struct pool_pipe *pipe, __u32 slots)
{
	__u32 end = port->regions * VALE_REGION_UNITS - ring_buffers(slots);

	if (slots < SLOTS_MIN || slots > VALE_SLOTS || slots & (slots - 1))
		return false;
	for (int i = 0; i < 4; i++)
		if (pipe->ring[i / 2][i % 2] >= end)
			return false;
	return true;
}

int pipe_look(const struct vale_port *port, struct pool_pipe *pipe, __u32 end, struct pipe_end *out)
{
	struct pool_pipe copy = *(volatile struct pool_pipe *)pipe;

	if (end > 1 || !is_sound(port, &copy, copy.slots))
		return -EPROTO;
	*out = (struct pipe_end){
		.shared = pipe,
		.end = end,
		.mask = copy.slots - 1,
		.tx = ring_at(port, copy.ring[end][1]),
		.rx = ring_at(port, copy.ring[end][0]),
		.other_tx = ring_at(port, copy.ring[!end][1]),
		.other_rx = ring_at(port, copy.ring[!end][0]),
		.bell = -1,
	};
	return 0;
}

static int take_end(struct file *file, struct pool_pipe *pipe, __u32 number, __u32 end)
{
	struct pipe_end found, *taken;
	int error = pipe_look(file->port, pipe, end, &found);

	if (error)
		return error;
	taken = malloc(sizeof(*taken));
	if (!taken)
		return -ENOMEM;
	found.number = number;
	*taken = found;
	file->pipe = taken;
	return 0;
}

int pipe_find(struct file *file, __u32 number, __u32 end)
{
	struct pool *pool = pool_of(file->port);

	return pool && number < POOL_PIPES ? take_end(file, &pool->pipe[number].pipe, number, end)
					   : -EPROTO;
}

/* Ends wake each other by names that are a network namespace's. */
static int check(struct file *file, struct pool *pool, __u32 number, __u32 end, bool exclusive)
{
	bool taken = false;
	int users;

	if (pool->pipe[number].pipe.netns != own_netns()) {
		explain(file->port->name, "the pipe's other end is in another network namespace");
		return -ENXIO;
	}
	users = pool_users(file->port, pool, number, end, &taken);
	return taken || (exclusive && users) ? -EBUSY : 0;
}

int pipe_bind(struct file *file, const char *id, __u32 end, __u32 slots, bool exclusive,
	      __u32 monitor, __u32 subject)
{
	struct pool *pool = pool_of(file->port);
	struct pool_pipe *pipe;
	__u32 number;
	int error;

	if (!*id || strlen(id) >= sizeof(pipe->id))
		return -EINVAL;
	if (!pool)
		return -ENOMEM;
	file->pool = pool;
	sweep(file->port, pool);
	error = find(pool, id, &number);
	if (error == -ENOENT)
		error = make(file->port, pool, &pool->pipe[number].pipe, id, slots, monitor,
			     subject);
	else if (!error)
		error = check(file, pool, number, end, exclusive);
	if (!error)
		error = take_end(file, &pool->pipe[number].pipe, number, end);
	if (!error)
		file->pipe->exclusive = exclusive;
	count_monitors(pool);
	return error;
}

void pipe_end(struct file *file)
{
	CLEANUP_CLOSE int lock = -1;
	struct pool *pool;

	if (!file->pipe)
		return;
	bell_close(file->pipe);
	free(file->pipe);
	file->pipe = NULL;
	pool = pool_of(file->port);
	if (!pool || pool_lock(file->port, &lock))
		return;
	sweep(file->port, pool);
	count_monitors(pool);
}
