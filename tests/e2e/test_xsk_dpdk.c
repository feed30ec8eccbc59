// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A program that nobody here wrote has AF_XDP ports: DPDK's testpmd, with its af_xdp driver, forwards
 * from one port of a switch to another one. It gives frames new Ethernet addresses and nothing else.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/ring.h"
#include "tests/lib/sandbox.h"

#define FRAMES	100
#define CAPTURE "/mnt/capture.pcap"

/* What testpmd puts into frames: its port's address, and that of the host behind. */
#define HOST_BEHIND 2

static struct frame frame, got;

TestSuite(xsk_dpdk, .init = sandbox_enter, .timeout = 120);

static void read_address(const char *device, uint8_t address[6])
{
	struct output text = must("cat /sys/class/net/%s/address", device);

	cr_assert_eq(sscanf(text.text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &address[0], &address[1],
			    &address[2], &address[3], &address[4], &address[5]),
		     6);
}

static void start_testpmd(void)
{
	must("timeout -s INT 90 dpdk-testpmd --no-huge --no-shconf -m 512 --no-pci --no-telemetry"
	     " -l 0,1 --vdev net_af_xdp0,iface=left --vdev net_af_xdp1,iface=right --"
	     " --forward-mode=mac --eth-peer=1,%s --auto-start --stats-period 1"
	     " --total-num-mbufs=8192 > /mnt/testpmd 2>&1 & echo $! > /mnt/testpmd.pid",
	     frame_address_text(HOST_BEHIND));
}

static void stop_testpmd(void)
{
	must("kill -INT $(cat /mnt/testpmd.pid);"
	     " while kill -0 $(cat /mnt/testpmd.pid) 2>/dev/null; do sleep 0.1; done");
}

/* The frame number `i`, as it is sent, or as it must come out at the other side. */
static void build(int i, const uint8_t to[6], const uint8_t from[6])
{
	frame_plain(&frame, 1, HOST_BEHIND, FRAME_TYPE_OURS, 60 + (i * 37) % 1455);
	memcpy(frame.bytes, to, 6);
	memcpy(frame.bytes + 6, from, 6);
	frame_put16(&frame, 14, i);
}

/* Frames go through when both its ports are up. */
static void wait_for_testpmd(struct vale_port *sender)
{
	for (int tries = 0; tries < 300; tries++) {
		ring_send(sender, 0, &frame);
		usleep(100000);
		if (!port_counter("vale1:r", "received_frames"))
			continue;
		usleep(500000); /* what was sent before is through */
		return;
	}
	cr_assert_fail("testpmd forwards nothing: %s", run("tail -n 30 /mnt/testpmd").text);
}

static bool captured_all(const void *arg)
{
	(void)arg;
	return !run("[ $(tcpdump -r " CAPTURE " 2>/dev/null | wc -l) -ge %d ]", FRAMES).status;
}

static uint32_t read_record(FILE *file)
{
	uint32_t header[4];

	cr_assert_eq(fread(header, sizeof(header), 1, file), 1, "the capture is too short");
	cr_assert_eq(header[2], header[3], "the capture is cut");
	cr_assert_leq(header[2], FRAME_MAX);
	cr_assert_eq(fread(got.bytes, header[2], 1, file), 1);
	return header[2];
}

/* Every frame, in order, to the last byte. */
static void check_capture(const uint8_t to[6], const uint8_t from[6])
{
	FILE *file = fopen(CAPTURE, "r");
	char header[24], what[32];

	cr_assert(file && fread(header, sizeof(header), 1, file) == 1);
	for (int i = 0; i < FRAMES; i++) {
		got.length = read_record(file);
		build(i, to, from);
		snprintf(what, sizeof(what), "frame %d", i);
		frame_expect(&frame, &got, what);
	}
	cr_assert_eq(fgetc(file), EOF, "the capture has more frames than were sent");
	fclose(file);
}

Test(xsk_dpdk, testpmd_forwards_between_two_ports)
{
	uint8_t left[6], right[6], host[6], behind[6];
	struct vale_port *sender;

	scratch_mount();
	frame_set_address(host, 1);
	frame_set_address(behind, HOST_BEHIND);
	must("%s attach vale1:l --xsk left && %s attach vale1:r --xsk right", valectl(), valectl());
	container("c", HOST_BEHIND);
	must("%s attach vale1:behind c", valectl());
	read_address("left", left);
	read_address("right", right);
	must("%s fdb vale1 add $(cat /sys/class/net/left/address) l", valectl());
	must("%s fdb vale1 add %s behind", valectl(), frame_address_text(HOST_BEHIND));
	sender = ring_open("vale1:s", NULL);
	start_testpmd();
	build(0, left, host);
	wait_for_testpmd(sender);
	must("ip netns exec c timeout 60 tcpdump -i eth0 -U -w " CAPTURE
	     " -Q in ether proto 0x88b5 > /dev/null 2>/mnt/tcpdump & echo $! > "
	     "/mnt/tcpdump.pid;"
	     " until grep -q listening /mnt/tcpdump; do sleep 0.1; done");
	for (int i = 0; i < FRAMES; i++) {
		build(i, left, host);
		ring_send(sender, 0, &frame);
	}
	cr_assert(eventually(captured_all, NULL), "%lld frames came back from testpmd",
		  port_counter("vale1:r", "received_frames"));
	check_capture(behind, right);
	stop_testpmd();
	must("kill $(cat /mnt/tcpdump.pid)");
	vale_port_close(sender);
	must("%s destroy --force vale1", valectl());
	must("! ip link show left 2>/dev/null && ! ip link show right 2>/dev/null");
}
