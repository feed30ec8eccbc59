// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Extra buffers: those that are in no ring. */
#include "pool.h"

/* The port's own, by their indices in its regions; others of its memory may be in its slots, too. */
static __u32 buffers_of(const struct vale_port *port)
{
	return (port->pairs + port->pipes) * VALE_REGION_UNITS;
}

/* Those that are in the regions of its pairs: the others, behind these, are for pipes. */
static __u32 buffers_of_pairs(const struct vale_port *port)
{
	return port->pairs * VALE_REGION_UNITS;
}

static __u32 first_of(const struct vale_port *port)
{
	return port->first_region * VALE_REGION_UNITS;
}

static bool is_buffer(const struct vale_port *port, __u32 index)
{
	__u32 own = index - first_of(port), in_region = own % VALE_REGION_UNITS;

	return own < buffers_of(port) && in_region >= VALE_BUFFER_FIRST &&
	       in_region < VALE_REGION_UNITS - 1 && !(own >= POOL_FIRST && own < VALE_REGION_UNITS);
}

bool pool_is_buffer(const struct vale_port *port, __u32 index)
{
	return index < port->regions * VALE_REGION_UNITS - 1 && index >= VALE_BUFFER_FIRST;
}

/* Sets or clears the bit of a buffer; returns what it was. */
static bool set_used(const struct vale_port *port, struct pool *pool, __u32 index, bool used)
{
	__u32 own = index - first_of(port);
	__u64 bit = 1ull << own % 64, *word = &pool->used[own / 64], before;

	before = used ? __atomic_fetch_or(word, bit, __ATOMIC_ACQ_REL)
		      : __atomic_fetch_and(word, ~bit, __ATOMIC_ACQ_REL);
	return before & bit;
}

char *pool_buffer(const struct vale_port *port, __u32 index)
{
	char *buffers = (char *)port->memory + (port->state->shift & VALE_SHIFT_MASK);

	return buffers + (size_t)index * VALE_BUFFER_SIZE;
}

static __u32 *first_word(const struct vale_port *port, __u32 index)
{
	return (__u32 *)pool_buffer(port, index);
}

/* ---- blocks ------------------------------------------------------------------------------------ */

/* How many of the `count` from `first` on could be taken; they are not, if it is not all. */
static __u32 take_from(struct vale_port *port, struct pool *pool, __u32 first, __u32 count)
{
	__u32 taken = 0;

	while (taken < count && is_buffer(port, first + taken) &&
	       !set_used(port, pool, first + taken, true))
		taken++;
	if (taken < count)
		pool_give_block(port, pool, first, taken);
	return taken;
}

static __u32 find_block(struct vale_port *port, struct pool *pool, __u32 first, __u32 count)
{
	__u32 end = first_of(port) + buffers_of(port);

	while (first < end) {
		__u32 taken = take_from(port, pool, first, count);

		if (taken == count)
			return first;
		first += taken + 1;
	}
	return 0;
}

__u32 pool_take_block(struct vale_port *port, struct pool *pool, __u32 from, __u32 count)
{
	__u32 first = first_of(port);
	__u32 found = find_block(port, pool, from ? from : first + buffers_of_pairs(port), count);

	return found ? found : find_block(port, pool, first, count);
}

void pool_give_block(struct vale_port *port, struct pool *pool, __u32 first, __u32 count)
{
	for (__u32 i = 0; i < count; i++)
		if (is_buffer(port, first + i))
			set_used(port, pool, first + i, false);
}

/* ---- lists ------------------------------------------------------------------------------------- */

__u32 pool_take_buffers(struct vale_port *port, struct pool *pool, __u32 wanted, __u32 *head)
{
	__u32 taken = 0;

	*head = 0;
	for (__u32 own = 0; own < buffers_of_pairs(port) && taken < wanted; own++) {
		__u32 index = first_of(port) + own;

		if (!is_buffer(port, index) || set_used(port, pool, index, true))
			continue;
		*first_word(port, index) = *head;
		*head = index;
		taken++;
	}
	return taken;
}

/* The list may have been changed, and be a ring: it ends at a buffer that is free already. */
void pool_give_buffers(struct vale_port *port, struct pool *pool, __u32 head)
{
	while (is_buffer(port, head) && set_used(port, pool, head, false))
		head = *(volatile __u32 *)first_word(port, head);
}

static bool mark_list(struct vale_port *port, struct pool *pool, __u32 head)
{
	while (head) {
		if (!is_buffer(port, head))
			return false;
		if (set_used(port, pool, head, true))
			return true;
		head = *(volatile __u32 *)first_word(port, head);
	}
	return true;
}

static void mark_ring(struct vale_port *port, struct pool *pool, const struct vale_ring *ring,
		      __u32 slots)
{
	for (__u32 i = 0; i < slots; i++) {
		__u32 index = *(const volatile __u32 *)&ring->slot[i].buf_idx;

		if (is_buffer(port, index))
			set_used(port, pool, index, true);
	}
}

bool pool_mark_buffers(struct vale_port *port, struct pool *pool)
{
	for (__u32 pair = 0; pair < port->pairs; pair++) {
		mark_ring(port, pool, &port->region[pair].tx, port->state[pair].tx_mask + 1);
		mark_ring(port, pool, &port->region[pair].rx, port->state[pair].rx_mask + 1);
	}
	return mark_list(port, pool, port->region->interface.ni_bufs_head);
}
