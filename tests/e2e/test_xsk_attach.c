// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl attach --xsk: the pair of interfaces comes and goes with the port. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

TestSuite(xsk_attach, .init = sandbox_enter, .timeout = 60);

static bool is_there(const char *device)
{
	return !run("ip link show dev %s", device).status;
}

Test(xsk_attach, the_pair_comes_and_goes_with_the_port)
{
	char *before, inner[32];

	must("%s create vale1", valectl());
	before = bpffs_files();
	cr_assert_not(is_there("out"));
	must("%s attach vale1:x --xsk out", valectl());
	cr_assert_str_eq(port_member("vale1:x", "outer"), "out");
	cr_assert_str_eq(port_member("vale1:x", "kind"), "xsk");
	cr_assert_str_eq(port_member("vale1:x", "state"), "up");
	cr_assert_str_eq(port_member("vale1:x", "mode"), "none");
	snprintf(inner, sizeof(inner), "%s", port_member("vale1:x", "device"));
	cr_assert(is_there("out") && is_there(inner));
	cr_assert_neq(program_on(inner), 0);
	cr_assert_eq(program_on("out"), 0, "whoever binds there puts a program there");
	must("%s list vale1 | grep -E '^vale1:x +out +xsk +xdp +up '", valectl());
	must("%s detach vale1:x", valectl());
	cr_assert(!is_there("out") && !is_there(inner));
	bpffs_unchanged(before);
}

Test(xsk_attach, destroy_takes_it_too)
{
	must("%s attach vale1:x --xsk out && %s destroy --force vale1", valectl(), valectl());
	cr_assert_not(is_there("out"));
	cr_assert_str_empty(must("ip -o link | grep -v ' lo:' || true").text);
}

Test(xsk_attach, both_ends_have_the_queues)
{
	must("%s attach vale1:x --xsk out --queues 4", valectl());
	for (int end = 0; end < 2; end++) {
		const char *device = end ? "out" : port_member("vale1:x", "device");

		must("[ $(ls -d /sys/class/net/%s/queues/rx-* | wc -l) = 4 ]", device);
		must("[ $(ls -d /sys/class/net/%s/queues/tx-* | wc -l) = 4 ]", device);
	}
	cr_assert_str_eq(port_member("vale1:x", "queues"), "4");
}

Test(xsk_attach, the_outer_end_in_another_namespace)
{
	must("ip netns add n && %s attach vale1:x --xsk out --netns n", valectl());
	cr_assert_not(is_there("out"));
	must("ip -n n link show dev out | grep -w UP");
	cr_assert_str_eq(port_member("vale1:x", "outer"), "out");
	must("%s detach vale1:x && ! ip -n n link show dev out", valectl());
}

/* What is redirected there arrives: shown by the stack, which gets it while nobody has a socket. */
Test(xsk_attach, what_the_switch_sends_arrives)
{
	container("c", 1);
	must("%s attach vale1:c_ c && ip netns add n && %s attach vale1:x --xsk out --netns n",
	     valectl(), valectl());
	must("ip -n n address add 10.0.0.2/24 dev out");
	cr_assert(can_ping("c", "10.0.0.2"));
	must("ip netns exec n ethtool -k out | grep -x 'tx-checksumming: off'");
	must("ip netns exec n ethtool -k out | grep -x 'generic-receive-offload: on'");
}

/* Neither end has an address, or anything to say. */
Test(xsk_attach, it_is_silent)
{
	must("%s attach vale1:x --xsk out && %s attach vale1:y --xsk out2 && sleep 1", valectl(),
	     valectl());
	cr_assert_str_empty(must("ip -6 address show scope link | grep fe80 || true").text);
	cr_assert_eq(port_counter("vale1:x", "received_frames"), 0);
	cr_assert_eq(port_counter("vale1:x", "sent_frames"), 0);
}

Test(xsk_attach, an_outer_end_that_is_renamed)
{
	must("%s attach vale1:x --xsk out", valectl());
	must("ip link set out down && ip link set out name wire && ip link set wire up");
	cr_assert_str_eq(port_member("vale1:x", "outer"), "wire");
	must("ip link set $(ip -o link | sed -nE 's/^[0-9]+: (v[0-9]+-[0-9]+)@.*/\\1/p') name core");
	must("%s detach vale1:x", valectl());
	cr_assert(!is_there("wire") && !is_there("core"));
}

Test(xsk_attach, refused)
{
	char *before;

	must("ip tuntap add taken mode tap");
	must("%s create vale1", valectl());
	before = bpffs_files();
	refused(1, "there is a network interface of that name already",
		"attach vale1:x --xsk taken");
	refused(1, "a port must not be called like a network interface", "attach vale1:x --xsk x");
	refused(1, "is no name of a network interface", "attach vale1:x --xsk a/b");
	refused(1, "is no name of a network interface", "attach vale1:x --xsk ''");
	refused(1, "is no name of a network interface", "attach vale1:x --xsk sixteencharacter");
	refused(1, "there is no network namespace", "attach vale1:x --xsk out --netns nowhere");
	refused(1, "it can have 1 to 8 queues, not 9", "attach vale1:x --xsk out --queues 9");
	refused(2, "is no number of queues", "attach vale1:x --xsk out --queues 0");
	refused(2, "is no number of queues", "attach vale1:x --xsk out --queues two");
	refused(2, "--queues is for --xsk", "attach vale1:x taken --queues 2");
	refused(2, "name one port", "attach vale1:x out --xsk out");
	bpffs_unchanged(before);
	cr_assert_not(is_there("out"));
	must("%s attach vale1:x --xsk out", valectl());
	refused(1, "there is a port vale1:x", "attach vale1:x --xsk out2");
	refused(1, "is the port vale1:x already", "attach vale2:y out");
	cr_assert_not(is_there("out2"));
}

/* A port whose interfaces somebody has deleted is gone, and makes room for another one. */
Test(xsk_attach, interfaces_that_were_deleted)
{
	must("%s attach vale1:x --xsk out && ip link del out", valectl());
	cr_assert_str_eq(port_member("vale1:x", "state"), "gone");
	must("%s attach vale1:x --xsk out", valectl());
	cr_assert_str_eq(port_member("vale1:x", "state"), "up");
	must("ip link del out && %s detach vale1:x", valectl());
	must("%s destroy vale1", valectl());
}
