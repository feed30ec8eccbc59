// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Who has a ring port open holds a lock on one of its pins, which only its owner can open: the map
 * `state`, as a file that describes it. The kernel lets go of the lock when the last process that
 * has it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include "internal.h"
#include "ring_port.h"

static int try_hold(int fd, bool exclusive)
{
	/* A client that is about to have it alone, or to be the first, lets go soon. */
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int tries = 0; tries < 20; tries++) {
		if (!flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&moment, NULL);
	}
	return -EBUSY;
}

int ring_port_hold(const char *port, bool exclusive, int *out)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int fd = -1;
	int error;

	snprintf(path, sizeof(path), "%s/state", port);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = try_hold(fd, exclusive);
	if (error)
		return error;
	*out = TAKE(fd, -1);
	return 0;
}

bool ring_port_is_idle(const struct maps *maps, const struct vale_port_entry *port)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int fd = -1;
	bool idle;

	snprintf(path, sizeof(path), "%s/port/%s/state", maps->path, port->name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	idle = !flock(fd, LOCK_EX | LOCK_NB);
	/* The file may outlive its closing, while somebody looks into /proc at what we have open. */
	flock(fd, LOCK_UN);
	return idle;
}

int ring_port_wait_idle(const struct maps *maps, const struct vale_port_entry *port)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];
	CLEANUP_CLOSE int hold = -1;
	int error;

	snprintf(path, sizeof(path), "%s/port/%s", maps->path, port->name);
	error = ring_port_hold(path, true, &hold);
	if (!error)
		flock(hold, LOCK_UN);
	return error == -ENOENT ? 0 : error;
}
