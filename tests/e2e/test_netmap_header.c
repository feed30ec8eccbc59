// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Programs of netmap whose frames have a virtio-net header, as a machine monitor's have. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/vnet.h"

static struct frame whole, joined, got;

TestSuite(netmap_header, .init = sandbox_enter, .timeout = 120);

static int set_header(const char *port, __u32 size)
{
	struct nmreq_port_hdr header = { .nr_hdr_len = size };

	return netmap_request(netmap_device(), NETMAP_REQ_PORT_HDR_SET, port, &header);
}

static __u32 header_of(const char *port)
{
	struct nmreq_port_hdr header = { .nr_hdr_len = 99 };

	cr_assert_eq(netmap_request(netmap_device(), NETMAP_REQ_PORT_HDR_GET, port, &header), 0);
	return header.nr_hdr_len;
}

Test(netmap_header, machines_exchange_frames_of_64_kilobytes_and_others_get_segments)
{
	const struct frame_options options = {
		.from = 1,
		.to = FRAME_EVERYONE,
		.version = 4,
		.protocol = IPPROTO_TCP,
		.payload = 60000,
		.checksum = FRAME_PARTIAL,
	};
	struct nmreq_register machine = { .nr_flags = NR_ACCEPT_VNET_HDR };
	struct netmap_port a = netmap_open("vale1:a", machine);
	struct netmap_port b = netmap_open("vale1:b", machine);
	struct netmap_port plain = netmap_open_all("vale1:c");
	struct virtio_net_hdr header;

	cr_assert_eq(set_header("vale1:a", 12), 0);
	cr_assert_eq(set_header("vale1:b", 12), 0);
	cr_assert_eq(header_of("vale1:a"), 12);
	cr_assert_eq(header_of("vale1:c"), 0);
	frame_build(&whole, &options);
	header = vnet_header(&whole, VIRTIO_NET_HDR_GSO_TCPV4, 1448);
	vnet_join(&joined, &header, 12, &whole);
	netmap_send(&a, &joined);
	netmap_expect(&b, &joined, "a machine");
	for (int number = 0, last = 0; !last; number++) {
		cr_assert(netmap_take(&plain, &got, 5000), "segment %d", number);
		last = vnet_expect_segment(&whole, 1448, number, &got);
	}
}

/* It would take headers for frames. */
Test(netmap_header, a_program_that_does_not_know_headers_cannot_open_a_port_that_has_them)
{
	struct nmreq_register machine = { .nr_mode = NR_REG_ALL_NIC,
					  .nr_flags = NR_ACCEPT_VNET_HDR };
	int fd;

	must("%s port add vale1:a --vnet-header 12", valectl());
	cr_assert_eq(netmap_bind("vale1:a", NULL), -EIO);
	fd = netmap_bind("vale1:a", &machine);
	cr_assert_geq(fd, 0);
	must("%s port header vale1:a 0", valectl());
	cr_assert_geq(netmap_bind("vale1:a", NULL), 0);
}

Test(netmap_header, sizes_that_no_header_has_are_refused)
{
	struct netmap_port a = netmap_open_all("vale1:a");

	cr_assert_eq(set_header("vale1:a", 10), 0);
	for (__u32 size = 1; size < 20; size++)
		if (size != 10 && size != 12)
			cr_assert_eq(set_header("vale1:a", size), -EINVAL);
	cr_assert_eq(header_of("vale1:a"), 10);
	cr_assert_eq(set_header("vale1:b", 12), -ENXIO);
	netmap_close(&a);
}
