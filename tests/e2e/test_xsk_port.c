// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients of the library over AF_XDP: the same calls, the same frames as by rings in memory. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct frame in;

TestSuite(xsk_port, .init = sandbox_enter, .timeout = 60);

static struct vale_port *open_xsk(const char *name, unsigned int flags)
{
	struct vale_open_options options = {
		.flags = flags,
		.transport = VALE_TRANSPORT_XSK,
	};

	return ring_open(name, &options);
}

/* Frames of every length that fits into a buffer of the way, byte for byte. */
static void check_lengths(struct vale_port *from, struct vale_port *to, int source, int target)
{
	char what[32];

	for (size_t length = 14; length <= 1514; length += length < 200 ? 1 : 47) {
		snprintf(what, sizeof(what), "%zu bytes", length);
		frame_plain(&in, source, target, FRAME_TYPE_OURS, length);
		ring_send(from, 0, &in);
		ring_expect(to, &in, what);
	}
}

static void check_both_ways(unsigned int flags)
{
	struct vale_port *ports[3] = { NULL, open_xsk("vale1:a", flags),
				       open_xsk("vale1:b", flags) };

	ring_introduce(ports, 2);
	check_lengths(ports[1], ports[2], 1, 2);
	check_lengths(ports[2], ports[1], 2, 1);
	ring_expect_balance("vale1");
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, frames_arrive_as_they_were_sent)
{
	check_both_ways(0);
}

Test(xsk_port, by_the_sockets_too)
{
	check_both_ways(VALE_OPEN_SOCKET_TX);
}

/* ---- slots and buffers ------------------------------------------------------------------------- */

/* What comes is sent back in the buffer it came in, and nothing else is touched. */
static void echo_by_swapping(struct vale_port *port)
{
	struct vale_ring *rx = vale_rx_ring(port, 0), *tx = vale_tx_ring(port, 0);
	__u32 index;

	cr_assert_eq(vale_port_poll(port, POLLIN, 5000), POLLIN);
	for (; vale_ring_space(rx); rx->head = rx->cur = vale_ring_next(rx, rx->head)) {
		struct vale_slot *from = &rx->slot[rx->head], *to = &tx->slot[tx->head];
		unsigned char *frame = vale_ring_buffer(rx, from->buf_idx), address[6];

		memcpy(address, frame, 6);
		memcpy(frame, frame + 6, 6);
		memcpy(frame + 6, address, 6);
		index = to->buf_idx;
		to->buf_idx = from->buf_idx;
		to->len = from->len;
		to->flags = 0;
		from->buf_idx = index;
		tx->head = tx->cur = vale_ring_next(tx, tx->head);
	}
	cr_assert_eq(vale_txsync(port, 0), 0);
	cr_assert_eq(vale_rxsync(port, 0), 0);
}

static void check_echo(unsigned int flags)
{
	struct vale_port *ports[3] = { NULL, open_xsk("vale1:a", flags),
				       open_xsk("vale1:b", flags) };

	ring_introduce(ports, 2);
	/* So often that every buffer has been in every ring. */
	for (int i = 0; i < 5000; i++) {
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60 + i % 1000);
		frame_put16(&in, 14, i);
		ring_send(ports[1], 0, &in);
		echo_by_swapping(ports[2]);
		frame_set_address(in.bytes, 1);
		frame_set_address(in.bytes + 6, 2);
		ring_expect(ports[1], &in, "the echo");
	}
	ring_expect_balance("vale1");
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, buffers_are_swapped)
{
	check_echo(0);
}

Test(xsk_port, buffers_are_swapped_by_the_sockets_too)
{
	check_echo(VALE_OPEN_SOCKET_TX);
}

/* A full tx ring again and again, each frame once and in order, at a port of the other transport. */
static void check_many(unsigned int flags, unsigned int slots)
{
	struct vale_open_options options = {
		.flags = flags,
		.transport = VALE_TRANSPORT_XSK,
		.ring.tx_slots = slots,
	};
	struct vale_port *ports[3] = { NULL, ring_open("vale1:a", &options),
				       ring_open("vale1:b", NULL) };
	__u32 number = 0, expected = 0, length;
	const unsigned char *frame;

	ring_introduce(ports, 2);
	do {
		while (vale_ring_space(vale_tx_ring(ports[1], 0)) && number < 20000) {
			frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60);
			frame_put16(&in, 14, number++);
			ring_inject(ports[1], 0, &in);
		}
		cr_assert_geq(vale_txsync(ports[1], 0), 0);
		while ((frame = vale_next_frame(ports[2], &length))) {
			__u32 got = frame[14] << 8 | frame[15];

			cr_assert_eq(length, 60);
			cr_assert_eq(got, expected, "frame %u came and not %u", got, expected);
			expected++;
		}
	} while (number < 20000 || vale_port_poll(ports[2], POLLIN, 1000));
	cr_assert_eq(expected, 20000);
	cr_assert_str_eq(port_member("vale1:a", "never_sent"), "0");
	ring_expect_balance("vale1");
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, many_in_order)
{
	check_many(0, 0);
}

Test(xsk_port, many_in_order_by_the_sockets_too)
{
	check_many(VALE_OPEN_SOCKET_TX, 0);
}

/* The kernel says late which slots of a short ring it has taken. */
Test(xsk_port, many_in_order_by_a_short_ring)
{
	check_many(0, 64);
	check_many(VALE_OPEN_SOCKET_TX, 64);
}

/* Frames of several slots: gathered when sent, and scattered when they do not fit into one buffer. */
static void check_long(const char *to_port, enum vale_transport transport)
{
	struct vale_open_options options = { .transport = transport };
	struct vale_port *ports[3] = { NULL, open_xsk("vale1:a", 0) };

	ports[2] = ring_open(to_port, &options);
	ring_introduce(ports, 2);
	for (size_t length = 2040; length <= 3300; length += 8) {
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, length);
		ring_send(ports[1], 0, &in);
		ring_expect(ports[2], &in, "a long frame");
	}
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, of_several_slots)
{
	check_long("vale1:b", VALE_TRANSPORT_RING);
}

static bool is_kernel(int major, int minor)
{
	int found[2] = { 0, 0 };

	sscanf(must("uname -r").text, "%d.%d", &found[0], &found[1]);
	return found[0] > major || (found[0] == major && found[1] >= minor);
}

Test(xsk_port, into_several_slots)
{
	if (!is_kernel(6, 6))
		cr_skip_test("sockets take frames of several buffers from 6.6 on");
	must("%s attach vale1:b --xsk out", valectl());
	must("ip link set out mtu 3400 && ip link set %s mtu 3400",
	     port_member("vale1:b", "device"));
	check_long("vale1:b", VALE_TRANSPORT_XSK);
}

/* Frames that make no sense are not sent, and what follows is. */
static void check_invalid(unsigned int flags)
{
	struct vale_port *ports[3] = { NULL, open_xsk("vale1:a", flags),
				       ring_open("vale1:b", NULL) };

	ring_introduce(ports, 2);
	ring_put_slot(ports[1], 0, 0, 0);
	ring_put_slot(ports[1], 0, VALE_BUFFER_SIZE + 1, 0);
	ring_put_slot(ports[1], 0, 60, 0)->buf_idx = 1;
	ring_put_slot(ports[1], 0, 60, 0)->buf_idx = ~0u;
	frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60);
	ring_send(ports[1], 0, &in);
	ring_expect(ports[2], &in, "the frame behind");
	cr_assert_eq(vale_txsync(ports[1], 0), 0); /* takes back what has been sent meanwhile */
	cr_assert_eq(vale_ring_space(vale_tx_ring(ports[1], 0)), VALE_SLOTS - 1);
	if (flags)
		cr_assert_str_eq(port_member("vale1:a", "never_sent"), "4");
	else
		cr_assert_eq(ring_dropped("vale1:a", VALE_DROP_INVALID), 4);
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, slots_that_make_no_sense)
{
	check_invalid(0);
}

Test(xsk_port, slots_that_make_no_sense_by_the_sockets_too)
{
	check_invalid(VALE_OPEN_SOCKET_TX);
}

/* ---- several queues ---------------------------------------------------------------------------- */

Test(xsk_port, several_queues)
{
	struct vale_open_options options = { .transport = VALE_TRANSPORT_XSK, .ring.rings = 4 };
	struct vale_port *ports[3] = { NULL, ring_open("vale1:a", &options),
				       ring_open("vale1:b", &options) };

	cr_assert_eq(vale_port_rings(ports[1]), 4);
	ring_introduce(ports, 2);
	for (int i = 0; i < 400; i++) {
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60 + i);
		ring_send(ports[1], i % 4, &in);
		ring_expect(ports[2], &in, "a frame by one of four queues");
	}
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

/* ---- loss -------------------------------------------------------------------------------------- */

/* Nobody takes what comes: the buffers run out, and what does not arrive is counted. */
Test(xsk_port, a_client_that_does_not_take)
{
	struct vale_open_options few = { .transport = VALE_TRANSPORT_XSK, .ring.rx_slots = 64 };
	struct vale_port *ports[3] = { NULL, ring_open("vale1:a", NULL),
				       ring_open("vale1:b", &few) };
	long long before;

	ring_introduce(ports, 2);
	before = port_counter("vale1:b", "sent_frames");
	for (int i = 0; i < 1000; i++) {
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60);
		ring_send(ports[1], 0, &in);
	}
	cr_assert_eq(ring_dropped("vale1:b", VALE_DROP_FULL), 1000 - 64);
	cr_assert_eq(port_counter("vale1:b", "sent_frames") - before, 64);
	cr_assert_eq(ring_drain(ports[2]), 64);
	for (int i = 0; i < 100; i++) { /* and all is as it was */
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, 60 + i);
		ring_send(ports[1], 0, &in);
		ring_expect(ports[2], &in, "after the loss");
	}
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

/* Of a port with two queues, one is open: the other has nobody, which is counted. */
Test(xsk_port, a_queue_that_nobody_has)
{
	struct vale_open_options one = { .transport = VALE_TRANSPORT_XSK, .one_ring = 2 };
	struct vale_port *sender, *port;
	long long lost;

	must("%s attach vale1:b --xsk out --queues 2", valectl());
	port = ring_open("vale1:b", &one);
	sender = ring_open("vale1:a", NULL);
	for (int i = 0; i < 200; i++) {
		frame_plain(&in, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
		ring_send(sender, 0, &in);
		ring_drain(port);
	}
	lost = ring_dropped("vale1:b", VALE_DROP_CLOSED);
	cr_assert_eq(port_counter("vale1:b", "sent_frames") + lost, 200);
	vale_port_close(port);
	vale_port_close(sender);
}
