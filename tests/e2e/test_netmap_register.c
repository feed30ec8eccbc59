// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Programs of netmap and requests: what binds a file descriptor to a port, and how. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_register, .init = sandbox_enter, .timeout = 120);

#define ALL(...)	((struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC, ##__VA_ARGS__ })
#define MODE(mode, ...) ((struct nmreq_register){ .nr_mode = mode, ##__VA_ARGS__ })

static void refuses(int error, const char *name, struct nmreq_register reg)
{
	int fd = netmap_bind(name, &reg);

	cr_assert_eq(fd, -error, "%s: %d, not -%s", name, fd, strerror(error));
}

static bool exists(const char *port)
{
	return !run("%s show %s", valectl(), port).status;
}

Test(netmap_register, port_comes_and_goes)
{
	struct netmap_port port = netmap_open_all("vale1:a");

	cr_assert_str_eq(port.interface->ni_name, "vale1:a");
	cr_assert_eq(port.interface->ni_version, NETMAP_API);
	cr_assert_eq(port.interface->ni_flags, NI_PRIV_MEM);
	cr_assert_eq(port.interface->ni_tx_rings, 1);
	cr_assert_eq(port.interface->ni_rx_rings, 1);
	cr_assert_eq(port.interface->ni_host_tx_rings, 1);
	cr_assert_eq(port.interface->ring_ofs[1], 0, "the host's ring is not bound");
	cr_assert_eq(port.reg.nr_tx_slots, 1024);
	cr_assert_eq(port.reg.nr_rx_slots, 1024);
	cr_assert_geq(port.reg.nr_mem_id, 2);
	cr_assert(exists("vale1:a"));
	netmap_close(&port);
	cr_assert_not(exists("vale1:a"));
	cr_assert_not(exists("vale1"));
}

/* As netmap leaves it: all tx slots are the program's, no rx slot is. */
Test(netmap_register, rings_at_first)
{
	struct netmap_port port = netmap_open_all("vale1:a");
	struct netmap_ring *tx = netmap_tx(&port, 0), *rx = netmap_rx(&port, 0);

	cr_assert_eq(tx->dir, 1);
	cr_assert_eq(rx->dir, 0);
	cr_assert_eq(tx->head, 0);
	cr_assert_eq(tx->cur, 0);
	cr_assert_eq(tx->tail, 1023);
	cr_assert_eq(rx->head, 0);
	cr_assert_eq(rx->cur, 0);
	cr_assert_eq(rx->tail, 0);
	cr_assert_eq(tx->nr_buf_size, 2048);
	cr_assert_not(nm_tx_pending(tx));
	for (int i = 0; i < 1024; i++) {
		char *buffer = NETMAP_BUF(tx, tx->slot[i].buf_idx);

		cr_assert_geq(tx->slot[i].buf_idx, 2);
		cr_assert_eq(tx->slot[i].len, 2048);
		cr_assert_geq(buffer, port.memory);
		cr_assert_leq(buffer + 2048, port.memory + port.reg.nr_memsize);
		cr_assert_eq(NETMAP_BUF_IDX(tx, buffer), tx->slot[i].buf_idx);
	}
}

Test(netmap_register, sizes_are_granted_or_the_nearest)
{
	struct netmap_port port = netmap_open(
		"vale1:a", ALL(.nr_tx_slots = 100, .nr_rx_slots = 5000, .nr_tx_rings = 3));

	cr_assert_eq(port.reg.nr_tx_slots, 128);
	cr_assert_eq(port.reg.nr_rx_slots, 1024);
	cr_assert_eq(port.reg.nr_tx_rings, 3);
	cr_assert_eq(port.reg.nr_rx_rings, 3);
	cr_assert_eq(netmap_tx(&port, 2)->num_slots, 128);
	/* Who comes second gets what there is. */
	port = netmap_open("vale1:a", ALL(.nr_tx_slots = 8, .nr_tx_rings = 1));
	cr_assert_eq(port.reg.nr_tx_slots, 128);
	cr_assert_eq(port.reg.nr_tx_rings, 3);
}

Test(netmap_register, one_ring)
{
	struct netmap_port one, all = netmap_open("vale1:a", ALL(.nr_tx_rings = 3));

	refuses(EINVAL, "vale1:a", MODE(NR_REG_ONE_NIC, .nr_ringid = 3));
	one = netmap_open("vale1:a", MODE(NR_REG_ONE_NIC, .nr_ringid = 2));
	cr_assert_eq(one.reg.nr_mem_id, all.reg.nr_mem_id);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(!!one.interface->ring_ofs[i], i == 2 || i == 6, "ring %d", i);
	/* The same memory: one mapping is enough for both. */
	cr_assert_neq(one.reg.nr_offset, all.reg.nr_offset);
	one.interface = NETMAP_IF(all.memory, one.reg.nr_offset);
	cr_assert_eq(netmap_tx(&one, 2), netmap_tx(&all, 2));
}

Test(netmap_register, one_direction)
{
	struct netmap_port tx = netmap_open("vale1:a", ALL(.nr_flags = NR_TX_RINGS_ONLY));
	struct netmap_port rx = netmap_open("vale1:b", ALL(.nr_flags = NR_RX_RINGS_ONLY));

	cr_assert_neq(tx.interface->ring_ofs[0], 0);
	cr_assert_eq(tx.interface->ring_ofs[2], 0);
	cr_assert_eq(rx.interface->ring_ofs[0], 0);
	cr_assert_neq(rx.interface->ring_ofs[2], 0);
	netmap_reaches(&tx, &rx, 1, 2);
	refuses(EINVAL, "vale1:c", ALL(.nr_flags = NR_TX_RINGS_ONLY | NR_RX_RINGS_ONLY));
}

Test(netmap_register, exclusive)
{
	struct nmreq_register alone = ALL(.nr_flags = NR_EXCLUSIVE);
	int fd = netmap_bind("vale1:a", &alone);

	cr_assert_geq(fd, 0);
	refuses(EBUSY, "vale1:a", ALL());
	refuses(EBUSY, "vale1:a", alone);
	close(fd);
	fd = netmap_bind("vale1:a", NULL);
	cr_assert_geq(fd, 0, "it is free again");
	refuses(EBUSY, "vale1:a", alone);
	cr_assert_geq(netmap_bind("vale1:a", NULL), 0, "others may share it");
}

Test(netmap_register, errors)
{
	int fd = netmap_bind("vale1:a", NULL);
	struct nmreq_register reg = ALL();

	cr_assert_eq(netmap_request(fd, NETMAP_REQ_REGISTER, "vale1:b", &reg), -EBUSY);
	refuses(EINVAL, "vale1:b", MODE(NR_REG_SW));
	refuses(EINVAL, "vale1:b", MODE(NR_REG_NIC_SW));
	refuses(EINVAL, "vale1:b", MODE(NR_REG_ONE_SW));
	refuses(EINVAL, "vale1:b", MODE(NR_REG_PIPE_MASTER));
	refuses(EINVAL, "vale1:b", MODE(77));
	refuses(EINVAL, "vale1:b", ALL(.nr_mem_id = 1));
	refuses(EINVAL, "vale1:lo", ALL()); /* an interface is called so */
	refuses(ENOMEM, "vale1", ALL());
	refuses(ENOMEM, "vale1.:a", ALL());
	refuses(ENXIO, "lo", ALL());
	refuses(ENXIO, "nothing", ALL());
	cr_assert_not(exists("vale1:b"));
	cr_assert_geq(netmap_bind("vale1:b", &reg), 0, "the name was not at fault");
}

Test(netmap_register, port_of_an_interface_is_busy)
{
	struct nmreq_vale_attach attach = { .reg = ALL() };
	int fd = netmap_device();

	veth("t0", "t1");
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_VALE_ATTACH, "vale1:t0", &attach), 0);
	refuses(EBUSY, "vale1:t0", ALL());
	must("%s attach vale1:x t1 || %s attach vale2:x t1", valectl(), valectl());
	refuses(EBUSY, "vale2:x", ALL());
	must("%s attach vale3:x --xsk x0", valectl());
	refuses(EBUSY, "vale3:x", ALL());
}

static int buffers_in_list(struct netmap_port *port, __u32 *first)
{
	__u32 index = port->interface->ni_bufs_head;
	struct netmap_ring *ring = netmap_tx(port, 0);
	int count = 0;

	*first = index;
	for (; index; index = *(__u32 *)NETMAP_BUF(ring, index)) {
		cr_assert_lt(count++, 10000, "the list does not end");
		for (__u32 i = 0; i < ring->num_slots; i++)
			cr_assert_neq(ring->slot[i].buf_idx, index);
	}
	return count;
}

Test(netmap_register, extra_buffers)
{
	struct netmap_port a = netmap_open("vale1:a", ALL(.nr_extra_bufs = 100));
	struct netmap_port b = netmap_open("vale1:a", ALL(.nr_extra_bufs = 100000));
	__u32 first_a, first_b, total = a.reg.nr_extra_bufs + b.reg.nr_extra_bufs;

	cr_assert_eq(a.reg.nr_extra_bufs, 100);
	cr_assert_geq(b.reg.nr_extra_bufs, 100, "fewer than asked for are granted");
	cr_assert_lt(b.reg.nr_extra_bufs, 1000);
	cr_assert_eq(buffers_in_list(&a, &first_a), 100);
	cr_assert_eq(buffers_in_list(&b, &first_b), b.reg.nr_extra_bufs);
	cr_assert_neq(first_a, first_b);
	/* What was closed is there for others. */
	netmap_close(&b);
	b = netmap_open("vale1:a", ALL(.nr_extra_bufs = 100000));
	cr_assert_eq(b.reg.nr_extra_bufs, total - 100);
	/* A list that goes round does no harm. */
	*(__u32 *)NETMAP_BUF(netmap_tx(&b, 0), first_b) = first_b;
	netmap_close(&b);
	b = netmap_open("vale1:a", ALL(.nr_extra_bufs = 1));
	cr_assert_eq(b.reg.nr_extra_bufs, 1);
}

static int bind_and_leave(struct client_self *self, void *argument)
{
	(void)self;
	for (int i = 0; i < 200; i++)
		if (netmap_bind("vale1:a", argument) < 0)
			return i;
	return 200;
}

/* What killed programs have left is taken up by the next ones. */
Test(netmap_register, killed_programs)
{
	struct netmap_port port = netmap_open("vale1:a", ALL(.nr_extra_bufs = 1));
	struct nmreq_register reg = ALL(.nr_extra_bufs = 2);
	int bound = 0;

	for (int i = 0; i < 3; i++) {
		struct client *client = client_start();

		bound = client_do(client, bind_and_leave, &reg, sizeof(reg));
		cr_assert_gt(bound, 50, "only %d were bound", bound);
		client_kill(client);
	}
	cr_assert_lt(bound, 200, "there is a limit that was met");
	netmap_close(&port);
}

Test(netmap_register, info)
{
	struct nmreq_port_info_get info = {}, other = {};
	struct nmreq_pools_info pools = {};
	int fd = netmap_device(), bound;

	/* Of a port that there is not: what one would be like; none is made. */
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_INFO_GET, "vale1:a", &info), 0);
	cr_assert_eq(info.nr_tx_slots, 1024);
	cr_assert_eq(info.nr_rx_rings, 1);
	cr_assert_not(exists("vale1"));
	bound = netmap_bind("vale1:a", &ALL(.nr_tx_slots = 64, .nr_rx_rings = 2));
	cr_assert_geq(bound, 0);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_INFO_GET, "vale1:a", &info), 0);
	cr_assert_eq(info.nr_tx_slots, 64);
	cr_assert_eq(info.nr_tx_rings, 2);
	cr_assert_eq(info.nr_host_rx_rings, 1);
	cr_assert_eq(netmap_request(bound, NETMAP_REQ_PORT_INFO_GET, "", &other), 0);
	cr_assert_eq(memcmp(&info, &other, sizeof(info)), 0, "a bound one needs no name");
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_POOLS_INFO_GET, "vale1:a", &pools), 0);
	cr_assert_eq(pools.nr_memsize, info.nr_memsize);
	cr_assert_eq(pools.nr_mem_id, info.nr_mem_id);
	cr_assert_eq(pools.nr_buf_pool_objsize, 2048);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_INFO_GET, "lo", &info), -ENXIO);
}
