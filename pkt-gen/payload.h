/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The payload of a frame is one unit of eight bytes, again and again, the last one cut off where the
 * frame ends. So its part of the checksum is known without looking at it, and a frame that was put
 * together of parts of two shows in every cache line.
 *
 * Sums are of the 16-bit words as they lie in memory: the Internet checksum does not care for the
 * order of bytes, if the result is stored as it is (RFC 1071).
 */
#ifndef PKTGEN_PAYLOAD_H
#define PKTGEN_PAYLOAD_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define PAYLOAD_UNIT 8

static inline uint16_t sum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	sum = (sum >> 16) + (uint16_t)sum;
	return sum;
}

/* Of the four words in a unit. */
static inline uint32_t sum_unit(uint64_t unit)
{
	return (uint32_t)(unit & 0xffff) + (unit >> 16 & 0xffff) + (unit >> 32 & 0xffff) +
	       (unit >> 48);
}

/* The first `bytes` (0..7) of a unit, and zeros. */
static inline uint64_t payload_part(uint64_t unit, uint32_t bytes)
{
	return htole64(le64toh(unit) & ((1ull << 8 * bytes) - 1));
}

/* What begins with byte number `bytes` (1..7) of a unit. */
static inline uint64_t payload_turned(uint64_t unit, uint32_t bytes)
{
	uint64_t number = le64toh(unit);

	return htole64(number >> 8 * bytes | number << (64 - 8 * bytes));
}

static inline uint32_t payload_sum(uint64_t unit, uint32_t length)
{
	return length / PAYLOAD_UNIT * sum_unit(unit) +
	       sum_unit(payload_part(unit, length % PAYLOAD_UNIT));
}

static inline void payload_fill(unsigned char *bytes, uint32_t length, uint64_t unit)
{
	uint32_t rest = length % PAYLOAD_UNIT, whole = length - rest;

	for (uint32_t i = 0; i < whole; i += PAYLOAD_UNIT)
		memcpy(bytes + i, &unit, PAYLOAD_UNIT);
	if (!rest)
		return;
	if (!whole) {
		memcpy(bytes, &unit, rest);
		return;
	}
	/* The last eight bytes at once, some of them for the second time: no call for the rest. */
	unit = payload_turned(unit, rest);
	memcpy(bytes + length - PAYLOAD_UNIT, &unit, PAYLOAD_UNIT);
}

static inline bool payload_is(const unsigned char *bytes, uint32_t length, uint64_t unit)
{
	uint32_t whole = length & ~(PAYLOAD_UNIT - 1u);
	uint64_t word, differences = 0;

	for (uint32_t i = 0; i < whole; i += PAYLOAD_UNIT) {
		memcpy(&word, bytes + i, PAYLOAD_UNIT);
		differences |= word ^ unit;
	}
	return !differences && !memcmp(bytes + whole, &unit, length % PAYLOAD_UNIT);
}

#endif
