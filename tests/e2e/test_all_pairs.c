// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Stacks behind all kinds of port of one switch talk to each other in all pairs, as they do unasked,
 * with segmentation and checksums left to their devices. What each receiver gets is looked at: a
 * checksum is in the frame, or open where the receiver can take that.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/relay.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "tests/lib/vm.h"

#define PLAIN_FRAME 1514
#define STATIONS    4

/* Its stack is host N of the switch. The one behind a ring is behind another switch, too. */
struct station {
	const char *netns; /* NULL: it is the guest */
	bool plain;	   /* it gets only what is all in its bytes, of no more than 1500 */
	bool ring;
	int socket;
};

static struct station stations[STATIONS + 1];
static struct vm *guest;
static struct relay relay;

/* ---- stations ---------------------------------------------------------------------------------- */

static struct station *add(int host, const char *netns)
{
	struct station *station = &stations[host];

	container(netns, host);
	station->netns = netns;
	return station;
}

/* When it has been attached. */
static void begin(struct station *station)
{
	if (station->plain)
		traffic_keep_apart(station->netns);
	station->socket = traffic_open(station->netns, "eth0", 0);
	traffic_serve(station->netns);
}

static void add_container(int host, const char *netns, const char *hook)
{
	struct station *station = add(host, netns);

	must("%s attach vale1:p%d %s --hook %s", valectl(), host, netns, hook);
	begin(station);
}

/* Its far end is the wire, and it can do nothing for those who send. */
static void add_card(int host, const char *netns)
{
	struct station *station = add(host, netns);

	station->plain = true;
	must("ethtool -K %s tx off tso off gso off", netns);
	must("%s attach vale1:p%d %s --host --hook xdp", valectl(), host, netns);
	begin(station);
}

static void add_ring(int host, const char *netns)
{
	struct station *station = add(host, netns);

	station->ring = true;
	must("%s attach vale2:p%d %s", valectl(), host, netns);
	relay.port[0] = ring_open("vale1:ring", NULL);
	relay.port[1] = ring_open("vale2:ring", NULL);
	begin(station);
}

static void run_in_guest(const char *command)
{
	int status = vm_run(guest, "%s", command);

	cr_assert_eq(status, 0, "%s: %d: %s", command, status, vm_output(guest));
}

static void start_guest(int host)
{
	char mac[20], ip[16], files[128];
	const char *build = getenv("VALE_BUILD");
	struct vm_options options = {
		.profile = "guest", .tap = "tap0", .mac = mac, .ip = ip, .files = files
	};

	must("ip tuntap add tap0 mode tap && ip link set tap0 up");
	must("%s attach vale1:p%d tap0", valectl(), host);
	snprintf(mac, sizeof(mac), "%s", frame_address_text(host));
	snprintf(ip, sizeof(ip), "10.0.0.%d/24", host);
	snprintf(files, sizeof(files), "/usr/bin/iperf3 %s/tests/vm/overhear",
		 build ? build : "build");
	cr_assert_eq(vm_start(&guest, &options), 0, "the guest does not start");
}

static void wait_for_guest(int host)
{
	char command[128];

	cr_assert_eq(vm_wait(guest), 0, "the guest does not come up");
	run_in_guest("echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad");
	snprintf(command, sizeof(command), "ip -6 address add fd00::%d/64 dev eth0", host);
	run_in_guest(command);
}

static void stop_guest(void)
{
	vm_stop(guest);
}

/* ---- exchanges --------------------------------------------------------------------------------- */

/* What has come to the guest meanwhile is the last line of what it says. */
static void overhear(const char *command, struct checksums *came)
{
	char line[256];
	const char *said;

	snprintf(line, sizeof(line), "build/tests/vm/overhear eth0 '%s'", command);
	run_in_guest(line);
	said = strrchr(vm_output(guest), '\n');
	cr_assert(said && sscanf(said, "%ld good %ld open %ld bad %ld bytes %zu longest",
				 &came->good, &came->open, &came->bad, &came->bytes,
				 &came->longest) == 5,
		  "%s", vm_output(guest));
}

static void expect_plain(const struct checksums *came, const char *what)
{
	cr_assert(!came->open && came->longest <= PLAIN_FRAME, "%s: %ld open, up to %zu bytes",
		  what, came->open, came->longest);
}

static void expect_at(const struct station *station, const struct checksums *came, long bytes,
		      const char *what)
{
	checksums_expect(came, bytes, what);
	if (station->plain)
		expect_plain(came, what);
}

static void expect_in_ring(long from_near, long from_far, const char *what)
{
	checksums_expect(&relay.came[0], from_near, what);
	checksums_expect(&relay.came[1], from_far, what);
	expect_plain(&relay.came[0], what);
	expect_plain(&relay.came[1], what);
}

/* `from` is the client, which gets so many bytes at least, as the server does. */
static void talk(const struct station *from, const struct station *to, const char *command,
		 long to_client, long to_server)
{
	struct checksums at_from = {}, at_to = {};

	relay_start(&relay);
	if (from->netns)
		must("ip netns exec %s %s", from->netns, command);
	else
		overhear(command, &at_from);
	relay_stop(&relay);
	if (from->netns)
		checksums_collect(&at_from, from->socket);
	checksums_collect(&at_to, to->socket);
	expect_at(from, &at_from, to_client, command);
	expect_at(to, &at_to, to_server, command);
	if (to->ring)
		expect_in_ring(to_server, to_client, command);
}

/*
 * iperf3 ends while some of what was sent is still in buffers. Some UDP may be lost, by a receiver that is
 * not fast enough.
 */
static void talk_in_pair(int from, int to)
{
	static const struct {
		const char *command;
		long bytes;
	} talks[] = {
		{ "iperf3 -n 2M -w 128K -c 10.0.0.%d", 1 << 20 },
		{ "iperf3 -n 2M -w 128K -c fd00::%d", 1 << 20 },
		{ "iperf3 -n 300K -u -b 30M -l 1200 -c 10.0.0.%d", 30000 },
		{ "iperf3 -n 300K -u -b 30M -l 1200 -c fd00::%d", 30000 },
	};
	char command[128], back[132];

	for (size_t i = 0; i < sizeof(talks) / sizeof(talks[0]); i++) {
		snprintf(command, sizeof(command), talks[i].command, to);
		snprintf(back, sizeof(back), "%s -R", command);
		talk(&stations[from], &stations[to], command, 1, talks[i].bytes);
		talk(&stations[from], &stations[to], back, talks[i].bytes, 1);
	}
}

/* The guest, if there is one, is the first. */
static void talk_in_all_pairs(void)
{
	for (int from = 1; from <= STATIONS; from++)
		for (int to = from + 1; to <= STATIONS; to++)
			talk_in_pair(from, to);
	cr_assert_eq(port_counter("vale1:ring", "drops.jumbo"), 0);
	ring_expect_balance("vale1");
	ring_expect_balance("vale2");
}

TestSuite(all_pairs, .init = sandbox_enter);

Test(all_pairs, a_virtual_machine_a_container_a_card_and_a_ring, .fini = stop_guest, .timeout = 240)
{
	start_guest(1);
	add_container(2, "container", "auto");
	add_card(3, "card");
	add_ring(4, "far");
	wait_for_guest(1);
	talk_in_all_pairs();
}

Test(all_pairs, containers_at_all_hooks_and_a_ring, .timeout = 120)
{
	add_container(1, "tc", "tc");
	add_container(2, "xdp", "xdp");
	add_container(3, "generic", "generic");
	add_ring(4, "far");
	talk_in_all_pairs();
}
