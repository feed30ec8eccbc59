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

#define ETH_ADDRESS_MASK 0xffffffffffffULL /* the first six bytes in memory, on little endian */

/* Reads the addresses from at least 14 bytes of frame. */
static __always_inline struct eth_addresses eth_addresses(const void *frame)
{
	const __u16 *half = frame;
	struct eth_addresses addresses;

	addresses.destination = half[0] | (__u64)half[1] << 16 | (__u64)half[2] << 32;
	addresses.source = half[3] | (__u64)half[4] << 16 | (__u64)half[5] << 32;
	return addresses;
}

/* The group bit is the lowest bit of the first byte on the wire. */
static __always_inline bool eth_is_group(__u64 address)
{
	return address & 1;
}

#endif
