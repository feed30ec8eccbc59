// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* How many slots pipes have, and how many pipes a port has room for. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_pipe_room, .init = sandbox_enter, .timeout = 120);

#define ALL(...) ((struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC, ##__VA_ARGS__ })

static void refuses(int error, const char *name, struct nmreq_register reg)
{
	int fd = netmap_bind(name, &reg);

	cr_assert_eq(fd, -error, "%s: %d, not -%s", name, fd, strerror(error));
}

static struct netmap_port with_slots(const char *name, uint32_t tx, uint32_t rx)
{
	return netmap_open(name, ALL(.nr_tx_slots = tx, .nr_rx_slots = rx));
}

static void has_slots(const struct netmap_port *port, uint32_t slots)
{
	cr_assert_eq(port->reg.nr_tx_slots, slots, "%u", port->reg.nr_tx_slots);
	cr_assert_eq(port->reg.nr_rx_slots, slots, "%u", port->reg.nr_rx_slots);
	cr_assert_eq(netmap_tx(port, 0)->num_slots, slots);
	cr_assert_eq(netmap_rx(port, 0)->num_slots, slots);
}

Test(netmap_pipe_room, as_many_slots_as_the_port)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1"),
			   small = with_slots("vale1:b", 128, 64), pipe;

	has_slots(&a, 1024);
	has_slots(&b, 1024);
	pipe = netmap_open_all("vale1:b{1");
	has_slots(&pipe, 128);
	/* One that its parent was there before. */
	netmap_open_all("vale1:c");
	pipe = netmap_open_all("vale1:c{1");
	has_slots(&pipe, 1024);
	netmap_close(&small);
}

Test(netmap_pipe_room, as_many_slots_as_asked_for)
{
	static const uint32_t asked[][3] = { { 1, 0, 8 },	{ 0, 16, 16 },	 { 100, 30, 128 },
					     { 256, 256, 256 }, { 512, 0, 512 }, { 0, 5000, 1024 } };
	struct netmap_port a, b;

	for (int i = 0; i < 6; i++) {
		a = with_slots("vale1:a{1", asked[i][0], asked[i][1]);
		has_slots(&a, asked[i][2]);
		b = with_slots("vale1:a}1", 64, 64); /* it is there, and of that size */
		has_slots(&b, asked[i][2]);
		netmap_reaches(&a, &b, 1, 2);
		netmap_close(&a);
		netmap_close(&b);
	}
}

/* A port that a program of netmap makes has room for two pipes, and some more in smaller ones. */
Test(netmap_pipe_room, room_of_a_port)
{
	struct netmap_port a = with_slots("vale1:a{1", 1024, 1024),
			   b = with_slots("vale1:a{2", 1024, 1024), c;

	refuses(ENOMEM, "vale1:a{3", ALL(.nr_tx_slots = 1024));
	refuses(ENOMEM, "vale1:a{3", ALL(.nr_rx_slots = 512));
	c = netmap_open_all("vale1:a{3");
	has_slots(&c, 256);
	netmap_close(&b);
	b = with_slots("vale1:a{2", 1024, 1024);
	netmap_close(&a);
	netmap_close(&b);
}

/* One that valectl makes has as much as it is told. */
Test(netmap_pipe_room, room_that_valectl_makes)
{
	struct netmap_port a, b, after;

	must("%s port add vale1:none", valectl());
	must("%s port add vale1:three --rings 2 --pipes 3 --spare 1", valectl());
	must("%s port add vale1:after --memory vale1:three", valectl());
	refuses(ENOMEM, "vale1:none{1", ALL(.nr_tx_slots = 1024));
	a = netmap_open_all("vale1:none{1");
	has_slots(&a, 64);
	b = netmap_open_all("vale1:none}1");
	netmap_reaches(&a, &b, 1, 2);
	for (char name[] = "vale1:three{1"; name[12] < '4'; name[12]++) {
		a = with_slots(name, 1024, 1024);
		has_slots(&a, 1024);
	}
	/* What the other port has of the memory is not theirs. */
	refuses(ENOMEM, "vale1:three{4", ALL(.nr_tx_slots = 1024));
	after = netmap_open_all("vale1:after");
	cr_assert_eq(after.reg.nr_mem_id, a.reg.nr_mem_id);
	cr_assert_eq(after.reg.nr_memsize, a.reg.nr_memsize);
	for (char name[] = "vale1:three}1"; name[12] < '4'; name[12]++) {
		b = netmap_open_all(name);
		name[11] = '{';
		a = netmap_open_all(name);
		name[11] = '}';
		netmap_reaches(&a, &b, 1, 2);
		netmap_reaches(&b, &a, 2, 1);
	}
	a = netmap_open_all("vale1:none");
	netmap_reaches(&a, &after, 1, 2);
	netmap_reaches(&after, &a, 2, 1);
}

/* Opens pipes until there is no room, and closes them; returns how many there were. */
static int fill_with_pipes(void)
{
	struct netmap_port a = netmap_open_all("vale1:a{1"), b = netmap_open_all("vale1:a}1");
	char name[] = "vale1:a{a";
	int fds[20], count;

	for (count = 0; count < 20; count++, name[8]++) {
		fds[count] = netmap_bind(name, NULL);
		if (fds[count] < 0)
			break;
	}
	cr_assert_eq(fds[count], -ENOMEM);
	for (int i = 0; i < count; i++)
		close(fds[i]);
	/* These go with some of their frames on the way. */
	netmap_reaches(&a, &b, 1, 2);
	for (int i = 0; i < 5; i++) {
		netmap_tx(&a, 0)->head = netmap_tx(&a, 0)->cur = i + 2;
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
	}
	netmap_close(&a);
	netmap_close(&b);
	return count;
}

/* Extra buffers leave pipes their room; all are there again when they are closed. */
Test(netmap_pipe_room, buffers_come_back)
{
	const struct nmreq_register extra = ALL(.nr_extra_bufs = 100000);
	struct netmap_port parent = netmap_open("vale1:a", extra), first, second;
	uint32_t all = parent.reg.nr_extra_bufs;
	int count;

	cr_assert_geq(all, 200);
	first = with_slots("vale1:a{1", 1024, 1024);
	second = with_slots("vale1:a{2", 1024, 1024);
	netmap_close(&parent);
	netmap_close(&first);
	parent = netmap_open_all("vale1:a");
	netmap_close(&second);
	count = fill_with_pipes();
	cr_assert_geq(count, 2);
	for (int tries = 0; tries < 3; tries++) {
		cr_assert_eq(fill_with_pipes(), count);
		second = netmap_open("vale1:a", extra);
		cr_assert_eq(second.reg.nr_extra_bufs, all);
		netmap_close(&second);
	}
}
