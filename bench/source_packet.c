// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The packet-socket source: sendmmsg() past the queueing discipline. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/source.h"

#define BATCH 64

struct packet {
	int fd;
	unsigned int next_flow;
	const struct frame_set *frames;
};

int packet_socket(int device, int bypass)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = bypass ? 0 : htons(ETH_P_ALL),
		.sll_ifindex = device,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return bench_error(errno, "cannot open a packet socket");
	if (bypass && setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass)))
		error = bench_error(errno, "cannot set PACKET_QDISC_BYPASS");
	else if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		error = bench_error(errno, "cannot bind a packet socket to device %d", device);
	else
		return fd;
	close(fd);
	return error;
}

static void packet_close(void *source)
{
	struct packet *packet = source;

	if (packet)
		close_fd(&packet->fd);
	free(packet);
}

static int packet_open(void **source)
{
	struct packet *packet = calloc(1, sizeof(*packet));

	if (!packet)
		return bench_error(ENOMEM, "packet source");
	packet->fd = -1;
	*source = packet;
	return 0;
}

static int packet_aim(void *source, const struct frame_set *frames, int device)
{
	struct packet *packet = source;

	close_fd(&packet->fd);
	packet->fd = packet_socket(device, 1);
	if (packet->fd < 0)
		return packet->fd;
	packet->frames = frames;
	packet->next_flow = 0;
	return 0;
}

static int send_batch(struct packet *packet, unsigned int count)
{
	const struct frame_set *frames = packet->frames;
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec vectors[BATCH];
	unsigned int i;
	int sent;

	for (i = 0; i < count; i++) {
		vectors[i].iov_base = (void *)frames->frame[packet->next_flow++ % frames->flows];
		vectors[i].iov_len = frames->length;
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(packet->fd, messages, count, 0);
	if (sent >= 0)
		return sent;
	/* The ring behind the device was full. The frame is lost, as it would be for anybody. */
	return errno == ENOBUFS ? 0 : -errno;
}

static int packet_send(void *source, unsigned int frames)
{
	struct packet *packet = source;
	unsigned int left = frames, count;
	int sent, total = 0;

	for (; left; left -= count) {
		count = left < BATCH ? left : BATCH;
		sent = send_batch(packet, count);
		if (sent < 0)
			return sent == -EINTR ? sent : bench_error(-sent, "cannot send frames");
		total += sent;
	}
	return total;
}

const struct source_type source_packet = {
	.group = "packet",
	.from = "device",
	.title = "packet-socket source",
	.chunk = 1024,
	.open = packet_open,
	.aim = packet_aim,
	.send = packet_send,
	.close = packet_close,
};
