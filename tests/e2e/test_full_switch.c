// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* 254 ports, and not one more. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"
#include "vale.h"

TestSuite(full_switch, .init = sandbox_enter, .timeout = 240);

static void make_devices(unsigned int count)
{
	must("for i in $(seq 1 %u); do echo link add t$i type veth peer name u$i;"
	     " echo link set t$i up; echo link set u$i up; done | ip -batch -",
	     count);
}

/* The command line does it for the first and the last; a process for each would take too long. */
static void attach_with_library(unsigned int from, unsigned int to)
{
	struct vale *vale = NULL;
	char name[32], device[16];

	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (unsigned int i = from; i <= to; i++) {
		snprintf(name, sizeof(name), "vale1:p%u", i);
		snprintf(device, sizeof(device), "t%u", i);
		cr_assert_eq(vale_port_attach(vale, name, device, NULL), 0, "%s: %s", name,
			     vale_reason(vale));
	}
	vale_close(vale);
}

static bool is_gone(const void *port)
{
	return !strcmp(port_member(port, "state"), "gone");
}

Test(full_switch, the_255th_port)
{
	static const char words[] = "cannot attach 't255': vale1 has 254 ports, and that is as "
				    "many as a switch can have";
	char *before;

	make_devices(VALE_PORTS + 1);
	must("%s attach vale1:p1 t1", valectl());
	attach_with_library(2, VALE_PORTS - 1);
	must("%s attach vale1:p254 t254", valectl());
	cr_assert_str_eq(port_member("vale1:p254", "number"), "253");
	cr_assert_str_eq(must("%s list vale1 | wc -l", valectl()).text, "255\n");
	must("%s show vale1 | grep '^vale1: 254 of 254 ports'", valectl());
	before = bpffs_files();
	refused(1, words, "attach vale1:p255 t255");
	bpffs_unchanged(before);
	cr_assert_eq(program_on("t255"), 0);
	/* A switch of its own has room for it. */
	must("%s attach vale2:p255 t255 && %s detach vale2:p255", valectl(), valectl());
	/* The slot of a device that is gone is free, without a detach. */
	must("ip link del dev t100");
	cr_assert(eventually(is_gone, "vale1:p100"));
	must("%s attach vale1:p255 t255", valectl());
	cr_assert_str_eq(port_member("vale1:p255", "number"), "99");
	refused(1, "there is no port 'vale1:p100'", "show vale1:p100");
	refused(1, "it has 254 ports", "destroy vale1");
	must("%s destroy vale1 --force", valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -path '*vale1*'").text);
}
