// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What libvale has for ports that are open: as there are none, nobody calls it. */
#include "client/client.h"
#include "promise.h"

#define NOT_OPEN promise_broken("a port that is not open is not used", __FILE__, __LINE__)

void vale_port_close(struct vale_port *port)
{
	PROMISE(!port);
}

int vale_port_fd(const struct vale_port *port)
{
	(void)port;
	NOT_OPEN;
}

const char *vale_port_name(const struct vale_port *port)
{
	(void)port;
	NOT_OPEN;
}

void *vale_port_memory(const struct vale_port *port, size_t *size)
{
	(void)port;
	*size = 0;
	NOT_OPEN;
}

int vale_port_arm(struct vale_port *port, short events)
{
	(void)port;
	(void)events;
	NOT_OPEN;
}

void vale_port_disarm(struct vale_port *port)
{
	(void)port;
	NOT_OPEN;
}

int vale_port_send(struct vale_port *port, int socket)
{
	(void)port;
	(void)socket;
	NOT_OPEN;
}

int vale_dispatch(struct vale_port *port, int count,
		  int (*handler)(void *argument, const unsigned char *frame, __u32 length),
		  void *argument)
{
	(void)port;
	(void)count;
	(void)handler;
	(void)argument;
	NOT_OPEN;
}

int vale_rxsync(struct vale_port *port, __u32 pair)
{
	(void)port;
	(void)pair;
	NOT_OPEN;
}

__u32 ring_memory_id(int fd)
{
	(void)fd;
	NOT_OPEN;
}

bool is_shortage(int error)
{
	return error == -EINTR || error == -ENOMEM;
}
