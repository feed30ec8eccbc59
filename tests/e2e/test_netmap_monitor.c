// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Monitors: copies of what a program of netmap sends and receives. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_monitor, .init = sandbox_enter, .timeout = 120);

static struct netmap_port a, b;
static struct frame first, second, nothing;

static struct netmap_port monitor(const char *name, uint64_t flags)
{
	return netmap_open(name, (struct nmreq_register){ .nr_flags = flags });
}

static void refuses(int error, const char *name, uint32_t mode, uint64_t flags)
{
	struct nmreq_register reg = { .nr_mode = mode, .nr_flags = flags };
	int fd = netmap_bind(name, &reg);

	cr_assert_eq(fd, -error, "%s: %d, not -%s", name, fd, strerror(error));
}

static void two_ports(const char *name_a, const char *name_b)
{
	a = netmap_open_all(name_a);
	b = netmap_open_all(name_b);
	frame_plain(&first, 1, 2, FRAME_TYPE_OURS, 100);
	frame_plain(&second, 2, 1, FRAME_TYPE_OURS, 3000);
}

/* Each sends a frame that the other one receives. */
static void talk(void)
{
	netmap_send(&a, &first);
	netmap_expect(&b, &first, "from a to b");
	netmap_send(&b, &second);
	netmap_expect(&a, &second, "from b to a");
}

static void gets_nothing_more(const struct netmap_port *port)
{
	cr_assert_not(netmap_take(port, &nothing, 50));
}

static void each_direction(const char *name)
{
	struct netmap_port sent = monitor(name, NR_MONITOR_TX), got = monitor(name, NR_MONITOR_RX);
	struct netmap_port both = monitor(name, NR_MONITOR_TX | NR_MONITOR_RX);

	cr_assert_eq(sent.reg.nr_rx_rings, 1);
	cr_assert_eq(sent.interface->ring_ofs[0], 0, "it has no tx ring");
	for (int i = 0; i < 10; i++) {
		talk();
		netmap_expect(&sent, &first, "the monitor of what is sent");
		cr_assert(netmap_rx(&sent, 0)
				  ->slot[(netmap_rx(&sent, 0)->head + sent.reg.nr_rx_slots - 1) %
					 sent.reg.nr_rx_slots]
				  .flags &
			  NS_TXMON);
		gets_nothing_more(&sent);
		netmap_expect(&got, &second, "the monitor of what is received");
		gets_nothing_more(&got);
		netmap_expect(&both, &first, "the monitor of both");
		netmap_expect(&both, &second, "the monitor of both");
		gets_nothing_more(&both);
	}
	netmap_close(&sent);
	netmap_close(&got);
	netmap_close(&both);
	talk();
}

Test(netmap_monitor, of_a_port)
{
	two_ports("vale1:a", "vale1:b");
	each_direction("vale1:a");
}

Test(netmap_monitor, of_a_pipe)
{
	two_ports("vale1:p{1", "vale1:p}1");
	each_direction("vale1:p{1");
}

/* What nobody looks at has come nevertheless; but not for one that is told what was done with. */
Test(netmap_monitor, without_the_program)
{
	struct netmap_port got, done;

	two_ports("vale1:a", "vale1:b");
	got = monitor("vale1:a", NR_MONITOR_RX);
	done = monitor("vale1:a", NR_MONITOR_RX | NR_ZCOPY_MON);
	netmap_send(&b, &second);
	netmap_expect(&got, &second, "the program has not looked");
	gets_nothing_more(&done);
	netmap_expect(&a, &second, "now it has");
	cr_assert_eq(ioctl(a.fd, NIOCRXSYNC, NULL), 0);
	netmap_expect(&done, &second, "and has given it back");
	gets_nothing_more(&got);
}

/* A monitor that does not keep up loses; those that are watched do not. */
Test(netmap_monitor, too_slow)
{
	struct netmap_port slow;
	int count = 0;

	two_ports("vale1:a", "vale1:b");
	slow = monitor("vale1:a", NR_MONITOR_TX);
	for (int i = 0; i < 2000; i++)
		talk();
	while (netmap_take(&slow, &nothing, 0))
		count++;
	cr_assert_eq(count, slow.reg.nr_rx_slots - 1);
	talk();
	netmap_expect(&slow, &first, "it goes on");
}

Test(netmap_monitor, errors)
{
	struct netmap_port port;

	refuses(EINVAL, "vale1:a", NR_REG_ALL_NIC, NR_MONITOR_TX);
	two_ports("vale1:a", "vale1:b");
	refuses(EINVAL, "vale1:a", NR_REG_ONE_NIC, NR_MONITOR_TX);
	refuses(EINVAL, "vale1:a{1", NR_REG_ALL_NIC, NR_MONITOR_TX);
	refuses(ENXIO, "lo", NR_REG_ALL_NIC, NR_MONITOR_RX);
	port = monitor("vale1:a", NR_MONITOR_RX);
	cr_assert_eq(ioctl(port.fd, NIOCTXSYNC, NULL), -1);
	cr_assert_eq(errno, EIO);
	talk();
}
