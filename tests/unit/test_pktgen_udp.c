// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Frames of pkt-gen: what is in them, and their checksums, by code that shares nothing with it. */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/payload.h"
#include "pkt-gen/udp.h"
#include "tests/lib/frame.h"

static const uint8_t source[16] = { 0xfd, 0, 0x12, 0x34, 0xff, 0xff, [15] = 1 };
static const uint8_t destination[16] = { 0xfd, 0, 0xab, 0xcd, [14] = 0xff, 0xfe };

/* A frame whose buffer has something else behind it. */
static uint8_t bytes[UDP_LENGTH_MAX + 8];

static void build(struct udp_frame *frame, bool ipv6, uint32_t length, uint64_t unit)
{
	udp_build(frame, ipv6, length, unit);
	udp_set_mac(frame, SIDE_SOURCE, 0x020000000001);
	udp_set_mac(frame, SIDE_DESTINATION, 0x0200000000fe);
	udp_set_address(frame, SIDE_SOURCE, source);
	udp_set_address(frame, SIDE_DESTINATION, destination);
	udp_set_port(frame, SIDE_SOURCE, 1234);
	udp_set_port(frame, SIDE_DESTINATION, 54321);
	udp_seal(frame);
}

static void write_whole(const struct udp_frame *frame)
{
	static const uint8_t behind[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	memcpy(bytes + frame->length, behind, sizeof(behind));
	udp_write(frame, bytes);
	cr_assert_eq(memcmp(bytes + frame->length, behind, sizeof(behind)), 0,
		     "%u bytes: written behind the end", frame->length);
}

static void expect_good(const struct udp_frame *frame)
{
	struct udp_payload payload;
	uint32_t wrong = 0;

	cr_assert_eq(frame_verify(bytes, frame->length), FRAME_GOOD, "%u bytes", frame->length);
	cr_assert(udp_read(bytes, frame->length, &payload));
	cr_assert(payload.good, "%u bytes", frame->length);
	cr_assert_eq(payload.length, frame->length - frame->headers);
	cr_assert_eq(payload.bytes - bytes, frame->headers);
	cr_assert(payload_is(payload.bytes, payload.length, frame->unit));
	cr_assert_eq(sum_fold((uint64_t)payload.sum + payload_sum(frame->unit, payload.length)),
		     0xffff);
	for (uint32_t i = 0; i < payload.length; i++)
		wrong += payload.bytes[i] != ((const uint8_t *)&frame->unit)[i % 8];
	cr_assert_eq(wrong, 0, "%u bytes", frame->length);
}

Test(pktgen_udp, checksums_of_every_length)
{
	struct udp_frame frame;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t least = ipv6 ? UDP_HEADERS_IPV6 : UDP_HEADERS_IPV4;

		for (uint32_t length = least; length < 1600; length++) {
			build(&frame, ipv6, length, 0x0123456789abcdefull * length);
			write_whole(&frame);
			expect_good(&frame);
		}
		build(&frame, ipv6, UDP_LENGTH_MAX, ~0ull);
		write_whole(&frame);
		expect_good(&frame);
	}
}

Test(pktgen_udp, what_is_where)
{
	static const uint8_t ipv4[] = {
		2,    0,    0, 0,  0, 0xfe, 2,	  0, 0,	 0,  0, 1, 8, 0, /* Ethernet */
		0x45, 0x10, 0, 46, 0, 0,    0x40, 0, 64, 17,
	};
	struct udp_frame frame;

	build(&frame, false, 60, htobe64(0x1122334455667788));
	write_whole(&frame);
	cr_assert_eq(memcmp(bytes, ipv4, sizeof(ipv4)), 0);
	cr_assert_eq(memcmp(bytes + 26, source, 4), 0);
	cr_assert_eq(memcmp(bytes + 30, destination, 4), 0);
	cr_assert_eq(bytes[34] << 8 | bytes[35], 1234);
	cr_assert_eq(bytes[36] << 8 | bytes[37], 54321);
	cr_assert_eq(bytes[38] << 8 | bytes[39], 26);
	cr_assert_eq(bytes[42], 0x11);
	cr_assert_eq(bytes[59], 0x22);

	build(&frame, true, 80, 0);
	write_whole(&frame);
	cr_assert_eq(bytes[12] << 8 | bytes[13], 0x86dd);
	cr_assert_eq(bytes[14] >> 4, 6);
	cr_assert_eq(bytes[18] << 8 | bytes[19], 26);
	cr_assert_eq(memcmp(bytes + 22, source, 16), 0);
	cr_assert_eq(memcmp(bytes + 38, destination, 16), 0);
	cr_assert_eq(bytes[54] << 8 | bytes[55], 1234);
}

Test(pktgen_udp, changes_are_in_the_checksums)
{
	struct udp_frame frame;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		build(&frame, ipv6, 100, 7);
		for (uint32_t i = 0; i < 70000; i += 251) {
			udp_set_group(&frame, SIDE_SOURCE, ipv6 ? 7 : 1, i);
			udp_set_group(&frame, SIDE_DESTINATION, 0, i * 3);
			udp_set_port(&frame, SIDE_SOURCE, i);
			udp_set_port(&frame, SIDE_DESTINATION, ~i);
			udp_set_length(&frame, 70 + i % 400);
			frame.unit = i * 0x9e3779b97f4a7c15ull;
			udp_seal(&frame);
			write_whole(&frame);
			expect_good(&frame);
		}
	}
}

Test(pktgen_udp, headers_alone)
{
	struct udp_frame frame;

	build(&frame, false, 64, 7);
	write_whole(&frame);
	udp_set_port(&frame, SIDE_SOURCE, 4321);
	udp_seal(&frame);
	udp_write_headers(&frame, bytes);
	expect_good(&frame);
	cr_assert_eq(bytes[34] << 8 | bytes[35], 4321);
	/* Without them, the old checksum is wrong. */
	udp_set_port(&frame, SIDE_SOURCE, 4322);
	udp_seal(&frame);
	memcpy(bytes + 34, &(uint16_t){ htons(4322) }, 2);
	cr_assert_eq(frame_verify(bytes, 64), FRAME_BAD);
}

/* A checksum of 0 would say that there is none. */
Test(pktgen_udp, a_sum_of_zero)
{
	struct udp_frame frame;
	int zeros = 0;

	build(&frame, false, 60, 0);
	for (uint32_t port = 0; port < 65536; port++) {
		udp_set_port(&frame, SIDE_SOURCE, port);
		udp_seal(&frame);
		cr_assert_neq(frame.udp_checksum, 0);
		zeros += frame.udp_checksum == 0xffff;
	}
	cr_assert_gt(zeros, 0);
}

Test(pktgen_udp, of_others)
{
	uint8_t other[] = { 1, 2, 3, 4, 5 };
	struct udp_frame frame;

	udp_build_raw(&frame, other, sizeof(other));
	write_whole(&frame);
	cr_assert_eq(memcmp(bytes, other, sizeof(other)), 0);
}

/* ---- reading ----------------------------------------------------------------------------------- */

Test(pktgen_udp, that_are_not_good)
{
	struct udp_frame frame;
	struct udp_payload payload;

	build(&frame, false, 70, 7);
	write_whole(&frame);
	for (uint32_t at = 14; at < 34; at++) {
		bytes[at] ^= 1;
		cr_assert(!udp_read(bytes, 70, &payload) || !payload.good, "byte %u", at);
		bytes[at] ^= 1;
	}
	cr_assert(udp_read(bytes, 69, &payload) && !payload.good);
	cr_assert(udp_read(bytes, 71, &payload) && !payload.good);
	for (uint32_t length = 0; length < UDP_HEADERS_IPV4; length++)
		cr_assert_not(udp_read(bytes, length, &payload));
	cr_assert(udp_read(bytes, 70, &payload) && payload.good);
}

Test(pktgen_udp, that_were_padded)
{
	struct udp_payload payload;
	struct udp_frame frame;

	build(&frame, false, 50, 7);
	write_whole(&frame);
	memset(bytes + 50, 0, 10);
	cr_assert(udp_read(bytes, 60, &payload) && payload.good);
	cr_assert_eq(payload.length, 8);
	cr_assert(udp_read(bytes, 61, &payload) && !payload.good);
}

Test(pktgen_udp, turned_frames)
{
	struct udp_frame frame;

	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t at = ipv6 ? 22 : 26, size = ipv6 ? 16 : 4;

		build(&frame, ipv6, 90, 7);
		write_whole(&frame);
		udp_turn(bytes, 90);
		cr_assert_eq(bytes[5], 1);
		cr_assert_eq(bytes[11], 0xfe);
		cr_assert_eq(memcmp(bytes + at, destination, size), 0);
		cr_assert_eq(memcmp(bytes + at + size, source, size), 0);
		expect_good(&frame);
	}
	memset(bytes, 1, 14);
	bytes[6] = 2;
	udp_turn(bytes, 13); /* too short to have addresses */
	cr_assert_eq(bytes[6], 2);
	udp_turn(bytes, 14);
	cr_assert_eq(bytes[6], 1);
	cr_assert_eq(bytes[0], 2);
}
