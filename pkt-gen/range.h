/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ranges of addresses, as they are written on the command line:
 *
 *	MAC[-MAC]
 *	IPv4[:PORT][-IPv4[:PORT]]		also IPv4:PORT-PORT
 *	[GROUP@]IPv6[-IPv6]			with a port, the address is in brackets: [fd00::1]:53
 *
 * Of IPv6 addresses, one of the eight groups of 16 bits varies: the last, or number GROUP (0..7).
 */
#ifndef PKTGEN_RANGE_H
#define PKTGEN_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define RANGE_DEFAULT_PORT 1234

struct mac_range {
	uint64_t first; /* as numbers: 02:00:00:00:00:01 is 0x020000000001 */
	uint64_t last;
};

struct host_range {
	bool ipv6;
	uint8_t group;	     /* of an IPv6 address: the one that varies */
	uint8_t address[16]; /* the first one, in network byte order; IPv4: 4 bytes of it */
	uint32_t first; /* of what varies, as numbers: an IPv4 address, a group of an IPv6 one */
	uint32_t last;
	uint16_t first_port;
	uint16_t last_port;
};

/* NULL, or what is wrong. A range that is written from its end is the same range. */
const char *range_parse_mac(const char *text, struct mac_range *out);
const char *range_parse_host(const char *text, bool ipv6, struct host_range *out);

#endif
