// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ranges of addresses, as they are written for pkt-gen. */
#include <arpa/inet.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pkt-gen/range.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- MAC addresses ----------------------------------------------------------------------------- */

Test(pktgen_range, macs)
{
	static const struct {
		const char *text;
		uint64_t first, last;
	} ranges[] = {
		{ "02:00:00:00:00:01", 0x020000000001, 0x020000000001 },
		{ "ff:FF:ff:fF:ff:ff", 0xffffffffffff, 0xffffffffffff },
		{ "2:0:0:0:0:a", 0x02000000000a, 0x02000000000a },
		{ "02:00:00:00:00:01-02:00:00:00:01:00", 0x020000000001, 0x020000000100 },
		{ "02:00:00:00:01:00-02:00:00:00:00:01", 0x020000000001, 0x020000000100 },
	};

	for (size_t i = 0; i < COUNT(ranges); i++) {
		struct mac_range range = {};
		const char *wrong = range_parse_mac(ranges[i].text, &range);

		cr_assert_null(wrong, "'%s': %s", ranges[i].text, wrong);
		cr_assert_eq(range.first, ranges[i].first, "'%s'", ranges[i].text);
		cr_assert_eq(range.last, ranges[i].last, "'%s'", ranges[i].text);
	}
}

Test(pktgen_range, no_macs)
{
	static const char *const texts[] = {
		"",
		"-",
		"02",
		"02:00:00:00:00",
		"02:00:00:00:00:",
		"02:00:00:00:00:01:02",
		"02:00:00:00:00:1g",
		"02:00:00:00:00:001",
		"02-00-00-00-00-01",
		"02:00:00:00:00:01-",
		"-02:00:00:00:00:01",
		" 02:00:00:00:00:01",
		"02:00:00:00:00:01-02:00:00:00:00:02-02:00:00:00:00:03",
		"02:00:00:00:00:+1",
	};
	char many[1000];

	for (size_t i = 0; i < COUNT(texts); i++)
		cr_assert_not_null(range_parse_mac(texts[i], &(struct mac_range){}),
				   "'%s' was taken", texts[i]);
	memset(many, '0', sizeof(many));
	many[sizeof(many) - 1] = 0;
	cr_assert_not_null(range_parse_mac(many, &(struct mac_range){}));
}

/* ---- hosts ------------------------------------------------------------------------------------- */

struct host {
	const char *text;
	const char *address;
	uint32_t first, last;
	uint16_t first_port, last_port;
	uint8_t group;
};

static void expect(const struct host *host, bool ipv6)
{
	struct host_range range;
	uint8_t address[16] = {};
	const char *wrong = range_parse_host(host->text, ipv6, &range);

	cr_assert_null(wrong, "'%s': %s", host->text, wrong);
	inet_pton(ipv6 ? AF_INET6 : AF_INET, host->address, address);
	cr_assert_eq(memcmp(range.address, address, ipv6 ? 16 : 4), 0, "'%s'", host->text);
	cr_assert_eq(range.ipv6, ipv6);
	cr_assert_eq(range.first, host->first, "'%s': %u", host->text, range.first);
	cr_assert_eq(range.last, host->last, "'%s': %u", host->text, range.last);
	cr_assert_eq(range.first_port, host->first_port, "'%s'", host->text);
	cr_assert_eq(range.last_port, host->last_port, "'%s'", host->text);
	if (ipv6)
		cr_assert_eq(range.group, host->group, "'%s'", host->text);
}

Test(pktgen_range, ipv4_hosts)
{
	static const struct host hosts[] = {
		{ "10.0.0.1", "10.0.0.1", 0x0a000001, 0x0a000001, 1234, 1234, 0 },
		{ "10.0.0.1:80", "10.0.0.1", 0x0a000001, 0x0a000001, 80, 80, 0 },
		{ "10.0.0.1:80-90", "10.0.0.1", 0x0a000001, 0x0a000001, 80, 90, 0 },
		{ "10.0.0.1-10.0.1.9", "10.0.0.1", 0x0a000001, 0x0a000109, 1234, 1234, 0 },
		{ "10.0.0.1:5-10.0.1.9:7", "10.0.0.1", 0x0a000001, 0x0a000109, 5, 7, 0 },
		{ "10.0.0.1:5-10.0.1.9", "10.0.0.1", 0x0a000001, 0x0a000109, 5, 5, 0 },
		{ "10.0.1.9:7-10.0.0.1:5", "10.0.0.1", 0x0a000001, 0x0a000109, 5, 7, 0 },
		{ "0.0.0.0:0-255.255.255.255:65535", "0.0.0.0", 0, 0xffffffff, 0, 65535, 0 },
	};

	for (size_t i = 0; i < COUNT(hosts); i++)
		expect(&hosts[i], false);
}

Test(pktgen_range, ipv6_hosts)
{
	static const struct host hosts[] = {
		{ "fd00::1", "fd00::1", 1, 1, 1234, 1234, 7 },
		{ "[fd00::1]", "fd00::1", 1, 1, 1234, 1234, 7 },
		{ "[fd00::1]:53", "fd00::1", 1, 1, 53, 53, 7 },
		{ "[fd00::1]:53-60", "fd00::1", 1, 1, 53, 60, 7 },
		{ "fd00::1-fd00::ffff", "fd00::1", 1, 0xffff, 1234, 1234, 7 },
		{ "fd00::9-fd00::1", "fd00::1", 1, 9, 1234, 1234, 7 },
		{ "[fd00::1]:5-[fd00::9]:7", "fd00::1", 1, 9, 5, 7, 7 },
		{ "1@fd00:2::1-fd00:5::1", "fd00:2::1", 2, 5, 1234, 1234, 1 },
	};

	for (size_t i = 0; i < COUNT(hosts); i++)
		expect(&hosts[i], true);
}

Test(pktgen_range, no_hosts)
{
	static const char *const ipv4[] = {
		"",
		"10.0.0",
		"10.0.0.256",
		"10.0.0.1:",
		"10.0.0.1-",
		"10.0.0.1:65536",
		"10.0.0.1:-1",
		"10.0.0.1:80-90-100",
		"fd00::1",
		"10.0.0.1/24",
		"10.0.0.1:8x",
		"10.0.0.1-10.0.0.2-10.0.0.3",
		"host",
		":80",
		"10.0.0.1 ",
	};
	static const char *const ipv6[] = {
		"",	     "10.0.0.1",     "fd00::1::2",	  "[fd00::1",
		"fd00::1]",  "[fd00::1]80",  "[fd00::1]:",	  "[fd00::1]:65536",
		"8@fd00::1", "@fd00::1",     "x@fd00::1",	  "fd00::1-fd01::1",
		"fd00::1-",  "fd00::1%eth0", "1@fd00::1-fd00::2",
	};

	for (size_t i = 0; i < COUNT(ipv4); i++)
		cr_assert_not_null(range_parse_host(ipv4[i], false, &(struct host_range){}),
				   "'%s' was taken", ipv4[i]);
	for (size_t i = 0; i < COUNT(ipv6); i++)
		cr_assert_not_null(range_parse_host(ipv6[i], true, &(struct host_range){}),
				   "'%s' was taken", ipv6[i]);
}
