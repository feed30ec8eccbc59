// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Ring ports on Debian's own kernel, 6.1: the most telling of the ring tests, run inside a virtual
 * machine. It is some twenty times slower than this one, so not all of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/lab.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *program;
	const char *tests; /* an extended glob */
	int count;
} programs[] = {
	{ "test_ring_order", "is_kept_to*", 2 },
	{ "test_ring_switch", "@(what|switches|a_batch)*", 5 },
	{ "test_ring_frames", "@(of_every|frames_with)*", 2 },
	{ "test_ring_slots", "@(buffers|only_what_is_before_head_is_sent|a_tx_head)*", 3 },
	{ "test_ring_pairs", "all_rings*", 1 },
	{ "test_ring_loss", "a_flood*", 1 },
	{ "test_ring_lossless", "@(a_frame_of_several|a_client|a_slot)*", 3 },
	{ "test_ring_device", "@(frames_to_and*|a_flood*)", 4 },
	{ "test_port_open", "@(makes_switch|exclusive)*", 2 },
	{ "test_port_user", "nobody_sends*", 2 },
	{ "test_port_bound", "@(sends|to_devices)*", 2 },
	{ "test_port_wake", "@(a_frame_wakes|room)", 2 },
	{ "test_port_death", "killed", 1 },
	{ "test_port_fork", "a_child_that_says*", 1 },
	{ "test_port_pass", "to_nobody", 1 },
	{ "test_reload_rings", "frames_that_wait", 1 },
	{ "test_vnet", "@(frames_are_cut|floods)*", 2 },
	{ "test_vnet_device", "@(devices|floods)*", 2 },
	{ "test_vnet_fragments", "@(of_a_datagram|are_one)*", 3 },
	{ "test_vnet_stack", "@(a_datagram*|a_checksum*|a_flood*)", 3 },
	{ "test_limits", "@(*_of_a_ring|addresses_of_a_device|a_batch*)", 4 },
};

/* The programs, and the users and groups that they go by. */
static void boot(void)
{
	char files[64 * (COUNT(programs) + 1)] = "/etc/passwd /etc/group";
	struct vm_options options = {
		.memory = 1024,
		.timeout = 240,
		.files = files,
	};
	const char *build = getenv("VALE_BUILD");
	size_t used = strlen(files);

	for (size_t i = 0; i < COUNT(programs); i++)
		used += snprintf(files + used, sizeof(files) - used, " %s/tests/e2e/%s",
				 build ? build : "build", programs[i].program);
	cr_assert_lt(used, sizeof(files));
	lab_boot(&options);
	lab_run("modprobe tun");
}

/* Not counting those that were left out: "ok - ... # SKIP ...". */
static int passed(const char *output)
{
	int count = 0;

	while ((output = strstr(output, "\nok - "))) {
		output++;
		count += !memchr(output, '#', strcspn(output, "\n"));
	}
	return count;
}

/* One test for one boot. */
Test(kernel61_rings, ring_tests_inside_debians_kernel, .init = boot, .fini = lab_halt,
     .timeout = 590)
{
	for (size_t i = 0; i < COUNT(programs); i++) {
		int status = lab_try("build/tests/e2e/%s --tap --filter '*/%s'",
				     programs[i].program, programs[i].tests);

		cr_expect_eq(status, 0, "%s ended with %d: %s", programs[i].program, status,
			     lab_output());
		cr_expect_eq(passed(lab_output()), programs[i].count,
			     "%s: not as many as there should be: %s", programs[i].program,
			     lab_output());
	}
}
