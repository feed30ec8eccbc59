// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Devices and processes come and go; the switch goes on. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

/* Three containers a, b and c at the ports p1, p2 and p3, who know each other. */
static void three_containers(void)
{
	sandbox_enter();
	for (int i = 1; i <= 3; i++) {
		char name[] = { "abc"[i - 1], 0 };

		container(name, i);
		must("%s attach vale1:p%d %s", valectl(), i, name);
	}
	cr_assert(can_ping("a", "10.0.0.2") && can_ping("c", "10.0.0.1"));
}

TestSuite(lifecycle, .init = three_containers, .timeout = 60);

static bool is_gone(const void *port)
{
	return !strcmp(port_member(port, "state"), "gone");
}

static bool knows(const char *mac)
{
	return !run("%s fdb vale1 | grep -q '^%s '", valectl(), mac).status;
}

#define MAC_B "02:00:00:00:00:02"

Test(lifecycle, deleted_device)
{
	cr_assert(knows(MAC_B));
	cr_assert_str_eq(port_member("vale1:p2", "number"), "1");
	must("%s fdb vale1 add 02:00:00:00:00:33 p2", valectl());
	must("ip link del dev b");
	cr_assert(eventually(is_gone, "vale1:p2"));
	cr_assert_not(knows(MAC_B));
	cr_assert_not(knows("02:00:00:00:00:33"));
	must("%s show vale1:p2 | grep '^note: the device was deleted'", valectl());
	cr_assert_str_eq(port_member("vale1:p2", "device"), "b");
	cr_assert(can_ping("a", "10.0.0.3"));
	/* The name is free for another device, and so is the slot. */
	must("ip netns del b");
	container("b", 2);
	must("%s attach vale1:p2 b", valectl());
	cr_assert_str_eq(port_member("vale1:p2", "number"), "1");
	cr_assert_str_eq(port_member("vale1:p2", "state"), "up");
	cr_assert_not(knows("02:00:00:00:00:33"));
	cr_assert(can_ping("a", "10.0.0.2"));
}

Test(lifecycle, detach_after_the_device)
{
	must("ip link del dev b");
	cr_assert(eventually(is_gone, "vale1:p2"));
	must("%s detach vale1:p2", valectl());
	refused(1, "there is no port 'vale1:p2'", "show vale1:p2");
	must("ip link del dev a && ip link del dev c");
	cr_assert(eventually(is_gone, "vale1:p1") && eventually(is_gone, "vale1:p3"));
	refused(1, "it has 2 ports", "destroy vale1");
	must("%s destroy vale1 --force", valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

Test(lifecycle, renamed_device)
{
	must("ip link set dev b name wan0");
	cr_assert_str_eq(port_member("vale1:p2", "device"), "wan0");
	cr_assert_str_eq(port_member("vale1:p2", "state"), "up");
	cr_assert(can_ping("a", "10.0.0.2"));
	/* Another device of the old name is another device. */
	veth("b", "b_far");
	cr_assert_str_eq(port_member("vale1:p2", "device"), "wan0");
	refused(1, "it is the port vale1:p2 already", "attach vale1:p4 wan0");
	must("%s attach vale1:p4 b && %s detach vale1:p2", valectl(), valectl());
	cr_assert_eq(program_on("wan0"), 0);
	cr_assert_neq(program_on("b"), 0);
}

Test(lifecycle, device_moved_to_another_namespace)
{
	must("ip netns add x && ip link set dev b netns x");
	cr_assert(eventually(is_gone, "vale1:p2"));
	cr_assert_not(knows(MAC_B));
	cr_assert(can_ping("a", "10.0.0.3"));
	must("ip -n x link set dev b up");
	cr_assert(is_cut_off("a", "10.0.0.2"));
	/* It still has the program of the port that has lost it. */
	refused(1, "the program (id", "attach vale1:p4 b --netns x");
	must("%s attach vale1:p2 b --netns x", valectl());
	cr_assert(can_ping("a", "10.0.0.2"));
}

Test(lifecycle, device_down_and_up)
{
	must("ip link set dev b down");
	cr_assert_str_eq(port_member("vale1:p2", "state"), "down");
	cr_assert(is_cut_off("a", "10.0.0.2"));
	must("ip link set dev b up");
	cr_assert(can_ping("a", "10.0.0.2"));
}

Test(lifecycle, detach_puts_the_far_ends_gro_back)
{
	must("%s detach vale1:p1 && %s detach vale1:p2", valectl(), valectl());
	must("ip netns exec a ethtool -K eth0 gro off");
	must("ip netns exec b ethtool -K eth0 gro on");
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	cr_assert(gro_of("a") && gro_of("b"));
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s detach vale1:p1 && %s detach vale1:p2", valectl(), valectl());
	cr_assert(!gro_of("a") && gro_of("b"));
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	cr_assert(gro_of("a") && gro_of("b"));
	must("%s destroy --force vale1", valectl());
	cr_assert(!gro_of("a") && gro_of("b"));
}

/* So does a renamed device's, and one whose far end was renamed. */
Test(lifecycle, detach_of_renamed_devices)
{
	must("%s detach vale1:p1", valectl());
	must("ip netns exec a ethtool -K eth0 gro off");
	must("%s attach vale1:p1 a", valectl());
	must("ip link set dev a name lan0 && ip -n a link set dev eth0 down");
	must("ip -n a link set dev eth0 name wan0 && ip -n a link set dev wan0 up");
	must("ip netns exec a ethtool -k wan0 | grep -x 'generic-receive-offload: on'");
	must("%s detach vale1:p1", valectl());
	must("ip netns exec a ethtool -k wan0 | grep -x 'generic-receive-offload: off'");
}

/* Whatever else a hook wants of the far end, the user's settings come back. */
Test(lifecycle, detach_puts_all_features_back)
{
	static const char *const hooks[] = { "native", "generic" };
	static const char features[] = "ip netns exec a ethtool -k eth0 | grep -E ': (on|off)$'";

	must("%s detach vale1:p1", valectl());
	for (int i = 0; i < 4; i++) {
		struct output before, with_port;

		must("ip netns exec a ethtool -K eth0 gro %s", i < 2 ? "off" : "on");
		before = must(features);
		must("%s attach vale1:p1 a --hook %s", valectl(), hooks[i % 2]);
		with_port = must(features);
		cr_assert(can_ping("a", "10.0.0.2"));
		must("%s detach vale1:p1", valectl());
		cr_assert_str_neq(with_port.text, before.text);
		cr_assert_str_eq(must(features).text, before.text);
	}
}

/* No process of ours is needed, whatever becomes of one. */
Test(lifecycle, killed_watchers_do_not_matter)
{
	for (int i = 0; i < 3; i++) {
		must("%s stats vale1 --interval 1 >/dev/null & sleep 0.1;"
		     " kill -KILL $!; wait $!; [ $? = 137 ]",
		     valectl());
		cr_assert(can_ping("a", "10.0.0.2"));
	}
	cr_assert(run("grep -lsx valectl /proc/[0-9]*/comm | xargs -r dirname |"
		      " while read p; do [ $(readlink $p/ns/net) = $(readlink /proc/self/ns/net) ]"
		      " && echo $p; done | grep .")
			  .status);
	cr_assert(can_ping("b", "10.0.0.3"));
}
