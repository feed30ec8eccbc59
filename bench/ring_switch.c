// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Senders and receivers that are clients of a switch's ring ports. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/ring_port.h"
#include "bench/ring_traffic.h"

/* At the most; then who waits sees whether it is to go on. */
#define WAIT_MS 100

/* ---- ports ------------------------------------------------------------------------------------- */

static struct bench_port sender_port(int number)
{
	return (struct bench_port){ "tx", number };
}

static struct bench_port receiver_port(int number)
{
	return (struct bench_port){ "rx", number };
}

int traffic_ports_add(const struct traffic *traffic, struct vale *vale)
{
	int error = 0;

	for (__u32 i = 0; i < traffic->ports && !error; i++)
		error = bench_interrupted ? -EINTR : bench_port_add(vale, receiver_port(i));
	for (int i = 0; i < traffic->senders && !error; i++)
		error = bench_port_add(vale, sender_port(i));
	if (error)
		traffic_ports_del(traffic, vale);
	return error;
}

void traffic_ports_del(const struct traffic *traffic, struct vale *vale)
{
	for (__u32 i = 0; i < traffic->ports; i++)
		bench_port_del(vale, receiver_port(i));
	for (int i = 0; i < traffic->senders; i++)
		bench_port_del(vale, sender_port(i));
}

static int open_port(struct vale *vale, const struct traffic *traffic, struct bench_port which,
		     struct vale_port **out)
{
	struct vale_open_options options = {
		.size = sizeof(options),
		.flags = traffic->open_flags,
		.transport = traffic->transport,
		.ring = { .size = sizeof(options.ring) },
	};

	return bench_port_open(vale, which, &options, out);
}

/* ---- sending ----------------------------------------------------------------------------------- */

struct sender {
	const struct traffic *traffic;
	struct vale_port *port;
	struct vale_ring *ring;
	__u64 number; /* of the next frame */
	unsigned long frames;
};

/* The next frame to be sent is of the first flow. */
static void fill_ring(const struct traffic *traffic, int sender, struct vale_ring *ring)
{
	__u32 slot = ring->head;

	for (__u32 i = 0; i < ring->num_slots; i++) {
		traffic_frame(traffic, vale_ring_buffer(ring, ring->slot[slot].buf_idx), sender,
			      i % traffic->flows);
		ring->slot[slot].len = traffic->length;
		slot = vale_ring_next(ring, slot);
	}
}

/* More flows than slots: the addresses must change, too. */
static void next_flow(const struct traffic *traffic, unsigned char *frame, __u64 number)
{
	if (traffic->flows > VALE_SLOTS)
		traffic_address(frame, number % traffic->flows);
}

static void put_batch(struct sender *sender)
{
	const struct traffic *traffic = sender->traffic;
	struct vale_ring *ring = sender->ring;
	__u32 slot = ring->head, space = vale_ring_space(ring);
	__u32 batch = space < traffic->batch ? space : traffic->batch;

	for (__u32 i = 0; i < batch; i++) {
		unsigned char *frame = vale_ring_buffer(ring, ring->slot[slot].buf_idx);

		next_flow(traffic, frame, sender->number);
		traffic_stamp(frame, traffic->length, sender->number++);
		slot = vale_ring_next(ring, slot);
	}
	ring->head = ring->cur = slot;
	sender->frames += batch;
}

/* Slots that were put, and that a lossless sender keeps as they have not found room. */
static __u32 kept(const struct sender *sender)
{
	const struct vale_ring *ring = sender->ring;

	return traffic_is_lossless(sender->traffic) ? ring->num_slots - 1 - vale_ring_space(ring)
						    : 0;
}

/* Until all of a batch has found room. */
static int wait_for_room(struct sender *sender, struct worker_state *state)
{
	while (kept(sender) && worker_goes_on(state)) {
		int answer;

		sender->ring->cur = sender->ring->tail;
		answer = vale_port_poll(sender->port, POLLOUT, WAIT_MS);
		if (answer < 0 && answer != -EINTR)
			return bench_error(-answer, "cannot wait for room in a ring");
	}
	return 0;
}

static int send_batches(struct sender *sender, struct worker_state *state)
{
	while (worker_goes_on(state)) {
		int answer;

		put_batch(sender);
		answer = vale_txsync(sender->port, 0);
		if (answer < 0)
			return bench_error(-answer, "cannot send by a ring");
		answer = wait_for_room(sender, state);
		if (answer)
			return answer;
		atomic_store_explicit(&state->frames, sender->frames - kept(sender),
				      memory_order_relaxed);
	}
	return 0;
}

static int switch_send(struct worker_state *state, const void *argument)
{
	const struct traffic_part *part = argument;
	CLEANUP_VALE struct vale *vale = NULL;
	CLEANUP_PORT struct vale_port *port = NULL;
	struct sender sender = {
		.traffic = part->traffic,
		.number = (__u64)part->number << TRAFFIC_SENDER_SHIFT,
	};
	int error = bench_vale_open(&vale);

	if (!error)
		error = open_port(vale, part->traffic, sender_port(part->number), &port);
	if (error)
		return error;
	sender.port = port;
	sender.ring = vale_tx_ring(port, 0);
	fill_ring(part->traffic, part->number, sender.ring);
	worker_ready(state);
	return send_batches(&sender, state);
}

/* ---- receiving --------------------------------------------------------------------------------- */

struct receiver {
	const struct traffic *traffic;
	__u32 ports;
	struct vale_port *port[VALE_PORTS];
	struct traffic_check check[VALE_PORTS];
	unsigned long frames;
};

static void close_receiver(struct receiver **receiver)
{
	for (__u32 i = 0; *receiver && i < (*receiver)->ports; i++)
		vale_port_close((*receiver)->port[i]);
	free(*receiver);
}

/*
 * A frame from each of the port's addresses, for the switch to learn; to the same address, so that
 * nobody else gets it.
 */
static int teach(const struct traffic *traffic, __u32 number, struct vale_port *port)
{
	unsigned char frame[FRAME_MIN] = { 0 };
	int error = 0;

	for (__u32 flow = number; flow < traffic->flows && !error; flow += traffic->ports) {
		traffic_address(frame, flow);
		traffic_address(frame + 6, flow);
		if (vale_inject(port, 0, frame, sizeof(frame)) == -ENOBUFS) {
			error = vale_txsync(port, 0);
			vale_inject(port, 0, frame, sizeof(frame));
		}
	}
	if (!error)
		error = vale_txsync(port, 0);
	return error < 0 ? bench_error(-error, "cannot send by a ring") : 0;
}

/* Takes effect where the interface is polled later than at once. */
static int prefer_busy_poll(int socket)
{
	const int prefer = 1, time_us = 20, budget = 256;

	if (setsockopt(socket, SOL_SOCKET, SO_PREFER_BUSY_POLL, &prefer, sizeof(prefer)) ||
	    setsockopt(socket, SOL_SOCKET, SO_BUSY_POLL, &time_us, sizeof(time_us)) ||
	    setsockopt(socket, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget, sizeof(budget)))
		return bench_error(errno, "cannot have a socket polled");
	return 0;
}

static int open_receiver(struct vale *vale, const struct traffic_part *part,
			 struct receiver *receiver)
{
	const struct traffic *traffic = part->traffic;
	int error = 0;

	receiver->traffic = traffic;
	for (__u32 number = part->number; number < traffic->ports && !error;
	     number += traffic->receivers) {
		struct vale_port **port = &receiver->port[receiver->ports];

		receiver->check[receiver->ports].length = traffic->length;
		error = open_port(vale, traffic, receiver_port(number), port);
		if (error)
			return error;
		receiver->ports++;
		error = teach(traffic, number, *port);
		if (!error && traffic->busy_poll)
			error = prefer_busy_poll(vale_port_fd(*port));
	}
	return error;
}

/* What has come to a port, which is given back at once. */
static __u32 take(struct receiver *receiver, __u32 number)
{
	struct vale_port *port = receiver->port[number];
	struct traffic_check *check = &receiver->check[number];
	struct vale_ring *ring = vale_rx_ring(port, 0);
	__u32 slot = ring->head, frames;

	if (receiver->traffic->busy_poll)
		recvfrom(vale_port_fd(port), NULL, 0, MSG_DONTWAIT, NULL, NULL);
	vale_rxsync(port, 0);
	frames = vale_ring_space(ring);
	if (receiver->traffic->look == TRAFFIC_VERIFY)
		for (__u32 i = 0; i < frames; i++) {
			traffic_check(check, vale_ring_buffer(ring, ring->slot[slot].buf_idx),
				      ring->slot[slot].len);
			slot = vale_ring_next(ring, slot);
		}
	ring->head = ring->cur = ring->tail;
	return frames;
}

/* Frames up to the last one of each sender, as many as are for that port. */
static unsigned long due(const struct traffic *traffic, const struct traffic_check *check,
			 __u32 number)
{
	unsigned long frames = 0;

	for (int sender = 0; sender < TRAFFIC_SENDERS; sender++) {
		__u64 next = check->next[sender] & ((1ULL << TRAFFIC_SENDER_SHIFT) - 1);

		frames += (next + traffic->ports - 1 - number) / traffic->ports;
	}
	return frames;
}

static void judge(const struct receiver *receiver, __u32 first, struct worker_state *state)
{
	const struct traffic *traffic = receiver->traffic;
	unsigned long frames = 0;

	for (__u32 i = 0; i < receiver->ports; i++) {
		state->wrong += receiver->check[i].wrong;
		frames += due(traffic, &receiver->check[i], first + i * traffic->receivers);
	}
	if (traffic_is_lossless(traffic))
		state->missing += frames - receiver->frames;
}

static int receive_until_stopped(struct receiver *receiver, struct worker_state *state)
{
	worker_ready(state);
	while (worker_goes_on(state)) {
		__u32 frames = 0;

		for (__u32 i = 0; i < receiver->ports; i++)
			frames += take(receiver, i);
		receiver->frames += frames;
		if (frames)
			atomic_store_explicit(&state->frames, receiver->frames,
					      memory_order_relaxed);
		else if (receiver->traffic->yields)
			sched_yield();
	}
	return 0;
}

static int switch_receive(struct worker_state *state, const void *argument)
{
	CLEANUP_VALE struct vale *vale = NULL;
	__attribute__((cleanup(close_receiver))) struct receiver *receiver =
		calloc(1, sizeof(*receiver));
	int error;

	if (!receiver)
		return bench_error(ENOMEM, "receiver");
	error = bench_vale_open(&vale);
	if (!error)
		error = open_receiver(vale, argument, receiver);
	if (!error)
		error = receive_until_stopped(receiver, state);
	judge(receiver, ((const struct traffic_part *)argument)->number, state);
	return error;
}

const struct traffic_path traffic_switch = { switch_send, switch_receive };
