// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Packet sockets as ends of a round trip, each at the far end of a veth whose other is in a bridge. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/endpoint.h"
#include "bench/source.h"
#include "bench/topology.h"

/* Two sockets: one that sends past the queueing discipline does not see what it sends. */
struct packet_endpoint {
	int in, out;
	unsigned char frame[FRAME_MAX];
};

static struct veth ends[2];

static int packet_setup(void)
{
	const struct datapath *bridge = datapaths[DATAPATH_BRIDGE];
	int error = datapath_create(bridge);

	for (int number = 0; number < 2 && !error; number++) {
		char prefix[IFNAMSIZ];

		snprintf(prefix, sizeof(prefix), "end%d", number);
		error = veth_create(&ends[number], prefix, "port", "far");
		if (!error)
			error = datapath_attach(bridge, prefix, ends[number].near.name);
	}
	return error;
}

static void packet_teardown(void)
{
	datapath_destroy(datapaths[DATAPATH_BRIDGE]);
	for (int number = 0; number < 2; number++)
		veth_destroy(&ends[number]);
}

static void packet_close(void *opened)
{
	struct packet_endpoint *endpoint = opened;

	close_fd(&endpoint->in);
	close_fd(&endpoint->out);
	free(endpoint);
}

static int packet_open(int number, void **out)
{
	struct packet_endpoint *endpoint = calloc(1, sizeof(*endpoint));
	int device = if_nametoindex(ends[number].far.name), error;

	if (!endpoint)
		return bench_error(ENOMEM, "packet socket");
	endpoint->out = -1;
	endpoint->in = packet_socket(device, 0);
	if (endpoint->in >= 0)
		endpoint->out = packet_socket(device, 1);
	if (endpoint->in < 0 || endpoint->out < 0) {
		error = endpoint->in < 0 ? endpoint->in : endpoint->out;
		packet_close(endpoint);
		return error;
	}
	*out = endpoint;
	return 0;
}

static int packet_send(void *opened, const unsigned char *frame, unsigned int length)
{
	struct packet_endpoint *endpoint = opened;

	return send(endpoint->out, frame, length, 0) == (ssize_t)length
		       ? 0
		       : bench_error(errno, "cannot send by a packet socket");
}

static int packet_receive(void *opened, bool sleep, const unsigned char **frame)
{
	struct packet_endpoint *endpoint = opened;
	struct pollfd wait = { .fd = endpoint->in, .events = POLLIN };
	ssize_t length;

	if (sleep && poll(&wait, 1, ENDPOINT_MS) <= 0)
		return 0;
	length = recv(endpoint->in, endpoint->frame, sizeof(endpoint->frame), MSG_DONTWAIT);
	if (length < 0)
		return errno == EAGAIN ? 0 : bench_error(errno, "cannot receive");
	*frame = endpoint->frame;
	return length;
}

const struct endpoint_type endpoint_packet = {
	.datapath = DATAPATH_BRIDGE,
	.setup = packet_setup,
	.teardown = packet_teardown,
	.open = packet_open,
	.send = packet_send,
	.receive = packet_receive,
	.close = packet_close,
};
