// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "pump.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>

#include "ring.h"

#define BATCH	 64
#define SLEEP_MS 20000 /* nobody who works needs so long */

bool *pump_flag(void)
{
	bool *flag = mmap(NULL, sizeof(*flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);

	cr_assert_neq(flag, MAP_FAILED);
	return flag;
}

long pump_sent(const struct pump *pump)
{
	long sent = 0;

	for (int i = 0; i < PUMP_MOST; i++)
		sent += pump->number[i];
	return sent;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static unsigned int random_length(struct pump *pump)
{
	if (!pump->longest)
		return 60;
	if (pump->longest > VALE_BUFFER_SIZE && ring_random(&pump->seed) % 4)
		return STREAM_MIN + ring_random(&pump->seed) % 100;
	return STREAM_MIN + ring_random(&pump->seed) % (pump->longest - STREAM_MIN + 1);
}

static int count_receivers(const struct pump *pump)
{
	int count = 0;

	while (count < PUMP_MOST && pump->to[count])
		count++;
	return count;
}

/* Returns how many frames were put in: -ENOBUFS if there was no room for any. */
static long put_batch(struct vale_port *port, struct pump *pump, long most)
{
	long put = 0, batch = ring_random(&pump->seed) % BATCH + 1;
	int receivers = count_receivers(pump);

	if (!receivers)
		return -EINVAL;
	for (; put < batch && put < most; put++) {
		int i = ring_random(&pump->seed) % receivers;

		if (!stream_put(port, pump->pair, pump->from, pump->to[i], &pump->number[i], 1,
				random_length(pump)))
			return put ? put : -ENOBUFS;
	}
	return put;
}

static int wait_for_room(struct vale_port *port, struct pump *pump)
{
	int found = vale_port_poll(port, POLLOUT, SLEEP_MS);

	pump->slept++;
	if (found == POLLOUT)
		return 0;
	return found ? found : -ETIMEDOUT;
}

/* As one does who waits for other things, too. */
static int wait_for_end(struct vale_port *port, struct pump *pump)
{
	struct pollfd wait = { .fd = vale_port_fd(port), .events = POLLIN };
	int answer, found;

	while ((answer = vale_txsync(port, pump->pair)) == VALE_TX_BLOCKED) {
		pump->slept++;
		vale_port_arm(port, 0);
		found = poll(&wait, 1, SLEEP_MS);
		vale_port_disarm(port);
		if (found <= 0)
			return found ? -errno : -ETIMEDOUT;
	}
	return answer;
}

/* How many frames are still to be sent. */
static long left(const struct pump *pump)
{
	if (pump->stop)
		return __atomic_load_n(pump->stop, __ATOMIC_RELAXED) ? 0 : BATCH;
	return pump->frames - pump_sent(pump);
}

int pump_run(struct vale_port *port, struct pump *pump)
{
	long most;

	while ((most = left(pump)) > 0) {
		long put = put_batch(port, pump, most);
		int answer = put;

		if (put > 0 || put == -ENOBUFS)
			answer = vale_txsync(port, pump->pair);
		if (put == -ENOBUFS && answer == VALE_TX_BLOCKED)
			answer = wait_for_room(port, pump);
		if (answer < 0)
			return answer;
	}
	return pump->lossless ? wait_for_end(port, pump) : vale_txsync(port, pump->pair);
}

static int run_in_client(struct client_self *self, void *argument)
{
	return pump_run(self->port, argument);
}

void pump_start(struct client *client, struct pump *pump)
{
	client_begin(client, run_in_client, pump, sizeof(*pump));
}

/* ---- receiving --------------------------------------------------------------------------------- */

static long receive_once(struct pump_receivers *at)
{
	long frames = 0;

	for (int i = 0; i < at->count; i++) {
		frames += stream_receive(at->port[i], &at->stream[i]);
		cr_assert_eq(vale_rxsync(at->port[i], VALE_ALL_RINGS), 0);
	}
	return frames;
}

void pump_receive(struct pump_receivers *at, struct client *const clients[], int count)
{
	for (int ended = 0; ended < count;) {
		if (client_waits(clients[ended], 0)) {
			if (!receive_once(at) && at->asleep)
				at->waited += vale_port_poll(at->port[0], POLLIN, 10) > 0;
		} else {
			int result = client_result(clients[ended]);

			cr_assert_eq(result, 0, "sender %d: %s", ended + 1, strerror(-result));
			ended++;
		}
	}
	while (receive_once(at))
		;
}
