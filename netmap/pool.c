// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The netmap_ifs of a port's files. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "pipe.h"

/* ---- setting it up ----------------------------------------------------------------------------- */

/* In ni_spare[0] of the port's own interface, which is 0 when the port is opened for the first time. */
enum { POOL_NONE = 0, POOL_IN_WORK = 1, POOL_READY = 2, POOL_REFUSED = 3 };

#define IN_WORK_MS 1000

/* Somebody does it just now; or has died doing it. */
static __u32 wait_for_it(const __u32 *state)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	__u32 found = POOL_IN_WORK;

	for (int tries = 0; tries < IN_WORK_MS && found == POOL_IN_WORK; tries++) {
		nanosleep(&moment, NULL);
		found = __atomic_load_n(state, __ATOMIC_ACQUIRE);
	}
	return found;
}

struct pool *pool_of(struct vale_port *port)
{
	struct pool *pool = (void *)((char *)port->region + (port->state->shift & VALE_SHIFT_MASK) +
				     POOL_FIRST * VALE_BUFFER_SIZE);
	__u32 *state = &port->region->interface.ni_spare[0], found = POOL_NONE;

	if (!__atomic_compare_exchange_n(state, &found, POOL_IN_WORK, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE) &&
	    found == POOL_IN_WORK)
		found = wait_for_it(state);
	if (found == POOL_READY)
		return pool;
	if (found != POOL_NONE && found != POOL_IN_WORK)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	found = pool_mark_buffers(port, pool) ? POOL_READY : POOL_REFUSED;
	__atomic_store_n(state, found, __ATOMIC_RELEASE);
	return found == POOL_READY ? pool : NULL;
}

/* ---- finding and freeing ----------------------------------------------------------------------- */

__u64 own_netns(void)
{
	__u64 cookie;

	return netns_cookie(&cookie) ? 0 : cookie;
}

/* The file is closed everywhere. If its socket's name is another namespace's, nobody can tell. */
static bool is_closed(const struct pool_if *of)
{
	__u64 token = __atomic_load_n(&of->token, __ATOMIC_ACQUIRE);

	return token && of->netns && of->netns == own_netns() && !carrier_exists(token);
}

static void give_back(struct vale_port *port, struct pool *pool, struct pool_if *of)
{
	pool_give_buffers(port, pool, of->interface.ni_bufs_head);
	of->interface.ni_bufs_head = 0;
	__atomic_store_n(&of->token, 0, __ATOMIC_RELEASE);
}

/* Processes that were killed have left theirs. */
static void sweep(struct vale_port *port, struct pool *pool)
{
	for (__u32 i = 0; i < POOL_IFS; i++)
		if (is_closed(&pool->slot[i].file))
			give_back(port, pool, &pool->slot[i].file);
}

static struct pool_if *find(struct pool *pool, __u64 token)
{
	for (__u32 i = 0; i < POOL_IFS; i++)
		if (__atomic_load_n(&pool->slot[i].file.token, __ATOMIC_ACQUIRE) == token)
			return &pool->slot[i].file;
	return NULL;
}

static struct pool_if *take(struct pool *pool, __u64 token)
{
	for (__u32 i = 0; i < POOL_IFS; i++) {
		__u64 none = 0;

		if (__atomic_compare_exchange_n(&pool->slot[i].file.token, &none, token, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return &pool->slot[i].file;
	}
	return NULL;
}

int pool_lock(const struct vale_port *port, int *out)
{
	char path[PATH_MAX];
	struct name name;
	int fd;

	if (name_parse_port(&name, port->name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%s/vale/%s/port/%s/region", port->bpffs, name.switch_name,
		 name.port);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR) {
			close(fd);
			return -errno;
		}
	*out = fd;
	return 0;
}

int pool_users(struct vale_port *port, struct pool *pool, __u32 pipe, int end, bool *exclusive)
{
	int users = 0;

	for (__u32 i = 0; i < POOL_IFS; i++) {
		struct pool_if *of = &pool->slot[i].file;

		if (!__atomic_load_n(&of->token, __ATOMIC_ACQUIRE) || of->pipe != pipe + 1)
			continue;
		if (is_closed(of)) {
			give_back(port, pool, of);
		} else if (end < 0 || of->end == (__u32)end) {
			users++;
			if (exclusive)
				*exclusive |= of->flags & POOL_EXCLUSIVE;
		}
	}
	return users;
}

/* ---- for files --------------------------------------------------------------------------------- */

static void fill_interface(struct file *file, struct pool_if *of)
{
	const struct vale_if *port = &file->port->region->interface;
	const char *here = (const char *)of;
	__u32 pairs = file->pipe ? 1 : file->port->pairs;

	memset(&of->interface, 0, sizeof(of->interface));
	strcpy(of->interface.ni_name, file->port->name); /* VALE_NAME_SIZE at most */
	of->interface.ni_version = NETMAP_API;
	of->interface.ni_flags = NI_PRIV_MEM;
	of->interface.ni_tx_rings = pairs;
	of->interface.ni_rx_rings = pairs;
	of->interface.ni_host_tx_rings = port->ni_host_tx_rings;
	of->interface.ni_host_rx_rings = port->ni_host_rx_rings;
	for (__u32 pair = file->first_tx; pair < file->end_tx; pair++)
		of->interface.ring_ofs[pair] = (char *)file_tx(file, pair) - here;
	for (__u32 pair = file->first_rx; pair < file->end_rx; pair++)
		of->interface.ring_ofs[pairs + 1 + pair] = (char *)file_rx(file, pair) - here;
}

int pool_bind(struct file *file, __u32 *extra_buffers)
{
	struct pool *pool = pool_of(file->port);
	__u32 wanted = *extra_buffers, head;
	struct pool_if *of;

	if (!pool)
		return -ENOMEM;
	file->pool = pool;
	of = take(pool, file->token);
	if (!of) {
		sweep(file->port, pool);
		of = take(pool, file->token);
	}
	if (!of)
		return -ENOMEM;
	fill_interface(file, of);
	*extra_buffers = pool_take_buffers(file->port, pool, wanted, &head);
	if (*extra_buffers < wanted) {
		pool_give_buffers(file->port, pool, head);
		sweep(file->port, pool);
		*extra_buffers = pool_take_buffers(file->port, pool, wanted, &head);
	}
	of->interface.ni_bufs_head = head;
	of->first_tx = file->first_tx;
	of->end_tx = file->end_tx;
	of->first_rx = file->first_rx;
	of->end_rx = file->end_rx;
	of->flags = (file->no_tx_poll ? POOL_NO_TX_POLL : 0) |
		    (file->do_rx_poll ? POOL_DO_RX_POLL : 0) |
		    (file->pipe && file->pipe->exclusive ? POOL_EXCLUSIVE : 0);
	of->pipe = file->pipe ? file->pipe->number + 1 : 0;
	of->end = file->pipe ? file->pipe->end : 0;
	of->netns = own_netns();
	file->offset = (char *)of - (char *)file->port->memory;
	return 0;
}

int pool_find(struct file *file)
{
	struct pool *pool = pool_of(file->port);
	struct pool_if *of = pool ? find(pool, file->token) : NULL;
	struct pool_if copy;
	__u32 pairs;

	if (!of)
		return -EPROTO;
	copy = *(volatile struct pool_if *)of;
	pairs = copy.pipe ? 1 : file->port->pairs;
	if (copy.end_tx > pairs || copy.first_tx > copy.end_tx || copy.end_rx > pairs ||
	    copy.first_rx > copy.end_rx)
		return -EPROTO;
	if (copy.pipe && pipe_find(file, copy.pipe - 1, copy.end))
		return -EPROTO;
	file->first_tx = copy.first_tx;
	file->end_tx = copy.end_tx;
	file->first_rx = copy.first_rx;
	file->end_rx = copy.end_rx;
	file->pool = pool;
	file->no_tx_poll = copy.flags & POOL_NO_TX_POLL;
	file->do_rx_poll = copy.flags & POOL_DO_RX_POLL;
	file->offset = (char *)of - (char *)file->port->memory;
	return 0;
}

void pool_undo(struct file *file)
{
	struct pool *pool = pool_of(file->port);
	struct pool_if *of = pool ? find(pool, file->token) : NULL;

	if (of)
		give_back(file->port, pool, of);
	pipe_end(file);
}

void pool_release(struct file *file)
{
	struct pool *pool = pool_of(file->port);
	struct pool_if *of = pool ? find(pool, file->token) : NULL;

	if (of && is_closed(of))
		give_back(file->port, pool, of);
	pipe_end(file);
}
