// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Senders and receivers that are clients of a switch's ring ports. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/frame.h"
#include "bench/ring_traffic.h"
#include "bench/sandbox.h"
#include "vale/port.h"

static void close_port(struct vale_port **port)
{
	vale_port_close(*port);
}

static void close_vale(struct vale **vale)
{
	vale_close(*vale);
}

#define CLEANUP_PORT __attribute__((cleanup(close_port)))
#define CLEANUP_VALE __attribute__((cleanup(close_vale)))

static int open_port(struct vale *vale, const struct traffic *traffic, const char *kind, int number,
		     struct vale_port **out)
{
	struct vale_open_options options = {
		.size = sizeof(options),
		.flags = traffic->open_flags,
		.transport = traffic->transport,
		.ring = { .size = sizeof(options.ring) },
	};
	char name[2 * VALE_NAME_SIZE];

	snprintf(name, sizeof(name), TRAFFIC_SWITCH ":%s%d", kind, number);
	return vale_port_open(vale, name, &options, out) ? bench_error(0, "%s", vale_reason(vale))
							 : 0;
}

static int open_switches(struct vale **vale)
{
	int error = vale_open(vale, SANDBOX_BPFFS);

	return error ? bench_error(-error, "cannot open the switches") : 0;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void fill_ring(const struct traffic *traffic, int sender, struct vale_ring *ring)
{
	for (__u32 slot = 0; slot < ring->num_slots; slot++) {
		traffic_frame(traffic, vale_ring_buffer(ring, ring->slot[slot].buf_idx), sender,
			      slot % traffic->flows);
		ring->slot[slot].len = traffic->length;
	}
}

/* More flows than slots: the addresses must change, too. */
static void next_flow(const struct traffic *traffic, unsigned char *frame, __u64 number)
{
	if (traffic->flows > VALE_SLOTS)
		traffic_address(frame, number % traffic->flows);
}

static int send_batches(const struct traffic *traffic, int sender, struct vale_port *port,
			struct worker_state *state)
{
	struct vale_ring *ring = vale_tx_ring(port, 0);
	__u64 number = (__u64)sender << TRAFFIC_SENDER_SHIFT;
	unsigned long frames = 0;

	while (worker_goes_on(state)) {
		__u32 slot = ring->head, space = vale_ring_space(ring);
		__u32 batch = space < traffic->batch ? space : traffic->batch;
		int answer;

		for (__u32 i = 0; i < batch; i++) {
			unsigned char *frame = vale_ring_buffer(ring, ring->slot[slot].buf_idx);

			next_flow(traffic, frame, number);
			traffic_stamp(frame, traffic->length, number++);
			slot = vale_ring_next(ring, slot);
		}
		ring->head = ring->cur = slot;
		answer = vale_txsync(port, 0);
		if (answer < 0)
			return bench_error(-answer, "cannot send by a ring");
		frames += batch;
		atomic_store_explicit(&state->frames, frames, memory_order_relaxed);
	}
	return 0;
}

static int switch_send(struct worker_state *state, const void *argument)
{
	const struct traffic_part *part = argument;
	CLEANUP_VALE struct vale *vale = NULL;
	CLEANUP_PORT struct vale_port *port = NULL;
	int error = open_switches(&vale);

	if (!error)
		error = open_port(vale, part->traffic, "tx", part->number, &port);
	if (error)
		return error;
	fill_ring(part->traffic, part->number, vale_tx_ring(port, 0));
	worker_ready(state);
	return send_batches(part->traffic, part->number, port, state);
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
		error = open_port(vale, traffic, "rx", number, port);
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
	for (__u32 i = 0; i < receiver->ports; i++)
		state->wrong += receiver->check[i].wrong;
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
	error = open_switches(&vale);
	if (!error)
		error = open_receiver(vale, argument, receiver);
	return error ? error : receive_until_stopped(receiver, state);
}

const struct traffic_path traffic_switch = { switch_send, switch_receive };
