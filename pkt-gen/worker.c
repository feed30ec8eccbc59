// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The functions that threads may have, and how a thread ends. */
#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

/* So long before its time comes, a thread stops sleeping. */
#define SPIN_NS 1000000

/* Whether rings are empty at last is looked after so often. */
#define DRAIN_MICROSECONDS 50

const struct function functions[] = {
	{ "rx", FUNCTION_RECEIVES, 512, false, true, run_receiver },
	{ "tx", FUNCTION_SENDS, 512, false, true, run_sender },
	{ "ping", FUNCTION_BOTH, 1, true, false, run_ping },
	{ "pong", FUNCTION_BOTH, 1, false, false, run_pong },
	{ "txseq", FUNCTION_SENDS, 512, true, true, run_sender },
	{ "rxseq", FUNCTION_RECEIVES, 512, true, true, run_receiver },
	{},
};

/* What calls on rings mean by their errors; those on sockets mean what the kernel says. */
static const char *reason_of(int error, bool of_rings)
{
	if (!of_rings)
		return error == -ENXIO || error == -ENETDOWN ? "the device is down, or gone"
							     : strerror(-error);
	switch (-error) {
	case ENXIO:
		return "the port was deleted";
	case EBUSY:
		return "somebody else uses the same ring";
	case EINVAL:
	case EPROTO:
		return "somebody else has written to the ring";
	default:
		return strerror(-error);
	}
}

int worker_failure(const struct worker *worker, const char *verb, int error)
{
	if (error)
		complain(-error, "cannot %s on '%s' any more: %s", verb,
			 worker->options->interface.name,
			 reason_of(error, worker->options->interface.transport->has_rings));
	return error;
}

int drain(const struct worker *worker)
{
	struct interface *interface = worker->interface;
	int error = 0;

	for (uint32_t ring = 0; ring < interface->rings; ring++)
		while (!error && interface_pending(interface, ring) && !is_cancelled(worker)) {
			error = interface_send(interface, ring, NULL, 0);
			usleep(DRAIN_MICROSECONDS);
		}
	return error;
}

int wait_for(const struct worker *worker, short events)
{
	struct interface *interface = worker->interface;
	int error = 0;

	if (!worker->options->busy)
		return interface_wait(interface, events, PATIENCE);
	for (uint32_t ring = 0; ring < interface->rings && events & POLLOUT && !error; ring++)
		error = interface_send(interface, ring, NULL, 0);
	return error;
}

void wait_until(const struct worker *worker, uint64_t time)
{
	for (uint64_t now = now_ns(); now < time && !is_cancelled(worker); now = now_ns()) {
		uint64_t left = time - now;

		if (left > PATIENCE * 1000000ull)
			left = PATIENCE * 1000000ull;
		if (left > SPIN_NS)
			usleep((left - SPIN_NS / 2) / 1000);
	}
}
