// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl doctor on Debian's own kernel, 6.1, inside a virtual machine. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/lab.h"

static void boot(void)
{
	lab_boot(&(struct vm_options){ .memory = 512, .timeout = 240 });
}

static const char count_objects[] =
	"(for kind in prog map link; do bpftool $kind show | grep -c '^[0-9]*:'; done; "
	"find /sys/fs/bpf | wc -l; ip -o link | wc -l; wc -l < /proc/mounts) | tr '\\n' ' '";

/* Soon, as many as before: what was in namespaces, the kernel frees some time after these. */
static void nothing_is_left(const char *before)
{
	lab_run("for try in $(seq 500); do [ \"$( %s )\" != '%s' ] || exit 0; usleep 100000; done; "
		"exit 1",
		count_objects, before);
}

/* What `valectl doctor` says of this kernel, and that it leaves nothing, however it ends. */
Test(kernel61_doctor, knows_debians_kernel, .init = boot, .fini = lab_halt, .timeout = 600)
{
	char before[128];

	lab_run("valectl doctor");
	cr_expect(strstr(lab_output(), "missing  tap "), "%s", lab_output());
	cr_expect(strstr(lab_output(), "'modprobe tun'"), "%s", lab_output());
	lab_run("modprobe tun");
	snprintf(before, sizeof(before), "%s", lab_run("%s", count_objects));
	lab_run("valectl doctor");
	cr_expect(strstr(lab_output(), "limited  veth_tc                attached by filters of "
				       "clsact"),
		  "%s", lab_output());
	cr_expect(strstr(lab_output(), "limited  large_frames           not redirected by XDP"),
		  "%s", lab_output());
	cr_expect(strstr(lab_output(), "ok       shared "), "%s", lab_output());
	cr_expect(strstr(lab_output(), ", 0 missing"), "%s", lab_output());
	nothing_is_left(before);
	for (int seconds = 1; seconds <= 3; seconds += 2) {
		lab_try("timeout -s KILL %d valectl doctor", seconds);
		nothing_is_left(before);
	}
}
