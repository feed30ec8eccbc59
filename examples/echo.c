// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * usage: echo PORT
 *
 * Sends each frame back to where it came from, with its two addresses exchanged. Nothing is copied:
 * the buffer that a frame has come in changes places with one of the tx ring. Frames to a group are
 * not answered, since nobody may send from the address of a group.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vale/port.h>

static bool is_to_be_answered(const struct vale_slot *slot, const unsigned char *frame)
{
	/* A slot without a frame has length 0. */
	return slot->len >= VALE_FRAME_MIN && !(frame[0] & 1) && !(frame[6] & 1);
}

static void exchange_addresses(unsigned char *frame)
{
	unsigned char destination[VALE_MAC_SIZE];

	memcpy(destination, frame, VALE_MAC_SIZE);
	memcpy(frame, frame + VALE_MAC_SIZE, VALE_MAC_SIZE);
	memcpy(frame + VALE_MAC_SIZE, destination, VALE_MAC_SIZE);
}

/* The slot at the head of the rx ring gets the buffer of the one of the tx ring, and vice versa. */
static void swap_buffers(struct vale_ring *rx, struct vale_ring *tx)
{
	struct vale_slot *in = &rx->slot[rx->head], *out = &tx->slot[tx->head];
	__u32 empty = out->buf_idx;

	out->buf_idx = in->buf_idx;
	out->len = in->len;
	out->flags = in->flags; /* the frame may go on in the next slot */
	in->buf_idx = empty;
}

/* Answers what is in the rx ring, as far as the tx ring has room. */
static void answer(struct vale_ring *rx, struct vale_ring *tx)
{
	while (vale_ring_space(rx)) {
		struct vale_slot *first = &rx->slot[rx->head];
		unsigned char *frame = vale_ring_buffer(rx, first->buf_idx);
		__u32 slots = vale_frame_slots(first);
		/* One slot of a ring is always free. */
		bool wanted = is_to_be_answered(first, frame) && slots < tx->num_slots;

		if (wanted && vale_ring_space(tx) < slots)
			return;
		if (wanted)
			exchange_addresses(frame);
		for (; slots; slots--) {
			if (wanted) {
				swap_buffers(rx, tx);
				tx->head = tx->cur = vale_ring_next(tx, tx->head);
			}
			rx->head = rx->cur = vale_ring_next(rx, rx->head);
		}
	}
}

/* Sleeps until something comes, and answers it. */
static int serve(struct vale_port *port)
{
	int result = vale_port_poll(port, POLLIN, -1);

	if (result < 0)
		return result == -EINTR ? 0 : result;
	for (__u32 pair = vale_port_first_ring(port); pair < vale_port_end_ring(port); pair++)
		answer(vale_rx_ring(port, pair), vale_tx_ring(port, pair));
	return vale_txsync(port, VALE_ALL_RINGS);
}

int main(int argc, char **argv)
{
	struct vale_port *port;
	struct vale *vale;
	int error = vale_open(&vale, getenv("VALE_BPFFS"));

	if (argc != 2)
		errx(2, "usage: echo PORT");
	if (error)
		errx(1, "%s", vale_open_reason(error));
	if (vale_port_open(vale, argv[1], NULL, &port))
		errx(1, "%s", vale_reason(vale));
	do
		error = serve(port);
	while (error >= 0);
	errx(1, "%s: %s", argv[1], strerror(-error));
}
