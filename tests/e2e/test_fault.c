// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* System calls of valectl fail while it makes or takes away switches and device ports. */
#include <errno.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/fault_series.h"
#include "tests/lib/sandbox.h"

/* Container b is the port p2, and what comes up with the first port at tc is there. */
static void begin(void)
{
	fault_series_begin();
	container("b", 2);
	must("ip netns exec a ethtool -K eth0 gro off");
	must("%s attach vale1:p2 b && %s attach vale1:p1 a --hook tc && %s detach vale1:p1",
	     valectl(), valectl(), valectl());
}

TestSuite(fault, .init = begin, .timeout = 3600);

static bool reaches_b(void)
{
	return can_ping("a", "10.0.0.2");
}

Test(fault, create)
{
	fault_series_run(&(struct fault_series){
		.command = "create vale2",
		.undo = "destroy vale2",
		.word = "there is a switch of that name",
	});
}

Test(fault, destroy)
{
	must("%s attach vale2:p1 a && %s port add vale2:x", valectl(), valectl());
	fault_series_run(&(struct fault_series){
		.command = "destroy vale2 --force",
		.undo = "attach vale2:p1 a && $VALE port add vale2:x",
		.word = "there is no switch",
		.may_be_left = true,
	});
}

Test(fault, attach)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 a --hook xdp",
		.undo = "detach vale1:p1",
		.word = "is the port vale1:p1",
		.works = reaches_b,
	});
}

Test(fault, attach_tc)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 a --hook tc",
		.undo = "detach vale1:p1",
		.word = "is the port vale1:p1",
		.works = reaches_b,
	});
}

/* For which it looks at the far end. */
Test(fault, attach_to_a_hook_of_its_own_choice)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 a",
		.undo = "detach vale1:p1",
		.word = "is the port vale1:p1",
		.works = reaches_b,
		.call = "ioctl",
		.error = EPERM,
	});
}

Test(fault, attach_netns)
{
	must("ip netns add x && ip link set dev a netns x && ip -n x link set dev a up");
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 a --netns x",
		.undo = "detach vale1:p1",
		.word = "is the port vale1:p1",
		.works = reaches_b,
	});
}

Test(fault, attach_to_a_new_switch)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale2:p1 a --hook tc",
		.undo = "destroy vale2 --force",
		.word = "is the port vale2:p1",
	});
}

Test(fault, attach_host)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 a --hook xdp --host",
		.undo = "detach vale1:p1",
		.word = "is the port vale1:p1",
		.works = reaches_b,
	});
}

Test(fault, host)
{
	fault_series_run(&(struct fault_series){
		.command = "host vale1",
		.undo = "detach vale1:host",
		.word = "there is a port vale1:host",
	});
}

Test(fault, attach_xsk)
{
	fault_series_run(&(struct fault_series){
		.command = "attach vale1:p1 --xsk out",
		.undo = "detach vale1:p1",
		.word = "there is a port vale1:p1",
	});
}

Test(fault, detach)
{
	must("%s attach vale1:p1 a --hook xdp", valectl());
	fault_series_run(&(struct fault_series){
		.command = "detach vale1:p1",
		.undo = "attach vale1:p1 a --hook xdp",
		.word = "there is no port",
		.may_be_left = true,
	});
}

Test(fault, detach_host)
{
	must("%s attach vale1:p1 a --hook tc --host", valectl());
	fault_series_run(&(struct fault_series){
		.command = "detach vale1:p1",
		.undo = "attach vale1:p1 a --hook tc --host",
		.word = "there is no port",
		.may_be_left = true,
	});
}
