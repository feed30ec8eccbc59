// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Programs that use netmap's libnetmap. */
#include <errno.h>
#include <libnetmap.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/frame.h"
#include "tests/lib/sandbox.h"

static char told[1000];

static void tell(struct nmctx *ctx, const char *message)
{
	(void)ctx;
	snprintf(told, sizeof(told), "%s", message);
}

static void enter(void)
{
	sandbox_enter();
	nmctx_get()->error = tell;
}

TestSuite(netmap_lib, .init = enter, .timeout = 120);

static struct nmport_d *open_port(const char *spec)
{
	struct nmport_d *d = nmport_open(spec);

	cr_assert(d, "%s: %s", spec, told);
	return d;
}

static struct frame a_frame(int from, int to, size_t length)
{
	struct frame frame;

	frame_plain(&frame, from, to, 0x88b5, length);
	return frame;
}

static void send_frame(struct nmport_d *d, const struct frame *frame)
{
	cr_assert_eq(nmport_inject(d, frame->bytes, frame->length), (int)frame->length);
	cr_assert_eq(ioctl(d->fd, NIOCTXSYNC, NULL), 0);
}

/* The next frame of any rx ring, of one slot. */
static struct netmap_slot *next_slot(struct nmport_d *d, struct netmap_ring **in)
{
	struct pollfd wait = { .fd = d->fd, .events = POLLIN };

	cr_assert_eq(poll(&wait, 1, 2000), 1, "nothing came");
	for (int i = d->first_rx_ring; i <= d->last_rx_ring; i++) {
		*in = NETMAP_RXRING(d->nifp, i);
		if (!nm_ring_empty(*in))
			return &(*in)->slot[(*in)->head];
	}
	cr_assert_fail("no ring has anything");
	return NULL;
}

static void expect_frame(struct nmport_d *d, const struct frame *frame)
{
	struct netmap_ring *ring;
	struct netmap_slot *slot = next_slot(d, &ring);

	cr_assert_eq(slot->len, frame->length);
	cr_assert_eq(memcmp(NETMAP_BUF(ring, slot->buf_idx), frame->bytes, frame->length), 0);
	ring->head = ring->cur = nm_ring_next(ring, ring->head);
}

Test(netmap_lib, frames_go_from_port_to_port)
{
	struct nmport_d *a = open_port("vale0:a"), *b = open_port("vale0:b");
	struct frame frame = a_frame(1, 9, 60), answer = a_frame(2, 1, 1000);

	cr_assert_eq(a->first_tx_ring, 0);
	cr_assert_eq(a->last_tx_ring, 0);
	send_frame(a, &frame);
	expect_frame(b, &frame);
	send_frame(b, &answer);
	expect_frame(a, &answer);
	nmport_close(a);
	nmport_close(b);
	nmport_close(NULL);
}

Test(netmap_lib, a_frame_of_several_slots)
{
	struct nmport_d *a = open_port("vale0:a"), *b = open_port("vale0:b");
	struct frame frame = a_frame(1, 9, 60);
	char large[5000];
	size_t got = 0;

	memset(large, 'x', sizeof(large));
	memcpy(large, frame.bytes, frame.length);
	cr_assert_eq(nmport_inject(a, large, sizeof(large)), (int)sizeof(large));
	cr_assert_eq(ioctl(a->fd, NIOCTXSYNC, NULL), 0);
	for (bool more = true; more;) {
		struct netmap_ring *ring;
		struct netmap_slot *slot = next_slot(b, &ring);

		cr_assert_eq(memcmp(NETMAP_BUF(ring, slot->buf_idx), large + got, slot->len), 0);
		got += slot->len;
		more = slot->flags & NS_MOREFRAG;
		ring->head = ring->cur = nm_ring_next(ring, ring->head);
	}
	cr_assert_eq(got, sizeof(large));
	nmport_close(a);
	nmport_close(b);
}

Test(netmap_lib, a_full_ring_takes_no_frame)
{
	struct nmport_d *a = open_port("vale0:a@conf:slots=64");
	struct frame frame = a_frame(1, 9, 60);
	char large[3 * 2048 + 1] = "";
	int count = 0;

	cr_assert_eq(nmport_inject(a, large, sizeof(large)), (int)sizeof(large));
	while (nmport_inject(a, frame.bytes, frame.length))
		count++;
	cr_assert_eq(count, 63 - 4);
	cr_assert_eq(ioctl(a->fd, NIOCTXSYNC, NULL), 0);
	cr_assert_eq(nmport_inject(a, frame.bytes, frame.length), 60);
	nmport_close(a);
}

Test(netmap_lib, a_memory_is_mapped_once_and_its_buffers_change_places)
{
	struct nmport_d *a, *b, *apart, *peer, *sender;
	struct frame frame = a_frame(1, 9, 60);
	struct netmap_ring *tx, *rx;
	struct netmap_slot *slot;
	uint32_t buffer;

	must("%s port add vale0:a --spare 1", valectl());
	must("%s port add vale1:b --memory vale0:a", valectl());
	a = open_port("vale0:a");
	b = open_port("vale1:b@share=vale0:a");
	apart = open_port("vale1:a");
	peer = open_port("vale1:c");
	sender = open_port("vale0:d");
	cr_assert_eq(a->mem, b->mem);
	cr_assert_neq(a->mem, apart->mem);
	cr_assert_eq(a->mem->refcount, 2);
	send_frame(sender, &frame);
	slot = next_slot(a, &rx);
	tx = NETMAP_TXRING(b->nifp, b->first_tx_ring);
	buffer = tx->slot[tx->head].buf_idx;
	tx->slot[tx->head].buf_idx = slot->buf_idx;
	tx->slot[tx->head].len = slot->len;
	tx->slot[tx->head].flags = NS_BUF_CHANGED;
	slot->buf_idx = buffer;
	slot->flags = NS_BUF_CHANGED;
	tx->head = tx->cur = nm_ring_next(tx, tx->head);
	rx->head = rx->cur = nm_ring_next(rx, rx->head);
	cr_assert_eq(ioctl(a->fd, NIOCRXSYNC, NULL), 0);
	cr_assert_eq(ioctl(b->fd, NIOCTXSYNC, NULL), 0);
	expect_frame(peer, &frame);
	nmport_close(a);
	cr_assert_eq(b->mem->refcount, 1);
	nmport_close(b);
	nmport_close(apart);
	nmport_close(peer);
	nmport_close(sender);
	cr_assert_null(nmctx_get()->mem_descs);
}

Test(netmap_lib, both_ends_of_a_pipe)
{
	struct nmport_d *parent = open_port("vale0:a"), *from = open_port("vale0:a{1");
	struct nmport_d *to = open_port("vale0:a}1");
	struct frame frame = a_frame(1, 2, 60);

	cr_assert_eq(parent->mem, from->mem);
	cr_assert_eq(parent->mem, to->mem);
	send_frame(from, &frame);
	expect_frame(to, &frame);
	nmport_close(from);
	nmport_close(to);
	nmport_close(parent);
}

Test(netmap_lib, a_port_is_described_before_it_is_opened)
{
	struct nmport_d *d = nmport_prepare("vale0:a@conf:rings=2,slots=128"), *clone;

	cr_assert(d);
	d->reg.nr_extra_bufs = 3;
	cr_assert_eq(nmport_mmap(d), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(nmport_open_desc(d), 0, "%s", told);
	cr_assert_eq(d->reg.nr_extra_bufs, 3);
	cr_assert_neq(d->nifp->ni_bufs_head, 0);
	cr_assert_eq(d->last_tx_ring, 1);
	cr_assert_eq(NETMAP_TXRING(d->nifp, 1)->num_slots, 128);
	cr_assert_eq(nmport_register(d), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(nmport_mmap(d), -1);

	clone = nmport_clone(d);
	cr_assert(clone);
	clone->reg.nr_mode = NR_REG_ONE_NIC;
	clone->reg.nr_ringid = 1;
	clone->reg.nr_flags |= NR_RX_RINGS_ONLY;
	cr_assert_eq(nmport_open_desc(clone), 0, "%s", told);
	cr_assert_eq(clone->mem, d->mem);
	cr_assert_eq(clone->first_rx_ring, 1);
	cr_assert_eq(clone->last_rx_ring, 1);
	cr_assert_gt(clone->first_tx_ring, clone->last_tx_ring);
	cr_assert_eq(nmport_inject(clone, told, 60), 0, "it has no tx rings");
	nmport_close(clone);
	nmport_undo_open_desc(d);
	cr_assert_eq(d->fd, -1);
	nmport_undo_prepare(d);
}

static const struct refusal {
	const char *spec;
	int error;
	const char *message;
} refusals[] = {
	{ "vale0:a/x", EBUSY, "vale0:a: Device or resource busy" },
	{ "netmap:nothing", ENXIO, "nothing: No such device or address" },
	{ "vale0:b@share=netmap:nothing", ENXIO, "cannot get info for 'netmap:nothing'" },
	{ "vale0:b@share=vale0:a", EINVAL, "vale0:b: Invalid argument" },
	{ "vale0:b@extmem=/dev/zero", EINVAL, "/dev/zero" },
	{ "vale0:b@offset=8", EOPNOTSUPP, "vale0:b: option offsets: " },
};

enum { REFUSALS = sizeof(refusals) / sizeof(refusals[0]) };

/* How many of them are opened nevertheless. */
static int do_refused(struct client_self *self, void *argument)
{
	int opened = 0;

	(void)self;
	(void)argument;
	nmport_enable_option("offset");
	for (int i = 0; i < REFUSALS; i++)
		opened += nmport_open(refusals[i].spec) != NULL;
	return opened;
}

Test(netmap_lib, what_dev_netmap_refuses_is_told)
{
	struct nmport_d *d = open_port("vale0:a");
	/* A process of its own: criterion's threads open files in this one. */
	struct client *client = client_start();
	int files = client_fds(client);

	cr_assert_eq(nmport_enable_option("offset"), 0);
	for (int i = 0; i < REFUSALS; i++) {
		const struct refusal *refusal = &refusals[i];

		told[0] = '\0';
		errno = 0;
		cr_assert_null(nmport_open(refusal->spec), "%s", refusal->spec);
		cr_assert_eq(errno, refusal->error, "%s: %d", refusal->spec, errno);
		cr_assert(strstr(told, refusal->message), "%s: %s", refusal->spec, told);
	}
	cr_assert_eq(client_do(client, do_refused, NULL, 0), 0);
	cr_assert_eq(client_fds(client), files, "files were left open");
	nmport_close(d);
}
