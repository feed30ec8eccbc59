// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * AF_XDP ports on Debian's own kernel, 6.1, inside a virtual machine: the tests of clients are run
 * there, and xdpdump, whose programs this machine's kernel may refuse, shows the frames of a port.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/vm.h"

#define FILES                                                                                                        \
	"build/valectl build/tests/bpf/pass.bpf.o build/tests/e2e/test_xsk_port /usr/sbin/xdpdump /usr/bin/timeout " \
	"/usr/lib/x86_64-linux-gnu/bpf/xdpdump_bpf.o /usr/lib/x86_64-linux-gnu/bpf/xdpdump_xdp.o"

static struct vm *lab;

/* Runs a command in the machine and returns its output; the test ends if it fails. */
__attribute__((format(printf, 1, 2))) static const char *lab_run(const char *format, ...)
{
	char command[512];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	status = vm_run(lab, "%s", command);
	if (status)
		cr_assert_fail("'%s' in the machine ended with %d: %s", command, status,
			       vm_output(lab));
	return vm_output(lab);
}

static void boot(void)
{
	struct vm_options options = {
		.profile = "lab",
		.memory = 768,
		.timeout = 200,
		.files = FILES,
	};

	cr_assert_eq(vm_start(&lab, &options), 0, "the machine does not start");
	cr_assert_eq(vm_wait(lab), 0, "the machine does not come up");
	cr_assert(strstr(lab_run("uname -r"), "6.1."), "not a 6.1 kernel: %s", vm_output(lab));
}

static void halt(void)
{
	vm_stop(lab);
}

static void clients_exchange_frames(void)
{
	lab_run("build/tests/e2e/test_xsk_port --jobs 1 --filter 'xsk_port/*'"
		" > /tmp/said 2>&1 || { grep -A7 -i fail /tmp/said; false; }");
}

/* Frames that a host sends to the port's outer end are seen at the port, byte for byte. */
static void xdpdump_shows_frames(void)
{
	lab_run("valectl attach vale1:a --xsk out");
	lab_run("ip link set out address 02:00:00:00:00:01 && ip address add 10.9.0.1/24 dev out");
	lab_run("ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev out");
	lab_run("timeout -s INT 20 xdpdump -i $(valectl --json show vale1:a |"
		" sed -n 's/.*\"device\": *\"\\([^\"]*\\)\".*/\\1/p') -x > /tmp/dump 2>&1 &");
	lab_run("for i in $(seq 20); do ping -c 1 -W 1 -p 5a 10.9.0.2 > /dev/null;"
		" grep -q '5a5a' /tmp/dump && break; done; true");
	lab_run("cat /tmp/dump; valectl stats vale1:a");
	cr_assert(strstr(vm_output(lab), "vale_receive"), "%s", vm_output(lab));
	cr_assert(strstr(vm_output(lab), "02 00 00 00 00 02 02 00 00 00 00 01 08 00"), "%s",
		  vm_output(lab));
	lab_run("valectl destroy --force vale1");
}

/* The switch's program beside another one on the inner end, through libxdp's dispatcher. */
static void xdp_loader_lists_both(void)
{
	lab_run("valectl attach vale1:a --xsk out --shared");
	lab_run("valectl --json show vale1:a | sed -n 's/.*\"device\": *\"\\([^\"]*\\)\".*/\\1/p'"
		" > /tmp/inner");
	lab_run("xdp-loader load -m native $(cat /tmp/inner) -n count_and_pass "
		"build/tests/bpf/pass.bpf.o");
	lab_run("xdp-loader status $(cat /tmp/inner)");
	cr_assert(strstr(vm_output(lab), "count_and_pass"), "%s", vm_output(lab));
	cr_assert(strstr(vm_output(lab), "vale_receive"), "%s", vm_output(lab));
	lab_run("valectl detach vale1:a && ! ip link show out 2> /dev/null");
	lab_run("valectl destroy vale1");
}

/* One test for one boot, which takes longer than the rest. */
Test(xsk_kernel61, af_xdp_ports_inside_debians_kernel, .init = boot, .fini = halt, .timeout = 400)
{
	xdpdump_shows_frames();
	xdp_loader_lists_both();
	clients_exchange_frames();
}
