/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Waiting for files of /dev/netmap and others together. */
#ifndef VALE_NETMAP_WAIT_H
#define VALE_NETMAP_WAIT_H

#include "layer.h"

/* A file that is waited for. */
struct watch {
	struct file *file; /* a reference */
	short events, ready;
	nfds_t index; /* of whoever watches */
	bool edge;    /* it is ready, and what is waited for is more than at `seen` */
	__u64 seen;
};

struct watches {
	struct watch *watch;
	nfds_t count;
};

void watch_set(struct watch *watch, struct file *file, short events, nfds_t index);
/* Gives back the references. */
void watches_end(struct watches *watches);
/* Syncs all; the number of those that are ready. */
nfds_t watches_look(struct watches *watches);
/*
 * Waits for the watched and for `others`, whose revents are set. `fds` has room for them all. What
 * poll() returns for the others; 0 as well when a watched one may be ready.
 */
int watches_wait(struct watches *watches, struct pollfd *fds, const struct pollfd *others,
		 nfds_t count, const struct timespec *timeout, const sigset_t *mask);

/* A point of time; none: for ever. */
struct deadline {
	bool none;
	struct timespec at;
};

struct deadline deadline_after(const struct timespec *timeout); /* NULL: for ever */
/* What is left, in `room`; NULL: for ever. */
const struct timespec *deadline_left(const struct deadline *deadline, struct timespec *room);
bool deadline_is_past(const struct timespec *left);

#endif
