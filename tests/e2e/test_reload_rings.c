// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * New programs while clients have ports of rings open, send and receive: each frame comes once and in
 * its order, and the clients go over to the new programs by themselves.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/mixed.h"
#include "tests/lib/objects.h"
#include "tests/lib/pump.h"
#include "tests/lib/reloader.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

TestSuite(reload_rings, .init = sandbox_enter, .timeout = 580);

static const struct vale_open_options lossless = { .flags = VALE_OPEN_LOSSLESS };

/* ---- between rings ----------------------------------------------------------------------------- */

#define SENDERS	  2
#define RECEIVERS 2

static struct client *sender[SENDERS];
static struct pump pump[SENDERS];
static struct pump_receivers at = { .count = RECEIVERS };

/* Two send to two, and wait for room; all of it at full speed, and for as long as it takes. */
static void start_senders(const bool *stop)
{
	static const char *const names[SENDERS] = { "vale1:s1", "vale1:s2" };

	for (int i = 0; i < SENDERS; i++) {
		cr_assert_eq(client_open_with(sender[i], names[i], &lossless), 0, "%s",
			     client_reason(sender[i]));
		pump[i] = (struct pump){
			.from = 10 + i,
			.to = { 1, 2 },
			.stop = stop,
			.lossless = true,
			.longest = 3000,
			.seed = ring_seed(),
		};
		pump_start(sender[i], &pump[i]);
	}
}

static void receive_all(void)
{
	for (int i = 0; i < RECEIVERS; i++) {
		stream_receive(at.port[i], &at.stream[i]);
		cr_assert_eq(vale_rxsync(at.port[i], 0), 0);
	}
}

static long frames_received(void)
{
	return at.stream[0].frames + at.stream[1].frames;
}

Test(reload_rings, senders_and_receivers_at_full_speed)
{
	struct reloader reloader = {};
	bool *stop = pump_flag();
	long sent = 0;

	/* Receivers say nothing, and are not to be forgotten. */
	must("%s create vale1 --age 0", valectl());
	/* First, or they would have what the test has open. */
	for (int i = 0; i < SENDERS; i++)
		sender[i] = client_start();
	at.port[0] = ring_open("vale1:r1", NULL);
	at.port[1] = ring_open("vale1:r2", NULL);
	ring_introduce((struct vale_port *[]){ NULL, at.port[0], at.port[1] }, RECEIVERS);
	start_senders(stop);
	while (reloader_works(&reloader))
		receive_all();
	*stop = true;
	pump_receive(&at, sender, SENDERS);
	/* While all of them still have their ports. */
	reloader_expect_new(&reloader);
	for (int i = 0; i < SENDERS; i++)
		sent += pump_sent(&pump[i]);
	cr_log_info("%ld frames during %d reloads\n", sent, reloader.done);
	cr_assert_eq(frames_received(), sent);
	cr_assert_eq(at.stream[0].missing + at.stream[1].missing, 0);
	cr_assert_eq(ring_dropped("vale1:r1", VALE_DROP_FULL), 0);
	cr_assert_eq(client_number("vale1:r1"), 1);
	cr_assert_eq(client_number("vale1:s1"), 1);
	ring_expect_balance("vale1");
}

/* What has been sent already, behind frames that wait for room, is not sent again. */
Test(reload_rings, frames_that_wait)
{
	struct vale_open_options small = { .ring.rx_slots = 8 };
	struct vale_port *from = ring_open("vale1:s1", &lossless);
	struct stream full = {}, empty = {};
	struct vale_port *ports[3] = { NULL, ring_open("vale1:r1", &small),
				       ring_open("vale1:r2", NULL) };
	uint32_t number[2] = {};
	int answer;

	ring_introduce(ports, 2);
	ring_drain(from);
	for (int i = 0; i < 30; i++) {
		cr_assert_eq(stream_put(from, 0, 11, 1, &number[0], 1, 60), 1);
		cr_assert_eq(stream_put(from, 0, 12, 2, &number[1], 1, 60), 1);
	}
	cr_assert_eq(vale_txsync(from, 0), VALE_TX_BLOCKED);
	must("%s reload vale1", valectl());
	cr_assert_eq(stream_receive(ports[2], &empty), 30);
	do {
		answer = vale_txsync(from, 0);
		stream_receive(ports[1], &full);
	} while (answer == VALE_TX_BLOCKED);
	cr_assert_eq(answer, 0);
	stream_receive(ports[1], &full);
	cr_assert_eq(full.frames, 30);
	cr_assert_eq(stream_receive(ports[2], &empty), 0, "sent twice");
	ring_expect_balance("vale1");
}

/* ---- rings and interfaces ---------------------------------------------------------------------- */

static struct mixed mixed;
static struct frame frame;

/* From each host to each, and to all. */
static void exchange(unsigned int *count)
{
	static const int hosts[] = { 1, 2, MIXED_VETH, MIXED_TAP };

	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 4; j++) {
			char what[64];

			frame_plain(&frame, hosts[i], i == j ? FRAME_EVERYONE : hosts[j],
				    FRAME_TYPE_OURS, 60 + ++*count % 1000);
			frame_put16(&frame, 14, *count);
			snprintf(what, sizeof(what), "frame %u from %d to %d", *count, hosts[i],
				 i == j ? -1 : hosts[j]);
			mixed_send(&mixed, hosts[i], &frame);
			for (int to = 0; to < 4; to++)
				if (to != i && (i == j || to == j))
					mixed_expect(&mixed, hosts[to], &frame, what);
		}
	}
}

Test(reload_rings, rings_and_interfaces)
{
	struct reloader reloader = {};
	unsigned int count = 0;

	mixed_add_veth(&mixed, 1500);
	mixed_add_tap(&mixed, 1500);
	mixed_open(&mixed);
	while (reloader_works(&reloader))
		exchange(&count);
	mixed_expect_none(&mixed, "at the end");
	cr_log_info("%u frames during %d reloads\n", count, reloader.done);
	reloader_expect_new(&reloader);
	ring_expect_balance("vale1");
}

/* ---- AF_XDP, and the host ---------------------------------------------------------------------- */

static void send_and_expect(struct vale_port *from, struct vale_port *to, int hosts[2])
{
	static unsigned int count;

	frame_plain(&frame, hosts[0], hosts[1], FRAME_TYPE_OURS, 60 + ++count % 1000);
	frame_put16(&frame, 14, count);
	ring_send(from, 0, &frame);
	ring_expect(to, &frame, "during a reload");
}

Test(reload_rings, an_af_xdp_client_and_the_host)
{
	static const struct vale_open_options xsk = { .transport = VALE_TRANSPORT_XSK };
	static struct arrival arrival;
	struct reloader reloader = {};
	struct vale_port *ring, *sockets;
	int host;

	traffic_quiet();
	ring = ring_open("vale1:ring", NULL);
	sockets = ring_open("vale1:xsk", &xsk);
	must("%s host vale1:lan lan0 && ip link set dev lan0 promisc on", valectl());
	host = traffic_open(NULL, "lan0", FRAME_TYPE_OURS);
	send_and_expect(ring, sockets, (int[]){ 1, FRAME_EVERYONE });
	send_and_expect(sockets, ring, (int[]){ 2, FRAME_EVERYONE });
	cr_assert_eq(traffic_count(host, 200), 2);
	while (reloader_works(&reloader)) {
		send_and_expect(ring, sockets, (int[]){ 1, 2 });
		send_and_expect(sockets, ring, (int[]){ 2, 1 });
		frame_plain(&frame, 3, 1, FRAME_TYPE_OURS, 60);
		cr_assert_eq(traffic_send(host, &frame, 1), 1);
		ring_expect(ring, &frame, "from the host");
		frame_plain(&frame, 2, 3, FRAME_TYPE_OURS, 60);
		ring_send(sockets, 0, &frame);
		cr_assert(traffic_receive(host, &arrival, 5000), "to the host");
		frame_expect(&frame, &arrival.frame, "to the host");
	}
	reloader_expect_new(&reloader);
	cr_assert_eq(ring_drain(ring) + ring_drain(sockets) + traffic_count(host, 0), 0);
}

/* ---- clients that cannot follow ---------------------------------------------------------------- */

static int hide_pins(struct client_self *self, void *argument)
{
	(void)argument;
	strcpy(self->port->bpffs, "/nowhere");
	return 0;
}

/* They go on with what they have, until they end. */
Test(reload_rings, a_client_that_does_not_see_the_pins)
{
	struct client *blind = client_start(), *other = client_start();
	int fds[2];

	client_opens(blind, "vale1:a", 0);
	client_opens(other, "vale1:b", 0);
	cr_assert(client_reaches(blind, other, 1, 2));
	cr_assert_eq(client_do(blind, hide_pins, NULL, 0), 0);
	fds[0] = client_fds(blind);
	fds[1] = client_fds(other);
	objects_remember();
	must("%s reload vale1", valectl());
	for (int i = 0; i < 3; i++) {
		cr_assert(client_reaches(blind, other, 1, 2));
		cr_assert(client_reaches(other, blind, 2, 1));
	}
	cr_assert_eq(client_fds(blind), fds[0]);
	cr_assert_eq(client_fds(other), fds[1]);
	client_end(blind);
	cr_assert(objects_programs_are_replaced());
	cr_assert_eq(client_number("vale1:b"), 1);
}

/* An owner without privileges follows: the pins are its own as before. */
Test(reload_rings, a_client_of_another_user)
{
	struct client *nobody = client_start_as(NOBODY, NOBODY, NOBODY), *other = client_start();
	char *files;

	must("%s port add vale1:a --owner %d:%d --mode 0660", valectl(), NOBODY, NOBODY);
	files = strdup(must("ls -ln --time-style=+ /sys/fs/bpf/vale/vale1/port/a").text);
	client_opens(nobody, "vale1:a", 0);
	client_opens(other, "vale1:b", 0);
	objects_remember();
	must("%s reload vale1", valectl());
	cr_assert(client_reaches(nobody, other, 1, 2));
	cr_assert(client_reaches(other, nobody, 2, 1));
	cr_assert(objects_programs_are_replaced());
	cr_assert_str_eq(must("ls -ln --time-style=+ /sys/fs/bpf/vale/vale1/port/a").text, files);
	cr_assert_eq(client_close(nobody), 0);
	cr_assert_eq(client_number("vale1:a"), 0);
	client_opens(nobody, "vale1:a", 0);
	free(files);
}
