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

/* A buffer for each slot; those before it in memory are likely to be taken. */
static bool fill_slots(struct vale_port *port, struct pool *pool, struct vale_ring *ring)
{
	__u32 index = 0;

	for (__u32 i = 0; i < ring->num_slots; i++) {
		index = pool_take_block(port, pool, index, 1);
		if (!index)
			return false;
		ring->slot[i].buf_idx = index;
	}
	return true;
}

/* Without buffers for its slots. */
static struct vale_ring *make_ring(struct vale_port *port, struct pool *pool, __u32 slots, bool tx,
				   __u32 *first)
{
	struct vale_ring *ring;

	*first = pool_take_block(port, pool, 0, ring_buffers(slots));
	if (!*first)
		return NULL;
	ring = ring_at(port, *first);
	memset(ring, 0, offsetof(struct vale_ring, slot) + slots * sizeof(ring->slot[0]));
	ring->buf_ofs = pool_buffer(port, 0) - (char *)ring;
	ring->num_slots = slots;
	ring->nr_buf_size = VALE_BUFFER_SIZE;
	ring->dir = tx;
	ring->buf_align = 64;
	ring->tail = tx && slots ? slots - 1 : 0;
	for (__u32 i = 0; i < slots; i++)
		ring->slot[i].len = VALE_BUFFER_SIZE;
	return ring;
}

static void give_slot(struct vale_port *port, struct pool *pool, const struct vale_slot *slot)
{
	pool_give_block(port, pool, *(const volatile __u32 *)&slot->buf_idx, 1);
}

/* Of a direction: a place's buffer is in the rx ring from when it is sent until it comes back. */
static void give_slots(struct vale_port *port, struct pool *pool, const struct pool_pipe *pipe,
		       __u32 end)
{
	struct vale_ring *tx = ring_at(port, pipe->ring[end][1]);
	struct vale_ring *rx = ring_at(port, pipe->ring[!end][0]);
	__u32 came_back = pipe_came_back(tx), mask = pipe->slots - 1;
	__u32 away = pipe->monitor ? pipe->slots : (pipe_count(tx) - came_back) & mask;

	for (__u32 i = 0; i < pipe->slots; i++) {
		__u32 index = (came_back + i) & mask;

		give_slot(port, pool, i < away ? &rx->slot[index] : &tx->slot[index]);
	}
}

static bool has_direction(const struct pool_pipe *pipe, __u32 end)
{
	return pipe->ring[end][1] && pipe->ring[!end][0];
}

static void remove_rings(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe)
{
	for (__u32 end = 0; end < 2; end++)
		if (has_direction(pipe, end))
			give_slots(port, pool, pipe, end);
	for (__u32 i = 0; i < 4; i++) {
		__u32 *first = &pipe->ring[i / 2][i % 2];
		/* What counts a monitor's slots has none. */
		__u32 slots = pipe->monitor && i % 2 ? 0 : pipe->slots;

		if (*first)
			pool_give_block(port, pool, *first, ring_buffers(slots));
		*first = 0;
	}
}

/* From the end to the other one. Of a monitor, all buffers are the receiver's. */
static bool make_direction(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe,
			   __u32 end)
{
	__u32 slots = pipe->monitor ? 0 : pipe->slots;
	struct vale_ring *tx = make_ring(port, pool, slots, true, &pipe->ring[end][1]);
	struct vale_ring *rx = make_ring(port, pool, pipe->slots, false, &pipe->ring[!end][0]);

	return tx && rx && fill_slots(port, pool, pipe->monitor ? rx : tx);
}

static bool make_rings(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe)
{
	if (make_direction(port, pool, pipe, 0) &&
	    (pipe->monitor || make_direction(port, pool, pipe, 1)))
		return true;
	remove_rings(port, pool, pipe);
	return false;
}

/* ---- pipes ------------------------------------------------------------------------------------- */

static __u32 rounded(__u32 slots)
{
	__u32 wanted = SLOTS_MIN;

	while (wanted < slots && wanted < VALE_SLOTS)
		wanted *= 2;
	return wanted;
}

static int make(struct vale_port *port, struct pool *pool, struct pool_pipe *pipe,
		const struct pipe_wish *wish)
{
	__u32 least = wish->less ? SLOTS_MIN : rounded(wish->slots);

	memset(pipe, 0, sizeof(*pipe));
	pipe->monitor = wish->monitor;
	pipe->subject = wish->subject;
	for (pipe->slots = rounded(wish->slots); pipe->slots >= least; pipe->slots /= 2)
		if (make_rings(port, pool, pipe)) {
			pipe->netns = own_netns();
			strcpy(pipe->id, wish->id);
			return 0;
		}
	explain(port->name,
		"there is no room for rings of %u slots ('valectl port add %s --pipes N' makes a "
		"port with room for N pipes)",
		least, port->name);
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

/* What the pool says is anybody's of the port's: it is looked at before it is used. */
static bool is_sound(const struct vale_port *port, const struct pool_pipe *pipe)
{
	__u32 end = port->regions * VALE_REGION_UNITS, slots = pipe->slots;

	if (slots < SLOTS_MIN || slots > VALE_SLOTS || slots & (slots - 1))
		return false;
	for (int i = 0; i < 4; i++)
		if (pipe->ring[i / 2][i % 2] >= end - ring_buffers(slots))
			return false;
	return true;
}

/* Processes that were killed have left theirs. */
static void sweep(struct vale_port *port, struct pool *pool)
{
	for (__u32 i = 0; i < POOL_PIPES; i++) {
		struct pool_pipe *pipe = &pool->pipe[i].pipe,
				 copy = *(volatile struct pool_pipe *)pipe;

		if (*copy.id && !pool_users(port, pool, i, -1, NULL)) {
			if (is_sound(port, &copy))
				remove_rings(port, pool, &copy);
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

int pipe_look(const struct vale_port *port, struct pool_pipe *pipe, __u32 end, struct pipe_end *out)
{
	struct pool_pipe copy = *(volatile struct pool_pipe *)pipe;

	if (end > 1 || !is_sound(port, &copy))
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
static int check(struct file *file, struct pool *pool, __u32 number, const struct pipe_wish *wish)
{
	bool taken = false;
	int users;

	if (pool->pipe[number].pipe.netns != own_netns()) {
		explain(file->port->name, "the pipe's other end is in another network namespace");
		return -ENXIO;
	}
	users = pool_users(file->port, pool, number, wish->end, &taken);
	return taken || (wish->exclusive && users) ? -EBUSY : 0;
}

int pipe_bind(struct file *file, const struct pipe_wish *wish)
{
	struct pool *pool = pool_of(file->port);
	struct pool_pipe *pipe;
	__u32 number;
	int error;

	if (!*wish->id || strlen(wish->id) >= sizeof(pipe->id))
		return -EINVAL;
	if (!pool)
		return -ENOMEM;
	file->pool = pool;
	sweep(file->port, pool);
	error = find(pool, wish->id, &number);
	if (error == -ENOENT)
		error = make(file->port, pool, &pool->pipe[number].pipe, wish);
	else if (!error)
		error = check(file, pool, number, wish);
	if (!error)
		error = take_end(file, &pool->pipe[number].pipe, number, wish->end);
	if (!error)
		file->pipe->exclusive = wish->exclusive;
	count_monitors(pool);
	return error;
}

void pipe_adopt(struct file *file)
{
	if (file->pipe)
		__atomic_store_n(&file->pipe->tx_busy, false, __ATOMIC_RELAXED);
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
