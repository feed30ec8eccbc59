// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* poll() for sets that have files of /dev/netmap in them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loan.h"
#include "wait.h"

#define ON_STACK 16

/* A set, taken apart. */
struct split {
	struct watches watches;
	struct pollfd *others; /* with -1 in the places of the watched ones */
	struct pollfd *room;
	struct watch few_watches[ON_STACK];
	struct pollfd few_others[ON_STACK], few_rooms[2 * ON_STACK];
};

static bool make_room(struct split *split, nfds_t count)
{
	split->watches.count = 0;
	if (count <= ON_STACK) {
		split->watches.watch = split->few_watches;
		split->others = split->few_others;
		split->room = split->few_rooms;
		return true;
	}
	split->watches.watch = calloc(count, sizeof(*split->watches.watch));
	split->others = calloc(count, sizeof(*split->others));
	split->room = calloc(2 * count, sizeof(*split->room));
	return split->watches.watch && split->others && split->room;
}

static void end(struct split *split)
{
	watches_end(&split->watches);
	if (split->others == split->few_others)
		return;
	free(split->watches.watch);
	free(split->others);
	free(split->room);
}

/* POLLRDNORM and POLLWRNORM are other names of what netmap's rings are ready for. */
static short normal(short events)
{
	return (events & (POLLIN | POLLRDNORM) ? POLLIN : 0) |
	       (events & (POLLOUT | POLLWRNORM) ? POLLOUT : 0);
}

static short asked(short ready, short events)
{
	return (ready & POLLERR) | (ready & POLLIN ? events & (POLLIN | POLLRDNORM) : 0) |
	       (ready & POLLOUT ? events & (POLLOUT | POLLWRNORM) : 0);
}

static void take_apart(struct split *split, const struct pollfd *fds, nfds_t count)
{
	memcpy(split->others, fds, count * sizeof(*fds));
	for (nfds_t i = 0; i < count; i++) {
		struct file *file = fds[i].fd >= 0 ? file_of(fds[i].fd) : NULL;

		if (file && !file->set) {
			watch_set(&split->watches.watch[split->watches.count++], file,
				  normal(fds[i].events), i);
			split->others[i].fd = -1;
		} else if (file) {
			file_put(file);
		}
	}
}

/* Only others are looked at: what of the set is not the library's. */
static int answer(const struct split *split, struct pollfd *fds, nfds_t count)
{
	int found = 0;

	for (nfds_t i = 0; i < count; i++)
		fds[i].revents = split->room[i].revents;
	for (nfds_t i = 0; i < split->watches.count; i++) {
		const struct watch *watch = &split->watches.watch[i];

		fds[watch->index].revents = asked(watch->ready, fds[watch->index].events);
	}
	for (nfds_t i = 0; i < count; i++)
		found += fds[i].revents != 0;
	return found;
}

/* The others as they are now. */
static int look_at_others(struct split *split, nfds_t count, const sigset_t *mask)
{
	static const struct timespec at_once;

	memcpy(split->room, split->others, count * sizeof(*split->room));
	if (count == split->watches.count) {
		for (nfds_t i = 0; i < count; i++)
			split->room[i].revents = 0;
		return 0;
	}
	return real()->ppoll(split->room, count, &at_once, mask);
}

/* An error of the file: there is nothing to be woken by. */
static bool can_wait(const struct watches *watches)
{
	for (nfds_t i = 0; i < watches->count; i++)
		if (!watches->watch[i].file->bound)
			return false;
	return true;
}

static int wait_split(struct split *split, struct pollfd *fds, nfds_t count,
		      const struct timespec *timeout, const sigset_t *mask)
{
	const struct timespec *left = timeout;
	struct deadline deadline;
	struct timespec room;

	for (bool first = true;; first = false) {
		int result;

		if (watches_look(&split->watches) || deadline_is_past(left) ||
		    !can_wait(&split->watches)) {
			result = look_at_others(split, count, mask);
			return result < 0 ? result : answer(split, fds, count);
		}
		/* Nearly always it has not come so far. */
		if (first)
			deadline = deadline_after(timeout);
		result = watches_wait(&split->watches, split->room, split->others, count, left,
				      mask);
		if (result < 0)
			return result;
		if (result) {
			watches_look(&split->watches);
			return answer(split, fds, count);
		}
		left = deadline_left(&deadline, &room);
	}
}

/*
 * One file of netmap alone, as most programs wait for: false if there is a reason to take the longer
 * way, on which a thread may sleep.
 */
static bool look_at_one(struct pollfd *fd, const struct timespec *timeout)
{
	CLEANUP_LOAN struct loan loan = loan_of(fd->fd);

	if (!loan.file || loan.file->set)
		return false;
	fd->revents = asked(sync_poll(loan.file, normal(fd->events)), fd->events);
	return fd->revents || deadline_is_past(timeout);
}

int wait_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	      const sigset_t *mask)
{
	struct split split;
	int result, error;

	if (count == 1) {
		error = errno;
		if (look_at_one(fds, timeout)) {
			errno = error;
			return fds->revents != 0;
		}
	}
	if (!make_room(&split, count)) {
		end(&split);
		errno = ENOMEM;
		return -1;
	}
	take_apart(&split, fds, count);
	result = split.watches.count ? wait_split(&split, fds, count, timeout, mask)
				     : real()->ppoll(fds, count, timeout, mask);
	error = errno;
	end(&split);
	errno = error;
	return result;
}
