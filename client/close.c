// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A port's handle, and what closes it again. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "loader/ring_port.h"

#define PAGE 4096

struct vale_port *port_new(void)
{
	struct vale_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->hold = port->region_map = port->state_map = -1;
	port->enter = port->leave = port->live = port->epoll = -1;
	for (int pair = 0; pair < VALE_RINGS; pair++)
		port->doorbell[pair] = port->txsync[pair] = port->wake[pair] = -1;
	return port;
}

static void unmap(struct vale_port *port)
{
	for (__u32 pair = 0; pair < VALE_RINGS; pair++) {
		if (port->bell[pair].heard)
			munmap((void *)port->bell[pair].heard, PAGE);
		if (port->bell[pair].rung)
			munmap((void *)port->bell[pair].rung, PAGE);
	}
	if (port->memory)
		munmap(port->memory, port->regions * sizeof(*port->memory));
	if (port->state)
		munmap((void *)port->state, port->pairs * sizeof(*port->state));
}

static void close_files(struct vale_port *port)
{
	int *fds[] = { &port->region_map, &port->state_map, &port->enter, &port->leave,
		       &port->live,	  &port->epoll,	    &port->hold };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		cleanup_close(fds[i]);
	for (int pair = 0; pair < VALE_RINGS; pair++) {
		cleanup_close(&port->doorbell[pair]);
		cleanup_close(&port->txsync[pair]);
		cleanup_close(&port->wake[pair]);
	}
}

static void reap(const struct vale_port *port)
{
	struct vale *vale = NULL;
	struct name name;

	if (name_parse_port(&name, port->name) || vale_open(&vale, port->bpffs))
		return;
	ring_port_reap(vale, name.switch_name);
	vale_close(vale);
}

void vale_port_close(struct vale_port *port)
{
	if (!port)
		return;
	if (port->process == getpid())
		port_run(port->leave);
	if (port->xsk)
		xsk_close(port);
	unmap(port);
	close_files(port);
	if (port->ephemeral)
		reap(port);
	free(port->assembled);
	free(port);
}
