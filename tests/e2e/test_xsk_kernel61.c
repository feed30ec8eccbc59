// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * AF_XDP ports on Debian's own kernel, 6.1, inside a virtual machine: the tests of clients are run
 * there, and xdpdump, whose programs this machine's kernel may refuse, shows the frames of a port.
 */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/lab.h"

#define FILES                                                                                                        \
	"build/valectl build/tests/bpf/pass.bpf.o build/tests/e2e/test_xsk_port /usr/sbin/xdpdump /usr/bin/timeout " \
	"/usr/lib/x86_64-linux-gnu/bpf/xdpdump_bpf.o /usr/lib/x86_64-linux-gnu/bpf/xdpdump_xdp.o"

static void boot(void)
{
	lab_boot(&(struct vm_options){ .memory = 768, .timeout = 200, .files = FILES });
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
	cr_assert(strstr(lab_output(), "vale_receive"), "%s", lab_output());
	cr_assert(strstr(lab_output(), "02 00 00 00 00 02 02 00 00 00 00 01 08 00"), "%s",
		  lab_output());
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
	cr_assert(strstr(lab_output(), "count_and_pass"), "%s", lab_output());
	cr_assert(strstr(lab_output(), "vale_receive"), "%s", lab_output());
	lab_run("valectl detach vale1:a && ! ip link show out 2> /dev/null");
	lab_run("valectl destroy vale1");
}

/* One test for one boot, which takes longer than the rest. */
Test(xsk_kernel61, af_xdp_ports_inside_debians_kernel, .init = boot, .fini = lab_halt,
     .timeout = 400)
{
	xdpdump_shows_frames();
	xdp_loader_lists_both();
	clients_exchange_frames();
}
