/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The frame to be sent: UDP over IPv4 or IPv6, with a payload as payload.h has it. What is changed
 * in it changes its sums; udp_seal() makes the checksums of them, and then it can be written.
 */
#ifndef PKTGEN_UDP_H
#define PKTGEN_UDP_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of the headers: Ethernet, IP, UDP. */
#define UDP_HEADERS_IPV4 42
#define UDP_HEADERS_IPV6 62

/* The longest: an IPv4 packet of 65535 bytes, behind an Ethernet header. */
#define UDP_LENGTH_MAX (14 + 65535)

enum side {
	SIDE_SOURCE,
	SIDE_DESTINATION,
};

struct udp_frame {
	uint32_t length;
	uint32_t headers;	  /* bytes of them */
	uint64_t unit;		  /* of the payload, as it lies in memory */
	uint32_t ip_sum;	  /* of the IPv4 header's words but the checksum */
	uint32_t udp_sum;	  /* of the pseudo header's and the UDP header's */
	unsigned char header[64]; /* but for the checksums: */
	uint16_t ip_checksum;
	uint16_t udp_checksum;
	const unsigned char *raw; /* instead of all that: these bytes */
};

/* From and to nowhere: addresses and ports are zero. */
void udp_build(struct udp_frame *frame, bool ipv6, uint32_t length, uint64_t unit);
/* Of `length` bytes that the caller keeps. Nothing but writing can be done with it. */
void udp_build_raw(struct udp_frame *frame, const unsigned char *bytes, uint32_t length);

void udp_set_mac(struct udp_frame *frame, enum side side, uint64_t mac);
/* The whole of an address, 4 or 16 bytes in network byte order. */
void udp_set_address(struct udp_frame *frame, enum side side, const uint8_t *address);
/* A 16-bit group of it: of an IPv4 address there are 0 and 1. */
void udp_set_group(struct udp_frame *frame, enum side side, unsigned int group, uint16_t value);
void udp_set_port(struct udp_frame *frame, enum side side, uint16_t port);
void udp_set_length(struct udp_frame *frame, uint32_t length);

static inline bool udp_is_ipv6(const struct udp_frame *frame)
{
	return frame->headers == UDP_HEADERS_IPV6;
}

/* To be called after changes, of the payload's unit too, and before the frame is written. */
void udp_seal(struct udp_frame *frame);

/* Writes the frame, or only what is before its payload. */
void udp_write(const struct udp_frame *frame, unsigned char *bytes);
void udp_write_headers(const struct udp_frame *frame, unsigned char *bytes);

/* What a frame that has arrived carries. */
struct udp_payload {
	const unsigned char *bytes;
	uint32_t length;
	uint32_t sum; /* of the rest that the UDP checksum is about */
	bool good;    /* the frame is as long as it says, and its IPv4 header's checksum is right */
};

/* False: it is no frame of UDP. */
bool udp_read(const unsigned char *bytes, uint32_t length, struct udp_payload *out);

/* Swaps the addresses of the two sides of a frame that has arrived; its checksums stay right. */
void udp_turn(unsigned char *bytes, uint32_t length);

#endif
