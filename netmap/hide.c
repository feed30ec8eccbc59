// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A port takes file descriptors that the program knows nothing of. They are put out of its way:
 * behind those that it would get, and not to be closed by one that closes all.
 */
#include <fcntl.h>
#include <sys/resource.h>

#include "layer.h"

#define FDS_FROM 4096

static int first_hidden(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > 2 * FDS_FROM)
		return FDS_FROM;
	return limit.rlim_cur / 2;
}

static void hide_behind(int *fd, int from)
{
	struct file *before;
	int moved, error;

	if (*fd < 0)
		return;
	moved = real()->fcntl(*fd, F_DUPFD_CLOEXEC, from);
	if (moved >= 0) {
		real()->close(*fd);
		*fd = moved;
	}
	/* What another call has left there is of a file that was closed behind our back. */
	before = table_put(*fd, TABLE_HIDDEN, &error);
	if (before && before != TABLE_HIDDEN)
		file_put(before);
}

void hide_port(struct vale_port *port)
{
	int *fds[PORT_FDS_MAX], count = port_fds(port, port->pairs, fds), from = first_hidden();

	for (int i = 0; i < count; i++)
		hide_behind(fds[i], from);
	hide_behind(&port->epoll, from);
}

void hide(int *fd)
{
	hide_behind(fd, first_hidden());
}

void unhide(int *fd)
{
	int error;

	table_put(*fd, NULL, &error);
	cleanup_close(fd);
}

void unhide_port(struct vale_port *port)
{
	int *fds[PORT_FDS_MAX], count = port_fds(port, port->pairs, fds), error;

	for (int i = 0; i < count; i++)
		table_put(*fds[i], NULL, &error);
	if (port->epoll >= 0)
		table_put(port->epoll, NULL, &error);
}
