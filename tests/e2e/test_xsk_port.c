// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients of the library over AF_XDP: the same calls, the same frames as by rings in memory. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

static struct frame in;

TestSuite(xsk_port, .init = sandbox_enter, .timeout = 60);

static struct vale_port *open_xsk(const char *name, unsigned int flags)
{
	struct vale_open_options options = {
		.flags = flags,
		.transport = VALE_TRANSPORT_XSK,
	};

	return ring_open(name, &options);
}

/* Frames of every length that fits into a buffer of the way, byte for byte. */
static void check_lengths(struct vale_port *from, struct vale_port *to, int source, int target)
{
	char what[32];

	for (size_t length = 14; length <= 1514; length += length < 200 ? 1 : 47) {
		snprintf(what, sizeof(what), "%zu bytes", length);
		frame_plain(&in, source, target, FRAME_TYPE_OURS, length);
		ring_send(from, 0, &in);
		ring_expect(to, &in, what);
	}
}

static void check_both_ways(unsigned int flags)
{
	struct vale_port *ports[3] = { NULL, open_xsk("vale1:a", flags),
				       open_xsk("vale1:b", flags) };

	ring_introduce(ports, 2);
	check_lengths(ports[1], ports[2], 1, 2);
	check_lengths(ports[2], ports[1], 2, 1);
	ring_expect_balance("vale1");
	vale_port_close(ports[1]);
	vale_port_close(ports[2]);
}

Test(xsk_port, frames_arrive_as_they_were_sent)
{
	check_both_ways(0);
}

Test(xsk_port, by_the_sockets_too)
{
	check_both_ways(VALE_OPEN_SOCKET_TX);
}
