// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Names and devices that cannot be: each with its message, and nothing half-made left behind. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A switch vale1, and a veth t0 -- t1 that can be attached. */
static void one_switch(void)
{
	sandbox_enter();
	veth("t0", "t1");
	must("%s create vale1", valectl());
}

TestSuite(bad_input, .init = one_switch, .timeout = 60);

/* `attach NAME DEVICE` must be refused, with the words, and leave all as it was. */
static void attach_refused(const char *words, const char *name, const char *device)
{
	char *before = bpffs_files();

	refused(1, words, "attach %s %s", name, device);
	bpffs_unchanged(before);
}

/* The positive twin of a refusal: it was the device, or the name, and nothing else. */
static void attach_works(const char *name, const char *device)
{
	must("%s attach %s %s", valectl(), name, device);
	must("%s detach %s", valectl(), name);
}

Test(bad_input, malformed_names)
{
	static const struct {
		const char *name;
		const char *words;
	} ports[] = {
		{ "''", "'' is no name of a port: a port is named valeSSS:PPP" },
		{ "vale1", "a port is named valeSSS:PPP" },
		{ "vale1:", "the port has no name" },
		{ "vale:a", "something must follow 'vale'" },
		{ "br0:a", "the name of a switch starts with 'vale'" },
		{ "vale1:a:b", "only letters, digits and '_' are allowed" },
		{ "vale1:a.b", "only letters, digits and '_' are allowed" },
		{ "vale1:../x", "only letters, digits and '_' are allowed" },
		{ "../vale1:x", "the name of a switch starts with 'vale'" },
		{ "vale/../x:a", "only letters, digits and '_' are allowed" },
		{ "vale1:1234567890", "it is longer than 15 characters" },
		{ "vale1234567890:", "it is longer than 13 characters" },
	};

	for (size_t i = 0; i < COUNT(ports); i++) {
		attach_refused(ports[i].words, ports[i].name, "t0");
		refused(1, ports[i].words, "detach %s", ports[i].name);
	}
	refused(1, "'vale' is no name of a switch: something must follow", "create vale");
	refused(1, "starts with 'vale'", "create switch1");
	refused(1, "longer than 13 characters", "create vale1234567890");
	refused(1, "named without a port", "create vale1:a");
	refused(1, "named without a port", "destroy vale1:a");
	refused(1, "named without a port", "reload vale1:a");
	refused(1, "only letters", "reload vale1/port");
	refused(1, "only letters", "list vale1/port");
	cr_assert_eq(program_on("t0"), 0);
	attach_works("vale1:123456789", "t0");
}

Test(bad_input, port_named_like_an_interface)
{
	attach_refused("'vale1:t0' is no name of a port: there is a network interface 't0'",
		       "vale1:t0", "t0");
	attach_refused("there is a network interface 'lo'", "vale1:lo", "t0");
	attach_works("vale1:t9", "t0");
}

Test(bad_input, no_such_device)
{
	attach_refused("cannot attach 't9': no such network interface", "vale1:a", "t9");
	attach_refused("no such network interface", "vale1:a", "''");
	attach_refused("no such network interface", "vale1:a", "a_name_that_is_longer_than_any");
	attach_refused("no such network interface", "vale2:a", "t9");
	attach_refused("there is no network namespace 'nowhere'", "vale1:a", "t0 --netns nowhere");
	attach_refused("there is no network namespace '../t0'", "vale1:a", "t0 --netns ../t0");
	attach_refused("there is no network namespace '99999999'", "vale1:a",
		       "t0 --netns 99999999");
	must("ip netns add x");
	attach_refused("cannot attach 't0': no such network interface", "vale1:a", "t0 --netns x");
	must("ip link set dev t0 netns x");
	attach_works("vale1:a", "t0 --netns x");
}

Test(bad_input, no_ethernet_device)
{
	static const char words[] = "it is not an Ethernet interface (a tap is, a tun is not)";

	must("ip tuntap add name p0 mode tun && ip tuntap add name p1 mode tap");
	attach_refused(words, "vale1:a", "lo");
	attach_refused(words, "vale1:a", "p0");
	attach_works("vale1:a", "p1");
}

Test(bad_input, device_in_a_bridge)
{
	must("ip link add br0 type bridge && ip link set t0 master br0");
	attach_refused("cannot attach 't0': it belongs to a bridge or bond: 'ip link set t0 "
		       "nomaster' takes it out",
		       "vale1:a", "t0");
	cr_assert_eq(program_on("t0"), 0);
	must("ip link set t0 nomaster");
	attach_works("vale1:a", "t0");
}

Test(bad_input, device_with_a_foreign_program)
{
	unsigned int program = attach_foreign_program("t0");
	char words[128];

	cr_assert_neq(program, 0);
	snprintf(words, sizeof(words), "cannot attach 't0': another XDP program (id %u) is on it",
		 program);
	attach_refused(words, "vale1:a", "t0");
	attach_refused(words, "vale1:a", "t0 --hook generic");
	attach_refused(words, "vale2:a", "t0");
	cr_assert_eq(program_on("t0"), program, "it is not ours to touch");
	must("ip link set t0 xdp off");
	attach_works("vale1:a", "t0");
}

/* And the other way round: what others do to their program does not hit ours. */
Test(bad_input, our_program_is_not_replaced)
{
	unsigned int program;

	must("%s attach vale1:a t0 --hook xdp", valectl());
	program = program_on("t0");
	cr_assert(run("ip link set t0 xdp off && ! ip link show t0 | grep -w xdp").status);
	cr_assert_eq(program_on("t0"), program);
}

Test(bad_input, name_is_taken)
{
	veth("u0", "u1");
	must("%s attach vale1:a t0", valectl());
	attach_refused("cannot attach 'u0': there is a port vale1:a", "vale1:a", "u0");
	cr_assert_eq(program_on("u0"), 0);
	cr_assert_str_eq(port_member("vale1:a", "device"), "t0");
	attach_works("vale1:b", "u0");
}

Test(bad_input, device_is_a_port_already)
{
	must("%s create vale2 && %s attach vale1:a t0", valectl(), valectl());
	attach_refused("cannot attach 't0': it is the port vale1:a already", "vale1:a", "t0");
	attach_refused("cannot attach 't0': it is the port vale1:a already", "vale1:b", "t0");
	attach_refused("cannot attach 't0': it is the port vale1:a already", "vale2:a", "t0");
	attach_refused("cannot attach 't0': it is the port vale1:a already", "vale3:a", "t0");
	must("%s detach vale1:a", valectl());
	attach_works("vale2:a", "t0");
}

Test(bad_input, far_end_of_a_port_of_the_same_switch)
{
	must("%s create vale2 && %s attach vale1:a t0", valectl(), valectl());
	attach_refused("cannot attach 't1': its far end is the port vale1:a, and frames would "
		       "circle between the two",
		       "vale1:b", "t1");
	cr_assert_eq(program_on("t1"), 0);
	attach_works("vale2:b", "t1"); /* that connects two switches, which is fine */
}

Test(bad_input, far_end_of_a_port_in_another_namespace)
{
	container("x", 1);
	must("%s attach vale1:a x", valectl());
	attach_refused("cannot attach 'eth0': its far end is the port vale1:a", "vale1:b",
		       "eth0 --netns x");
	must("%s detach vale1:a", valectl());
	must("%s attach vale1:b eth0 --netns x", valectl());
	attach_refused("cannot attach 'x': its far end is the port vale1:b", "vale1:a", "x");
	must("%s detach vale1:b", valectl());
	attach_works("vale1:a", "x");
}

/* Kept alive by nothing but an open file of ours: no name, no process, so no way to get in. */
Test(bad_input, far_end_in_a_namespace_out_of_reach)
{
	int namespace;

	container("x", 1);
	attach_works("vale1:a", "x");
	namespace = open("/run/netns/x", O_RDONLY | O_CLOEXEC);
	cr_assert_geq(namespace, 0);
	must("umount -l /run/netns/x && rm /run/netns/x");
	attach_refused("cannot attach 'x': its far end cannot be made to receive", "vale1:a", "x");
	attach_refused("cannot be made to receive", "vale2:a", "x");
	cr_assert_eq(program_on("x"), 0);
	close(namespace);
}

/* Not every driver has XDP; those that have may refuse an MTU, but no driver to be had here does. */
Test(bad_input, driver_without_xdp)
{
	must("ip link add bare type bridge");
	attach_refused("cannot attach 'bare': its driver cannot run XDP: use '--hook generic'",
		       "vale1:a", "bare --hook xdp");
	cr_assert_eq(program_on("bare"), 0);
	attach_works("vale1:a", "bare");
	attach_works("vale1:a", "bare --hook generic");
}

/* With xdp.frags the largest MTU of a veth is none too large. */
Test(bad_input, largest_mtu)
{
	must("ip link set t0 mtu 65535 && ip link set t1 mtu 65535");
	attach_works("vale1:a", "t0");
	attach_works("vale1:a", "t0 --hook generic");
}
