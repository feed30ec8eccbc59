// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Pipes: lossless, without a copy, and in the memory of their port. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_pipe, .init = sandbox_enter, .timeout = 120);

#define ALL(...) ((struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC, ##__VA_ARGS__ })

static void refuses(int error, const char *name, struct nmreq_register reg)
{
	int fd = netmap_bind(name, &reg);

	cr_assert_eq(fd, -error, "%s: %d, not -%s", name, fd, strerror(error));
}

Test(netmap_pipe, both_ways)
{
	struct netmap_port parent = netmap_open_all("vale1:a"), a, b;

	a = netmap_open_all("vale1:a{1");
	b = netmap_open_all("vale1:a}1");
	cr_assert_eq(a.reg.nr_tx_rings, 1);
	cr_assert_eq(a.reg.nr_tx_slots, b.reg.nr_rx_slots);
	cr_assert_eq(a.reg.nr_mem_id, parent.reg.nr_mem_id);
	for (int i = 0; i < 200; i++) {
		netmap_reaches(&a, &b, 1, 2);
		netmap_reaches(&b, &a, 2, 1);
	}
	cr_assert_eq(poll(&(struct pollfd){ .fd = parent.fd, .events = POLLIN }, 1, 50), 0,
		     "nothing goes by the switch");
}

/* Bytes stay where they were written: buffers are swapped, and are the parent's, too. */
Test(netmap_pipe, no_copy)
{
	struct netmap_port parent = netmap_open_all("vale1:a"), a = netmap_open_all("vale1:a{x"),
			   b = netmap_open_all("vale1:a}x"), other;
	uint32_t sent = netmap_tx(&a, 0)->slot[0].buf_idx, in_parent;
	static struct frame frame;
	struct netmap_ring *rx = netmap_rx(&b, 0), *tx = netmap_tx(&parent, 0);

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
	netmap_send(&a, &frame);
	cr_assert_eq(rx->slot[0].buf_idx, sent);
	/* What came by the pipe is sent by the port. */
	in_parent = tx->slot[0].buf_idx;
	cr_assert_eq(memcmp(NETMAP_BUF(tx, sent), frame.bytes, 100), 0);
	tx->slot[0].buf_idx = sent;
	tx->slot[0].len = 100;
	rx->slot[0].buf_idx = in_parent;
	tx->head = tx->cur = 1;
	other = netmap_open_all("vale1:other");
	ioctl(parent.fd, NIOCTXSYNC, NULL);
	netmap_expect(&other, &frame, "by the pipe and by the port");
	/* What was put there in its place comes back to who sent. */
	rx->head = rx->cur = 1;
	cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
	cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
	cr_assert_eq(netmap_tx(&a, 0)->slot[0].buf_idx, in_parent);
}

Test(netmap_pipe, nothing_is_lost)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");
	struct netmap_ring *tx = netmap_tx(&a, 0);
	int slots = a.reg.nr_tx_slots, sent = 0;
	static struct frame frame;

	for (; !nm_ring_empty(tx); sent++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60 + sent);
		netmap_send(&a, &frame);
	}
	cr_assert_eq(sent, slots - 1);
	cr_assert_eq(poll(&(struct pollfd){ .fd = a.fd, .events = POLLOUT }, 1, 50), 0);
	for (int i = 0; i < 3; i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 60 + i);
		netmap_expect(&b, &frame, "in order");
	}
	cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
	cr_assert_eq(poll(&(struct pollfd){ .fd = a.fd, .events = POLLOUT }, 1, 50), 1);
	cr_assert_eq(nm_ring_space(tx), 3);
}

/* Only frames that are whole are there for the other end. */
Test(netmap_pipe, whole_frames)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");
	struct netmap_ring *tx = netmap_tx(&a, 0);
	static struct frame frame, nothing;

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 5000);
	netmap_put(&a, 0, &frame);
	tx->head = tx->cur = tx->head - 1;
	cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
	cr_assert_not(netmap_take(&b, &nothing, 0));
	tx->head = tx->cur = tx->head + 1;
	cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
	netmap_expect(&b, &frame, "of several slots");
}

static int wait_for_frame(struct client_self *self, void *argument)
{
	struct netmap_port b = netmap_open_all(argument);
	static struct frame frame;
	int count = 0;

	(void)self;
	while (count < 500 && netmap_take(&b, &frame, 20000)) {
		count++;
		ioctl(b.fd, NIOCRXSYNC, NULL);
	}
	return count;
}

/* Each end in a process of its own, and both sleep when they must. */
Test(netmap_pipe, two_processes)
{
	struct client *client = client_start();
	struct netmap_port a = netmap_open_all("vale1:a{1");
	static struct frame frame;
	char name[] = "vale1:a}1";

	client_begin(client, wait_for_frame, name, sizeof(name));
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
	for (int i = 0; i < 500; i++) {
		if (i % 100 == 0)
			usleep(300000); /* it falls asleep */
		cr_assert_eq(poll(&(struct pollfd){ .fd = a.fd, .events = POLLOUT }, 1, 20000), 1);
		netmap_send(&a, &frame);
	}
	cr_assert_eq(client_result(client), 500);
	client_kill(client);
	netmap_open("vale1:a}1", ALL(.nr_flags = NR_EXCLUSIVE));
}

Test(netmap_pipe, names_and_errors)
{
	struct netmap_port a, b;

	refuses(EINVAL, "vale1:a{", ALL());
	refuses(EINVAL, "{1", ALL());
	refuses(EINVAL, "vale1:a{1", ((struct nmreq_register){ .nr_mode = NR_REG_NULL }));
	refuses(EINVAL, "vale1:a{1",
		((struct nmreq_register){ .nr_mode = NR_REG_ONE_NIC, .nr_ringid = 1 }));
	refuses(EINVAL, "vale1:a{anamethatislongerthanthirtyonebytes", ALL());
	refuses(ENXIO, "lo{1", ALL());
	a = netmap_open("vale1:a{1", ALL(.nr_flags = NR_EXCLUSIVE));
	refuses(EBUSY, "vale1:a{1", ALL());
	b = netmap_open_all("vale1:a}1");
	refuses(EBUSY, "vale1:a}1", ALL(.nr_flags = NR_EXCLUSIVE));
	netmap_reaches(&a, &b, 1, 2);
	/* A parent that nobody has made. */
	a = netmap_open_all("foo{1");
	b = netmap_open_all("foo}1");
	netmap_reaches(&a, &b, 1, 2);
}

static int compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return (first > second) - (first < second);
}

/* Whatever is sent when: no buffer is in two places, and none is lost. */
Test(netmap_pipe, buffers_stay_apart)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");
	struct netmap_ring *tx = netmap_tx(&a, 0), *rx = netmap_rx(&b, 0);
	static uint32_t before[1024], after[1024];
	uint32_t sent = 0, got = 0;

	for (int i = 0; i < 1024; i++)
		before[i] = tx->slot[i].buf_idx;
	for (int round = 0; round < 300; round++) {
		uint32_t room = nm_ring_space(tx), batch = round * 37 % 1024, there;

		for (uint32_t i = 0; i < (batch < room ? batch : room); i++) {
			struct netmap_slot *slot = &tx->slot[tx->head];

			memcpy(NETMAP_BUF(tx, slot->buf_idx), &sent, sizeof(sent));
			slot->len = 60 + sent++ % 1000;
			tx->head = tx->cur = nm_ring_next(tx, tx->head);
		}
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
		cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
		there = nm_ring_space(rx);
		cr_assert_eq(there, sent - got, "all that was sent and not taken");
		for (uint32_t i = 0; i < (round % 7 ? there / 2 : there); i++, got++) {
			const struct netmap_slot *slot = &rx->slot[rx->head];

			cr_assert_eq(memcmp(NETMAP_BUF(rx, slot->buf_idx), &got, sizeof(got)), 0);
			cr_assert_eq(slot->len, 60 + got % 1000);
			rx->head = rx->cur = nm_ring_next(rx, rx->head);
		}
	}
	rx->head = rx->cur = rx->tail;
	cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
	cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
	cr_assert_eq(nm_ring_space(tx), 1023);
	for (int i = 0; i < 1024; i++)
		after[i] = tx->slot[i].buf_idx;
	qsort(before, 1024, sizeof(before[0]), compare);
	qsort(after, 1024, sizeof(after[0]), compare);
	for (int i = 0; i < 1024; i++) {
		cr_assert_eq(before[i], after[i]);
		cr_assert(!i || before[i - 1] != before[i]);
	}
}

/* ---- threads ----------------------------------------------------------------------------------- */

#define FRAMES 4000000

static atomic_bool done;

/* What netmap's poll() does for who waits to receive: it sends, too. */
static void *poll_to_receive(void *argument)
{
	struct netmap_port *port = argument;

	while (!done)
		poll(&(struct pollfd){ .fd = port->fd, .events = POLLIN }, 1, 0);
	return NULL;
}

static void put_numbers(struct netmap_ring *tx, uint32_t *sent)
{
	for (int i = 0; i < 200 && *sent < FRAMES && !nm_ring_empty(tx); i++, ++*sent) {
		struct netmap_slot *slot = &tx->slot[tx->head];

		memcpy(NETMAP_BUF(tx, slot->buf_idx), sent, sizeof(*sent));
		slot->len = 60;
		tx->cur = nm_ring_next(tx, tx->head);
		__atomic_store_n(&tx->head, tx->cur, __ATOMIC_RELEASE);
	}
}

Test(netmap_pipe, one_sends_while_another_waits)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");
	struct netmap_ring *rx = netmap_rx(&b, 0);
	uint32_t sent = 0, got = 0, number;
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, poll_to_receive, &a), 0);
	while (got < FRAMES) {
		put_numbers(netmap_tx(&a, 0), &sent);
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
		cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
		for (; !nm_ring_empty(rx); got++) {
			memcpy(&number, NETMAP_BUF(rx, rx->slot[rx->head].buf_idx), sizeof(number));
			cr_assert_eq(number, got);
			rx->head = rx->cur = nm_ring_next(rx, rx->head);
		}
	}
	done = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

Test(netmap_pipe, rings_that_make_no_sense)
{
	static const uint32_t wrong[] = { 32, 1024, 77777, 0xffffffff };
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");

	for (int i = 0; i < 4; i++) {
		netmap_reaches(&a, &b, 1, 2);
		netmap_tx(&a, 0)->head = wrong[i];
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
		netmap_reaches(&a, &b, 1, 2);
		netmap_rx(&b, 0)->head = wrong[i];
		cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0);
		netmap_rx(&b, 0)->cur = wrong[i];
		netmap_tx(&a, 0)->cur = wrong[i];
		ioctl(a.fd, NIOCTXSYNC, NULL);
		ioctl(b.fd, NIOCRXSYNC, NULL);
	}
	netmap_reaches(&a, &b, 1, 2);
}
