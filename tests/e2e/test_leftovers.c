// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What is taken down is gone from the kernel: its maps, programs and links, which others could not
 * see in any directory.
 */
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/sandbox.h"
#include "vale.h"

TestSuite(leftovers, .init = sandbox_enter, .timeout = 60);

static void two_ports(void)
{
	must("%s attach vale1:p1 t0", valectl());
	must("%s attach vale1:p2 t2 --hook generic", valectl());
	objects_remember();
}

Test(leftovers, nothing_is_left_in_the_kernel)
{
	veth("t0", "t1");
	veth("t2", "t3");
	for (int i = 0; i < 3; i++) {
		two_ports();
		must("%s detach vale1:p1 && %s attach vale1:p3 t0", valectl(), valectl());
		objects_remember();
		must("%s destroy vale1 --force", valectl());
	}
	two_ports();
	must("ip link del dev t0 && ip link del dev t2");
	must("%s detach vale1:p1 && %s detach vale1:p2 && %s destroy vale1", valectl(), valectl(),
	     valectl());
	cr_assert_gt(objects_count(), 4 * 15);
	cr_assert(objects_are_freed(), "%zu of %zu objects are left", objects_alive(),
		  objects_count());
}

/* The twin: what is in use is found. */
Test(leftovers, what_is_in_use_is_there)
{
	size_t count;

	veth("t0", "t1");
	veth("t2", "t3");
	two_ports();
	count = objects_count();
	cr_assert_eq(objects_alive(), count);
	must("%s detach vale1:p1", valectl());
	usleep(500000);
	cr_assert(objects_alive() < count && objects_alive() > 0);
}

/* When detach and destroy return, the program is off its device: not a little later. */
Test(leftovers, programs_are_gone_at_once)
{
	struct vale *vale = NULL;

	veth("t0", "t1");
	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(vale_port_attach(vale, "vale1:p1", "t0", NULL), 0, "%s",
			     vale_reason(vale));
		cr_assert_neq(program_on("t0"), 0);
		cr_assert_eq(i % 2 ? vale_port_detach(vale, "vale1:p1")
				   : vale_switch_destroy(vale, "vale1", true),
			     0, "%s", vale_reason(vale));
		cr_assert_eq(program_on("t0"), 0, "round %d", i);
	}
	vale_close(vale);
}
