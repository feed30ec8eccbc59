// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports that share a memory: what one has received, another one sends, without a copy. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct frame frame, got;

TestSuite(ring_memory, .init = sandbox_enter, .timeout = 120);

static struct vale_port *with_spare(const char *name, __u32 rings, __u32 spare)
{
	return ring_open(name,
			 &(struct vale_open_options){ .ring = { .rings = rings, .spare = spare } });
}

static struct vale_port *sharing(const char *name, const char *other, __u32 rings)
{
	return ring_open(
		name, &(struct vale_open_options){ .ring = { .rings = rings, .memory = other } });
}

/* What is at the head of the rx ring is sent by the tx ring of the other port. */
static __u32 send_on(struct vale_port *from, struct vale_port *to)
{
	struct vale_ring *rx = vale_rx_ring(from, 0), *tx = vale_tx_ring(to, 0);
	struct vale_slot *in, *out;
	__u32 buffer;

	cr_assert_eq(vale_rxsync(from, 0), 0);
	cr_assert(vale_ring_space(rx));
	in = &rx->slot[rx->head];
	out = &tx->slot[tx->head];
	buffer = in->buf_idx;
	in->buf_idx = out->buf_idx;
	out->buf_idx = buffer;
	out->len = in->len;
	out->flags = 0;
	rx->head = rx->cur = vale_ring_next(rx, rx->head);
	tx->head = tx->cur = vale_ring_next(tx, tx->head);
	cr_assert_eq(vale_txsync(to, 0), 0);
	return buffer;
}

/* Enough frames for every buffer to change places more than once. */
static void pass_on(struct vale_port *in, struct vale_port *out)
{
	struct vale_port *source = ring_open("vale1:source", NULL);
	struct vale_port *sink = ring_open("vale2:sink", NULL);

	for (int i = 0; i < 3 * VALE_SLOTS; i++) {
		frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60 + i % 1900);
		frame.bytes[20] = i;
		ring_send(source, 0, &frame);
		send_on(in, out);
		ring_expect(sink, &frame, "passed on");
	}
	cr_assert_eq(port_counter("vale2:sink", "dropped"), 0);
	vale_port_close(source);
	vale_port_close(sink);
}

Test(ring_memory, buffers_are_swapped_between_ports_of_two_switches)
{
	struct vale_port *a = with_spare("vale1:a", 1, 1), *b = sharing("vale2:b", "vale1:a", 1);

	cr_assert(vale_port_shares_memory(a, b));
	pass_on(a, b);
}

Test(ring_memory, whichever_port_came_first)
{
	struct vale_port *b = with_spare("vale2:b", 2, 3), *a = sharing("vale1:a", "vale2:b", 3);

	pass_on(a, b);
}

Test(ring_memory, a_port_alone_has_none_of_another_s)
{
	struct vale_port *a = with_spare("vale1:a", 1, 0), *b = with_spare("vale2:b", 1, 0);
	struct vale_port *source = ring_open("vale1:source", NULL);
	struct vale_port *sink = ring_open("vale2:sink", NULL);

	cr_assert_not(vale_port_shares_memory(a, b));
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 100);
	ring_send(source, 0, &frame);
	/* The buffer of that index is its own, with whatever is in it: no frame of vale1's. */
	send_on(a, b);
	cr_assert(!ring_take(sink, 0, &got) || !frame_equal(&got, &frame));
}

/* ---- regions ----------------------------------------------------------------------------------- */

static __u32 region_of(struct vale_port *port, __u32 pair)
{
	return vale_tx_ring(port, pair)->slot[0].buf_idx / VALE_REGION_UNITS;
}

Test(ring_memory, each_pair_has_a_region_of_its_own)
{
	struct vale_port *a = with_spare("vale1:a", 2, 4), *b = sharing("vale2:b", "vale1:a", 1);
	struct vale_port *c = sharing("vale1:c", "vale2:b", 2);

	cr_assert_eq(region_of(a, 0), 0);
	cr_assert_eq(region_of(a, 1), 1);
	cr_assert_eq(region_of(b, 0), 2);
	cr_assert_eq(region_of(c, 0), 3);
	cr_assert_eq(region_of(c, 1), 4);
	vale_port_close(b);
	/* Two pairs are not in the one before, nor in the one behind. */
	refused(1, "it has no room for 2 more pairs of rings",
		"port add vale2:d --memory vale1:a --rings 2");
	b = sharing("vale2:b", "vale1:c", 1);
	cr_assert_eq(region_of(b, 0), 2);
}

Test(ring_memory, it_outlives_the_port_it_was_made_for)
{
	struct vale_port *a = with_spare("vale1:a", 1, 1), *b = sharing("vale2:b", "vale1:a", 1);

	vale_port_close(a);
	cr_assert_not(strstr(must("%s list vale2", valectl()).text, "vale1:a"));
	a = sharing("vale1:a", "vale2:b", 1);
	cr_assert_eq(region_of(a, 0), 0);
	pass_on(a, b);
}

/* ---- valectl ----------------------------------------------------------------------------------- */

static long long member(const char *port, const char *name)
{
	json_t *document = valectl_json("show %s", port);
	long long value = json_integer_value(json_object_get(document, name));

	json_decref(document);
	return value;
}

Test(ring_memory, of_ports_that_valectl_adds)
{
	long long alone;

	must("%s port add vale1:a --spare 1", valectl());
	must("%s port add vale2:b --memory vale1:a", valectl());
	must("%s port add vale2:c", valectl());
	cr_assert_eq(member("vale1:a", "memory_id"), member("vale2:b", "memory_id"));
	cr_assert_neq(member("vale1:a", "memory_id"), member("vale2:c", "memory_id"));
	/* Each is told what its rings take of it: but for a page, what a port alone takes. */
	alone = member("vale2:c", "memory");
	cr_assert_leq(llabs(member("vale1:a", "memory") - alone), 4096);
	cr_assert_leq(llabs(member("vale2:b", "memory") - alone), 4096);
	cr_assert_eq(member("vale2:c", "pipes"), 0);
	must("%s port add vale2:d --pipes 2", valectl());
	cr_assert_eq(member("vale2:d", "pipes"), 2);
	cr_assert_geq(member("vale2:d", "memory"), alone + 2 * (long long)VALE_REGION_SIZE);
	pass_on(ring_open("vale1:a", NULL), ring_open("vale2:b", NULL));
}

static __u32 first_region(const char *name)
{
	return region_of(ring_open(name, NULL), 0);
}

/* Ports that share a memory have the room for pipes each for itself. */
Test(ring_memory, room_for_pipes)
{
	must("%s port add vale1:a --pipes 2 --spare 6", valectl());
	must("%s port add vale1:b --memory vale1:a --rings 2 --pipes 1", valectl());
	must("%s port add vale1:c --memory vale1:b", valectl());
	must("%s port add vale1:d --memory vale1:a", valectl());
	cr_assert_eq(first_region("vale1:a"), 0);
	cr_assert_eq(first_region("vale1:b"), 3);
	cr_assert_eq(first_region("vale1:c"), 6);
	cr_assert_eq(first_region("vale1:d"), 7);
	refused(1, "it has no room for 2 more pairs",
		"port add vale1:e --memory vale1:a --pipes 1");
	must("%s port add vale1:e --memory vale1:a", valectl());
}

Test(ring_memory, what_cannot_be_shared_is_refused)
{
	char *before;

	must("%s port add vale1:a --rings 8 --spare 8", valectl());
	must("%s port add vale1:alone", valectl());
	container("c1", 1);
	must("%s attach vale1:d c1 && %s create vale2", valectl(), valectl());
	before = bpffs_files();
	refused(1, "there is no such port", "port add vale1:b --memory vale1:x");
	refused(1, "there is no switch 'vale9'", "port add vale1:b --memory vale9:a");
	refused(1, "it is a network interface's port", "port add vale1:b --memory vale1:d");
	refused(1, "it has no room for 1 more pairs", "port add vale1:b --memory vale1:alone");
	refused(1, "it has no room for 1 more pairs", "port add vale2:b --memory vale1:alone");
	refused(1, "a memory has room for 16 pairs", "port add vale1:b --rings 8 --spare 9");
	refused(1, "a memory has room for 16 pairs",
		"port add vale1:b --rings 8 --spare 5 --pipes 4");
	refused(1, "it has no room for 9 more pairs",
		"port add vale1:b --memory vale1:a --rings 8 --pipes 1");
	refused(1, "one that is shared has the room it was made with",
		"port add vale1:b --memory vale1:a --spare 1");
	refused(2, "it is no number of these", "port add vale1:b --spare x");
	bpffs_unchanged(before);
	must("%s port add vale1:b --memory vale1:a --rings 8", valectl());
}
