/* SPDX-License-Identifier: GPL-2.0 */
/* What the switch reads of a frame: its two addresses. */
#ifndef VALE_BPF_ETH_H
#define VALE_BPF_ETH_H

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Addresses as keys of the fdb: struct vale_fdb_key read as one number, its VLAN zero. */
struct eth_addresses {
	__u64 destination;
	__u64 source;
};

#define ETH_ADDRESS_MASK 0xffffffffffffULL

/*
 * Reads the addresses from at least 14 bytes of frame, in two loads. In memory the destination is
 * the first six bytes and the source the next six, so on a little-endian machine they are the low
 * ends of what is loaded; big-endian ones are not supported.
 */
static __always_inline struct eth_addresses eth_addresses(const void *frame)
{
	__u64 first = *(volatile const __u64 *)frame;
	__u32 second = *(volatile const __u32 *)(frame + sizeof(first));
	struct eth_addresses addresses = {
		.destination = first & ETH_ADDRESS_MASK,
		.source = first >> 48 | (__u64)second << 16,
	};

	return addresses;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "see eth_addresses()");

/* The group bit is the lowest bit of the first byte on the wire. */
static __always_inline bool eth_is_group(__u64 address)
{
	return address & 1;
}

#endif
