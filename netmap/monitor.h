/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Monitors: files that get copies of what programs send from a port, or one end of a pipe, and of
 * what they receive there. Whoever syncs the rings makes the copies, or the monitor itself. What
 * there is no room for is not copied. A monitor is kept as a pipe is, of which it has the second end's rx ring only.
 */
#ifndef VALE_NETMAP_MONITOR_H
#define VALE_NETMAP_MONITOR_H

#include "pipe.h"

/* Where there are few buffers for all. */
#define MONITOR_SLOTS 32

/*
 * Binds the file to a new one of the port, or of the pipe that the wish names: there is no such pipe
 * is -EINVAL. `monitor` is what the program asked for.
 */
int monitor_bind(struct file *file, const struct pipe_wish *wish);
/* Slots of the file's ring from `from` up to `to` are about to be sent. */
void monitor_sent(struct file *file, struct vale_ring *ring, __u32 from, __u32 to);
/*
 * Copies what has come to whatever the file is of. To be called before slots are given back, and
 * by monitors: what they are of may have nobody who looks.
 */
void monitor_received(struct file *file);

#endif
