// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * usage: forward PORT PORT
 *
 * Joins two switches as a cable would: what a port of one receives, the port of the other sends.
 * Ports have memory of their own, which is what keeps their programs apart, so a frame is copied
 * from the one's to the other's; within a port, buffers are swapped instead: see echo.c.
 *
 * The ports are opened lossless: a frame whose receiver has no room stays in the tx ring, others
 * stay in the rx ring behind it, and are sent on when the receiver has made room.
 */
#include <err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <vale/port.h>

/* The slot at the head of the rx ring, into the one at the head of the tx ring. */
static void copy_slot(struct vale_ring *rx, struct vale_ring *tx)
{
	struct vale_slot *in = &rx->slot[rx->head], *out = &tx->slot[tx->head];

	memcpy(vale_ring_buffer(tx, out->buf_idx), vale_ring_buffer(rx, in->buf_idx), in->len);
	out->len = in->len;
	out->flags = in->flags; /* the frame may go on in the next slot */
}

/* Copies frames while there is room for a whole one; returns how many. */
static int copy_frames(struct vale_ring *rx, struct vale_ring *tx)
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
				copy_slot(rx, tx);
				tx->head = tx->cur = vale_ring_next(tx, tx->head);
			}
			rx->head = vale_ring_next(rx, rx->head);
		}
	}
	rx->cur = rx->tail; /* what is left has been seen: it is no reason to be woken */
	return frames;
}

/* Sends what was copied last time, and copies what has come meanwhile: how many frames. */
static int forward(struct vale_port *from, struct vale_port *to)
{
	int frames = 0, error = vale_txsync(to, VALE_ALL_RINGS);

	if (error >= 0)
		error = vale_rxsync(from, VALE_ALL_RINGS);
	for (__u32 pair = 0; pair < vale_port_rings(from) && error >= 0; pair++)
		frames += copy_frames(vale_rx_ring(from, pair),
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
	for (int i = 0; i < 2; i++)
		if (vale_port_open(vale, argv[1 + i], &options, &port[i]))
			errx(1, "%s", vale_reason(vale));
	for (;;)
		if (forward(port[0], port[1]) + forward(port[1], port[0]) == 0)
			sleep_on(port);
}
