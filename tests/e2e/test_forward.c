// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Two containers talk through a switch. */
#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"

TestSuite(forward, .init = sandbox_enter, .timeout = 60);

Test(forward, ping)
{
	container("a", 1);
	container("b", 2);
	must("%s create vale1", valectl());
	must("%s attach vale1:p1 a", valectl());
	must("%s attach vale1:p2 b", valectl());
	must("ip netns exec a ping -c 3 -i 0.2 -W 1 10.0.0.2");
	must("ip netns exec a ping -c 3 -i 0.2 -W 1 fd00::2");
	cr_assert(port_counter("vale1:p1", "received_frames") >= 6);
	cr_assert(port_counter("vale1:p2", "sent_frames") >= 6);
	must("%s destroy vale1 --force", valectl());
	cr_assert(run("test -e /sys/fs/bpf/vale/vale1").status);
}
