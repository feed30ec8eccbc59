// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl create, destroy, attach, list, show, stats: what they do and print when all is well. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

TestSuite(switches, .init = sandbox_enter, .timeout = 60);

static long long member_of(const char *arguments, const char *member)
{
	json_t *document = valectl_json("%s", arguments);
	long long value = json_integer_value(json_object_get(document, member));

	json_decref(document);
	return value;
}

Test(switches, create_options)
{
	must("%s create vale1 --fdb-size 128 --age 0", valectl());
	cr_assert_eq(member_of("show vale1", "fdb_size"), 128);
	cr_assert_eq(member_of("show vale1", "age"), 0);
	must("%s show vale1 | grep -F 'never forgotten'", valectl());
	must("%s create --age=31536000 vale2", valectl());
	cr_assert_eq(member_of("show vale2", "fdb_size"), 8192);
	cr_assert_eq(member_of("show vale2", "age"), 31536000);
	must("%s create vale3 --fdb-size 1048576", valectl());
	cr_assert_eq(member_of("show vale3", "fdb_size"), 1048576);
}

Test(switches, create_refuses_what_is_out_of_range)
{
	char *before;

	must("%s create vale9", valectl());
	before = bpffs_files();
	refused(1, "the size of the fdb is from 128 to 1048576 addresses, not 127",
		"create vale1 --fdb-size 127");
	refused(1, "not 1048577", "create vale1 --fdb-size 1048577");
	refused(1, "the age is from 0 (never) to 31536000 seconds, not 31536001",
		"create vale1 --age 31536001");
	refused(1, "there is a switch of that name", "create vale9 --age 5");
	bpffs_unchanged(before);
	cr_assert_eq(member_of("show vale9", "age"), 300);
}

Test(switches, destroy_refuses_while_there_are_ports)
{
	veth("t0", "t1");
	veth("t2", "t3");
	must("%s attach vale1:a t0 && %s attach vale1:b t2", valectl(), valectl());
	refused(1, "cannot destroy 'vale1': it has 2 ports: detach them, or use --force",
		"destroy vale1");
	must("%s detach vale1:b", valectl());
	refused(1, "it has 1 port: detach them", "destroy vale1");
	cr_assert_neq(program_on("t0"), 0);
	must("%s destroy --force vale1", valectl());
	cr_assert_eq(program_on("t0"), 0);
	must("%s create vale1 && %s destroy vale1", valectl(), valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

Test(switches, attach_makes_the_switch)
{
	veth("t0", "t1");
	must("%s attach vale1:a t0", valectl());
	cr_assert_eq(member_of("show vale1", "fdb_size"), 8192);
	must("%s destroy vale1 --force", valectl());
	/* ... unless there is nothing to attach to it: this driver refuses, with the switch made. */
	must("ip link add bare type bridge");
	refused(1, "its driver cannot run XDP: use '--hook generic'",
		"attach vale1:a bare --hook native");
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
	must("%s create vale1", valectl());
	refused(1, "its driver cannot run XDP", "attach vale1:a bare --hook native");
	cr_assert_eq(member_of("show vale1", "ports"), 0);
	must("%s attach vale1:a bare", valectl());
	cr_assert_str_eq(port_member("vale1:a", "hook"), "generic");
}

Test(switches, hooks)
{
	veth("t0", "t1");
	veth("t2", "t3");
	veth("t4", "t5");
	must("%s attach vale1:a t0", valectl());
	must("%s attach vale1:b t2 --hook native", valectl());
	must("%s attach vale1:c t4 --hook=generic", valectl());
	cr_assert_str_eq(port_member("vale1:a", "hook"), "tc");
	cr_assert_str_eq(port_member("vale1:b", "hook"), "xdp");
	cr_assert_str_eq(port_member("vale1:c", "hook"), "generic");
	must("ip link show dev t2 | grep -w xdp");
	must("ip link show dev t4 | grep -w xdpgeneric");
}

Test(switches, list)
{
	veth("t0", "t1");
	cr_assert_str_eq(must("%s list", valectl()).text, "SWITCH  PORTS  ADDRESSES  OF  AGE\n");
	must("%s create vale2 && %s attach vale1:a t0", valectl(), valectl());
	must("%s list | sed -n 2p | grep -E '^vale1 +1 +[0-9]+ +8192 +300$'", valectl());
	must("%s list | sed -n 3p | grep -E '^vale2 +0 +0 +8192 +300$'", valectl());
	cr_assert_str_eq(must("%s list | wc -l", valectl()).text, "3\n");
	must("%s list vale1 | grep -E '^vale1:a +t0 +veth +tc +up +1500 '", valectl());
	cr_assert_str_eq(must("%s list vale2 | wc -l", valectl()).text, "1\n");
}

Test(switches, show)
{
	veth("t0", "t1");
	must("ip link set dev t0 mtu 2000");
	must("%s attach vale1:a t0", valectl());
	must("%s show vale1 | grep -E '^vale1: 1 of 254 ports, [0-9]+ of 8192 addresses'",
	     valectl());
	must("%s show vale1 | grep -E '^vale1:a +t0 +veth '", valectl());
	must("%s show vale1:a | grep -F \"vale1:a: port 0, veth 't0'\"", valectl());
	cr_assert_str_eq(port_member("vale1:a", "mtu"), "2000");
	cr_assert_str_eq(port_member("vale1:a", "state"), "up");
	cr_assert_eq(strtoul(port_member("vale1:a", "program"), NULL, 10), program_on("t0"));
	must("ip link set dev t0 down mtu 3000");
	cr_assert_str_eq(port_member("vale1:a", "state"), "down");
	cr_assert_str_eq(port_member("vale1:a", "mtu"), "3000");
}

Test(switches, stats)
{
	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	must("ip netns exec a ping -c 20 -i 0.01 -w 3 -s 1000 10.0.0.2");
	must("%s stats vale1 | grep -E '^PORT +RECEIVED +BYTES +SENT +BYTES +DROPPED'", valectl());
	cr_assert_str_eq(must("%s stats vale1 | wc -l", valectl()).text, "3\n");
	cr_assert_str_eq(must("%s stats vale1:p1 | wc -l", valectl()).text, "2\n");
	cr_assert_geq(port_counter("vale1:p1", "received_frames"), 20);
	cr_assert_geq(port_counter("vale1:p1", "received_bytes"), 20 * (1000 + 42));
	cr_assert_geq(port_counter("vale1:p2", "sent_bytes"), 20 * (1000 + 42));
}

/* Rates are of the interval: what was counted before does not matter. */
Test(switches, stats_with_interval)
{
	struct output text;
	json_t *document, *samples, *port;

	container("a", 1);
	container("b", 2);
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	must("ip netns exec a ping -c 10 -i 0.01 -w 3 10.0.0.2");
	must("ip netns exec a ping -q -i 0.02 -w 3 10.0.0.2 >/dev/null & scratch=$(mktemp -d) &&"
	     "(%s --json stats vale1 --interval 1 --count 2 >$scratch/json &"
	     " %s stats vale1 --interval 1 --count 2 >$scratch/text; wait) &&"
	     "mount -t tmpfs none /mnt && cp $scratch/* /mnt && rm -r $scratch",
	     valectl(), valectl());
	text = must("cat /mnt/text");
	cr_assert_str_eq(must("grep -c '^PORT' /mnt/text").text, "2\n", "%s", text.text);
	cr_assert_str_eq(must("grep -c '^vale1:p1 ' /mnt/text").text, "2\n", "%s", text.text);
	document = json_load_file("/mnt/json", 0, NULL);
	samples = json_object_get(document, "samples");
	cr_assert_eq(json_array_size(samples), 2);
	for (int i = 0; i < 2; i++) {
		const json_t *sample = json_array_get(samples, i);
		double seconds = json_real_value(json_object_get(sample, "seconds")), rate;

		port = json_array_get(json_object_get(sample, "ports"), 0);
		rate = json_real_value(json_object_get(port, "received_frames_per_second"));
		cr_assert(seconds > 0.9 && seconds < 3, "%f seconds", seconds);
		cr_assert(rate > 10 && rate < 200, "%f frames a second", rate);
	}
	json_decref(document);
}
