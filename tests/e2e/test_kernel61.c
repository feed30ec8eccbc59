// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The switch on Debian's own kernel, 6.1: valectl and the BPF programs inside a virtual machine. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/lab.h"

#define MAC_LEFT  "02:00:00:00:00:0a"
#define MAC_RIGHT "02:00:00:00:00:0b"

static void boot(void)
{
	lab_boot(&(struct vm_options){ .memory = 512, .files = "build/tests/bpf/pass.bpf.o" });
}

/* A network namespace with one end of a veth pair in it; the other, `name`, is for the switch. */
static void make_host(const char *name, const char *mac, const char *ip, int mtu)
{
	lab_run("ip netns add %s", name);
	lab_run("ip link add name %s mtu %d type veth peer name eth0 mtu %d address %s netns %s",
		name, mtu, mtu, mac, name);
	lab_run("ip link set dev %s up", name);
	lab_run("ip -n %s address add %s/24 dev eth0", name, ip);
	lab_run("ip -n %s link set dev eth0 up", name);
}

static void remove_host(const char *name)
{
	lab_run("ip link del dev %s", name);
	lab_run("ip netns del %s", name);
}

static void make_switch(int mtu, const char *hook)
{
	make_host("left", MAC_LEFT, "10.0.0.1", mtu);
	make_host("right", MAC_RIGHT, "10.0.0.2", mtu);
	lab_run("valectl create vale1");
	lab_run("valectl attach vale1:a left --hook %s", hook);
	lab_run("valectl attach vale1:b right --hook %s", hook);
}

/* Nothing may be left: no pin, no program on a device, and in a moment no program at all. */
static void destroy_switch(void)
{
	lab_run("valectl detach vale1:a");
	lab_run("valectl detach vale1:b");
	lab_run("valectl destroy vale1");
	cr_expect_str_empty(lab_run("find /sys/fs/bpf -path '*vale1*'"));
	cr_expect_str_empty(lab_run("ip -d link show | grep prog/xdp || :"));
	lab_run("timeout 5 sh -c 'while bpftool prog show | grep -q vale_; do usleep 50000; done'");
	remove_host("left");
	remove_host("right");
}

static void ping(int size)
{
	lab_run("ip netns exec left ping -c 3 -i 0.2 -W 1 -s %d 10.0.0.2", size);
	cr_expect(strstr(lab_output(), " 0% packet loss"), "%s", lab_output());
}

/* TCP with the checksums left open, by a user who has switched that on again after the attach. */
static void move_file(void)
{
	char sent[128];

	lab_run("ip netns exec left ethtool -K eth0 tx on");
	lab_run("ip netns exec right ethtool -K eth0 tx on");
	snprintf(sent, sizeof(sent), "%s",
		 lab_run("dd if=/dev/urandom of=/tmp/sent bs=1M count=2 status=none; "
			 "sha256sum </tmp/sent"));
	/* The receiver's nc must not see the end of its input, or it ends the connection. */
	lab_run("sleep 30 | ip netns exec right nc -l -p 5000 >/tmp/received &");
	lab_run("until ip netns exec right netstat -ltn | grep -q :5000; do usleep 20000; done");
	lab_run("ip netns exec left nc 10.0.0.2 5000 </tmp/sent");
	cr_expect_str_eq(lab_run("sha256sum </tmp/received"), sent);
}

static long long counter(json_t *document, int port, const char *name)
{
	json_t *item = json_array_get(json_object_get(document, "ports"), port);

	return json_integer_value(json_object_get(item, name));
}

static void check_counters(void)
{
	json_t *document = json_loads(lab_run("valectl --json stats vale1"), 0, NULL);

	cr_assert(document, "no JSON: %s", lab_output());
	for (int port = 0; port < 2; port++) {
		cr_expect_gt(counter(document, port, "received_frames"), 10, "port %d", port);
		cr_expect_gt(counter(document, port, "sent_frames"), 10, "port %d", port);
		cr_expect_gt(counter(document, port, "checksums_completed"), 10, "port %d", port);
	}
	json_decref(document);
}

static void frames_pass_are_learned_and_counted(void)
{
	make_switch(1500, "native");
	ping(56);
	move_file();
	lab_run("valectl fdb vale1");
	cr_expect(strstr(lab_output(), MAC_LEFT), "%s", lab_output());
	cr_expect(strstr(lab_output(), MAC_RIGHT), "%s", lab_output());
	check_counters();
	destroy_switch();
}

/* A tag that the sender's stack leaves beside the frame must be in it when it leaves the switch. */
static void tagged_frames_pass(void)
{
	static const char *const hosts[] = { "left", "right" };

	make_switch(1500, "auto");
	for (int i = 0; i < 2; i++) {
		lab_run("ip -n %s link add link eth0 name tagged type vlan id 5", hosts[i]);
		lab_run("ip -n %s address add 10.0.5.%d/24 dev tagged", hosts[i], i + 1);
		lab_run("ip -n %s link set dev tagged up", hosts[i]);
	}
	lab_run("ip netns exec left ping -c 3 -i 0.2 -W 1 10.0.5.2");
	cr_expect(strstr(lab_output(), " 0% packet loss"), "%s", lab_output());
	lab_run("ip netns exec left ping -c 2 -i 0.2 -W 1 -M do -s 1472 10.0.5.2");
	lab_run("ip -n right link del tagged");
	lab_run("ip -n right link add link eth0 name tagged type vlan id 6");
	lab_run("ip -n right address add 10.0.5.2/24 dev tagged");
	lab_run("ip -n right link set dev tagged up");
	cr_expect_neq(lab_try("ip netns exec left ping -c 1 -W 1 10.0.5.2"), 0, "VLANs are mixed");
	destroy_switch();
}

/*
 * Before 6.3 the native hook redirects no frame of more than one buffer (about 3,500 bytes): such
 * frames are counted, and `auto` chooses the generic hook for devices with such an MTU.
 */
static void jumbo_frames_pass_or_are_counted(void)
{
	json_t *document, *port;
	json_int_t jumbo;

	make_switch(9000, "auto");
	ping(8000);
	destroy_switch();
	make_switch(9000, "native");
	ping(3000);
	cr_expect_neq(lab_try("ip netns exec left ping -c 3 -i 0.2 -W 1 -s 8000 10.0.0.2"), 0);
	document = json_loads(lab_run("valectl --json stats vale1"), 0, NULL);
	cr_assert(document, "no JSON: %s", lab_output());
	/* Where the destination is known, the drop is counted there. */
	port = json_array_get(json_object_get(document, "ports"), 1);
	jumbo = json_integer_value(json_object_get(json_object_get(port, "drops"), "jumbo"));
	cr_expect_eq(jumbo, 3, "%s", lab_output());
	json_decref(document);
	destroy_switch();
}

/* The kernel's flood from the generic hook ends at a device that is down. */
static void cut_floods_are_counted(void)
{
	json_t *document, *port;

	make_host("third", "02:00:00:00:00:0c", "10.0.0.3", 1500);
	make_host("fourth", "02:00:00:00:00:0d", "10.0.0.4", 1500);
	make_switch(1500, "generic");
	lab_run("valectl attach vale1:c third");
	lab_run("valectl attach vale1:d fourth");
	lab_run("ip link set dev right down");
	lab_try("ip netns exec left ping -c 1 -W 1 10.0.0.77");
	document = json_loads(lab_run("valectl --json stats vale1"), 0, NULL);
	cr_assert(document, "no JSON: %s", lab_output());
	port = json_array_get(json_object_get(document, "ports"), 2);
	cr_expect_geq(json_integer_value(json_object_get(json_object_get(port, "drops"), "cut")), 1,
		      "%s", lab_output());
	json_decref(document);
	lab_run("valectl detach vale1:c");
	lab_run("valectl detach vale1:d");
	destroy_switch();
	remove_host("third");
	remove_host("fourth");
}

static void host_is_reached(const char *address)
{
	lab_run("ping -c 3 -i 0.2 -W 1 %s", address);
	cr_expect(strstr(lab_output(), " 0% packet loss"), "%s", lab_output());
}

/* Of all programs on interfaces, none is left in a moment: also of a shared one, there are not two. */
static void reload(void)
{
	char before[1024];
	int count = 0;

	snprintf(
		before, sizeof(before), "%s",
		lab_run("bpftool prog show | grep -oE '^[0-9]+: (xdp|sched_cls|ext) .*name vale_' | "
			"cut -d: -f1"));
	lab_run("valectl reload vale1");
	for (char *id = strtok(before, "\r\n"); id; id = strtok(NULL, "\r\n"), count++)
		lab_run("timeout 5 sh -c 'while bpftool prog show id %s; do usleep 50000; done'",
			id);
	cr_expect_gt(count, 2);
}

/* Before 6.6 there are filters at tc, which are to be taken off again. */
static void host_stays_connected(void)
{
	make_host("left", MAC_LEFT, "10.0.0.1", 1500);
	make_host("right", MAC_RIGHT, "10.0.0.2", 1500);
	lab_run("ip address add 10.0.0.200/24 dev left");
	lab_run("valectl attach vale1:a left --host");
	lab_run("valectl attach vale1:b right --hook tc");
	host_is_reached("10.0.0.1");
	host_is_reached("10.0.0.2");
	ping(56);
	reload();
	host_is_reached("10.0.0.1");
	host_is_reached("10.0.0.2");
	ping(56);
	lab_run("valectl detach vale1:a");
	host_is_reached("10.0.0.1");
	cr_expect_null(strstr(lab_run("bpftool net"), "vale_from_host"), "%s", lab_output());
	lab_run("valectl host vale1:a lan0");
	lab_run("ip address del 10.0.0.200/24 dev left");
	lab_run("ip address add 10.0.0.200/24 dev lan0");
	host_is_reached("10.0.0.2");
	destroy_switch();
}

/* libxdp's dispatcher: another program and ours on one device, whoever comes first. */
static void device_is_shared(const char *first, const char *second)
{
	make_host("left", MAC_LEFT, "10.0.0.1", 1500);
	make_host("right", MAC_RIGHT, "10.0.0.2", 1500);
	lab_run("%s", first);
	lab_run("%s", second);
	lab_run("valectl attach vale1:b right");
	ping(56);
	lab_run("bpftool -j map dump name seen | grep -c '\"value\":'");
	cr_expect_null(strstr(lab_run("bpftool map dump name seen"), "\"value\": 0"), "%s",
		       lab_output());
	reload();
	ping(56);
	lab_run("xdp-loader status left");
	cr_expect(strstr(lab_output(), "count_and_pass"), "%s", lab_output());
	cr_expect(strstr(lab_output(), "vale_receive"), "%s", lab_output());
	lab_run("valectl detach vale1:a");
	lab_run("xdp-loader status left");
	cr_expect(strstr(lab_output(), "count_and_pass"), "%s", lab_output());
	cr_expect_null(strstr(lab_output(), "vale_receive"), "%s", lab_output());
	lab_run("xdp-loader unload left --all");
	lab_run("valectl detach vale1:b");
	lab_run("valectl destroy vale1");
	remove_host("left");
	remove_host("right");
}

/* One test for one boot, which takes longer than the rest. */
Test(kernel61, two_veths_on_a_switch_inside_debians_kernel, .init = boot, .fini = lab_halt,
     .timeout = 600)
{
	static const char ours[] = "valectl attach vale1:a left --shared";
	static const char theirs[] = "xdp-loader load -m native left -n count_and_pass "
				     "build/tests/bpf/pass.bpf.o";

	frames_pass_are_learned_and_counted();
	tagged_frames_pass();
	jumbo_frames_pass_or_are_counted();
	cut_floods_are_counted();
	host_stays_connected();
	device_is_shared(theirs, ours);
	device_is_shared(ours, theirs);
}
