// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports that are bound to addresses: their clients can send from no other, whatever they try. */
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

/* Host 1 and host 2 may be behind vale1:bound, which is nobody's. */
static struct client *bound, *other;

static void a_bound_port(void)
{
	char first[18];

	sandbox_enter();
	traffic_quiet();
	snprintf(first, sizeof(first), "%s", frame_address_text(1));
	must("%s port add vale1:bound --owner nobody --mac %s,%s", valectl(), first,
	     frame_address_text(2));
	must("%s port add vale1:free --owner nobody", valectl());
	bound = client_start_as(NOBODY, NOBODY, NOBODY);
	other = client_start();
	client_opens(bound, "vale1:bound", 0);
	client_opens(other, "vale1:other", 0);
}

TestSuite(port_bound, .init = a_bound_port, .timeout = 240);

Test(port_bound, sends_from_its_addresses_only)
{
	cr_assert(client_reaches(bound, other, 1, 5));
	cr_assert(client_reaches(bound, other, 2, 5));
	cr_assert_eq(client_send(bound, 3, 5, 10), 0);
	cr_assert_eq(client_count(other, 200), 0);
	cr_assert_eq(port_counter("vale1:bound", "drops.spoofed"), 10);
	must("%s stats vale1:bound | grep 'spoofed 10'", valectl());
	must("%s show vale1:bound | grep '^note: .*(spoofed)$'", valectl());
	/* It receives whatever there is. */
	cr_assert(client_reaches(other, bound, 5, 1));
	cr_assert(client_reaches(other, bound, 5, 7));
}

/* The twin. */
Test(port_bound, who_is_not_bound_sends_from_any)
{
	struct client *client = client_start_as(NOBODY, NOBODY, NOBODY);

	client_opens(client, "vale1:free", 0);
	cr_assert(client_reaches(client, other, 3, 5));
	cr_assert_eq(port_counter("vale1:free", "drops.spoofed"), 0);
}

/* An address of others is not learned at the port, and so nobody's frames are taken away. */
Test(port_bound, takes_nobodys_frames)
{
	struct client *victim = client_start();

	client_opens(victim, "vale1:victim", 0);
	cr_assert(client_reaches(victim, other, 9, 5));
	cr_assert(client_reaches(other, victim, 5, 9));
	cr_assert_eq(client_send(bound, 9, 5, 100), 0);
	client_count(bound, 0);
	cr_assert(client_reaches(other, victim, 5, 9));
	cr_assert_eq(client_count(bound, 200), 0);
}

Test(port_bound, to_devices)
{
	struct arrival arrival;
	struct frame frame;
	int socket;

	container("c", 9);
	must("%s attach vale1:dev c", valectl());
	socket = traffic_open("c", "eth0", FRAME_TYPE_OURS);
	cr_assert_eq(client_send(bound, 3, 9, 5), 0);
	cr_assert_eq(client_send(bound, 1, 9, 1), 0);
	cr_assert(traffic_receive(socket, &arrival, 5000));
	frame_plain(&frame, 1, 9, FRAME_TYPE_OURS, 60);
	cr_assert(frame_equal(&frame, &arrival.frame));
	cr_assert_not(traffic_receive(socket, &arrival, 200));
	cr_assert_eq(port_counter("vale1:bound", "drops.spoofed"), 5);
}

/* ---- an address that changes while the frame is sent ----------------------------------------------- */

struct changing {
	struct vale_port *port;
	volatile bool stop;
};

static void *change_addresses(void *argument)
{
	struct changing *changing = argument;
	struct vale_ring *ring = vale_tx_ring(changing->port, 0);

	for (__u32 i = 0; !changing->stop; i++)
		for (__u32 slot = 0; slot < ring->num_slots; slot++)
			vale_ring_buffer(ring, ring->slot[slot].buf_idx)[11] = i & 1 ? 3 : 1;
	return NULL;
}

static int send_while_they_change(struct client_self *self, void *argument)
{
	struct changing changing = { .port = self->port };
	static struct frame frame;
	pthread_t thread;

	(void)argument;
	frame_plain(&frame, 1, 5, FRAME_TYPE_OURS, 60);
	if (pthread_create(&thread, NULL, change_addresses, &changing))
		return -1;
	for (int i = 0; i < 4000; i++) {
		while (!vale_inject(self->port, 0, frame.bytes, frame.length))
			;
		vale_txsync(self->port, 0);
	}
	changing.stop = true;
	pthread_join(thread, NULL);
	return 0;
}

struct seen {
	int own, others;
};

/* Until nothing comes any more. */
static int look_at_sources(struct client_self *self, void *argument)
{
	struct seen *seen = argument;
	const unsigned char *frame;
	__u32 length;

	do
		while ((frame = vale_next_frame(self->port, &length)))
			*(frame[11] == 1 ? &seen->own : &seen->others) += 1;
	while (vale_port_poll(self->port, POLLIN, 1000) > 0);
	return 0;
}

/* What arrives has the address that was checked. */
Test(port_bound, an_address_that_changes_meanwhile)
{
	struct seen seen = {};

	/* Until both were seen by the switch, often. */
	for (int round = 0; round < 30 && port_counter("vale1:bound", "drops.spoofed") < 10000;
	     round++) {
		client_begin(other, look_at_sources, &seen, sizeof(seen));
		cr_assert_eq(client_do(bound, send_while_they_change, NULL, 0), 0);
		client_result(other);
	}
	cr_assert_eq(seen.others, 0, "%d of %d", seen.others, seen.own);
	cr_assert_gt(seen.own, 10000);
	cr_assert_geq(port_counter("vale1:bound", "drops.spoofed"), 10000, "there was no race");
}
