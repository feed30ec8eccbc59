// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The programs of examples/ do what their first lines say. */
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/example.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

/* A ring of this many slots has room for as many frames. */
#define ROOM (VALE_SLOTS - 1)

static struct frame frame, answer, got;

TestSuite(examples, .init = sandbox_enter, .timeout = 300);

/* ---- echo -------------------------------------------------------------------------------------- */

static void expect_echo(struct vale_port *port, int from, int to, size_t length)
{
	frame_plain(&frame, from, to, FRAME_TYPE_OURS, length);
	frame_plain(&answer, to, from, FRAME_TYPE_OURS, length);
	ring_send(port, 0, &frame);
	ring_expect(port, &answer, "the echo");
}

Test(examples, echo_answers_with_the_addresses_exchanged)
{
	struct vale_port *port = ring_open("vale1:a", NULL);

	example_start("echo", "vale1:echo", NULL, NULL);
	for (int i = 0; i < 3000; i++)
		expect_echo(port, 1 + i % 7, 100 + i % 5, 14 + i % 2035);
	for (size_t slots = 2; slots <= VALE_FRAGMENTS; slots++)
		expect_echo(port, 1, 100, slots * VALE_BUFFER_SIZE - slots);
	/* All that was sent is taken before what is for nobody to answer, and after it. */
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 100);
	ring_send(port, 0, &frame);
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
	frame.bytes[6] |= 1;
	ring_send(port, 0, &frame);
	expect_echo(port, 1, 100, 101);
	cr_assert_eq(ring_drain(port), 0);
	ring_expect_balance("vale1");
}

/* Of half a ring: the slots of the batch before may not have been given back yet. */
Test(examples, echo_answers_batches)
{
	struct vale_port *port = ring_open("vale1:a", NULL);

	example_start("echo", "vale1:echo", NULL, NULL);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < ROOM / 2; i++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60 + i);
			ring_inject(port, 0, &frame);
		}
		cr_assert_eq(vale_txsync(port, 0), 0);
		for (int i = 0; i < ROOM / 2; i++) {
			frame_plain(&answer, 2, 1, FRAME_TYPE_OURS, 60 + i);
			ring_expect(port, &answer, "of a batch");
		}
	}
	cr_assert_eq(port_counter("vale1:a", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:echo", "dropped"), 0);
}

/* Seen by a second client of its port, which shares the rings. */
Test(examples, echo_swaps_buffers)
{
	struct vale_port *port = ring_open("vale1:a", NULL);
	struct vale_port *shared = ring_open("vale1:echo", NULL);
	struct vale_ring *rx = vale_rx_ring(shared, 0), *tx = vale_tx_ring(shared, 0);
	__u32 in[VALE_FRAGMENTS], out[VALE_FRAGMENTS], rx_first = rx->head, tx_first = tx->head;

	for (__u32 i = 0; i < VALE_FRAGMENTS; i++) {
		in[i] = rx->slot[rx_first + i].buf_idx;
		out[i] = tx->slot[tx_first + i].buf_idx;
		cr_assert_neq(in[i], out[i]);
	}
	example_start("echo", "vale1:echo", NULL, NULL);
	expect_echo(port, 1, 2, 60);
	expect_echo(port, 1, 2, 62 * VALE_BUFFER_SIZE);
	for (__u32 i = 0; i < VALE_FRAGMENTS - 1; i++) {
		cr_assert_eq(tx->slot[tx_first + i].buf_idx, in[i], "tx slot %u", i);
		cr_assert_eq(rx->slot[rx_first + i].buf_idx, out[i], "rx slot %u", i);
	}
	/* The one behind them was not touched. */
	cr_assert_eq(tx->slot[tx_first + 63].buf_idx, out[63]);
	cr_assert_eq(rx->slot[rx_first + 63].buf_idx, in[63]);
}

/* ---- forward ----------------------------------------------------------------------------------- */

/* Host 1 is behind vale1:a, host 2 behind vale2:b, and all switches know. */
static void join(unsigned int flags, struct vale_port **a, struct vale_port **b)
{
	struct vale_open_options options = { .flags = flags };

	*a = ring_open("vale1:a", &options);
	*b = ring_open("vale2:b", &options);
	example_start("forward", "vale1:f", "vale2:f", NULL);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	ring_send(*a, 0, &frame);
	ring_expect(*b, &frame, "to everyone");
	frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, 60);
	ring_send(*b, 0, &frame);
	ring_expect(*a, &frame, "back");
}

Test(examples, forward_joins_two_switches)
{
	struct vale_port *a, *b;

	join(0, &a, &b);
	for (size_t length = 14; length <= VALE_BUFFER_SIZE; length++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, length);
		ring_send(a, 0, &frame);
		ring_expect(b, &frame, "there");
		frame_plain(&frame, 2, 1, FRAME_TYPE_OURS, length);
		ring_send(b, 0, &frame);
		ring_expect(a, &frame, "and back");
	}
}

Test(examples, forward_takes_frames_of_several_slots)
{
	struct vale_port *a, *b;

	join(VALE_OPEN_LOSSLESS, &a, &b);
	for (int round = 0; round < 5; round++)
		for (size_t slots = 2; slots <= VALE_FRAGMENTS; slots++) {
			frame_plain(&frame, 1, 2, FRAME_TYPE_OURS,
				    slots * VALE_BUFFER_SIZE - round * 400);
			ring_send(a, 0, &frame);
			ring_expect(b, &frame, "of several slots");
		}
	cr_assert_eq(port_counter("vale1:f", "dropped"), 0);
	cr_assert_eq(port_counter("vale2:b", "dropped"), 0);
}

/* A frame that has its number in it. Each fifth takes three slots, and one is at the end of a ring. */
static void number_frame(int number)
{
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, number % 5 ? 60 + number % 1400 : 5000);
	memcpy(frame.bytes + 14, &number, sizeof(number));
}

/* Puts in frames from number `from` on, until the tx ring is full or as many are sent. */
static int send_numbers(struct vale_port *port, int from, int until)
{
	int number = from, error;

	for (; number < until; number++) {
		number_frame(number);
		if (vale_inject(port, 0, frame.bytes, frame.length))
			break;
	}
	error = vale_txsync(port, 0);
	cr_assert_geq(error, 0, "%d", error);
	return number;
}

static void take_numbers(struct vale_port *port, int from, int until)
{
	for (int number = from; number < until; number++) {
		number_frame(number);
		cr_assert(ring_receive(port, &got, 60000), "frame %d has not come", number);
		frame_expect(&frame, &got, "frame by number");
	}
}

/* Twice as many as there is room for on the way, with the receiver asleep until nothing moves. */
Test(examples, forward_loses_nothing)
{
	const int all = 6 * ROOM;
	struct vale_port *a, *b;
	int sent = 0, taken = 0, still = 0, blocked = 0;

	join(VALE_OPEN_LOSSLESS, &a, &b);
	while (still < 20 || !blocked) {
		int before = sent;

		sent = send_numbers(a, sent, all);
		still = sent == before ? still + 1 : 0;
		blocked = vale_txsync(a, 0);
		usleep(10000);
	}
	cr_assert_lt(sent, all, "all %d frames were taken, with nobody to receive them", sent);
	cr_assert_eq(blocked, VALE_TX_BLOCKED);
	while (taken < all) {
		int more = taken + 100 < sent ? taken + 100 : sent;

		take_numbers(b, taken, more);
		taken = more;
		sent = send_numbers(a, sent, all);
	}
	cr_assert_eq(ring_drain(b), 0);
	cr_assert_eq(port_counter("vale1:a", "dropped"), 0);
	cr_assert_eq(port_counter("vale1:f", "dropped"), 0);
	cr_assert_eq(port_counter("vale2:f", "dropped"), 0);
	cr_assert_eq(port_counter("vale2:b", "dropped"), 0);
}

/* Of a sender that does not wait, frames are lost before the cable, and counted, but not behind. */
Test(examples, forward_is_lossless_itself)
{
	struct vale_port *a, *b;
	long count = 0, lost;

	join(0, &a, &b);
	for (int i = 0; i < 20 * ROOM; i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
		if (vale_ring_space(vale_tx_ring(a, 0)) == 0)
			cr_assert_eq(vale_txsync(a, 0), 0);
		ring_inject(a, 0, &frame);
	}
	cr_assert_eq(vale_txsync(a, 0), 0);
	lost = ring_dropped("vale1:f", VALE_DROP_FULL);
	cr_assert_gt(lost, 0);
	while (count < 20 * ROOM - lost && ring_receive(b, &got, 60000))
		count++;
	cr_assert_eq(count + lost, 20 * ROOM);
	cr_assert_eq(ring_drain(b), 0);
	cr_assert_eq(port_counter("vale2:b", "dropped"), 0);
}

/* ---- firewall ---------------------------------------------------------------------------------- */

static struct vale_port *clients, *servers;

static pid_t divide(void)
{
	clients = ring_open("vale1:a", NULL);
	servers = ring_open("vale2:b", NULL);
	return example_start("firewall", "vale1:f", "vale2:f", "5201");
}

/* TCP or UDP of host 1 from port 40000 to port 5201; of host 2 the other way round. */
static void build(int from, int protocol, int version, int ip_options)
{
	frame_build(&frame, &(struct frame_options){ .from = from,
						     .to = 3 - from,
						     .version = version,
						     .protocol = protocol,
						     .ip_options = ip_options,
						     .payload = 100 });
	if (from == 1)
		return;
	frame_put16(&frame, frame.transport, 5201);
	frame_put16(&frame, frame.transport + 2, 40000);
}

static void expect_pass(bool back, const char *what)
{
	ring_send(back ? servers : clients, 0, &frame);
	ring_expect(back ? clients : servers, &frame, what);
}

/* What is sent behind it comes first. */
static void expect_drop(bool back, const char *what)
{
	ring_send(back ? servers : clients, 0, &frame);
	build(back ? 2 : 1, IPPROTO_TCP, 4, 0);
	expect_pass(back, what);
	cr_assert_eq(ring_drain(back ? clients : servers), 0, "%s", what);
}

Test(examples, firewall_lets_services_pass)
{
	divide();
	for (int back = 0; back < 2; back++)
		for (int options = 0; options <= 40; options += 4) {
			build(back + 1, IPPROTO_TCP, 4, options);
			expect_pass(back, "TCP");
			build(back + 1, IPPROTO_UDP, 4, options);
			expect_pass(back, "UDP");
		}
}

Test(examples, firewall_drops_other_services)
{
	divide();
	for (int back = 0; back < 2; back++)
		for (int options = 0; options <= 40; options += 4) {
			build(back + 1, IPPROTO_TCP, 4, options);
			frame_put16(&frame, frame.transport + (back ? 0 : 2), 5202);
			expect_drop(back, "TCP of another service");
			build(back + 1, IPPROTO_UDP, 4, options);
			frame_put16(&frame, frame.transport, back ? 40000 : 5201);
			frame_put16(&frame, frame.transport + 2, back ? 5201 : 40000);
			expect_drop(back, "UDP with the service's number at the wrong end");
		}
}

Test(examples, firewall_knows_what_is_no_service)
{
	divide();
	frame_plain(&frame, 1, FRAME_EVERYONE, 0x0806, 60);
	expect_pass(false, "ARP");
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60);
	expect_drop(false, "neither IP nor ARP");
	build(1, IPPROTO_TCP, 6, 0);
	expect_drop(false, "IPv6");
	for (int type = 0; type < 20; type++) {
		build(1, IPPROTO_TCP, 4, 0);
		frame.bytes[frame.network + 9] = IPPROTO_ICMP;
		frame.bytes[frame.transport] = type;
		if (type == 0 || type == 8)
			expect_pass(false, "a ping");
		else
			expect_drop(false, "ICMP that is no ping");
	}
	build(1, IPPROTO_TCP, 4, 0);
	frame_put16(&frame, frame.network + 6, 0x2000);
	expect_drop(false, "the first fragment");
	frame_put16(&frame, frame.network + 6, 185);
	expect_drop(false, "a fragment");
	/* So that all buffers have the rest of this. */
	build(1, IPPROTO_TCP, 4, 40);
	for (int i = 0; i < VALE_SLOTS; i++)
		expect_pass(false, "TCP");
	frame.length = frame.transport + 3;
	expect_drop(false, "the service's number goes on behind the frame");
	build(1, IPPROTO_TCP, 4, 0);
	frame.bytes[frame.network] = 0x44;
	expect_drop(false, "a header that is too short");
}

Test(examples, firewall_counts)
{
	pid_t process = divide();
	char words[EXAMPLE_WORDS];

	for (int i = 0; i < 70; i++) {
		build(1, IPPROTO_TCP, 4, 0);
		expect_pass(false, "TCP");
	}
	for (int i = 0; i < 30; i++) {
		build(1, IPPROTO_TCP, 6, 0);
		expect_drop(false, "IPv6");
	}
	for (int i = 0; i < 5; i++) {
		build(2, IPPROTO_UDP, 4, 0);
		expect_pass(true, "UDP");
	}
	kill(process, SIGINT);
	cr_assert_eq(example_end(process, words), 0);
	cr_assert_str_eq(words, "firewall: vale1:f: 100 passed, 30 dropped\n"
				"firewall: vale2:f: 5 passed, 0 dropped\n");
}

/* ---- all --------------------------------------------------------------------------------------- */

Test(examples, end_when_their_port_is_deleted)
{
	static const char *const names[] = { "echo", "forward", "firewall" };
	char words[EXAMPLE_WORDS];

	for (int i = 0; i < 3; i++) {
		pid_t process = example_start(names[i], "vale1:f", i ? "vale2:f" : NULL, NULL);

		must("%s port del vale1:f --force", valectl());
		cr_assert_eq(example_end(process, words), 1, "%s: %s", names[i], words);
	}
}
