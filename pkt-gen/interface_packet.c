// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Network devices by AF_PACKET: many frames with one sendmmsg() or recvmmsg(), which is what most
 * programs could do. Several threads have a socket each, among which the kernel divides what comes
 * by its flows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "log.h"

#define BATCH	       64
#define TAG_SIZE       4
#define RECEIVE_BUFFER (32 << 20)

/* The longest that the kernel has put together of several that came. */
#define FRAME_SIZE (65536 + ETH_HLEN)

/* The driver had no room; it does not tell when it has. */
#define RETRY_MICROSECONDS 50

struct direction {
	unsigned char (*bytes)[TAG_SIZE + FRAME_SIZE]; /* with room for a tag */
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH];
	char notes[BATCH][CMSG_SPACE(sizeof(struct tpacket_auxdata))];
};

struct packet_interface {
	struct interface interface;
	int fd;
	uint32_t first; /* frame that waits to be sent, */
	uint32_t end;	/* and the one behind the last */
	bool refused;	/* the driver had no room for it */
	uint64_t lost;
	struct direction tx, rx;
};

static struct packet_interface *own(struct interface *interface)
{
	return (struct packet_interface *)interface;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static bool set(int fd, int level, int option, const void *value, socklen_t size)
{
	return !setsockopt(fd, level, option, value, size);
}

/* All that comes, and nothing that goes. */
static bool receive_all(int fd, const struct device *device)
{
	struct packet_mreq all = { .mr_ifindex = device->index, .mr_type = PACKET_MR_PROMISC };
	int buffer = RECEIVE_BUFFER, one = 1;

	/* By force only for who may; others get what they get. */
	if (!set(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		set(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return set(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) &&
	       set(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) &&
	       set(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
}

static bool share(int fd)
{
	int group = (getpid() & 0xffff) | PACKET_FANOUT_HASH << 16;

	return set(fd, SOL_PACKET, PACKET_FANOUT, &group, sizeof(group));
}

static bool open_socket(const struct interface_options *options, const struct device *device,
			int *fd)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = options->receives ? htons(ETH_P_ALL) : 0,
		.sll_ifindex = device->index,
	};
	int one = 1;

	*fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || (options->receives && !receive_all(*fd, device)))
		return false;
	/* No queueing discipline between us and the driver. */
	if (options->sends && !set(*fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		return false;
	return !bind(*fd, (struct sockaddr *)&address, sizeof(address)) &&
	       (!options->receives || options->threads == 1 || share(*fd));
}

static bool make_messages(struct direction *direction)
{
	direction->bytes = calloc(BATCH, sizeof(*direction->bytes));
	for (int i = 0; direction->bytes && i < BATCH; i++) {
		direction->parts[i].iov_base = direction->bytes[i] + TAG_SIZE;
		direction->parts[i].iov_len = FRAME_SIZE;
		direction->messages[i].msg_hdr.msg_iov = &direction->parts[i];
		direction->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return direction->bytes;
}

static void packet_close(struct interface *interface)
{
	struct packet_interface *packet = own(interface);

	if (packet->fd >= 0)
		close(packet->fd);
	free(packet->tx.bytes);
	free(packet->rx.bytes);
	free(packet);
}

static int packet_open(const struct interface_options *options, uint32_t thread,
		       struct interface **out)
{
	struct packet_interface *packet;
	struct device device;
	int error = device_find(options, &device);

	(void)thread;
	if (error)
		return error;
	packet = calloc(1, sizeof(*packet));
	if (!packet)
		return complain(ENOMEM, "out of memory");
	packet->interface = (struct interface){
		.transport = &transport_packet,
		.rings = 1,
		.queues = options->threads,
		.slot_size = FRAME_SIZE,
		.fragments = 1,
		.tx_slots = BATCH,
	};
	memcpy(packet->interface.mac, device.mac, sizeof(device.mac));
	if (!open_socket(options, &device, &packet->fd))
		error = complain(errno, "cannot open a packet socket on '%s': %s", options->name,
				 strerror(errno));
	else if (!make_messages(&packet->tx) || !make_messages(&packet->rx))
		error = complain(ENOMEM, "out of memory");
	if (error)
		packet_close(&packet->interface);
	else
		*out = &packet->interface;
	return error;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static int packet_room(struct interface *interface, uint32_t ring, struct slot *slots,
		       uint32_t count)
{
	struct packet_interface *packet = own(interface);

	(void)ring;
	if (packet->first != packet->end)
		return 0;
	if (count > BATCH)
		count = BATCH;
	for (uint32_t i = 0; slots && i < count; i++)
		slots[i].bytes = packet->tx.bytes[i] + TAG_SIZE;
	return count;
}

static int packet_send(struct interface *interface, uint32_t ring, const struct slot *slots,
		       uint32_t count)
{
	struct packet_interface *packet = own(interface);

	(void)ring;
	if (count) {
		for (uint32_t i = 0; i < count; i++)
			packet->tx.parts[i].iov_len = slots[i].length;
		packet->first = 0;
		packet->end = count;
	}
	while (packet->first != packet->end) {
		int sent = sendmmsg(packet->fd, packet->tx.messages + packet->first,
				    packet->end - packet->first, 0);

		if (sent < 0) {
			packet->refused = errno == ENOBUFS;
			return packet->refused || errno == EAGAIN || errno == EINTR ? 0 : -errno;
		}
		packet->first += sent;
	}
	return 0;
}

static uint32_t packet_pending(struct interface *interface, uint32_t ring)
{
	(void)ring;
	return own(interface)->end - own(interface)->first;
}

/* ---- receiving --------------------------------------------------------------------------------- */

/* The kernel takes the outer tag out of a frame, and says so beside it. */
static void put_tag_back(const struct tpacket_auxdata *note, struct slot *slot)
{
	uint16_t tag[2] = { htons(note->tp_status & TP_STATUS_VLAN_TPID_VALID ? note->tp_vlan_tpid
									      : ETH_P_8021Q),
			    htons(note->tp_vlan_tci) };

	memmove(slot->bytes - TAG_SIZE, slot->bytes, 2 * ETH_ALEN);
	slot->bytes -= TAG_SIZE;
	slot->length += TAG_SIZE;
	memcpy(slot->bytes + 2 * ETH_ALEN, tag, sizeof(tag));
}

static void read_notes(struct msghdr *message, struct slot *slot)
{
	struct tpacket_auxdata note;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&note, CMSG_DATA(c), sizeof(note));
		if (note.tp_status & TP_STATUS_VLAN_VALID && slot->length >= ETH_HLEN)
			put_tag_back(&note, slot);
	}
}

static int packet_take(struct interface *interface, uint32_t ring, struct slot *slots,
		       uint32_t count, uint32_t *space)
{
	struct packet_interface *packet = own(interface);
	struct direction *rx = &packet->rx;
	int taken;

	(void)ring;
	*space = INTERFACE_UNKNOWN;
	if (count > BATCH)
		count = BATCH;
	for (uint32_t i = 0; i < count; i++) {
		rx->messages[i].msg_hdr.msg_control = rx->notes[i];
		rx->messages[i].msg_hdr.msg_controllen = sizeof(rx->notes[i]);
	}
	taken = recvmmsg(packet->fd, rx->messages, count, 0, NULL);
	if (taken < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < taken; i++) {
		slots[i].bytes = rx->bytes[i] + TAG_SIZE;
		slots[i].length = rx->messages[i].msg_len;
		slots[i].more = false;
		read_notes(&rx->messages[i].msg_hdr, &slots[i]);
	}
	return taken;
}

static int packet_wait(struct interface *interface, short events, int timeout)
{
	struct packet_interface *packet = own(interface);
	struct pollfd wait = { .fd = packet->fd, .events = events };

	if (events & POLLOUT && packet->refused) {
		packet->refused = false;
		usleep(RETRY_MICROSECONDS);
	} else if (poll(&wait, 1, timeout) < 0 && errno != EINTR) {
		return -errno;
	}
	return events & POLLOUT ? packet_send(interface, 0, NULL, 0) : 0;
}

static uint64_t packet_lost(struct interface *interface)
{
	struct tpacket_stats counts = {};
	socklen_t size = sizeof(counts);

	/* The kernel starts to count anew. */
	if (!getsockopt(own(interface)->fd, SOL_PACKET, PACKET_STATISTICS, &counts, &size))
		own(interface)->lost += counts.tp_drops;
	return own(interface)->lost;
}

const struct transport transport_packet = {
	.prefix = "packet:",
	.link_wait = 2,
	.open = packet_open,
	.close = packet_close,
	.room = packet_room,
	.send = packet_send,
	.pending = packet_pending,
	.take = packet_take,
	.wait = packet_wait,
	.lost = packet_lost,
};
