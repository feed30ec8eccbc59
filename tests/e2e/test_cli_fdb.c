// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl fdb: the addresses as users see and change them. */
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"
#include "vale/abi.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAC_A "02:00:00:00:00:01"
#define MAC_B "02:00:00:00:00:02"

/* Which say nothing by themselves, of which the switch would learn. */
static void two_containers(void)
{
	sandbox_enter();
	traffic_quiet();
	container("a", 1);
	container("b", 2);
	must("ip -n a neigh add 10.0.0.2 lladdr " MAC_B " nud permanent dev eth0");
	must("ip -n b neigh add 10.0.0.1 lladdr " MAC_A " nud permanent dev eth0");
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
}

TestSuite(fdb, .init = two_containers, .timeout = 60);

/* "PORT TYPE" of an address, "" if the switch does not know it. */
static const char *known(const char *mac)
{
	static char text[64];
	json_t *document = valectl_json("fdb vale1"), *item;
	size_t i;

	*text = 0;
	json_array_foreach (json_object_get(document, "addresses"), i, item) {
		if (strcmp(json_string_value(json_object_get(item, "mac")), mac))
			continue;
		snprintf(text, sizeof(text), "%s %s",
			 json_string_value(json_object_get(item, "port")),
			 json_string_value(json_object_get(item, "type")));
		cr_assert_eq(json_is_null(json_object_get(item, "age_ms")),
			     !!strstr(text, "static"));
	}
	json_decref(document);
	return text;
}

Test(fdb, learned_addresses_are_shown)
{
	cr_assert(can_ping("a", "10.0.0.2"));
	cr_assert_str_eq(known(MAC_A), "p1 learned");
	cr_assert_str_eq(known(MAC_B), "p2 learned");
	must("%s fdb vale1 | grep -E '^ADDRESS +PORT +TYPE +SECONDS AGO$'", valectl());
	must("%s fdb vale1 | grep -E '^" MAC_A " +p1 +learned +[0-9]+\\.[0-9]$'", valectl());
}

/* A static address says where frames go, against what was and what would be learned. */
Test(fdb, static_addresses)
{
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s fdb vale1 add " MAC_B " p1", valectl());
	cr_assert_str_eq(known(MAC_B), "p1 static");
	must("%s fdb vale1 | grep -E '^" MAC_B " +p1 +static +-$'", valectl());
	cr_assert(is_cut_off("a", "10.0.0.2"));
	cr_assert_str_eq(known(MAC_B), "p1 static");
	must("%s fdb vale1 add " MAC_B " p2", valectl()); /* said again, it moves */
	cr_assert_str_eq(known(MAC_B), "p2 static");
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s fdb vale1 del " MAC_B, valectl());
	cr_assert_str_empty(known(MAC_B));
	cr_assert(can_ping("a", "10.0.0.2"));
	cr_assert_str_eq(known(MAC_B), "p2 learned");
}

Test(fdb, del)
{
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s fdb vale1 del " MAC_A, valectl());
	cr_assert_str_empty(known(MAC_A));
	cr_assert_str_eq(known(MAC_B), "p2 learned");
	refused(1, "'vale1' does not know the address", "fdb vale1 del 02:00:00:00:00:77");
	cr_assert(can_ping("a", "10.0.0.2"));
}

Test(fdb, flush)
{
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s fdb vale1 add 02:00:00:00:00:33 p1", valectl());
	must("%s fdb vale1 flush p2", valectl());
	cr_assert_str_empty(known(MAC_B));
	cr_assert_str_eq(known(MAC_A), "p1 learned");
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s fdb vale1 flush", valectl());
	cr_assert_str_empty(known(MAC_A));
	cr_assert_str_empty(known(MAC_B));
	cr_assert_str_eq(known("02:00:00:00:00:33"), "p1 static");
	cr_assert(can_ping("a", "10.0.0.2"));
}

Test(fdb, upper_case_is_the_same_address)
{
	must("%s fdb vale1 add 02:AB:cd:00:00:01 p1", valectl());
	cr_assert_str_eq(known("02:ab:cd:00:00:01"), "p1 static");
	must("%s fdb vale1 del 02:ab:CD:00:00:01", valectl());
	cr_assert_str_empty(known("02:ab:cd:00:00:01"));
}

Test(fdb, malformed_addresses)
{
	static const char *const addresses[] = {
		"''",
		"02",
		"02:00:00:00:00",
		"02:00:00:00:00:00:01",
		"02:00:00:00:00:g1",
		"02-00-00-00-00-01",
		"020000000001",
		"02:00:00:00:00:001",
		"02:00:00:00:00:",
		"' 02:00:00:00:00:01'",
		"02:00:00:00:00:01x",
		"02::00:00:00:01",
	};
	/* The containers may speak at any time: what they teach is not what is asked here. */
	static const char set_by_hand[] = "%s fdb vale1 | grep static";
	char *before;

	must("%s fdb vale1 add 02:00:00:00:00:77 p1", valectl());
	before = strdup(must(set_by_hand, valectl()).text);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		refused(2, "is no address: write it as 02:00:00:00:00:01", "fdb vale1 add %s p1",
			addresses[i]);
		refused(2, "is no address: write it as 02:00:00:00:00:01", "fdb vale1 del %s",
			addresses[i]);
	}
	cr_assert_str_eq(must(set_by_hand, valectl()).text, before);
	free(before);
}

Test(fdb, addresses_of_no_single_host)
{
	refused(1, "it is a group's", "fdb vale1 add 01:00:5e:00:00:01 p1");
	refused(1, "it is a group's", "fdb vale1 add ff:ff:ff:ff:ff:ff p1");
	refused(1, "it is all zero", "fdb vale1 add 00:00:00:00:00:00 p1");
	cr_assert_str_empty(known("01:00:5e:00:00:01"));
	must("%s fdb vale1 add 00:00:00:00:00:01 p1", valectl());
}

Test(fdb, unknown_ports)
{
	refused(1, "there is no port 'vale1:p9' (valectl show vale1 lists them)",
		"fdb vale1 add 02:00:00:00:00:33 p9");
	refused(1, "there is no port 'vale1:p9'", "fdb vale1 flush p9");
	refused(1, "'p-1' is no name of a port", "fdb vale1 add 02:00:00:00:00:33 p-1");
	refused(1, "'vale1:p1' is no name of a port", "fdb vale1 flush vale1:p1");
	cr_assert_str_empty(known("02:00:00:00:00:33"));
}

/* A static address goes with its port: a new port of that name must not inherit it. */
Test(fdb, static_addresses_go_with_their_port)
{
	must("%s fdb vale1 add 02:00:00:00:00:33 p1", valectl());
	cr_assert_str_eq(known("02:00:00:00:00:33"), "p1 static");
	must("%s detach vale1:p1", valectl());
	cr_assert_str_empty(known("02:00:00:00:00:33"));
	must("%s attach vale1:p1 a", valectl());
	cr_assert_str_empty(known("02:00:00:00:00:33"));
}

/* What `fdb add` would do, without a process for each: 02:01:00:00:XX:XX are behind p1. */
static void fill_static(unsigned int count)
{
	int ports = bpf_obj_get("/sys/fs/bpf/vale/vale1/ports");
	int table = bpf_obj_get("/sys/fs/bpf/vale/vale1/fdb_static");
	struct vale_fdb_key key = { .mac = { 0x02, 0x01 } };
	struct vale_fdb_entry entry = {};
	struct vale_port_entry port;

	cr_assert_eq(bpf_map_lookup_elem(ports, &entry.port, &port), 0);
	entry.generation = port.generation;
	for (unsigned int i = 0; i < count; i++) {
		key.mac[4] = i >> 8;
		key.mac[5] = i;
		cr_assert_eq(bpf_map_update_elem(table, &key, &entry, BPF_ANY), 0);
	}
	close(ports);
	close(table);
}

Test(fdb, static_addresses_are_limited)
{
	fill_static(4095);
	must("%s fdb vale1 add 02:02:00:00:00:01 p1", valectl());
	must("%s fdb vale1 | grep -E '^02:01:00:00:0f:fe +p1 +static '", valectl());
	refused(1, "there are 4096 static ones already", "fdb vale1 add 02:02:00:00:00:00 p1");
	must("%s fdb vale1 add 02:01:00:00:00:00 p2", valectl()); /* not a new one */
	must("%s fdb vale1 del 02:01:00:00:00:01", valectl());
	must("%s fdb vale1 add 02:02:00:00:00:00 p1", valectl());
}
