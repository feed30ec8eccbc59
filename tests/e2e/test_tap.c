// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A tap that a process holds, as QEMU does. The kernel takes a frame from a tap on one of two ways:
 * from a process that does not wait (O_NONBLOCK, as QEMU), XDP sees it before there is an skb; from
 * one that waits, and any frame to be segmented or larger than a page, it becomes an skb first and
 * keeps what the process said about its checksum.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define QUEUE 500 /* frames that a tap keeps for its reader, see add_tap() */

static struct frame frame, got;
static struct arrival arrival;
static const char *hook = ""; /* of taps */

TestSuite(tap, .init = sandbox_enter, .timeout = 60);

static int add_tap(const char *name, int flags, int open_flags)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | flags };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | open_flags);

	strcpy(request.ifr_name, name);
	cr_assert(fd >= 0, "/dev/net/tun: %s", strerror(errno));
	cr_assert_eq(ioctl(fd, TUNSETIFF, &request), 0, "TUNSETIFF: %s", strerror(errno));
	must("ip link set dev %s txqueuelen %d up", name, QUEUE);
	must("%s attach vale1:p_%s %s %s", valectl(), name, name, hook);
	return fd;
}

static void add_container(void)
{
	traffic_quiet();
	container("a", 1);
	must("%s attach vale1:p_a a", valectl());
}

static void write_frame(int fd, const struct virtio_net_hdr *header)
{
	struct iovec parts[] = { { (void *)header, sizeof(*header) },
				 { frame.bytes, frame.length } };
	ssize_t length = header ? writev(fd, parts, 2) : writev(fd, parts + 1, 1);

	cr_assert_eq(length, (ssize_t)(frame.length + (header ? sizeof(*header) : 0)),
		     "cannot write a frame of %zu bytes: %s", frame.length, strerror(errno));
}

static bool read_frame(int fd, struct virtio_net_hdr *header)
{
	struct iovec parts[] = { { header, sizeof(*header) }, { got.bytes, sizeof(got.bytes) } };
	struct pollfd wait = { fd, POLLIN, 0 };
	ssize_t length;

	if (poll(&wait, 1, 1000) <= 0)
		return false;
	length = header ? readv(fd, parts, 2) : readv(fd, parts + 1, 1);
	cr_assert(length > 0, "cannot read: %s", strerror(errno));
	got.length = length - (header ? sizeof(*header) : 0);
	return true;
}

/* ---- plain frames ------------------------------------------------------------------------------ */

static void exchange(int open_flags)
{
	int tap, container_end;

	add_container();
	tap = add_tap("t", 0, open_flags);
	container_end = traffic_open("a", "eth0", FRAME_TYPE_OURS);
	for (size_t length = 60; length <= 1514; length += 121) {
		frame_plain(&frame, 9, 1, FRAME_TYPE_OURS, length);
		write_frame(tap, NULL);
		cr_assert(traffic_receive(container_end, &arrival, 1000), "%zu bytes", length);
		frame_expect(&frame, &arrival.frame, "from the tap to the container");
		frame_plain(&frame, 1, 9, FRAME_TYPE_OURS, length);
		cr_assert_eq(traffic_send(container_end, &frame, 1), 1);
		cr_assert(read_frame(tap, NULL), "%zu bytes", length);
		frame_expect(&frame, &got, "from the container to the tap");
	}
	cr_assert_eq(port_counter("vale1:p_t", "received_frames"), 13);
	cr_assert_eq(port_counter("vale1:p_t", "sent_frames"), 13);
	cr_assert_eq(port_counter("vale1:p_t", "dropped"), 0);
}

Test(tap, frames_pass_byte_by_byte_when_the_process_waits)
{
	exchange(0);
}

Test(tap, frames_pass_byte_by_byte_when_the_process_does_not_wait)
{
	exchange(O_NONBLOCK);
}

/* ---- open checksums ---------------------------------------------------------------------------- */

/* What a guest's driver hands on beside a frame whose checksum it has left open. */
static struct virtio_net_hdr open_header(void)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = frame.transport,
		.csum_offset = frame.checksum - frame.transport,
	};
}

/* Either the checksum is there, or the receiver is told that it is not and finds it open. */
static void expect_right(const struct frame *at, bool open, const char *what)
{
	if (open)
		cr_assert(frame_is_open(at->bytes, at->length),
			  "%s: said to be open, and something else is in the field", what);
	else
		cr_assert_eq(frame_verify(at->bytes, at->length), FRAME_GOOD, "%s", what);
}

static struct frame_options row_options(int row)
{
	return (struct frame_options){
		.from = 9,
		.to = 1,
		.version = row & 1 ? 4 : 6,
		.protocol = row & 2 ? IPPROTO_TCP : IPPROTO_UDP,
		.payload = row & 4 ? 1001 : 64,
		.checksum = FRAME_PARTIAL,
	};
}

static void send_open_to_container(int open_flags)
{
	int tap, container_end;

	hook = "--hook xdp";
	add_container();
	tap = add_tap("t", IFF_VNET_HDR, open_flags);
	container_end = traffic_open("a", "eth0", 0);
	traffic_count(container_end, 50);
	for (int row = 0; row < 8; row++) {
		struct frame_options options = row_options(row);
		struct virtio_net_hdr header;

		frame_build(&frame, &options);
		header = open_header();
		write_frame(tap, &header);
		cr_assert(traffic_receive(container_end, &arrival, 1000), "row %d", row);
		expect_right(&arrival.frame, arrival.open_checksum, frame_describe(&options));
	}
}

Test(tap, an_open_checksum_is_right_at_a_container_when_the_process_waits)
{
	send_open_to_container(0);
}

Test(tap, an_open_checksum_is_right_at_a_container_when_the_process_does_not_wait)
{
	send_open_to_container(O_NONBLOCK);
}

static void send_open_to_tap(int open_flags)
{
	int from, to;

	traffic_quiet();
	from = add_tap("t", IFF_VNET_HDR, open_flags);
	to = add_tap("u", IFF_VNET_HDR, 0);
	cr_assert_eq(ioctl(to, TUNSETOFFLOAD, TUN_F_CSUM), 0);
	for (int row = 0; row < 8; row++) {
		struct frame_options options = row_options(row);
		struct virtio_net_hdr header, arrived;

		frame_build(&frame, &options);
		header = open_header();
		write_frame(from, &header);
		cr_assert(read_frame(to, &arrived), "row %d", row);
		expect_right(&got, arrived.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM,
			     frame_describe(&options));
	}
}

Test(tap, an_open_checksum_is_right_at_another_tap_when_the_process_waits)
{
	send_open_to_tap(0);
}

Test(tap, an_open_checksum_is_right_at_another_tap_when_the_process_does_not_wait)
{
	send_open_to_tap(O_NONBLOCK);
}

/* ---- what cannot be carried -------------------------------------------------------------------- */

/* A guest that leaves segmentation to its device. */
static void send_to_be_segmented(int open_flags)
{
	struct frame_options options = { .from = 9,
					 .to = 1,
					 .version = 4,
					 .protocol = IPPROTO_TCP,
					 .payload = 20000,
					 .checksum = FRAME_PARTIAL };
	struct virtio_net_hdr header;
	int tap, container_end;

	hook = "--hook xdp";
	add_container();
	tap = add_tap("t", IFF_VNET_HDR, open_flags);
	container_end = traffic_open("a", "eth0", 0);
	traffic_count(container_end, 50);
	frame_build(&frame, &options);
	header = open_header();
	header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	header.gso_size = 1448;
	header.hdr_len = frame.transport + 20;
	write_frame(tap, &header);
	cr_assert_eq(traffic_count(container_end, 100), 0);
	cr_assert_eq(port_counter("vale1:p_t", "received_frames"), 1);
	cr_assert_eq(port_counter("vale1:p_t", "drops.offload"), 1);
	options.payload = 1400; /* one that is not too long gets there */
	frame_build(&frame, &options);
	header = open_header();
	write_frame(tap, &header);
	cr_assert_eq(traffic_count(container_end, 100), 1);
	cr_assert_eq(port_counter("vale1:p_t", "dropped"), 1);
	cr_assert(strstr(must("%s show vale1:p_t", valectl()).text, "segmentation"));
}

Test(tap, a_frame_to_be_segmented_is_counted_as_offload)
{
	send_to_be_segmented(0);
}

Test(tap, a_frame_to_be_segmented_is_counted_as_offload_when_the_process_does_not_wait)
{
	send_to_be_segmented(O_NONBLOCK);
}

/* ---- nobody reads ------------------------------------------------------------------------------ */

Test(tap, frames_beyond_the_queue_of_a_tap_that_nobody_reads_are_counted_as_refused)
{
	long long refused;
	int container_end, tap, read = 0;

	add_container();
	tap = add_tap("t", 0, 0);
	container_end = traffic_open("a", "eth0", FRAME_TYPE_OURS);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(container_end, &frame, QUEUE), QUEUE);
	cr_assert_eq(port_counter("vale1:p_t", "drops.refused"), 0);
	cr_assert_eq(traffic_send(container_end, &frame, 300), 300);
	refused = port_counter("vale1:p_t", "drops.refused");
	while (read < 2 * QUEUE && fcntl(tap, F_SETFL, O_NONBLOCK) == 0 &&
	       readv(tap, &(struct iovec){ got.bytes, sizeof(got.bytes) }, 1) > 0)
		read++;
	cr_assert_eq(read + refused, QUEUE + 300, "%d were read and %lld counted", read, refused);
	cr_assert_gt(refused, 0);
	cr_assert_eq(port_counter("vale1:p_t", "sent_frames"), read);
}

/* A tap that stays when its process goes. */
Test(tap, frames_to_a_tap_that_nobody_holds_are_counted)
{
	int container_end;

	add_container();
	must("ip tuntap add dev t mode tap && ip link set dev t up");
	must("%s attach vale1:p_t t", valectl());
	container_end = traffic_open("a", "eth0", FRAME_TYPE_OURS);
	frame_plain(&frame, 1, 9, FRAME_TYPE_OURS, 60);
	must("%s fdb vale1 add %s p_t", valectl(), frame_address_text(9));
	cr_assert_eq(traffic_send(container_end, &frame, 100), 100);
	frame_plain(&frame, 1, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	cr_assert_eq(traffic_send(container_end, &frame, 100), 100);
	cr_assert_eq(port_counter("vale1:p_t", "sent_frames"), 0);
	cr_assert_eq(port_counter("vale1:p_t", "dropped"), 200);
	cr_assert_eq(port_counter("vale1:p_t", "drops.down"), 200);
}
