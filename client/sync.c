// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* txsync and rxsync. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "loader/ring_port.h"

/* How often frames are sent to devices before they are left for the next time. */
#define LIVE_TRIES 64

/* At most so many at a time: the kernel makes a page for each. */
#define LIVE_BATCH 256

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr)) < 0 ? -errno : 0;
}

int port_run(int program)
{
	union bpf_attr attr;
	int error;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = program;
	do
		error = bpf(BPF_PROG_TEST_RUN, &attr);
	while (error == -EINTR);
	return error ? error : (int)attr.test.retval;
}

/* ---- frames for devices ------------------------------------------------------------------------ */

/* The kernel makes frames of this form, which say whose turn it is: vale/ring.h. */
int port_run_live(const struct vale_port *port, __u32 pair, __u32 frames)
{
	unsigned char frame[VALE_LIVE_LENGTH + VALE_PORTS + VALE_RINGS * sizeof(__u32)] = {};
	struct xdp_md context = { .data = pair * sizeof(__u32) };
	union bpf_attr attr;

	context.data_end = context.data + VALE_LIVE_LENGTH + port->number;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = port->live;
	attr.test.data_in = (__u64)(unsigned long)frame;
	attr.test.data_size_in = context.data_end;
	attr.test.ctx_in = (__u64)(unsigned long)&context;
	attr.test.ctx_size_in = sizeof(context);
	attr.test.repeat = frames;
	attr.test.batch_size = frames < LIVE_BATCH ? frames : LIVE_BATCH;
	attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	return bpf(BPF_PROG_TEST_RUN, &attr);
}

static __u32 parked(const struct vale_ring_state *state)
{
	return state->live_put - __atomic_load_n(&state->live_taken, __ATOMIC_ACQUIRE);
}

static int send_parked(const struct vale_port *port, __u32 pair)
{
	const struct vale_ring_state *state = &port->state[pair];
	__u32 frames;

	for (int tries = 0; tries < LIVE_TRIES && (frames = parked(state)); tries++) {
		int error = port_run_live(port, pair, frames);

		/* A signal or a want of memory: the rest is sent next time. */
		if (error == -EINTR || error == -ENOMEM)
			continue;
		if (error)
			return error;
	}
	return 0;
}

/* ---- tx ---------------------------------------------------------------------------------------- */

/* What can be filled in: all but what is not taken yet, or is parked. */
static void update_tx_tail(struct vale_ring *ring, const struct vale_ring_state *state)
{
	__u32 copied = __atomic_load_n(&state->parked_copied, __ATOMIC_ACQUIRE);
	__u32 oldest = state->tx_taken;

	if (copied != state->parked_put)
		oldest = state->parked[copied & (VALE_SLOTS - 1)].slot;
	ring->tail = (oldest - 1) & state->tx_mask;
}

/* Slots from `from` up to `to`. */
static __u32 distance(__u32 from, __u32 to, __u32 mask)
{
	return (to - from) & mask;
}

static int reset_tx(struct vale_ring *ring, const struct vale_ring_state *state)
{
	ring->head = ring->cur = state->tx_taken & state->tx_mask;
	update_tx_tail(ring, state);
	return -EINVAL;
}

/*
 * How often a receiver may say that it has room just now, and then have none. The next wake-up is
 * asked for in any case.
 */
#define ROUNDS 64

static int txsync(struct vale_port *port, __u32 pair)
{
	struct vale_ring *ring = &port->region[pair].tx;
	const struct vale_ring_state *state = &port->state[pair];
	__u32 head = ring->head;
	int answer, error, rounds = 0;

	if (port_is_outdated(port))
		port_renew(port);
	if (head > state->tx_mask || distance(state->tx_taken, head, state->tx_mask) >
					     distance(state->tx_taken, ring->tail, state->tx_mask))
		return reset_tx(ring, state);
	do
		answer = port_run(port->txsync[pair]);
	while (answer > 0 && answer & VALE_TX_AGAIN && ++rounds < ROUNDS);
	if (answer < 0)
		return answer;
	error = answer & 0xffff ? send_parked(port, pair) : 0;
	update_tx_tail(ring, state);
	return error ? error : answer & (VALE_TX_BLOCKED | VALE_TX_AGAIN) ? VALE_TX_BLOCKED : 0;
}

/* The program keeps two apart, but not what the library does behind it. */
static int txsync_alone(struct vale_port *port, __u32 pair)
{
	int answer;

	if (__atomic_exchange_n(&port->tx_busy[pair], true, __ATOMIC_ACQUIRE))
		return -EBUSY;
	answer = port->xsk ? xsk_txsync(port, pair) : txsync(port, pair);
	__atomic_store_n(&port->tx_busy[pair], false, __ATOMIC_RELEASE);
	return answer;
}

/* ---- rx ---------------------------------------------------------------------------------------- */

void port_take_time(struct vale_ring *ring)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	ring->ts[0] = now.tv_sec;
	ring->ts[1] = now.tv_nsec / 1000;
}

static int release(struct vale_port *port, __u32 pair, __u32 slots)
{
	struct vale_control *control = &port->region[pair].control;

	__atomic_store_n(&control->rx_released, control->rx_released + slots, __ATOMIC_SEQ_CST);
	/* A sender that looked before this has said so before. */
	if (!__atomic_load_n(&port->state[pair].rx_wanted, __ATOMIC_SEQ_CST))
		return 0;
	return port_run(port->wake[pair]);
}

static int rxsync(struct vale_port *port, __u32 pair)
{
	const struct vale_ring_state *state = &port->state[pair];
	struct vale_ring *ring = &port->region[pair].rx;
	__u32 mask = state->rx_mask, released = port->region[pair].control.rx_released & mask;
	__u32 published = __atomic_load_n(&state->rx_published, __ATOMIC_ACQUIRE) & mask;
	__u32 slots = distance(released, ring->head, mask);
	int error = 0;

	if (ring->head > mask || slots > distance(released, published, mask)) {
		ring->head = ring->cur = released;
		ring->tail = published;
		return -EINVAL;
	}
	if (slots)
		error = release(port, pair, slots);
	if (ring->tail != published)
		port_take_time(ring);
	else if (__atomic_load_n(&state->removed, __ATOMIC_RELAXED) && !error)
		error = -ENXIO; /* and all that came before was taken */
	else if (port_is_outdated(port))
		port_renew(port);
	ring->tail = published;
	return error;
}

/* ---- for users of the library ------------------------------------------------------------------ */

static int each_pair(struct vale_port *port, __u32 pair, int (*sync)(struct vale_port *, __u32))
{
	int result = 0;

	if (pair != VALE_ALL_RINGS)
		return pair < port->pairs ? sync(port, pair) : -EINVAL;
	for (pair = port->first; pair < port->end; pair++) {
		int answer = sync(port, pair);

		if (answer < 0)
			return answer;
		result |= answer;
	}
	return result;
}

int vale_txsync(struct vale_port *port, __u32 pair)
{
	return each_pair(port, pair, txsync_alone);
}

int vale_rxsync(struct vale_port *port, __u32 pair)
{
	return each_pair(port, pair, port->xsk ? xsk_rxsync : rxsync);
}

struct vale_ring *vale_tx_ring(const struct vale_port *port, __u32 pair)
{
	return pair < port->pairs ? &port->region[pair].tx : NULL;
}

struct vale_ring *vale_rx_ring(const struct vale_port *port, __u32 pair)
{
	return pair < port->pairs ? &port->region[pair].rx : NULL;
}

const char *vale_port_name(const struct vale_port *port)
{
	return port->name;
}

__u32 vale_port_rings(const struct vale_port *port)
{
	return port->pairs;
}

__u32 vale_port_first_ring(const struct vale_port *port)
{
	return port->first;
}

__u32 vale_port_end_ring(const struct vale_port *port)
{
	return port->end;
}

void *vale_port_memory(const struct vale_port *port, size_t *size)
{
	*size = port->regions * sizeof(*port->memory);
	return port->memory;
}

struct vale_if *vale_port_interface(const struct vale_port *port)
{
	return &port->region->interface;
}

bool vale_port_shares_memory(const struct vale_port *port, const struct vale_port *other)
{
	__u32 id = ring_memory_id(port->region_map);

	return id && id == ring_memory_id(other->region_map);
}
