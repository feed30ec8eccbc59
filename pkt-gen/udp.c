// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "udp.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "payload.h"

/* Where things are. */
enum {
	TYPE = 12,
	IP = ETH_HLEN,
	IPV4_LENGTH = IP + 2,
	IPV4_CHECKSUM = IP + 10,
	IPV4_ADDRESSES = IP + 12,
	IPV6_LENGTH = IP + 4,
	IPV6_ADDRESSES = IP + 8,
	UDP = 8, /* bytes of its header: it ends where the payload starts */
};

/* What a frame is padded to on an Ethernet. */
#define SHORTEST 60

static uint16_t word_at(const unsigned char *bytes)
{
	uint16_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static uint32_t words_at(const unsigned char *bytes)
{
	uint32_t words;

	memcpy(&words, bytes, sizeof(words));
	return words;
}

static void set_word(unsigned char *bytes, uint16_t word)
{
	memcpy(bytes, &word, sizeof(word));
}

/* Sets 16 bits, in network byte order, and returns by how much that changes a sum. */
static uint32_t change(struct udp_frame *frame, uint32_t at, uint16_t value)
{
	uint16_t old = word_at(frame->header + at), word = htons(value);

	set_word(frame->header + at, word);
	return (uint32_t)word - old;
}

static uint32_t udp_at(const struct udp_frame *frame, uint32_t offset)
{
	return frame->headers - UDP + offset;
}

/* ---- building ---------------------------------------------------------------------------------- */

static void put_ipv4(struct udp_frame *frame)
{
	unsigned char *ip = frame->header + IP;

	set_word(frame->header + TYPE, htons(ETH_P_IP));
	ip[0] = 0x45;
	ip[1] = 0x10; /* low delay, as netmap's has it */
	ip[6] = 0x40; /* not to be fragmented */
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	for (int i = 0; i < 20; i += 2)
		frame->ip_sum += word_at(ip + i);
}

static void put_ipv6(struct udp_frame *frame)
{
	unsigned char *ip = frame->header + IP;

	set_word(frame->header + TYPE, htons(ETH_P_IPV6));
	ip[0] = 0x60;
	ip[6] = IPPROTO_UDP;
	ip[7] = 64;
}

void udp_build(struct udp_frame *frame, bool ipv6, uint32_t length, uint64_t unit)
{
	memset(frame, 0, sizeof(*frame));
	frame->headers = ipv6 ? UDP_HEADERS_IPV6 : UDP_HEADERS_IPV4;
	frame->unit = unit;
	frame->udp_sum = htons(IPPROTO_UDP);
	if (ipv6)
		put_ipv6(frame);
	else
		put_ipv4(frame);
	udp_set_length(frame, length);
}

void udp_build_raw(struct udp_frame *frame, const unsigned char *bytes, uint32_t length)
{
	memset(frame, 0, sizeof(*frame));
	frame->raw = bytes;
	frame->length = length;
}

void udp_set_mac(struct udp_frame *frame, enum side side, uint64_t mac)
{
	unsigned char *at = frame->header + (side == SIDE_SOURCE ? ETH_ALEN : 0);

	for (int i = 0; i < ETH_ALEN; i++)
		at[i] = mac >> (40 - 8 * i);
}

void udp_set_group(struct udp_frame *frame, enum side side, unsigned int group, uint16_t value)
{
	bool ipv6 = udp_is_ipv6(frame);
	uint32_t at = ipv6 ? IPV6_ADDRESSES : IPV4_ADDRESSES, delta;

	at += side * (ipv6 ? 16 : 4) + 2 * group;
	delta = change(frame, at, value);
	frame->udp_sum += delta;
	if (!ipv6)
		frame->ip_sum += delta;
}

void udp_set_address(struct udp_frame *frame, enum side side, const uint8_t *address)
{
	unsigned int groups = udp_is_ipv6(frame) ? 8 : 2;

	for (unsigned int group = 0; group < groups; group++)
		udp_set_group(frame, side, group, address[2 * group] << 8 | address[2 * group + 1]);
}

void udp_set_port(struct udp_frame *frame, enum side side, uint16_t port)
{
	frame->udp_sum += change(frame, udp_at(frame, side * 2), port);
}

void udp_set_length(struct udp_frame *frame, uint32_t length)
{
	uint32_t delta = change(frame, udp_at(frame, 4), length - (frame->headers - UDP));

	/* The pseudo header has the length too. */
	frame->udp_sum += 2 * delta;
	if (udp_is_ipv6(frame))
		change(frame, IPV6_LENGTH, length - (frame->headers - UDP));
	else
		frame->ip_sum += change(frame, IPV4_LENGTH, length - ETH_HLEN);
	frame->length = length;
}

void udp_seal(struct udp_frame *frame)
{
	uint32_t payload = payload_sum(frame->unit, frame->length - frame->headers);
	uint16_t sum = ~sum_fold((uint64_t)frame->udp_sum + payload);

	frame->udp_checksum = sum ? sum : 0xffff;
	frame->ip_checksum = ~sum_fold(frame->ip_sum);
}

/* ---- writing ----------------------------------------------------------------------------------- */

/*
 * The compiler knows each length, and makes a few stores of it. Checksums are put in behind that: a
 * wide load waits for narrow stores that were made just before.
 */
void udp_write_headers(const struct udp_frame *frame, unsigned char *bytes)
{
	if (udp_is_ipv6(frame)) {
		memcpy(bytes, frame->header, UDP_HEADERS_IPV6);
	} else {
		memcpy(bytes, frame->header, UDP_HEADERS_IPV4);
		set_word(bytes + IPV4_CHECKSUM, frame->ip_checksum);
	}
	set_word(bytes + udp_at(frame, 6), frame->udp_checksum);
}

void udp_write(const struct udp_frame *frame, unsigned char *bytes)
{
	if (frame->raw) {
		memcpy(bytes, frame->raw, frame->length);
		return;
	}
	udp_write_headers(frame, bytes);
	payload_fill(bytes + frame->headers, frame->length - frame->headers, frame->unit);
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* Sums four bytes at a time; there are fewer than 2^32 of them. */
static uint64_t sum_of(const unsigned char *bytes, uint32_t length)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < length; i += 4)
		sum += words_at(bytes + i);
	return sum;
}

/* What is said of lengths is true of a frame; one that was shorter was padded. */
static bool is_length(uint32_t said, uint32_t carried, uint32_t length)
{
	return said == carried && (said == length || (said < length && length == SHORTEST));
}

bool udp_read(const unsigned char *bytes, uint32_t length, struct udp_payload *out)
{
	bool ipv6 = length >= UDP_HEADERS_IPV6 && word_at(bytes + TYPE) == htons(ETH_P_IPV6);
	uint32_t headers = ipv6 ? UDP_HEADERS_IPV6 : UDP_HEADERS_IPV4, ends, udp_ends;
	const unsigned char *udp = bytes + headers - UDP;
	uint64_t sum;

	if (length < headers)
		return false;
	if (ipv6) {
		if (bytes[IP] >> 4 != 6 || bytes[IP + 6] != IPPROTO_UDP)
			return false;
		ends = IP + 40 + ntohs(word_at(bytes + IPV6_LENGTH));
		sum = sum_of(bytes + IPV6_ADDRESSES, 32);
		out->good = true;
	} else {
		if (word_at(bytes + TYPE) != htons(ETH_P_IP) || bytes[IP] != 0x45 ||
		    bytes[IP + 9] != IPPROTO_UDP)
			return false;
		ends = IP + ntohs(word_at(bytes + IPV4_LENGTH));
		sum = sum_of(bytes + IPV4_ADDRESSES, 8);
		out->good = sum_fold(sum_of(bytes + IP, 20)) == 0xffff;
	}
	udp_ends = headers - UDP + ntohs(word_at(udp + 4));
	out->good &= is_length(ends, udp_ends, length);
	out->bytes = bytes + headers;
	out->length = (ends < length && ends >= headers ? ends : length) - headers;
	/* Words of the pseudo header that are not in the frame as they are summed. */
	sum += htons(IPPROTO_UDP) + word_at(udp + 4) + sum_of(udp, UDP);
	out->sum = sum_fold(sum);
	return true;
}

static void swap(unsigned char *a, unsigned char *b, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

void udp_turn(unsigned char *bytes, uint32_t length)
{
	if (length < ETH_HLEN)
		return;
	swap(bytes, bytes + ETH_ALEN, ETH_ALEN);
	if (length >= UDP_HEADERS_IPV4 && word_at(bytes + TYPE) == htons(ETH_P_IP))
		swap(bytes + IPV4_ADDRESSES, bytes + IPV4_ADDRESSES + 4, 4);
	else if (length >= UDP_HEADERS_IPV6 && word_at(bytes + TYPE) == htons(ETH_P_IPV6))
		swap(bytes + IPV6_ADDRESSES, bytes + IPV6_ADDRESSES + 16, 16);
}
