// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Devices in other network namespaces, and switches that do not see each other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

TestSuite(netns, .init = sandbox_enter, .timeout = 60);

/* A namespace `room` with the veth `door`, whose far end is eth0 of the container `name` there. */
static void container_behind(const char *room, const char *name, int host)
{
	must("ip netns add %s", room);
	container(name, host);
	must("ip link set dev %s netns %s && ip -n %s link set dev %s name door up", name, room,
	     room, name);
}

/* A process in a network namespace of its own that has no name; returns its id. */
static int nameless_process(void)
{
	return atoi(must("unshare -n sleep 1000 >/dev/null 2>&1 & pid=$!;"
			 " while [ $(readlink /proc/$pid/ns/net) = $(readlink /proc/$$/ns/net) ];"
			 " do sleep 0.01; done; echo $pid")
			    .text);
}

static void check_device_elsewhere(const char *option)
{
	must("%s attach vale1:p2 b", valectl());
	refused(1, "cannot attach 'door': no such network interface", "attach vale1:p1 door");
	must("%s attach vale1:p1 door --netns %s", valectl(), option);
	cr_assert_str_eq(port_member("vale1:p1", "other_namespace"), "true");
	cr_assert_str_eq(port_member("vale1:p2", "other_namespace"), "false");
	cr_assert_str_eq(port_member("vale1:p1", "device"), "door");
	cr_assert_str_eq(port_member("vale1:p1", "state"), "up");
	cr_assert(can_ping("a", "10.0.0.2"));
	cr_assert(can_ping("b", "10.0.0.1"));
	must("ip netns exec room ip link set dev door down");
	cr_assert_str_eq(port_member("vale1:p1", "state"), "down");
	must("ip netns exec room ip link set dev door up");
	refused(1, "it is the port vale1:p1 already", "attach vale1:p3 door --netns %s", option);
	must("%s detach vale1:p1", valectl());
	cr_assert(is_cut_off("b", "10.0.0.1"));
	cr_assert(run("ip -n room link show dev door | grep -w xdp").status);
}

Test(netns, by_name)
{
	container_behind("room", "a", 1);
	container("b", 2);
	check_device_elsewhere("room");
}

Test(netns, by_process)
{
	char option[16];
	int process;

	container_behind("room", "a", 1);
	container("b", 2);
	process = atoi(must("ip netns exec room sleep 1000 >/dev/null 2>&1 & pid=$!;"
			    " own=$(readlink /proc/$$/ns/net);"
			    " while [ $(readlink /proc/$pid/ns/net) = $own ]; do sleep 0.01; done;"
			    " echo $pid")
			       .text);
	snprintf(option, sizeof(option), "%d", process);
	check_device_elsewhere(option);
	must("kill %d", process);
}

/* A veth `door` with that number in a new namespace, its far end in another one. */
static void numbered_door(int host, int number)
{
	must("ip netns add room%d && ip netns add c%d", host, host);
	must("ip -n room%d link add name door index %d type veth peer name eth0 netns c%d", host,
	     number, host);
	must("ip -n room%d link set dev door up && ip -n c%d link set dev eth0 up", host, host);
	must("ip -n c%d addr add 10.0.0.%d/24 dev eth0", host, host);
}

/* What a device is called is a matter of its namespace. */
Test(netns, the_same_name_elsewhere)
{
	numbered_door(1, 77);
	numbered_door(2, 78);
	must("%s attach vale1:p1 door --netns room1", valectl());
	must("%s attach vale1:p2 door --netns room2", valectl());
	cr_assert(can_ping("c1", "10.0.0.2"));
	must("%s detach vale1:p1", valectl());
	cr_assert(run("ip -n room1 link show dev door | grep -w xdp").status);
	must("ip -n room2 link show dev door | grep -w xdp");
}

/*
 * So is its number, but when the kernel floods, it leaves out all devices that have the number of
 * the one the frame came from. Frames must not be lost for that in silence: such a port is refused,
 * or works.
 */
Test(netns, the_same_number_elsewhere)
{
	struct output output;

	numbered_door(1, 77);
	numbered_door(2, 77);
	must("%s attach vale1:p1 door --netns room1", valectl());
	output = run("%s attach vale1:p2 door --netns room2", valectl());
	if (output.status) {
		cr_assert_not_null(strstr(output.errors, "ifindex 77"), "%s", output.errors);
		must("%s attach vale2:p2 door --netns room2", valectl());
	} else {
		cr_assert(can_ping("c1", "10.0.0.2"));
		cr_assert(can_ping("c2", "10.0.0.1"));
	}
}

/* All of a valectl may run in there, if the bpffs is the same. */
Test(netns, valectl_elsewhere)
{
	static const char enter[] = "nsenter --net=/run/netns/room";

	container_behind("room", "a", 1);
	container("b", 2);
	must("%s %s attach vale1:p1 door", enter, valectl());
	must("%s attach vale1:p2 b", valectl());
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s %s show vale1:p1 | grep \"veth 'door' (ifindex [0-9]*)\"", enter, valectl());
	must("%s show vale1:p1 | grep \"veth 'door' (ifindex [0-9]* of another namespace)\"",
	     valectl());
	must("%s %s detach vale1:p2", enter, valectl());
	cr_assert_eq(program_on("b"), 0);
}

/* A container runtime's namespace has no name, only processes. */
Test(netns, far_end_known_by_a_process_only)
{
	int process = nameless_process();

	container("b", 2);
	must("ip link add name c type veth peer name eth0 netns %d", process);
	must("ip link set dev c up");
	must("nsenter -t %d -n sh -c 'ip addr add 10.0.0.3/24 dev eth0; ip link set dev eth0 up;"
	     " ethtool -K eth0 gro off'",
	     process);
	must("%s attach vale1:p3 c && %s attach vale1:p2 b", valectl(), valectl());
	must("nsenter -t %d -n ethtool -k eth0 | grep -x 'generic-receive-offload: on'", process);
	cr_assert(can_ping("b", "10.0.0.3"));
	must("%s detach vale1:p3", valectl());
	must("nsenter -t %d -n ethtool -k eth0 | grep -x 'generic-receive-offload: off'", process);
	must("kill %d", process);
}

/* And the port itself may be in there. */
Test(netns, device_known_by_a_process_only)
{
	int process = nameless_process();

	container("a", 1);
	container("b", 2);
	must("ip link set dev a netns %d && nsenter -t %d -n ip link set dev a up", process,
	     process);
	must("%s attach vale1:p1 a --netns %d && %s attach vale1:p2 b", valectl(), process,
	     valectl());
	cr_assert(can_ping("b", "10.0.0.1"));
	must("nsenter -t %d -n ip link set dev a name lan0", process);
	cr_assert_str_eq(port_member("vale1:p1", "device"), "lan0");
	must("kill %d", process);
}

static bool is_gone(const void *port)
{
	return !strcmp(port_member(port, "state"), "gone");
}

/* A namespace that ends takes its devices along. */
Test(netns, namespace_ends)
{
	container_behind("room", "a", 1);
	must("%s attach vale1:p1 door --netns room", valectl());
	cr_assert_str_eq(port_member("vale1:p1", "state"), "up");
	must("ip netns del room");
	cr_assert(eventually(is_gone, "vale1:p1"));
	must("%s detach vale1:p1 && %s destroy vale1", valectl(), valectl());
}

/* Two bpffs are two worlds, as two containers have them. */
Test(netns, two_switches_of_one_name)
{
	static const char *const names[] = { "a", "b", "c", "d" };

	scratch_mount();
	must("mkdir /mnt/1 /mnt/2 && mount -t bpf bpf /mnt/1 && mount -t bpf bpf /mnt/2");
	for (int i = 0; i < 4; i++) {
		container(names[i], i + 1);
		must("%s --bpffs /mnt/%d attach vale1:p%d %s", valectl(), i / 2 + 1, i % 2 + 1,
		     names[i]);
	}
	cr_assert(can_ping("a", "10.0.0.2"));
	cr_assert(can_ping("c", "10.0.0.4"));
	cr_assert(is_cut_off("a", "10.0.0.3"));
	must("%s --bpffs /mnt/1 show vale1 | grep '^vale1: 2 of 254 ports'", valectl());
	must("%s --bpffs /mnt/1 fdb vale1 | grep 02:00:00:00:00:01", valectl());
	cr_assert(run("%s --bpffs /mnt/2 fdb vale1 | grep 02:00:00:00:00:01", valectl()).status);
	refused(1, "there is no switch 'vale1'", "show vale1");
	/* A device is one switch's, whoever's that is. */
	refused(1, "the program (id", "--bpffs /mnt/2 attach vale1:p3 a");
	must("%s --bpffs /mnt/1 destroy vale1 --force", valectl());
	cr_assert(is_cut_off("a", "10.0.0.2"));
	cr_assert(can_ping("c", "10.0.0.4"));
}
