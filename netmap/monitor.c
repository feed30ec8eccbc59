// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What a monitor is of: the port, or an end of one of its pipes. */
static __u32 subject_of_pipe(__u32 number, __u32 end)
{
	return 1 + 2 * number + end;
}

static __u32 subject_of(const struct file *file)
{
	return file->pipe ? subject_of_pipe(file->pipe->number, file->pipe->end) : 0;
}

static void start(struct file *file);

int monitor_bind(struct file *file, const struct pipe_wish *wish)
{
	struct pool *pool = pool_of(file->port);
	struct pipe_wish own = *wish;
	char id[sizeof(((struct pool_pipe *)0)->id)];
	__u32 number;
	int error;

	if (!pool)
		return -ENOMEM;
	if (wish->id) {
		if (pipe_number(pool, wish->id, &number))
			return -EINVAL;
		own.subject = subject_of_pipe(number, wish->end);
	}
	/* A name that no pipe has. */
	snprintf(id, sizeof(id), "/%016llx", (unsigned long long)file->token);
	/* Without a direction it is both. */
	if (!(wish->monitor & (NR_MONITOR_TX | NR_MONITOR_RX)))
		own.monitor |= NR_MONITOR_TX | NR_MONITOR_RX;
	own.id = id;
	own.end = 1;
	own.exclusive = false;
	error = pipe_bind(file, &own);
	if (!error)
		start(file);
	return error;
}

/* ---- copying ----------------------------------------------------------------------------------- */

/* Of many that sync at a time, one copies; who has died doing it holds up the others for a moment. */
#define TRIES 1000000

static void take_turn(struct pool_pipe *monitor)
{
	for (int tries = 0; tries < TRIES; tries++)
		if (!__atomic_exchange_n(&monitor->turn, 1, __ATOMIC_ACQUIRE))
			return;
}

static void copy_slot(const struct vale_port *port, const struct vale_slot *from,
		      struct vale_slot *to, bool tx)
{
	struct vale_slot source = *(const volatile struct vale_slot *)from;
	__u32 target = *(volatile __u32 *)&to->buf_idx;
	bool good = source.len <= VALE_BUFFER_SIZE && pool_is_buffer(port, source.buf_idx) &&
		    pool_is_buffer(port, target);

	if (good)
		memcpy(pool_buffer(port, target), pool_buffer(port, source.buf_idx), source.len);
	to->len = good ? source.len : 0;
	to->flags = (source.flags & NS_MOREFRAG) | (tx ? NS_TXMON : 0);
}

/* A span of slots, in the ring of whoever syncs. */
struct span {
	const struct vale_ring *ring;
	__u32 from, slots, mask;
	bool tx;
};

static void copy(const struct vale_port *port, struct pipe_end *monitor, const struct span *span)
{
	__u32 sent = pipe_count(monitor->other_tx), used = sent - pipe_count(monitor->rx);
	__u32 room = monitor->mask - (used & monitor->mask);
	__u32 slots = span->slots < room ? span->slots : room;

	for (__u32 i = 0; i < slots; i++)
		copy_slot(port, &span->ring->slot[(span->from + i) & span->mask],
			  &monitor->rx->slot[(sent + i) & monitor->mask], span->tx);
	pipe_set_count(monitor->other_tx, sent + slots);
	bell_ring(monitor->shared, 1);
}

/* ---- what is sent ------------------------------------------------------------------------------ */

void monitor_sent(struct file *file, struct vale_ring *ring, __u32 from, __u32 to)
{
	__u32 mask = file->pipe ? file->pipe->mask : file->port->state->tx_mask;
	struct span span = { ring, from, (to - from) & mask, mask, true };

	for (__u32 i = 0; i < POOL_PIPES && span.slots; i++) {
		struct pool_pipe *shared = &file->pool->pipe[i].pipe;
		struct pipe_end monitor;

		if (!(shared->monitor & NR_MONITOR_TX) || shared->subject != subject_of(file) ||
		    pipe_look(file->port, shared, 1, &monitor))
			continue;
		take_turn(shared);
		copy(file->port, &monitor, &span);
		__atomic_store_n(&shared->turn, 0, __ATOMIC_RELEASE);
	}
}

/* ---- what is received -------------------------------------------------------------------------- */

/* An rx ring that is watched: slots that came, and that were given back, since it was made. */
struct source {
	struct vale_ring *ring;
	__u32 came, released, mask;
};

static struct source port_source(const struct vale_port *port, __u32 pair)
{
	const struct vale_ring_state *state = &port->state[pair];

	return (struct source){
		.ring = &port->region[pair].rx,
		.came = __atomic_load_n(&state->rx_published, __ATOMIC_ACQUIRE),
		.released =
			__atomic_load_n(&port->region[pair].control.rx_released, __ATOMIC_ACQUIRE),
		.mask = state->rx_mask,
	};
}

/* False: there is no such ring. */
static bool source_of(struct file *file, __u32 subject, __u32 pair, struct source *out)
{
	__u32 number = (subject - 1) / 2;
	struct pipe_end pipe;

	if (!subject) {
		if (pair >= file->port->pairs)
			return false;
		*out = port_source(file->port, pair);
		return true;
	}
	if (pair || number >= POOL_PIPES ||
	    pipe_look(file->port, &file->pool->pipe[number].pipe, (subject - 1) % 2, &pipe))
		return false;
	*out = (struct source){ pipe.rx, pipe_count(pipe.other_tx), pipe_count(pipe.rx),
				pipe.mask };
	return true;
}

/* With NR_ZCOPY_MON, only what is given back now: the program has done with it. */
static __u32 done_with(const struct source *source)
{
	__u32 head = *(volatile __u32 *)&source->ring->head & source->mask;
	__u32 slots = (head - source->released) & source->mask;
	__u32 there = source->came - source->released;

	return source->released + (slots < there ? slots : there);
}

/* What has come and was not copied, if it is still there. */
static void pull(struct file *file, struct pipe_end *monitor, __u32 pair, bool own)
{
	__u32 *seen = &monitor->shared->seen[pair];
	struct source source;
	struct span span;

	if (!source_of(file, monitor->shared->subject, pair, &source))
		return;
	if (monitor->shared->monitor & NR_ZCOPY_MON)
		source.came = own ? source.released : done_with(&source);
	if ((__s32)(source.released - *seen) > 0)
		*seen = source.released;
	span = (struct span){ source.ring, *seen & source.mask, source.came - *seen, source.mask,
			      false };
	if (span.slots && span.slots <= source.mask)
		copy(file->port, monitor, &span);
	*seen = source.came;
}

/* What came before is nothing to it. */
static void start(struct file *file)
{
	struct source source;

	for (__u32 pair = 0; pair < VALE_RINGS; pair++)
		if (source_of(file, file->pipe->shared->subject, pair, &source))
			file->pipe->shared->seen[pair] = source.came;
}

void monitor_received(struct file *file)
{
	bool own = file->pipe && file->pipe->shared->monitor;
	__u32 subject = own ? file->pipe->shared->subject : subject_of(file);

	for (__u32 i = 0; i < POOL_PIPES; i++) {
		struct pool_pipe *shared = &file->pool->pipe[i].pipe;
		struct pipe_end monitor;

		if (!(shared->monitor & NR_MONITOR_RX) || shared->subject != subject ||
		    pipe_look(file->port, shared, 1, &monitor))
			continue;
		take_turn(shared);
		for (__u32 pair = 0; pair < VALE_RINGS; pair++)
			pull(file, &monitor, pair, own);
		__atomic_store_n(&shared->turn, 0, __ATOMIC_RELEASE);
	}
}
