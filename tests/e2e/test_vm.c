// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Real guests on vale1, as an ordinary line of QEMU makes them: frames through taps, with checksums
 * and segmentation left to the switch.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/sandbox.h"
#include "tests/lib/vm.h"

#define FILE_SIZE_MB 20

static struct vm *guests[2];

/* Runs a command in a guest and returns its output; the test ends if it fails. */
__attribute__((format(printf, 2, 3))) static const char *guest(int i, const char *format, ...)
{
	char command[512];
	va_list arguments;
	int status;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	status = vm_run(guests[i], "%s", command);
	cr_assert_eq(status, 0, "guest %d: %s: %d\n%s", i, command, status, vm_output(guests[i]));
	return vm_output(guests[i]);
}

static void make_switch(void)
{
	must("%s create vale1", valectl());
	for (int i = 0; i < 2; i++) {
		must("ip tuntap add tap%d mode tap", i);
		must("ip link set tap%d up", i);
		must("%s attach vale1:%c tap%d", valectl(), 'a' + i, i);
	}
}

static void start_guests(void)
{
	for (int i = 0; i < 2; i++) {
		char tap[8], mac[20], ip[16];
		struct vm_options options = { .profile = "guest", .tap = tap, .mac = mac, .ip = ip };

		snprintf(tap, sizeof(tap), "tap%d", i);
		snprintf(mac, sizeof(mac), "02:00:00:00:00:%02x", i + 1);
		snprintf(ip, sizeof(ip), "10.0.0.%d/24", i + 1);
		cr_assert_eq(vm_start(&guests[i], &options), 0, "guest %d does not start", i);
	}
	for (int i = 0; i < 2; i++)
		cr_assert_eq(vm_wait(guests[i]), 0, "guest %d does not come up", i);
}

static void set_up(void)
{
	sandbox_enter();
	make_switch();
	start_guests();
}

static void tear_down(void)
{
	vm_stop(guests[0]);
	vm_stop(guests[1]);
}

/* Runs ping, and expects that every packet was answered. */
static void ping_all(int from, const char *arguments)
{
	cr_assert(strstr(guest(from, "ping -c 3 -i 0.2 -W 1 %s", arguments), " 0% packet loss"));
}

static void ping(int from, int to)
{
	char address[32];

	snprintf(address, sizeof(address), "10.0.0.%d", to + 1);
	ping_all(from, address);
}

static void ping_link_local(int from, int to)
{
	static const char own_address[] =
		"ip -6 addr show dev eth0 | sed -n 's,.*inet6 \\(fe80[^/]*\\)/.*,\\1,p'";
	char arguments[80];

	snprintf(arguments, sizeof(arguments), "-6 %s%%eth0", guest(to, own_address));
	ping_all(from, arguments);
}

/*
 * The receiver's nc must not see the end of its input: it would close its half and end the other's.
 * The sender's ends when the receiver's has, with all it got in the file.
 */
static void move_file(int from, int to, int port)
{
	char sent[128], received[128];

	guest(from, "dd if=/dev/urandom of=/tmp/sent bs=1M count=%d", FILE_SIZE_MB);
	guest(to, "sleep 60 | nc -l -p %d >/tmp/received &", port);
	guest(to, "until netstat -ltn | grep -q :%d; do usleep 20000; done", port);
	guest(from, "nc 10.0.0.%d %d </tmp/sent", to + 1, port);
	snprintf(sent, sizeof(sent), "%s", guest(from, "sha256sum </tmp/sent"));
	snprintf(received, sizeof(received), "%s", guest(to, "sha256sum </tmp/received"));
	cr_assert_str_eq(sent, received);
	guest(from, "rm /tmp/sent");
	guest(to, "rm /tmp/received");
}

Test(vm, two_virtual_machines_ping_each_other_and_move_a_file_over_tcp_through_vale1,
     .init = set_up, .fini = tear_down, .timeout = 90)
{
	ping(0, 1);
	ping(1, 0);
	move_file(0, 1, 5000);
	move_file(1, 0, 5001);
	/* They have sent frames of many segments, and nobody has cut them. */
	cr_assert_gt(port_counter("vale1:a", "received_bytes"),
		     2000 * port_counter("vale1:a", "received_frames"));
	cr_assert_eq(port_counter("vale1:a", "drops.offload"), 0);
	ping_link_local(0, 1);
	ping_link_local(1, 0);
}
