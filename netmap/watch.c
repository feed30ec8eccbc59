// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Files that a thread waits for, and how long it does. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "pipe.h"
#include "wait.h"

/* ---- time -------------------------------------------------------------------------------------- */

#define SECOND 1000000000L

struct deadline deadline_after(const struct timespec *timeout)
{
	struct deadline deadline = { .none = !timeout };

	if (!timeout)
		return deadline;
	clock_gettime(CLOCK_MONOTONIC, &deadline.at);
	if (__builtin_add_overflow(deadline.at.tv_sec, timeout->tv_sec, &deadline.at.tv_sec))
		deadline.none = true;
	deadline.at.tv_nsec += timeout->tv_nsec;
	if (deadline.at.tv_nsec >= SECOND && !deadline.none) {
		deadline.at.tv_nsec -= SECOND;
		deadline.none = __builtin_add_overflow(deadline.at.tv_sec, 1, &deadline.at.tv_sec);
	}
	return deadline;
}

const struct timespec *deadline_left(const struct deadline *deadline, struct timespec *room)
{
	struct timespec now;

	if (deadline->none)
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &now);
	room->tv_sec = deadline->at.tv_sec - now.tv_sec;
	room->tv_nsec = deadline->at.tv_nsec - now.tv_nsec;
	if (room->tv_nsec < 0) {
		room->tv_sec--;
		room->tv_nsec += SECOND;
	}
	if (room->tv_sec < 0)
		*room = (struct timespec){};
	return room;
}

bool deadline_is_past(const struct timespec *left)
{
	return left && !left->tv_sec && !left->tv_nsec;
}

/* ---- files ------------------------------------------------------------------------------------- */

void watch_set(struct watch *watch, struct file *file, short events, nfds_t index)
{
	*watch = (struct watch){ .file = file, .events = events, .index = index };
}

void watches_end(struct watches *watches)
{
	for (nfds_t i = 0; i < watches->count; i++)
		file_put(watches->watch[i].file);
	watches->count = 0;
}

nfds_t watches_look(struct watches *watches)
{
	nfds_t ready = 0;

	for (nfds_t i = 0; i < watches->count; i++) {
		struct watch *watch = &watches->watch[i];

		watch->ready = sync_poll(watch->file, watch->events);
		ready += watch->ready != 0;
	}
	return ready;
}

/* Somebody sleeps: the switch is told to ring the doorbell. */
static void set_sleeping(const struct file *file)
{
	for (__u32 pair = file->first_rx; pair < file->end_rx; pair++)
		__atomic_store_n(&file->port->region[pair].control.rx_sleeping, 1,
				 __ATOMIC_SEQ_CST);
}

/*
 * Returns whether there is a reason not to sleep. Other threads may sleep for the same file: what
 * they have said is not taken back for this one.
 */
static bool arm(const struct watch *watch)
{
	struct file *file = watch->file;
	bool rings = true;

	pthread_mutex_lock(&file->sleep_lock);
	file->sleepers++;
	if (file->pipe)
		rings = bell_arm(file->pipe);
	else if (watch->events & POLLIN)
		set_sleeping(file);
	pthread_mutex_unlock(&file->sleep_lock);
	return !rings || watch->edge ? sync_position(file) != watch->seen
				     : sync_is_due(file, watch->events);
}

static int fd_of(const struct file *file)
{
	return file->pipe ? file->pipe->bell : vale_port_fd(file->port);
}

static void disarm(const struct watch *watch)
{
	struct file *file = watch->file;

	pthread_mutex_lock(&file->sleep_lock);
	if (!--file->sleepers) {
		if (file->pipe)
			bell_disarm(file->pipe);
		else
			vale_port_disarm(file->port);
	}
	pthread_mutex_unlock(&file->sleep_lock);
}

/* Nobody may sync what a monitor is of, and so wake it: it looks itself now and then. */
static const struct timespec *shorter(const struct watches *watches, const struct timespec *timeout)
{
	static const struct timespec moment = { .tv_nsec = 10000000 };
	bool monitor = false;

	for (nfds_t i = 0; i < watches->count; i++) {
		const struct pipe_end *pipe = watches->watch[i].file->pipe;

		monitor |= pipe && pipe->shared->monitor;
	}
	if (!monitor || (timeout && !timeout->tv_sec && timeout->tv_nsec < moment.tv_nsec))
		return timeout;
	return &moment;
}

int watches_wait(struct watches *watches, struct pollfd *fds, const struct pollfd *others,
		 nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	bool ready = false;
	int result = 0, error;

	memcpy(fds, others, count * sizeof(*fds));
	for (nfds_t i = 0; i < watches->count; i++) {
		struct watch *watch = &watches->watch[i];

		ready |= arm(watch);
		fds[count + i] = (struct pollfd){ .fd = fd_of(watch->file), .events = POLLIN };
	}
	if (!ready)
		result =
			real()->ppoll(fds, count + watches->count, shorter(watches, timeout), mask);
	error = errno;
	for (nfds_t i = 0; i < watches->count; i++)
		disarm(&watches->watch[i]);
	if (result <= 0 || ready) {
		errno = error;
		return ready ? 0 : result;
	}
	result = 0;
	for (nfds_t i = 0; i < count; i++)
		result += fds[i].revents != 0;
	return result;
}
