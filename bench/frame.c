// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The frames that are sent: UDP over IPv4 with valid checksums. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <string.h>

#include "bench/frame.h"

#define DISCARD_PORT	   9
#define FIRST_DYNAMIC_PORT 49152

static unsigned long sum_bytes(unsigned long sum, const void *data, size_t length)
{
	const unsigned char *byte = data;
	size_t i;

	for (i = 0; i + 1 < length; i += 2)
		sum += byte[i] << 8 | byte[i + 1];
	if (length & 1)
		sum += byte[length - 1] << 8;
	return sum;
}

static __be16 fold(unsigned long sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff);
}

static __be16 udp_checksum(const struct iphdr *ip, const struct udphdr *udp)
{
	size_t length = ntohs(udp->len);
	unsigned long sum = IPPROTO_UDP + length;
	__be16 check;

	sum = sum_bytes(sum, &ip->saddr, sizeof(ip->saddr));
	sum = sum_bytes(sum, &ip->daddr, sizeof(ip->daddr));
	check = fold(sum_bytes(sum, udp, length));
	/* Zero on the wire would mean that there is no checksum. */
	return check ? check : 0xffff;
}

static void fill_mac(unsigned char *mac, int side, unsigned int flow)
{
	const unsigned char value[ETH_ALEN] = { FRAME_MAC_FIRST, 0, 0, 0, side, flow };

	memcpy(mac, value, sizeof(value));
}

/* 198.18.0.0/15 is set aside for benchmarks by RFC 2544. */
static __be32 ip_address(int side, unsigned int flow)
{
	return htonl(198u << 24 | 18 << 16 | side << 8 | (flow + 1));
}

static void fill_frame(unsigned char *frame, size_t length, unsigned int flow, int from, int to)
{
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tot_len = htons(length - sizeof(eth)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = ip_address(from, flow),
		.daddr = ip_address(to, flow),
	};
	struct udphdr *udp = (struct udphdr *)(frame + sizeof(eth) + sizeof(ip));
	size_t i;

	fill_mac(eth.h_source, from, flow);
	fill_mac(eth.h_dest, to, flow);
	ip.check = fold(sum_bytes(0, &ip, sizeof(ip)));

	for (i = 0; i < length; i++)
		frame[i] = i;
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip, sizeof(ip));
	udp->source = htons(FIRST_DYNAMIC_PORT + flow);
	udp->dest = htons(DISCARD_PORT);
	udp->len = htons(length - sizeof(eth) - sizeof(ip));
	udp->check = 0;
	udp->check = udp_checksum(&ip, udp);
}

void frame_set_build(struct frame_set *set, size_t length, unsigned int flows, int from, int to)
{
	unsigned int flow;

	set->length = length;
	set->flows = flows;
	for (flow = 0; flow < flows; flow++)
		fill_frame(set->frame[flow], length, flow, from, to);
}
