/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Frames with a virtio-net header, as a ring port's client puts them into its ring, and what a
 * receiver without one must get of them.
 */
#ifndef VALE_TEST_VNET_H
#define VALE_TEST_VNET_H

#include <linux/virtio_net.h>
#include <stdbool.h>

#include "frame.h"
#include "vale/port.h"

/* VIRTIO_NET_HDR_GSO_UDP_L4, which the headers of 6.1 have not. */
#define VNET_UDP_L4 5

/* That asks for a frame of frame_build() with an open checksum to be completed, and cut if `size`. */
struct virtio_net_hdr vnet_header(const struct frame *frame, __u8 gso_type, __u16 size);

/* The frame with the first `before` bytes of the header before it, the last two of 12 zero. */
void vnet_join(struct frame *out, const struct virtio_net_hdr *header, int before,
	       const struct frame *frame);

/* Sends that, as one, or with the header in a slot of its own. Returns what txsync does. */
int vnet_send(struct vale_port *port, const struct frame *joined);
int vnet_send_apart(struct vale_port *port, const struct frame *joined, int before);

/*
 * The frame `got` is the segment `number` of `whole`, which is TCP or UDP, cut into segments of
 * `size` bytes behind the headers: these say so, checksums are right, and the payload is that part.
 * The test ends if it is not. Returns true if it is the last one.
 */
bool vnet_expect_segment(const struct frame *whole, int size, int number, const struct frame *got);

#endif
