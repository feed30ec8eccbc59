// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Sets of epoll with files of /dev/netmap in them. Those are kept here, and the rest in the kernel's
 * set, whose file descriptor is itself waited for beside the ports' doorbells.
 */
#include <errno.h>
#include <stdlib.h>

#include "wait.h"

struct member {
	int fd;
	__u64 serial; /* of the file: the number may be another one's now */
	struct epoll_event event;
	bool told;  /* that it is ready */
	__u64 seen; /* its sync_position() when that was */
};

struct epoll_set {
	pthread_mutex_t lock;
	struct member *member;
	size_t count, room;
};

void epoll_set_free(struct epoll_set *set)
{
	if (!set)
		return;
	pthread_mutex_destroy(&set->lock);
	free(set->member);
	free(set);
}

/* ---- changing ---------------------------------------------------------------------------------- */

/* The set behind a file descriptor of epoll, which gets one if it is to be `made`. */
static struct file *set_of(int epoll, bool made)
{
	struct file *file = file_of(epoll);

	if (file || !made)
		return file;
	file = file_new();
	if (!file)
		return NULL;
	file->token = 0;
	file->set = calloc(1, sizeof(*file->set));
	if (!file->set || file_enter(epoll, file)) {
		file_put(file);
		return NULL;
	}
	pthread_mutex_init(&file->set->lock, NULL);
	return file;
}

static struct member *find(const struct epoll_set *set, int fd, const struct file *file)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->member[i].fd == fd && set->member[i].serial == file->serial)
			return &set->member[i];
	return NULL;
}

static int add(struct epoll_set *set, int fd, const struct file *file,
	       const struct epoll_event *event)
{
	if (find(set, fd, file))
		return -EEXIST;
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 4;
		struct member *more = realloc(set->member, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		set->member = more;
		set->room = room;
	}
	set->member[set->count++] =
		(struct member){ .fd = fd, .serial = file->serial, .event = *event };
	return 0;
}

static void drop(struct epoll_set *set, struct member *member)
{
	*member = set->member[--set->count];
}

static int change(struct epoll_set *set, int operation, int fd, const struct file *file,
		  const struct epoll_event *event)
{
	struct member *member = find(set, fd, file);

	if (operation != EPOLL_CTL_DEL && !event)
		return -EFAULT;
	if (operation == EPOLL_CTL_ADD)
		return add(set, fd, file, event);
	if (!member)
		return -ENOENT;
	if (operation == EPOLL_CTL_DEL)
		drop(set, member);
	else if (operation == EPOLL_CTL_MOD)
		*member = (struct member){ .fd = fd, .serial = file->serial, .event = *event };
	else
		return -EINVAL;
	return 0;
}

INTERPOSE int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	CLEANUP_FILE struct file *file = table_used ? file_recognise(fd) : NULL;
	CLEANUP_FILE struct file *of = NULL;
	int error;

	if (!file)
		return real()->epoll_ctl(epoll, operation, fd, event);
	/* Whether it is one, the kernel knows. */
	if (real()->epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) && errno != ENOENT)
		return -1;
	of = set_of(epoll, operation == EPOLL_CTL_ADD);
	if (of && of->set) {
		pthread_mutex_lock(&of->set->lock);
		error = change(of->set, operation, fd, file, event);
		pthread_mutex_unlock(&of->set->lock);
	} else {
		error = operation == EPOLL_CTL_ADD ? -ENOMEM : -ENOENT;
	}
	if (error)
		errno = -error;
	return error ? -1 : 0;
}

/* ---- waiting ----------------------------------------------------------------------------------- */

/* Members that are waited for; those whose files were closed are left out for good. */
static void watch_members(struct epoll_set *set, struct watches *watches)
{
	for (size_t i = 0; i < set->count;) {
		struct member *member = &set->member[i];
		struct file *file = file_of(member->fd);

		if (!file || file->serial != member->serial) {
			drop(set, member);
			if (file)
				file_put(file);
			continue;
		}
		if (member->event.events & EPOLLONESHOT && member->told)
			file_put(file);
		else
			watch_set(&watches->watch[watches->count++], file,
				  member->event.events & (EPOLLIN | EPOLLOUT), i);
		i++;
	}
}

/* Whether to tell it: with EPOLLET, only what has not been told. */
static bool tells(struct member *member, const struct watch *watch)
{
	const struct file *file = watch->file;
	__u64 position = file->bound ? sync_position(file) : 0;
	bool again = member->event.events & EPOLLET && member->told && member->seen == position;

	member->told = watch->ready;
	member->seen = position;
	return watch->ready && !again;
}

/* What of the watched is ready, in `events`; the number. */
static int collect(struct epoll_set *set, struct watches *watches, struct epoll_event *events,
		   int count)
{
	int found = 0;

	watches_look(watches);
	for (nfds_t i = 0; i < watches->count && found < count; i++) {
		struct watch *watch = &watches->watch[i];
		struct member *member = &set->member[watch->index];

		if (tells(member, watch))
			events[found++] = (struct epoll_event){ .events = watch->ready,
								.data = member->event.data };
	}
	return found;
}

/* With the lock held: what is ready without waiting, of both kinds. */
static int look(struct epoll_set *set, struct watches *watches, int epoll,
		struct epoll_event *events, int count)
{
	int found = collect(set, watches, events, count), others = 0;

	if (found < count)
		others = real()->epoll_wait(epoll, events + found, count - found, 0);
	return others < 0 && !found ? others : found + (others > 0 ? others : 0);
}

/* Those that are ready, and of which that has been told, are waited for to change. */
static void watch_edges(const struct epoll_set *set, struct watches *watches)
{
	nfds_t kept = 0;

	for (nfds_t i = 0; i < watches->count; i++) {
		struct watch *watch = &watches->watch[i];

		if (!watch->file->bound || watch->ready & POLLERR) {
			file_put(watch->file);
			continue;
		}
		watch->edge = watch->ready;
		watch->seen = set->member[watch->index].seen;
		watches->watch[kept++] = *watch;
	}
	watches->count = kept;
}

static int wait_once(struct epoll_set *set, int epoll, struct epoll_event *events, int count,
		     const struct timespec *left, const sigset_t *mask)
{
	struct pollfd kernel = { .fd = epoll, .events = POLLIN };
	CLEANUP_FREE struct watch *watch = NULL;
	CLEANUP_FREE struct pollfd *fds = NULL;
	struct watches watches = {};
	int found;

	pthread_mutex_lock(&set->lock);
	watches.watch = watch = calloc(set->count + 1, sizeof(*watch));
	fds = calloc(set->count + 1, sizeof(*fds)); /* and one for the kernel's */
	found = -1;
	errno = ENOMEM;
	if (watch && fds) {
		watch_members(set, &watches);
		found = look(set, &watches, epoll, events, count);
		watch_edges(set, &watches);
	}
	pthread_mutex_unlock(&set->lock);
	if (!found && !deadline_is_past(left) &&
	    watches_wait(&watches, fds, &kernel, 1, left, mask) < 0)
		found = -1;
	watches_end(&watches);
	return found;
}

static int wait_set(struct epoll_set *set, int epoll, struct epoll_event *events, int count,
		    const struct timespec *timeout, const sigset_t *mask)
{
	struct deadline deadline = deadline_after(timeout);
	const struct timespec *left = timeout;
	struct timespec room;

	for (;;) {
		int found = wait_once(set, epoll, events, count, left, mask);

		if (found || deadline_is_past(left))
			return found;
		left = deadline_left(&deadline, &room);
	}
}

/* The set, if it has files of ours. */
static struct file *ours(int epoll, int count)
{
	struct file *file = table_used && count > 0 ? file_of(epoll) : NULL;

	if (file && !file->set) {
		file_put(file);
		return NULL;
	}
	return file;
}

static int wait_ms(int epoll, struct epoll_event *events, int count, int timeout,
		   const sigset_t *mask)
{
	struct timespec time = { timeout / 1000, timeout % 1000 * 1000000L };
	CLEANUP_FILE struct file *file = ours(epoll, count);

	if (!file)
		return real()->epoll_pwait(epoll, events, count, timeout, mask);
	return wait_set(file->set, epoll, events, count, timeout < 0 ? NULL : &time, mask);
}

INTERPOSE int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout)
{
	return wait_ms(epoll, events, count, timeout, NULL);
}

INTERPOSE int epoll_pwait(int epoll, struct epoll_event *events, int count, int timeout,
			  const sigset_t *mask)
{
	return wait_ms(epoll, events, count, timeout, mask);
}

INTERPOSE int epoll_pwait2(int epoll, struct epoll_event *events, int count,
			   const struct timespec *timeout, const sigset_t *mask)
{
	CLEANUP_FILE struct file *file = ours(epoll, count);

	if (!file)
		return real()->epoll_pwait2(epoll, events, count, timeout, mask);
	return wait_set(file->set, epoll, events, count, timeout, mask);
}
