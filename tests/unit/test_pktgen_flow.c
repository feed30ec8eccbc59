// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Which addresses frames of pkt-gen have, one after the other. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/flow.h"
#include "tests/lib/frame.h"

#define LENGTH 64

static struct udp_frame frame;
static struct flow flow;
static uint8_t bytes[LENGTH + 40];

static void start(const char *from, const char *to, const char *from_mac, const char *to_mac,
		  bool ipv6)
{
	struct flow_options options = {};

	cr_assert_null(range_parse_host(from, ipv6, &options.host[SIDE_SOURCE]));
	cr_assert_null(range_parse_host(to, ipv6, &options.host[SIDE_DESTINATION]));
	cr_assert_null(range_parse_mac(from_mac, &options.mac[SIDE_SOURCE]));
	cr_assert_null(range_parse_mac(to_mac, &options.mac[SIDE_DESTINATION]));
	udp_build(&frame, ipv6, LENGTH, 0);
	flow_start(&flow, &options, 1, &frame);
}

/* What a frame is that is written now, "FROM:PORT>TO:PORT", with the last bytes of addresses. */
static const char *now(void)
{
	static char text[64];
	int at = udp_is_ipv6(&frame) ? 54 : 34;

	udp_seal(&frame);
	udp_write(&frame, bytes);
	cr_assert_eq(frame_verify(bytes, LENGTH), FRAME_GOOD);
	if (at == 34)
		snprintf(text, sizeof(text), "%d:%d>%d:%d", bytes[29], bytes[34] << 8 | bytes[35],
			 bytes[33], bytes[36] << 8 | bytes[37]);
	else
		snprintf(text, sizeof(text), "%d:%d>%d:%d", bytes[37], bytes[54] << 8 | bytes[55],
			 bytes[53], bytes[56] << 8 | bytes[57]);
	return text;
}

static void expect(const char *const *texts)
{
	for (int i = 0; texts[i]; i++) {
		cr_assert_str_eq(now(), texts[i], "frame %d: %s, not %s", i, now(), texts[i]);
		flow_next(&flow, &frame);
	}
}

static const char one[] = "02:00:00:00:00:01", two[] = "02:00:00:00:00:02";

Test(pktgen_flow, of_one_frame)
{
	start("10.0.0.1", "10.1.0.2", one, two, false);
	cr_assert_not(flow.varies);
	expect((const char *[]){ "1:1234>2:1234", "1:1234>2:1234", NULL });
	cr_assert_eq(memcmp(bytes, (uint8_t[]){ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 }, 12), 0);
}

Test(pktgen_flow, like_the_digits_of_a_number)
{
	start("10.0.0.1:5-10.0.0.2:6", "10.1.0.8:1-10.1.0.9:2", one, two, false);
	cr_assert(flow.varies);
	expect((const char *[]){ "1:5>8:1", "1:6>8:1", "2:5>8:1", "2:6>8:1", "1:5>8:2", "1:6>8:2",
				 "2:5>8:2", "2:6>8:2", "1:5>9:1", "1:6>9:1", "2:5>9:1", "2:6>9:1",
				 "1:5>9:2", "1:6>9:2", "2:5>9:2", "2:6>9:2", "1:5>8:1", NULL });
}

Test(pktgen_flow, of_destinations_only)
{
	start("10.0.0.1", "10.1.0.8-10.1.0.10", one, two, false);
	expect((const char *[]){ "1:1234>8:1234", "1:1234>9:1234", "1:1234>10:1234",
				 "1:1234>8:1234", NULL });
}

Test(pktgen_flow, of_ipv6)
{
	start("[fd00::1]:5-[fd00::2]:6", "fd00::8-fd00::9", one, two, true);
	expect((const char *[]){ "1:5>8:1234", "1:6>8:1234", "2:5>8:1234", "2:6>8:1234",
				 "1:5>9:1234", NULL });
}

/* Addresses of more than 16 bits that change. */
Test(pktgen_flow, through_large_ranges)
{
	start("10.0.255.254-10.1.0.1", "10.1.0.8", one, two, false);
	for (uint32_t i = 0; i < 8; i++) {
		uint32_t wanted = 0x0a00fffe + i % 4, address;

		now();
		address = (uint32_t)bytes[26] << 24 | bytes[27] << 16 | bytes[28] << 8 | bytes[29];
		cr_assert_eq(address, wanted, "%08x, not %08x", address, wanted);
		flow_next(&flow, &frame);
	}
}

Test(pktgen_flow, of_macs_that_move_on_with_each_frame)
{
	start("10.0.0.1", "10.1.0.2", "02:00:00:00:00:ff-02:00:00:00:01:00",
	      "06:00:00:00:00:01-06:00:00:00:00:03", false);
	cr_assert(flow.varies);
	for (int i = 0; i < 12; i++) {
		uint8_t wanted[12] = { 6, 0, 0, 0, 0, 1 + i % 3, 2, 0, 0, 0, i % 2, 0xff + i % 2 };

		now();
		cr_assert_eq(memcmp(bytes, wanted, 12), 0, "frame %d", i);
		flow_next(&flow, &frame);
	}
}

/* ---- drawn ------------------------------------------------------------------------------------- */

static void start_random(bool source, bool destination, uint64_t seed)
{
	struct flow_options options = { .random = { source, destination } };

	range_parse_host("10.0.0.1", false, &options.host[SIDE_SOURCE]);
	range_parse_host("10.1.0.2", false, &options.host[SIDE_DESTINATION]);
	udp_build(&frame, false, LENGTH, 0);
	flow_start(&flow, &options, seed, &frame);
}

/* How many of 1000 frames have another source and another destination than the one before. */
static void count_changes(int *sources, int *destinations)
{
	uint8_t before[12];

	*sources = *destinations = 0;
	for (int i = 0; i < 1000; i++) {
		memcpy(before, bytes + 26, sizeof(before));
		flow_next(&flow, &frame);
		now();
		*sources += memcmp(before, bytes + 26, 4) && memcmp(before + 8, bytes + 34, 2);
		*destinations += memcmp(before + 4, bytes + 30, 4) &&
				 memcmp(before + 10, bytes + 36, 2);
	}
}

Test(pktgen_flow, that_is_drawn)
{
	int sources, destinations;

	start_random(true, false, 1);
	count_changes(&sources, &destinations);
	cr_assert_gt(sources, 990);
	cr_assert_eq(destinations, 1); /* against nothing, at first */
	start_random(false, true, 2);
	count_changes(&sources, &destinations);
	cr_assert_leq(sources, 1);
	cr_assert_gt(destinations, 990);
	start_random(true, true, 0);
	count_changes(&sources, &destinations);
	cr_assert_gt(sources, 990);
	cr_assert_gt(destinations, 990);
}
