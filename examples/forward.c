// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * usage: forward PORT PORT
 *
 * Joins two switches as a cable would: what a port of one receives, the port of the other sends.
 * Nothing is copied: the ports share a memory, and the buffer that a frame has come in changes places
 * with one of the other port's tx ring.
 *
 * The ports are opened lossless: frames wait in the rings until their receiver has made room.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include <vale/port.h>

/* The slot at the head of the rx ring gets the buffer of the one of the tx ring, and vice versa. */
static void swap_buffers(struct vale_ring *rx, struct vale_ring *tx)
{
	struct vale_slot *in = &rx->slot[rx->head], *out = &tx->slot[tx->head], empty = *out;

	*out = *in; /* with its flags: the frame may go on in the next slot */
	in->buf_idx = empty.buf_idx;
}

/* Moves frames while there is room for a whole one; returns how many. */
static int move_frames(struct vale_ring *rx, struct vale_ring *tx)
{
	int frames = 0;

	while (vale_ring_space(rx)) {
		__u32 slots = vale_frame_slots(&rx->slot[rx->head]);
		/* A slot without a frame has length 0, and one of a ring is always free. */
		int wanted = rx->slot[rx->head].len && slots < tx->num_slots;

		if (wanted && vale_ring_space(tx) < slots)
			break;
		for (frames += wanted; slots; slots--) {
			if (wanted) {
				swap_buffers(rx, tx);
				tx->head = tx->cur = vale_ring_next(tx, tx->head);
			}
			rx->head = vale_ring_next(rx, rx->head);
		}
	}
	rx->cur = rx->tail; /* what is left has been seen: it is no reason to be woken */
	return frames;
}

/* Sends what was moved last time, and moves what has come meanwhile: how many frames. */
static int forward(struct vale_port *from, struct vale_port *to)
{
	int frames = 0, error = vale_txsync(to, VALE_ALL_RINGS);

	if (error >= 0)
		error = vale_rxsync(from, VALE_ALL_RINGS);
	for (__u32 pair = 0; pair < vale_port_rings(from) && error >= 0; pair++)
		frames += move_frames(vale_rx_ring(from, pair),
				      vale_tx_ring(to, pair % vale_port_rings(to)));
	if (error < 0)
		errx(1, "%s to %s: %s", vale_port_name(from), vale_port_name(to), strerror(-error));
	return frames;
}

/* Until a frame comes, or there is room for one that waits. */
static void sleep_on(struct vale_port *const port[2])
{
	struct pollfd fds[] = { { vale_port_fd(port[0]), POLLIN, 0 },
				{ vale_port_fd(port[1]), POLLIN, 0 } };

	if (!vale_port_arm(port[0], POLLIN) && !vale_port_arm(port[1], POLLIN))
		poll(fds, 2, -1);
	vale_port_disarm(port[0]);
	vale_port_disarm(port[1]);
}

int main(int argc, char **argv)
{
	struct vale_open_options options = { .size = sizeof(options), .flags = VALE_OPEN_LOSSLESS };
	struct vale_port *port[2];
	struct vale *vale;
	int error = vale_open(&vale, getenv("VALE_BPFFS"));

	if (argc != 3)
		errx(2, "usage: forward PORT PORT");
	if (error)
		errx(1, "%s", vale_open_reason(error));
	for (int i = 0; i < 2; i++) {
		options.ring.spare = !i;		  /* the first has room for the second, */
		options.ring.memory = i ? argv[1] : NULL; /* which has none of its own */
		if (vale_port_open(vale, argv[1 + i], &options, &port[i]))
			errx(1, "%s", vale_reason(vale));
	}
	if (!vale_port_shares_memory(port[0], port[1]))
		errx(1, "%s and %s exist, and share no memory", argv[1], argv[2]);
	for (;;)
		if (forward(port[0], port[1]) + forward(port[1], port[0]) == 0)
			sleep_on(port);
}
