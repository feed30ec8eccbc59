// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* pkt-gen at network devices, by AF_PACKET and AF_XDP; and what its frames are, seen by a capture. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

static void devices(void)
{
	sandbox_enter();
	traffic_quiet();
	veth("dev0", "dev1");
}

TestSuite(pktgen_device, .init = devices, .timeout = 120);

/* ---- counts ------------------------------------------------------------------------------------ */

static void expect_all(const char *from, const char *to, const char *options)
{
	struct pktgen rx = pktgen_start("-i %s -f rxseq -w 0 -n 600", to);
	struct output tx = pktgen_must("-i %s -f txseq -w 0 -n 600 %s", from, options);
	struct output received = pktgen_end(&rx, 0);
	struct pktgen_total sent = pktgen_total(&tx, "Sent");
	struct pktgen_total got = pktgen_total(&received, "Received");

	cr_assert_eq(received.status, 0, "%s > %s: %s", from, to, received.text);
	cr_assert_eq(sent.packets, 600);
	cr_assert_eq(got.packets, 600);
	cr_assert_eq(got.bytes, sent.bytes);
	text_expect(received.text,
		    "600 packets from 0 to 599, 0 lost, 0 repeated, 0 out of order$");
}

Test(pktgen_device, by_packet_sockets)
{
	expect_all("dev0", "dev1", "");
	expect_all("netmap:dev0", "packet:dev1", "-l 1514");
	expect_all("packet:dev0", "packet:dev1", "-6 -l 1000 -l 100 -b 7");
	expect_all("dev0", "dev1", "--busy");
}

Test(pktgen_device, by_xdp_sockets)
{
	expect_all("xdp:dev0", "packet:dev1", "");
	expect_all("packet:dev0", "xdp:dev1", "");
	expect_all("xdp:dev0", "xdp:dev1", "-l 1514");
	expect_all("xdp:dev0", "xdp:dev1", "-b 1024");
	/* Nothing of ours stays at the device. */
	cr_assert_eq(program_on("dev0"), 0);
	cr_assert_eq(program_on("dev1"), 0);
}

Test(pktgen_device, from_and_to_ports)
{
	must("%s attach vale1:d dev0", valectl());
	expect_all("vale1:a", "packet:dev1", "");
	expect_all("packet:dev1", "vale1:a", "");
}

/* The kernel divides what comes among the sockets. */
Test(pktgen_device, by_several_threads)
{
	struct pktgen rx = pktgen_start("-i dev1 -f rx -w 0 -p 2 -n 400");
	struct output received;

	pktgen_must("-i dev0 -f tx -w 0 -p 2 -n 400 -s 10.0.0.1:1-10.0.0.9:99");
	received = pktgen_end(&rx, 0);
	cr_assert_eq(received.status, 0);
	cr_assert_eq(pktgen_total(&received, "Received").packets, 400);
	text_expect(received.text, "^Receiving from dev1: 2 queues, 2 threads and ");
}

Test(pktgen_device, by_several_queues)
{
	struct pktgen rx;

	must("ip link add name many0 numrxqueues 2 numtxqueues 2 type veth peer name many1 "
	     "numrxqueues 2 numtxqueues 2");
	must("ip link set many0 up && ip link set many1 up");
	rx = pktgen_start("-i xdp:many1 -f rx -w 0 -n 100");
	pktgen_must("-i xdp:many0 -f tx -w 0 -p 2 -n 100");
	text_expect(pktgen_end(&rx, 0).text, "^Receiving from xdp:many1: 2 queues, 1 threads and ");
}

/* ---- a capture --------------------------------------------------------------------------------- */

/* Has these frames sent, and shows each to `look`. */
static void capture(const char *options, int count,
		    void (*look)(int number, const struct frame *frame))
{
	int socket = traffic_open(NULL, "dev1", 0);
	static struct arrival arrival;

	pktgen_must("-i dev0 -f tx -w 0 -n %d %s", count, options);
	for (int i = 0; i < count; i++) {
		cr_assert(traffic_receive(socket, &arrival, 5000), "%s: frame %d is missing",
			  options, i);
		look(i, &arrival.frame);
	}
	cr_assert_eq(traffic_count(socket, 100), 0, "%s: one too many", options);
	close(socket);
}

static void look_at_default(int number, const struct frame *frame)
{
	static const uint8_t addresses[] = {
		10, 0, 0, 1, 10, 1, 0, 1, 1234 >> 8, 1234 & 0xff, 1234 >> 8, 1234 & 0xff
	};
	(void)number;

	cr_assert_eq(frame->length, 60);
	cr_assert_eq(memcmp(frame->bytes, "\xff\xff\xff\xff\xff\xff", 6), 0);
	cr_assert_eq(memcmp(frame->bytes + 26, addresses, sizeof(addresses)), 0);
	cr_assert_eq(frame_verify(frame->bytes, frame->length), FRAME_GOOD);
}

static void look_at_range(int number, const struct frame *frame)
{
	cr_assert_eq(frame_verify(frame->bytes, frame->length), FRAME_GOOD);
	/* 10.0.0.1:5-10.0.0.2:7, and MAC addresses from 02:00:00:00:00:01 to :04 */
	cr_assert_eq(frame->bytes[29], 1 + number / 3 % 2, "frame %d", number);
	cr_assert_eq(frame_get16(frame, 34), 5 + number % 3, "frame %d", number);
	cr_assert_eq(frame->bytes[33], 1 + number / 6 % 2, "frame %d", number);
	cr_assert_eq(frame->bytes[5], 1 + number % 4, "frame %d", number);
}

static void look_at_ipv6(int number, const struct frame *frame)
{
	static const uint8_t source[16] = { 0xfd, 0, [15] = 1 };

	cr_assert_eq(frame_verify(frame->bytes, frame->length), FRAME_GOOD);
	cr_assert_eq(frame->length, 62);
	cr_assert_eq(memcmp(frame->bytes + 22, source, 16), 0);
	cr_assert_eq(frame_get16(frame, 42), 2 + number % 3, "frame %d", number); /* 2@ */
	cr_assert_eq(frame_get16(frame, 56), 53);
}

static void look_at_random(int number, const struct frame *frame)
{
	static uint8_t before[12];

	cr_assert_eq(frame_verify(frame->bytes, frame->length), FRAME_GOOD);
	if (number) {
		cr_assert_neq(memcmp(before, frame->bytes + 26, 4), 0);
		cr_assert_neq(memcmp(before + 4, frame->bytes + 30, 4), 0);
	}
	memcpy(before, frame->bytes + 26, sizeof(before));
}

static void look_at_lengths(int number, const struct frame *frame)
{
	static size_t least, most;

	if (!number)
		least = most = frame->length;
	cr_assert(frame->length >= 100 && frame->length < 200, "%zu bytes", frame->length);
	cr_assert_eq(frame_verify(frame->bytes, frame->length), FRAME_GOOD);
	least = frame->length < least ? frame->length : least;
	most = frame->length > most ? frame->length : most;
	if (number == 299)
		cr_assert(least < 120 && most > 180, "%zu .. %zu", least, most);
}

Test(pktgen_device, frames_as_they_are_wanted)
{
	capture("", 10, look_at_default);
	capture("-s 10.0.0.1:5-10.0.0.2:7 -d 10.1.0.1-10.1.0.2 "
		"-D 02:00:00:00:00:01-02:00:00:00:00:04",
		24, look_at_range);
	capture("-6 -l 62 -d '2@[fd00:0:2::1]:53-[fd00:0:4::1]:53'", 6, look_at_ipv6);
	capture("-z -Z", 50, look_at_random);
	capture("-l 200 -l 100", 300, look_at_lengths);
}

/* What is written once into a ring's slots stays right when they go round. */
Test(pktgen_device, frames_of_a_port)
{
	must("%s attach vale1:d dev0", valectl());
	for (int i = 0; i < 2; i++) {
		int socket = traffic_open(NULL, "dev1", 0);
		static struct arrival arrival;

		pktgen_must("-i vale1:a -f tx -n 100 -C 16 %s",
			    i ? "-s 10.0.0.1:5-10.0.0.2:7 -d 10.1.0.1-10.1.0.2 "
				"-D 02:00:00:00:00:01-02:00:00:00:00:04"
			      : "");
		for (int number = 0; number < 100; number++) {
			cr_assert(traffic_receive(socket, &arrival, 5000), "frame %d", number);
			(i ? look_at_range : look_at_default)(number, &arrival.frame);
		}
		close(socket);
	}
}

/* ---- files ------------------------------------------------------------------------------------- */

static void look_at_file(int number, const struct frame *frame)
{
	(void)number;
	cr_assert_eq(frame->length, 64);
	cr_assert_eq(memcmp(frame->bytes, "\x02\0\0\0\0\x09\x02\0\0\0\0\x08", 12), 0);
	cr_assert_eq(frame->bytes[63], 63);
}

Test(pktgen_device, the_frame_of_a_file)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, figures, length, type;
		uint32_t seconds, microseconds, captured, was;
	} header = { 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1, 0, 0, 64, 64 };
	uint8_t bytes[64] = { 2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5 };
	FILE *file;

	for (int i = 14; i < 64; i++)
		bytes[i] = i;
	scratch_mount();
	file = fopen("/mnt/frame.pcap", "w");
	fwrite(&header, sizeof(header), 1, file);
	fwrite(bytes, sizeof(bytes), 1, file);
	fclose(file);
	capture("-P /mnt/frame.pcap", 5, look_at_file);
}

/* ---- what comes -------------------------------------------------------------------------------- */

/* The kernel has taken the tag out of the frame. */
Test(pktgen_device, tags_are_seen)
{
	const struct frame_options options = {
		.from = 1, .to = 2, .tags = 1, .version = 4, .protocol = IPPROTO_UDP, .payload = 18
	};
	struct pktgen rx = pktgen_start("-i dev1 -f rx -w 0 -n 1 -X");
	static struct frame frame;
	struct output received;

	frame_build(&frame, &options);
	cr_assert_eq(traffic_send(traffic_open(NULL, "dev0", 0), &frame, 1), 1);
	received = pktgen_end(&rx, 0);
	cr_assert_eq(pktgen_total(&received, "Received").bytes, (long long)frame.length);
	text_expect(received.text, "^ +0: 02 00 00 00 00 02 02 00 00 00 00 01 81 00 ");
}

static bool has_taken(const void *rx)
{
	char *errors = pktgen_errors(rx);
	bool has = text_has(errors, "\\([1-9][0-9.]* K?pkts ");

	free(errors);
	return has;
}

/* Frames that its socket has no room for are counted, too. */
static void expect_losses(const char *at, int frames)
{
	struct pktgen rx = pktgen_start("-i %s -f rx -w 0 -n %d -T 100", at, frames);
	struct output received;

	kill(rx.process, SIGSTOP);
	pktgen_must("-i packet:dev0 -f tx -w 0 -n %d", frames);
	kill(rx.process, SIGCONT);
	cr_assert(eventually(has_taken, &rx));
	received = pktgen_end(&rx, SIGINT);
	cr_assert_lt(pktgen_total(&received, "Received").packets, frames);
	cr_assert_gt(pktgen_total(&received, "Received").packets, 0);
	text_expect(received.text, "^The socket had no room for [1-9][0-9]* more packets\\.$");
}

Test(pktgen_device, a_receiver_that_is_too_slow)
{
	expect_losses("xdp:dev1", 5000);
	expect_losses("packet:dev1", 200000);
}
