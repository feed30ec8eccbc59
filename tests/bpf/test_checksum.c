// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Checksums that the sender left open are completed, and nothing else of a frame is touched: every
 * case is run and compared with a frame built by other code (tests/lib/frame.c).
 */
#include <linux/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/program.h"
#include "tests/lib/sandbox.h"

#define JUMBO 9000

static struct frame in, out, expected;

TestSuite(checksum, .init = sandbox_enter, .timeout = 60);

static struct program one_port(void)
{
	program_switch(2, JUMBO, "");
	return program_of("vale1:p1");
}

/* Runs `in`, which must be forwarded and be `after` then. */
static void check(const struct program *program, const struct frame *after, const char *what)
{
	uint32_t verdict = program_run(program, &in, &out);

	if (verdict != XDP_REDIRECT)
		cr_assert_fail("%s: verdict %u", what, verdict);
	frame_expect(after, &out, what);
}

/* What is open comes out complete, what is complete stays as it is. */
static void check_both(const struct program *program, struct frame_options options)
{
	options.checksum = FRAME_COMPLETE;
	frame_build(&expected, &options);
	in = expected;
	check(program, &expected, frame_describe(&options));
	options.checksum = FRAME_PARTIAL;
	frame_build(&in, &options);
	check(program, &expected, frame_describe(&options));
}

/* Calls check_both() for TCP and UDP behind 0, 1 and 2 VLAN tags. Returns how many frames ran. */
static int check_stacks(const struct program *program, struct frame_options options)
{
	int runs = 0;

	for (options.tags = 0; options.tags <= 2; options.tags++) {
		options.protocol = IPPROTO_TCP;
		check_both(program, options);
		options.protocol = IPPROTO_UDP;
		check_both(program, options);
		runs += 4;
	}
	return runs;
}

/* Around the sizes at which code that adds up in words and blocks changes its way. */
static const int payloads[] = { 0,   1,	  2,	3,    4,    5,	  7,	8,   9,	  15,
				16,  17,  63,	64,   65,   127,  255,	256, 257, 483,
				484, 491, 492,	499,  500,  504,  505,	511, 512, 513,
				700, 999, 1003, 1004, 1023, 1024, 1399, 1400 };

#define PAYLOADS (sizeof(payloads) / sizeof(payloads[0]))

Test(checksum, every_open_checksum_is_completed_and_every_complete_one_stays)
{
	struct program program = one_port();
	struct frame_options options = { .from = 1, .to = 2 };
	long long runs = 0;

	for (size_t i = 0; i < PAYLOADS; i++) {
		options.payload = payloads[i];
		options.version = 6;
		runs += check_stacks(&program, options);
		options.version = 4;
		for (options.ip_options = 0; options.ip_options <= 40; options.ip_options += 20)
			runs += check_stacks(&program, options);
		options.ip_options = 0;
	}
	cr_assert_eq(port_counter("vale1:p1", "received_frames"), runs);
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), runs / 2);
}

Test(checksum, every_length_of_ip_options)
{
	struct program program = one_port();
	struct frame_options options = { .from = 3, .to = 4, .version = 4, .payload = 101 };

	for (options.ip_options = 0; options.ip_options <= 40; options.ip_options += 4)
		check_stacks(&program, options);
}

Test(checksum, every_length_of_payload)
{
	struct program program = one_port();
	struct frame_options options = { .from = 1, .to = 2, .protocol = IPPROTO_UDP };

	for (options.payload = 0; options.payload <= 1472; options.payload++) {
		options.version = 4;
		check_both(&program, options);
		options.version = 6;
		check_both(&program, options);
	}
}

/* More than a page: the kernel hands the program a frame of several buffers. */
Test(checksum, frames_of_several_buffers)
{
	static const int sizes[] = { 3000, 3500, 4000, 4095, 4096, 4097, 5001, 8000, 8191, 8900 };
	struct program program = one_port();
	struct frame_options options = { .from = 1, .to = 2 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		options.payload = sizes[i];
		options.version = 4;
		check_stacks(&program, options);
		options.version = 6;
		check_stacks(&program, options);
	}
}

/* A UDP sum of zero is sent as all ones: zero would say that there is none. */
Test(checksum, a_udp_checksum_that_adds_up_to_zero_is_all_ones)
{
	struct program program = one_port();
	struct frame_options options = {
		.from = 1, .to = 2, .protocol = IPPROTO_UDP, .payload = 2, .checksum = FRAME_PARTIAL
	};
	size_t payload;
	uint16_t sum;

	for (options.version = 4; options.version <= 6; options.version += 2) {
		options.checksum = FRAME_COMPLETE;
		frame_build(&in, &options);
		payload = in.transport + 8;
		sum = frame_get16(&in, in.checksum);
		options.checksum = FRAME_PARTIAL;
		frame_build(&in, &options);
		/* One's complement: adding what the checksum was makes it zero. */
		for (int value = 0; value < 65536; value++) {
			expected = in;
			frame_put16(&expected, payload, value);
			frame_put16(&expected, in.checksum, 0xffff);
			if (frame_verify(expected.bytes, expected.length) == FRAME_GOOD)
				break;
		}
		cr_assert_eq(frame_verify(expected.bytes, expected.length), FRAME_GOOD, "%x", sum);
		frame_put16(&in, payload, frame_get16(&expected, payload));
		check(&program, &expected, frame_describe(&options));
	}
}

Test(checksum, a_udp_frame_without_a_checksum_stays_without)
{
	struct program program = one_port();
	struct frame_options options = {
		.from = 1, .to = 2, .protocol = IPPROTO_UDP, .checksum = FRAME_ZERO
	};

	for (options.payload = 0; options.payload < 200; options.payload++) {
		options.version = options.payload % 2 ? 4 : 6;
		frame_build(&in, &options);
		check(&program, &in, frame_describe(&options));
	}
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 0);
}

Test(checksum, padding_behind_the_packet_is_not_added_up)
{
	struct program program = one_port();
	struct frame_options options = { .from = 1, .to = 2, .version = 4, .payload = 1 };

	for (options.protocol = IPPROTO_TCP; options.protocol;) {
		options.checksum = FRAME_COMPLETE;
		frame_build(&expected, &options);
		options.checksum = FRAME_PARTIAL;
		frame_build(&in, &options);
		memset(in.bytes + in.length, 0xa5, 40);
		memset(expected.bytes + expected.length, 0xa5, 40);
		in.length += 40;
		expected.length += 40;
		check(&program, &expected, frame_describe(&options));
		options.protocol = options.protocol == IPPROTO_TCP ? IPPROTO_UDP : 0;
	}
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 2);
}

/* Adds to the 16 bits at `offset` of the frame and takes the same from the IPv4 header's sum. */
static void change_ipv4(struct frame *frame, size_t offset, int difference)
{
	size_t sum = frame->network + 10;

	frame_put16(frame, offset, frame_get16(frame, offset) + difference);
	frame_put16(frame, sum, frame_get16(frame, sum) - difference);
}

static void build_open(int version, int protocol)
{
	struct frame_options options = { .from = 1,
					 .to = 2,
					 .version = version,
					 .protocol = protocol,
					 .payload = 500,
					 .checksum = FRAME_PARTIAL };

	frame_build(&in, &options);
}

/* Each row breaks a frame that would have been completed: see the first, that breaks nothing. */
Test(checksum, what_is_no_whole_tcp_or_udp_packet_stays_as_it_is)
{
	struct program program = one_port();
	const char *const words[] = {
		"nothing wrong",	 "more fragments",	    "the last fragment",
		"longer than the frame", "shorter than its header", "another protocol",
		"another type",		 "three VLAN tags",
	};

	for (int row = 0; row < 8; row++) {
		bool intact = row == 0;

		build_open(4, IPPROTO_UDP);
		if (row == 1)
			change_ipv4(&in, in.network + 6, 0x2000);
		if (row == 2)
			change_ipv4(&in, in.network + 6, 100);
		if (row == 3)
			in.length -= 1;
		if (row == 4)
			frame_put16(&in, in.network + 2, 19);
		if (row == 5)
			in.bytes[in.network + 9] = 132;
		if (row == 6)
			frame_put16(&in, 12, FRAME_TYPE_OURS);
		if (row == 7) {
			memmove(in.bytes + 24, in.bytes + 12, in.length - 12);
			memcpy(in.bytes + 12, "\x88\xa8\0\1\x81\0\0\2\x81\0\0\3", 12);
			in.length += 12;
		}
		if (!intact)
			check(&program, &in, words[row]);
		else
			program_run(&program, &in, &out);
		cr_assert_eq(frame_equal(&in, &out), !intact, "%s", words[row]);
	}
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 1);
}

Test(checksum, an_ipv6_packet_that_promises_more_than_the_frame_has_stays_as_it_is)
{
	struct program program = one_port();

	build_open(6, IPPROTO_TCP);
	for (int less = 1; less < 500; less += 7) {
		in.length -= 7;
		check(&program, &in, "a cut IPv6 frame");
	}
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 0);
	build_open(6, IPPROTO_TCP);
	program_run(&program, &in, &out);
	cr_assert_eq(port_counter("vale1:p1", "checksums_completed"), 1);
}

/* There the kernel keeps a note beside the frame and would add to a sum that is complete already. */
Test(checksum, under_the_generic_hook_nothing_is_completed)
{
	struct program generic, native;

	program_switch(2, JUMBO, "");
	must("ip link add g1 type veth peer name far_g1 && ip link set g1 up");
	must("%s attach vale1:g g1 --hook generic", valectl());
	generic = program_of("vale1:g");
	native = program_of("vale1:p1");
	build_open(4, IPPROTO_TCP);
	check(&generic, &in, "generic");
	program_run(&native, &in, &out);
	cr_assert(!frame_equal(&in, &out));
}
