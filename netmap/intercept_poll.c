// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* poll(), select() and their kind: libc's, unless there is a file of /dev/netmap in the set. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wait.h"

/* ---- poll -------------------------------------------------------------------------------------- */

static bool any_of(const struct pollfd *fds, nfds_t count)
{
	if (!table_used)
		return false;
	for (nfds_t i = 0; i < count; i++) {
		struct file *file = table_look(fds[i].fd);

		if (file && file != TABLE_HIDDEN)
			return true;
	}
	return false;
}

static int poll_ms(struct pollfd *fds, nfds_t count, int timeout)
{
	struct timespec time = { timeout / 1000, timeout % 1000 * 1000000L };

	if (!any_of(fds, count))
		return real()->poll(fds, count, timeout);
	return wait_poll(fds, count, timeout < 0 ? NULL : &time, NULL);
}

/* Not inlined: libc declares that ppoll() does not read its set, and the compiler believes it. */
__attribute__((noinline)) static int poll_time(struct pollfd *fds, nfds_t count,
					       const struct timespec *timeout, const sigset_t *mask)
{
	if (!any_of(fds, count))
		return real()->ppoll(fds, count, timeout, mask);
	return wait_poll(fds, count, timeout, mask);
}

INTERPOSE int poll(struct pollfd *fds, nfds_t count, int timeout)
{
	return poll_ms(fds, count, timeout);
}

INTERPOSE int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		    const sigset_t *mask)
{
	return poll_time(fds, count, timeout, mask);
}

/* What programs call that are compiled with _FORTIFY_SOURCE: with the size of the array. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
		const sigset_t *mask, size_t size);
void __chk_fail(void) __attribute__((noreturn));

INTERPOSE int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	if (size / sizeof(*fds) < count)
		__chk_fail();
	return poll_ms(fds, count, timeout);
}

INTERPOSE int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
			  const sigset_t *mask, size_t size)
{
	if (size / sizeof(*fds) < count)
		__chk_fail();
	return poll_time(fds, count, timeout, mask);
}

/* ---- select ------------------------------------------------------------------------------------ */

/* Sets may be larger than an fd_set, so they are read as what they are. */
#define BITS (8 * (int)sizeof(unsigned long))

static bool has(const fd_set *set, int fd)
{
	return set && ((const unsigned long *)set)[fd / BITS] >> fd % BITS & 1;
}

static void put(fd_set *set, int fd, bool value)
{
	unsigned long *word = &((unsigned long *)set)[fd / BITS], bit = 1ul << fd % BITS;

	if (set)
		*word = value ? *word | bit : *word & ~bit;
}

struct sets {
	int count;
	fd_set *in, *out, *except;
};

static bool is_in(const struct sets *sets, int fd)
{
	return has(sets->in, fd) || has(sets->out, fd) || has(sets->except, fd);
}

static bool any_in(const struct sets *sets)
{
	if (!table_used)
		return false;
	for (int fd = table_next(0); fd >= 0 && fd < sets->count; fd = table_next(fd + 1))
		if (is_in(sets, fd) && table_look(fd) != TABLE_HIDDEN)
			return true;
	return false;
}

/* Returns how many there are. `fds` may be NULL. */
static nfds_t as_poll(const struct sets *sets, struct pollfd *fds)
{
	nfds_t count = 0;

	for (int fd = 0; fd < sets->count; fd++) {
		if (!is_in(sets, fd))
			continue;
		if (fds)
			fds[count] = (struct pollfd){
				.fd = fd,
				.events = (has(sets->in, fd) ? POLLIN : 0) |
					  (has(sets->out, fd) ? POLLOUT : 0) |
					  (has(sets->except, fd) ? POLLPRI : 0),
			};
		count++;
	}
	return count;
}

static int take(fd_set *set, const struct pollfd *fd, short events)
{
	bool ready = has(set, fd->fd) && fd->revents & events;

	put(set, fd->fd, ready);
	return ready;
}

static int as_select(const struct sets *sets, const struct pollfd *fds, nfds_t count)
{
	int found = 0;

	for (nfds_t i = 0; i < count; i++)
		if (fds[i].revents & POLLNVAL) {
			errno = EBADF;
			return -1;
		}
	for (nfds_t i = 0; i < count; i++) {
		found += take(sets->in, &fds[i], POLLIN | POLLHUP | POLLERR);
		found += take(sets->out, &fds[i], POLLOUT | POLLERR);
		found += take(sets->except, &fds[i], POLLPRI);
	}
	return found;
}

static int select_sets(const struct sets *sets, const struct timespec *timeout,
		       const sigset_t *mask)
{
	nfds_t count = as_poll(sets, NULL);
	CLEANUP_FREE struct pollfd *fds = calloc(count + 1, sizeof(*fds));
	int result;

	if (!fds) {
		errno = ENOMEM;
		return -1;
	}
	as_poll(sets, fds);
	result = wait_poll(fds, count, timeout, mask);
	return result < 0 ? result : as_select(sets, fds, count);
}

/* As Linux does it, what is left of the time is told. */
static int select_left(const struct sets *sets, struct timeval *timeout)
{
	struct timespec time = { timeout->tv_sec, timeout->tv_usec * 1000L }, room;
	struct deadline deadline = deadline_after(&time);
	int result = select_sets(sets, &time, NULL);
	const struct timespec *left = deadline_left(&deadline, &room);

	if (left) {
		timeout->tv_sec = left->tv_sec;
		timeout->tv_usec = left->tv_nsec / 1000;
	}
	return result;
}

INTERPOSE int select(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	struct sets sets = { count, in, out, except };

	if (!any_in(&sets) || (timeout && (timeout->tv_sec < 0 || timeout->tv_usec < 0 ||
					   timeout->tv_usec >= 1000000)))
		return real()->select(count, in, out, except, timeout);
	return timeout ? select_left(&sets, timeout) : select_sets(&sets, NULL, NULL);
}

INTERPOSE int pselect(int count, fd_set *in, fd_set *out, fd_set *except,
		      const struct timespec *timeout, const sigset_t *mask)
{
	struct sets sets = { count, in, out, except };

	if (!any_in(&sets))
		return real()->pselect(count, in, out, except, timeout, mask);
	return select_sets(&sets, timeout, mask);
}
