// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Bells: sockets of processes that sleep at the end of a pipe. Whoever wakes them sends a byte to the
 * name that they have written down.
 */
#include <errno.h>
#include <sys/socket.h>

#include "pipe.h"
#include "socket_name.h"

static const char kind[] = "bell";

/* A process has one of its own for each end that it has slept at. */
static bool make(struct pipe_end *pipe)
{
	CLEANUP_CLOSE int fd = -1;
	struct socket_name name;

	if (pipe->bell >= 0 && pipe->process == layer_process)
		return true;
	bell_close(pipe); /* the parent's */
	if (!socket_name_new(kind, &pipe->bell_token, &name))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, socket_name_address(&name), name.length))
		return false;
	hide(&fd);
	pipe->bell = TAKE(fd, -1);
	pipe->process = layer_process;
	return true;
}

void bell_close(struct pipe_end *pipe)
{
	if (pipe->bell >= 0)
		unhide(&pipe->bell);
	pipe->bell = -1;
}

static bool is_waiter(const struct pipe_end *pipe, int i)
{
	__u64 *place = &pipe->shared->waiter[pipe->end][i], none = 0;

	if (__atomic_load_n(place, __ATOMIC_SEQ_CST) == pipe->bell_token)
		return true;
	return __atomic_compare_exchange_n(place, &none, pipe->bell_token, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool bell_arm(struct pipe_end *pipe)
{
	if (!make(pipe))
		return false;
	for (int i = 0; i < PIPE_WAITERS; i++)
		if (is_waiter(pipe, i))
			return true;
	return false;
}

void bell_disarm(struct pipe_end *pipe)
{
	__u64 *waiter = pipe->shared->waiter[pipe->end];
	char byte;

	for (int i = 0; i < PIPE_WAITERS; i++) {
		__u64 own = pipe->bell_token;

		__atomic_compare_exchange_n(&waiter[i], &own, 0, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
	}
	while (pipe->bell >= 0 && recv(pipe->bell, &byte, 1, MSG_DONTWAIT) >= 0)
		;
}

/* Who has died is written down no more. */
static void ring(struct pool_pipe *pipe, __u32 end, int i)
{
	__u64 *place = &pipe->waiter[end & 1][i];
	__u64 token = __atomic_load_n(place, __ATOMIC_SEQ_CST);
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct socket_name name = socket_name_of(kind, token);

	if (fd < 0)
		return;
	if (sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL, socket_name_address(&name),
		   name.length) < 0 &&
	    errno == ECONNREFUSED)
		__atomic_compare_exchange_n(place, &token, 0, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
}

void bell_ring(struct pool_pipe *pipe, __u32 end)
{
	for (int i = 0; i < PIPE_WAITERS; i++)
		if (__atomic_load_n(&pipe->waiter[end & 1][i], __ATOMIC_SEQ_CST))
			ring(pipe, end, i);
}
