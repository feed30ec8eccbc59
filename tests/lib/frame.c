// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "frame.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#define TYPE_OFFSET 12
#define TAG_SIZE    4
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER  20
#define UDP_HEADER  8

void frame_put16(struct frame *frame, size_t offset, uint16_t value)
{
	frame->bytes[offset] = value >> 8;
	frame->bytes[offset + 1] = value;
}

static uint16_t get16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

uint16_t frame_get16(const struct frame *frame, size_t offset)
{
	return get16(frame->bytes + offset);
}

void frame_set_address(uint8_t address[6], int host)
{
	if (host == FRAME_EVERYONE) {
		memset(address, 0xff, 6);
		return;
	}
	address[0] = 0x02;
	address[1] = 0;
	address[2] = 0;
	address[3] = host >> 16;
	address[4] = host >> 8;
	address[5] = host;
}

const char *frame_address_text(int host)
{
	static char text[18];
	uint8_t a[6];

	frame_set_address(a, host);
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4],
		 a[5]);
	return text;
}

/* ---- sums -------------------------------------------------------------------------------------- */

/* Adds two bytes at a time, as RFC 1071 says it; an odd last byte is the high one of its pair. */
static uint32_t add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* The sum of the pseudo header of an IP packet that carries `length` bytes of `protocol`. */
static uint32_t add_pseudo(const uint8_t *ip, int version, int protocol, size_t length)
{
	const uint8_t tail[] = {
		length >> 24, length >> 16, length >> 8, length, 0, 0, 0, protocol
	};
	uint32_t sum = add(0, tail, sizeof(tail));

	return version == 4 ? add(sum, ip + 12, 8) : add(sum, ip + 8, 32);
}

/* ---- building ---------------------------------------------------------------------------------- */

static size_t put_ethernet(struct frame *frame, int from, int to, int tags, uint16_t type)
{
	size_t at = TYPE_OFFSET;

	frame_set_address(frame->bytes, to);
	frame_set_address(frame->bytes + 6, from);
	for (int tag = tags; tag; tag--) {
		frame_put16(frame, at, tag == 2 ? 0x88a8 : 0x8100);
		frame_put16(frame, at + 2, 0x2000 | (100 + tag)); /* priority 1 */
		at += TAG_SIZE;
	}
	frame_put16(frame, at, type);
	return at + 2;
}

static void put_host(uint8_t *address, int host)
{
	address[0] = host >> 16;
	address[1] = host >> 8;
	address[2] = host;
}

static size_t put_ipv4(struct frame *frame, const struct frame_options *options, size_t carried)
{
	size_t at = frame->network, header = IPV4_HEADER + options->ip_options;
	uint8_t *ip = frame->bytes + at;

	memset(ip, 0, header);
	ip[0] = 0x40 | header / 4;
	frame_put16(frame, at + 2, header + carried);
	frame_put16(frame, at + 4, 0x1234);
	frame_put16(frame, at + 6, 0x4000); /* not to be fragmented */
	ip[8] = 64;
	ip[9] = options->protocol;
	ip[12] = ip[16] = 10;
	put_host(ip + 13, options->from);
	put_host(ip + 17, options->to);
	memset(ip + IPV4_HEADER, 1, options->ip_options); /* no operation */
	frame_put16(frame, at + 10, ~add(0, ip, header));
	return at + header;
}

static size_t put_ipv6(struct frame *frame, const struct frame_options *options, size_t carried)
{
	uint8_t *ip = frame->bytes + frame->network;

	memset(ip, 0, IPV6_HEADER);
	ip[0] = 0x60;
	frame_put16(frame, frame->network + 4, carried);
	ip[6] = options->protocol;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	put_host(ip + 21, options->from);
	put_host(ip + 37, options->to);
	return frame->network + IPV6_HEADER;
}

static void put_tcp(struct frame *frame)
{
	uint8_t *tcp = frame->bytes + frame->transport;

	memset(tcp, 0, TCP_HEADER);
	frame_put16(frame, frame->transport, 40000);
	frame_put16(frame, frame->transport + 2, 5201);
	tcp[7] = 1; /* sequence number */
	tcp[12] = TCP_HEADER / 4 << 4;
	tcp[13] = 0x18; /* PSH, ACK */
	tcp[14] = 0x20; /* window */
	frame->checksum = frame->transport + 16;
}

static void put_udp(struct frame *frame, size_t carried)
{
	frame_put16(frame, frame->transport, 40000);
	frame_put16(frame, frame->transport + 2, 5201);
	frame_put16(frame, frame->transport + 4, carried);
	frame_put16(frame, frame->transport + 6, 0);
	frame->checksum = frame->transport + 6;
}

static void put_checksum(struct frame *frame, const struct frame_options *options, size_t carried)
{
	uint32_t pseudo = add_pseudo(frame->bytes + frame->network, options->version,
				     options->protocol, carried);
	uint16_t sum;

	switch (options->checksum) {
	case FRAME_PARTIAL:
		frame_put16(frame, frame->checksum, pseudo);
		break;
	case FRAME_COMPLETE:
		sum = ~add(pseudo, frame->bytes + frame->transport, carried);
		frame_put16(frame, frame->checksum,
			    options->protocol == IPPROTO_UDP && !sum ? 0xffff : sum);
		break;
	case FRAME_ZERO:
		break;
	}
}

void frame_build(struct frame *frame, const struct frame_options *options)
{
	bool tcp = options->protocol == IPPROTO_TCP, ipv4 = options->version == 4;
	size_t header = tcp ? TCP_HEADER : UDP_HEADER, carried = header + options->payload;

	frame->network = put_ethernet(frame, options->from, options->to, options->tags,
				      ipv4 ? 0x0800 : 0x86dd);
	frame->transport = ipv4 ? put_ipv4(frame, options, carried)
				: put_ipv6(frame, options, carried);
	if (tcp)
		put_tcp(frame);
	else
		put_udp(frame, carried);
	for (int i = 0; i < options->payload; i++)
		frame->bytes[frame->transport + header + i] = i * 7 + i / 251 + 1;
	frame->length = frame->transport + carried;
	put_checksum(frame, options, carried);
}

void frame_plain(struct frame *frame, int from, int to, uint16_t type, size_t length)
{
	size_t at = put_ethernet(frame, from, to, 0, type);

	frame->network = frame->transport = frame->checksum = 0;
	frame->length = length;
	for (; at < length; at++)
		frame->bytes[at] = at * 11 + at / 239;
}

/* ---- checking ---------------------------------------------------------------------------------- */

static size_t skip_ethernet(const uint8_t *bytes, size_t length, uint16_t *type)
{
	size_t at = TYPE_OFFSET;

	while (at + 2 <= length) {
		*type = get16(bytes + at);
		if (*type != 0x8100 && *type != 0x88a8)
			return at + 2;
		at += TAG_SIZE;
	}
	return 0;
}

static enum frame_verdict verify_carried(const uint8_t *ip, int version, const uint8_t *carried,
					 int protocol, size_t length)
{
	size_t field = protocol == IPPROTO_TCP ? 16 : 6;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return FRAME_UNCHECKED;
	if (length < (protocol == IPPROTO_TCP ? TCP_HEADER : UDP_HEADER))
		return FRAME_BAD;
	if (protocol == IPPROTO_UDP && !get16(carried + field))
		return FRAME_UNCHECKED;
	return add(add_pseudo(ip, version, protocol, length), carried, length) == 0xffff
		       ? FRAME_GOOD
		       : FRAME_BAD;
}

static enum frame_verdict verify_ipv4(const uint8_t *ip, size_t length)
{
	size_t header, total;

	if (length < IPV4_HEADER)
		return FRAME_BAD;
	header = (ip[0] & 15) * 4;
	total = get16(ip + 2);
	if (header < IPV4_HEADER || total < header || total > length)
		return FRAME_BAD;
	if (add(0, ip, header) != 0xffff)
		return FRAME_BAD;
	if (get16(ip + 6) & 0x3fff)
		return FRAME_UNCHECKED;
	return verify_carried(ip, 4, ip + header, ip[9], total - header);
}

static enum frame_verdict verify_ipv6(const uint8_t *ip, size_t length)
{
	size_t carried;

	if (length < IPV6_HEADER)
		return FRAME_BAD;
	carried = get16(ip + 4);
	if (IPV6_HEADER + carried > length)
		return FRAME_BAD;
	return verify_carried(ip, 6, ip + IPV6_HEADER, ip[6], carried);
}

enum frame_verdict frame_verify(const uint8_t *bytes, size_t length)
{
	uint16_t type = 0;
	size_t network = skip_ethernet(bytes, length, &type);

	if (!network)
		return FRAME_UNCHECKED;
	if (type == 0x0800)
		return verify_ipv4(bytes + network, length - network);
	if (type == 0x86dd)
		return verify_ipv6(bytes + network, length - network);
	return FRAME_UNCHECKED;
}

bool frame_is_open(const uint8_t *bytes, size_t length)
{
	uint16_t type = 0;
	size_t network = skip_ethernet(bytes, length, &type);
	const uint8_t *ip = bytes + network, *carried;
	int protocol, version = type == 0x0800 ? 4 : 6;
	size_t size;

	if (!network || (type != 0x0800 && type != 0x86dd))
		return false;
	protocol = version == 4 ? ip[9] : ip[6];
	carried = ip + (version == 4 ? (ip[0] & 15) * 4 : IPV6_HEADER);
	size = version == 4 ? get16(ip + 2) - (ip[0] & 15U) * 4 : get16(ip + 4);
	return get16(carried + (protocol == IPPROTO_TCP ? 16 : 6)) ==
	       add_pseudo(ip, version, protocol, size);
}

bool frame_equal(const struct frame *a, const struct frame *b)
{
	return a->length == b->length && !memcmp(a->bytes, b->bytes, a->length);
}

static size_t first_difference(const struct frame *a, const struct frame *b)
{
	size_t at = 0;

	while (at < a->length && at < b->length && a->bytes[at] == b->bytes[at])
		at++;
	return at;
}

static void dump(const char *word, const struct frame *frame, size_t around)
{
	size_t at = around > 16 ? (around - 16) & ~15UL : 0;

	fprintf(stderr, "%s, %zu bytes:\n", word, frame->length);
	for (size_t line = at; line < at + 64 && line < frame->length; line += 16) {
		fprintf(stderr, "  %04zx ", line);
		for (size_t i = line; i < line + 16 && i < frame->length; i++)
			fprintf(stderr, " %02x", frame->bytes[i]);
		fputc('\n', stderr);
	}
}

void frame_expect(const struct frame *expected, const struct frame *actual, const char *what)
{
	size_t at;

	if (frame_equal(expected, actual))
		return;
	at = first_difference(expected, actual);
	dump("expected", expected, at);
	dump("actual", actual, at);
	cr_assert_fail("%s: the frames differ from byte %zu on", what, at);
}

const char *frame_describe(const struct frame_options *options)
{
	static const char *const words[] = { "complete", "partial", "zero" };
	static char text[128];

	snprintf(text, sizeof(text), "IPv%d %s, %d tags, %d bytes of options, %d of payload, %s",
		 options->version, options->protocol == IPPROTO_TCP ? "TCP" : "UDP", options->tags,
		 options->ip_options, options->payload, words[options->checksum]);
	return text;
}
