// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* A switch forwards what it is given: whatever is in a frame comes out as it went in. */
#include <linux/bpf.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/program.h"
#include "tests/lib/sandbox.h"

static struct frame in, out;

TestSuite(unmodified, .init = sandbox_enter, .timeout = 60);

static void check_same(const struct program *program, const char *what)
{
	uint32_t verdict = program_run(program, &in, &out);

	if (verdict != XDP_REDIRECT)
		cr_assert_fail("%s: verdict %u", what, verdict);
	frame_expect(&in, &out, what);
}

Test(unmodified, frames_of_every_type)
{
	struct program program;
	char what[16];

	program_switch(2, 0, "");
	program = program_of("vale1:p1");
	for (int type = 0; type < 65536; type++) {
		frame_plain(&in, 1, 2, type, 60);
		snprintf(what, sizeof(what), "type %04x", type);
		check_same(&program, what);
	}
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 65536);
}

Test(unmodified, frames_of_every_length)
{
	struct program program;

	program_switch(2, 0, "");
	program = program_of("vale1:p1");
	for (size_t length = 14; length <= 1518; length++) {
		frame_plain(&in, 1, 2, FRAME_TYPE_OURS, length);
		check_same(&program, "a plain frame");
	}
}

Test(unmodified, frames_with_one_and_two_vlan_tags)
{
	struct program program;
	struct frame_options options = {
		.from = 1, .to = 2, .version = 4, .protocol = IPPROTO_UDP, .payload = 100
	};

	program_switch(2, 0, "");
	program = program_of("vale1:p1");
	for (options.tags = 0; options.tags <= 2; options.tags++) {
		frame_build(&in, &options);
		for (int vlan = 0; vlan < 4096 && options.tags; vlan += 65) {
			frame_put16(&in, 14, 0xe000 | vlan);
			check_same(&program, frame_describe(&options));
		}
		check_same(&program, frame_describe(&options));
	}
}

/* An outer tag alone, with nothing behind it, and with half a header behind it. */
Test(unmodified, frames_that_end_within_their_headers)
{
	struct program program;
	struct frame_options options = { .from = 1, .to = 2, .payload = 8 };
	struct frame whole;

	program_switch(2, 0, "");
	program = program_of("vale1:p1");
	for (int row = 0; row < 12; row++) {
		options.tags = row % 3;
		options.version = row % 2 ? 4 : 6;
		options.protocol = row < 6 ? IPPROTO_TCP : IPPROTO_UDP;
		options.checksum = FRAME_PARTIAL;
		frame_build(&whole, &options);
		for (size_t length = 14; length < whole.length; length++) {
			in = whole;
			in.length = length;
			check_same(&program, frame_describe(&options));
		}
	}
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 0);
}

/* ---- random frames ----------------------------------------------------------------------------- */

static void scramble(struct frame *frame, size_t from, int changes)
{
	for (int i = 0; i < changes; i++)
		frame->bytes[from + random() % (frame->length - from)] = random();
}

/* A TCP or UDP frame of which some bytes behind the addresses are not what they were. */
static void build_broken(void)
{
	struct frame_options options = {
		.from = 1,
		.to = 2,
		.tags = random() % 3,
		.version = random() % 2 ? 4 : 6,
		.protocol = random() % 2 ? IPPROTO_TCP : IPPROTO_UDP,
		.payload = random() % 600,
		.checksum = random() % 3,
	};

	options.ip_options = random() % 11 * 4;
	if (options.protocol == IPPROTO_TCP && options.checksum == FRAME_ZERO)
		options.checksum = FRAME_PARTIAL;
	frame_build(&in, &options);
	scramble(&in, 12, random() % 6);
	if (random() % 4 == 0)
		in.length = 14 + random() % (in.length - 14);
}

static void build_noise(void)
{
	frame_plain(&in, 1, 2, random() % 2 ? 0x0800 : 0x86dd, 14 + random() % 1400);
	for (size_t i = 14; i < in.length; i++)
		in.bytes[i] = random();
}

/*
 * Makes the sum over the IPv4 header right, which is the sender's own affair, so that
 * frame_verify() looks at the rest.
 */
static void right_ipv4_sum(struct frame *frame)
{
	uint32_t sum = 0;

	if (frame_get16(frame, 12) != 0x0800)
		return;
	frame_put16(frame, 24, 0);
	for (size_t i = 0; i < (frame->bytes[14] & 15U) * 4; i += 2)
		sum += frame_get16(frame, 14 + i);
	sum = (sum & 0xffff) + (sum >> 16);
	frame_put16(frame, 24, ~((sum & 0xffff) + (sum >> 16)));
}

/* The one thing that may change is a checksum, and only into a right one. */
static void check_allowed(void)
{
	size_t changed = 0, first = 0, last = 0;

	cr_assert_eq(in.length, out.length);
	for (size_t i = 0; i < in.length; i++) {
		if (in.bytes[i] == out.bytes[i])
			continue;
		first = changed++ ? first : i;
		last = i;
	}
	if (!changed)
		return;
	if (last - first > 1)
		frame_expect(&in, &out, "more than a checksum was changed");
	right_ipv4_sum(&out);
	if (frame_get16(&out, 12) == 0x0800 || frame_get16(&out, 12) == 0x86dd)
		if (frame_verify(out.bytes, out.length) != FRAME_GOOD)
			frame_expect(&in, &out, "completed wrongly");
}

Test(unmodified, random_frames_but_for_open_checksums)
{
	struct program program;
	uint32_t verdict;

	program_switch(2, 0, "");
	program = program_of("vale1:p1");
	srandom(1);
	for (int round = 0; round < 40000; round++) {
		if (round % 4)
			build_broken();
		else
			build_noise();
		verdict = program_run(&program, &in, &out);
		if (verdict != XDP_REDIRECT)
			cr_assert_fail("round %d: verdict %u", round, verdict);
		check_allowed();
	}
	cr_assert(port_counter("vale1:p1", "checksums_completed") > 1000);
	cr_assert_eq(port_counter("vale1:p1", "flooded"), 40000);
}
