// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "mixed.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "ring.h"
#include "sandbox.h"
#include "traffic.h"

#define WAIT_MS 5000

static struct frame got;
static struct arrival arrival;

void mixed_add_veth(struct mixed *mixed, int mtu)
{
	traffic_quiet();
	container("c", MIXED_VETH);
	must("ip link set dev c mtu %d && ip -n c link set eth0 mtu %d", mtu, mtu);
	must("%s attach vale1:veth c", valectl());
	mixed->veth = traffic_open("c", "eth0", FRAME_TYPE_OURS);
}

void mixed_add_tap(struct mixed *mixed, int mtu)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	traffic_quiet();
	mixed->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	strcpy(request.ifr_name, "t");
	cr_assert(mixed->tap >= 0, "/dev/net/tun: %s", strerror(errno));
	cr_assert_eq(ioctl(mixed->tap, TUNSETIFF, &request), 0, "TUNSETIFF: %s", strerror(errno));
	must("ip link set dev t mtu %d txqueuelen 500 up", mtu);
	must("%s attach vale1:tap t", valectl());
}

/* A frame that waits at the tap, in `got`. */
static bool read_tap(struct mixed *mixed, int timeout_ms)
{
	struct pollfd wait = { .fd = mixed->tap, .events = POLLIN };
	ssize_t length;

	if (!mixed->tap || poll(&wait, 1, timeout_ms) <= 0)
		return false;
	length = read(mixed->tap, got.bytes, sizeof(got.bytes));
	got.length = length;
	return length > 0;
}

static void introduce(struct mixed *mixed, int host)
{
	static struct frame hello;

	frame_plain(&hello, host, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	mixed_send(mixed, host, &hello);
}

void mixed_open(struct mixed *mixed)
{
	ring_open_many("p", MIXED_RINGS, NULL, mixed->port);
	ring_introduce(mixed->port, MIXED_RINGS);
	if (mixed->veth)
		introduce(mixed, MIXED_VETH);
	if (mixed->tap)
		introduce(mixed, MIXED_TAP);
	while (ring_receive(mixed->port[1], &got, 200) || ring_receive(mixed->port[2], &got, 0))
		;
	while (read_tap(mixed, 0))
		;
	while (mixed->veth && traffic_receive(mixed->veth, &arrival, 0))
		;
}

void mixed_send(struct mixed *mixed, int host, const struct frame *frame)
{
	if (host <= MIXED_RINGS)
		ring_send(mixed->port[host], 0, frame);
	else if (host == MIXED_VETH)
		cr_assert_eq(traffic_send(mixed->veth, frame, 1), 1);
	else
		cr_assert_eq(write(mixed->tap, frame->bytes, frame->length),
			     (ssize_t)frame->length);
}

void mixed_expect(struct mixed *mixed, int host, const struct frame *frame, const char *what)
{
	if (host <= MIXED_RINGS) {
		ring_expect(mixed->port[host], frame, what);
	} else if (host == MIXED_VETH) {
		cr_assert(traffic_receive(mixed->veth, &arrival, WAIT_MS),
			  "%s: no frame of %zu bytes at the veth", what, frame->length);
		frame_expect(frame, &arrival.frame, what);
	} else {
		cr_assert(read_tap(mixed, WAIT_MS), "%s: no frame of %zu bytes at the tap", what,
			  frame->length);
		frame_expect(frame, &got, what);
	}
}

void mixed_expect_none(struct mixed *mixed, const char *what)
{
	for (int i = 1; i <= MIXED_RINGS; i++)
		cr_assert_not(ring_receive(mixed->port[i], &got, 0), "%s: one too many at p%d",
			      what, i);
	cr_assert_not(mixed->veth && traffic_receive(mixed->veth, &arrival, 0),
		      "%s: one too many at the veth", what);
	cr_assert_not(read_tap(mixed, 0), "%s: one too many at the tap", what);
}
