// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl in the place of netmap's tool, running programs with the library, and capturing. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_cli, .init = sandbox_enter, .timeout = 120);

/* The tool's own words, on both outputs, and its status. */
static void says(const char *arguments, int status, const char *text)
{
	struct output output = run("%s %s 2>&1", valectl(), arguments);

	cr_assert_eq(output.status, status, "%s: %d: %s", arguments, output.status, output.text);
	cr_assert_str_eq(output.text, text, "%s: %s", arguments, output.text);
}

Test(netmap_cli, tool)
{
	veth("e0", "e1");
	says("-v", 1, "");
	says("-n p0", 0, "");
	says("-n p0", 1, "failed to create p0: File exists\n");
	says("-a vale1:p0", 0, "");
	says("-v -a vale1:e0", 0, "port_index: 1\n");
	says("-a vale1:e0", 1, "failed to attach vale1:e0: Device or resource busy\n");
	says("-v", 1, "vale1:p0 bridge_idx 0 port_idx 0\nvale1:e0 bridge_idx 0 port_idx 1\n");
	says("-l vale1:e0", 0, "bridge_idx: 0\nport_idx:   1\n");
	says("-l vale1:zz", 0, "bridge_idx: 0\nport_idx:   255\n");
	says("-l vale2:zz", 1, "failed to list vale2:zz: No such file or directory\n");
	says("-p vale1:e0 -C 1,0,1", 1,
	     "failed to enable polling on vale1:e0: Operation not supported\n");
	says("-d vale1:nope", 1, "failed to detach vale1:nope: No such device or address\n");
	says("-r p0", 1, "failed to remove p0: Device or resource busy\n");
	says("-d vale1:e0", 0, "");
	says("-d vale1:p0 -v", 0, "port_index: 0\n");
	says("-r p0", 0, "");
	says("-r p0", 1, "failed to remove p0: No such device or address\n");
	/* The last one of several is done. */
	says("-n p1 -d vale1:e0 -n p2", 0, "");
	says("-r p1", 1, "failed to remove p1: No such device or address\n");
	cr_assert_eq(run("%s -x", valectl()).status, 1);
	cr_assert_eq(run("%s -l eth0", valectl()).status, 1);
}

Test(netmap_cli, sizes)
{
	struct output output;

	says("-n p0 -v -C 100,200,2 | grep -v mem_id", 0,
	     "tx_slots:   128\nrx_slots:   256\ntx_rings:   2\nrx_ring:    2\n");
	output = must("%s -g p0", valectl());
	cr_assert_eq(strncmp(output.text, "memsize:    ", 12), 0, "%s", output.text);
	cr_assert_not_null(strstr(output.text, "\ntx_slots:   128\nrx_slots:   256\n"
					       "tx_rings:   2\nrx_rings    2\nmem_id:     "));
	says("-n p1 -C 64 -v | head -2", 0, "tx_slots:   64\nrx_slots:   64\n");
	says("-g eth7", 1, "failed to obtain info for eth7: No such device or address\n");
}

Test(netmap_cli, called_by_the_name_of_the_tool)
{
	must("ln -s %s /run/netns/vale-ctl && %s -n p0", valectl(), valectl());
	must("/run/netns/vale-ctl -a vale1:p0");
	cr_assert_str_eq(run("/run/netns/vale-ctl").text, "vale1:p0 bridge_idx 0 port_idx 0\n");
}

/* ---- exec -------------------------------------------------------------------------------------- */

Test(netmap_cli, exec)
{
	/* /dev/netmap is there, and bash itself opens it. */
	must("%s exec -- bash -c 'exec 7<>/dev/netmap'", valectl());
	cr_assert_neq(run("bash -c 'exec 7</dev/netmap'").status, 0, "and no file was made");
	cr_assert_eq(run("%s exec -- sh -c 'exit 7'", valectl()).status, 7);
	cr_assert_str_eq(must("%s exec -- echo --json -c", valectl()).text, "--json -c\n");
	cr_assert_str_eq(must("%s exec -- printenv VALE_BPFFS", valectl()).text, "/sys/fs/bpf\n");
	refused(1, "there is no such program", "exec -- nosuchprogram");
	refused(2, "which program", "exec");
	refused(2, "there is no option '-x'", "exec -x sh");
	must("echo 'int main(void) { return 0; }' | gcc -static -x c -o /run/netns/static -");
	refused(1, "it is linked statically", "exec -- /run/netns/static");
}

/* A program that has nothing to do with netmap: the same system calls, whatever they are. */
Test(netmap_cli, exec_disturbs_nobody)
{
	static const char *const programs[] = {
		"ls -l /proc/self/fd /etc",
		"sh -c 'sleep 0.1 | cat; exec 5</dev/null; exec 5<&-'",
		"find /usr/share/doc -name a\\*",
	};
	/* From the program's first own call on; addresses and times differ anyway. */
	static const char *const calls =
		"strace -f -o /run/netns/%s -e trace=openat,close,poll,ppoll,dup,dup2,dup3,fcntl,"
		"socket,bind,connect,clone,clone3,ioctl,bpf";

	for (int i = 0; i < 3; i++) {
		char before[256], after[256];

		snprintf(before, sizeof(before), calls, "without");
		snprintf(after, sizeof(after), calls, "with");
		must("%s %s", before, programs[i]);
		must("%s %s exec -- %s", after, valectl(), programs[i]);
		/* Nothing of the kernel's more than without it: no thread, no socket. */
		must("cd /run/netns; test \"$(grep -Ec '(clone3?|socket|bpf)\\(' with)\" = "
		     "\"$(grep -Ec '(clone3?|socket|bpf)\\(' without)\"");
	}
	cr_assert_str_eq(must("ls /proc/self/fd").text,
			 must("%s exec -- ls /proc/self/fd", valectl()).text);
}

/* ---- capturing --------------------------------------------------------------------------------- */

static struct frame frame;

/* Sends frames to whoever has vale1:b, once that has the port. */
static int send_when_open(struct client_self *self, void *argument)
{
	int count = *(int *)argument;
	struct netmap_port a = netmap_open_all("vale1:a");

	(void)self;
	while (run("%s show vale1:b 2>/dev/null | grep -q open", valectl()).status)
		usleep(50000);
	usleep(300000);
	for (int i = 0; i < count; i++) {
		frame_build(&frame, &(struct frame_options){ .from = 1,
							     .to = 2,
							     .version = 4,
							     .protocol = i % 2 ? 6 : 17,
							     .payload = 100 + i });
		netmap_send(&a, &frame);
	}
	sleep(1);
	return 0;
}

static struct client *sender(int count)
{
	struct client *client = client_start();
	static int frames; /* where client_result() puts it again */

	frames = count;
	client_begin(client, send_when_open, &frames, sizeof(frames));
	return client;
}

Test(netmap_cli, capture)
{
	struct client *client = sender(10);
	struct output output;

	output = must("%s capture vale1:b -w - -c 10 | tcpdump -qnr - 2>/dev/null", valectl());
	cr_assert_not_null(strstr(output.text, "UDP, length 100\n"), "%s", output.text);
	cr_assert_not_null(strstr(output.text, "tcp 109\n"), "%s", output.text);
	client_result(client);
	/* Ended by a signal, with frames cut short. */
	client = sender(10);
	output = run("timeout -s INT 5 %s capture vale1:b -w /run/netns/f -s 50", valectl());
	cr_assert_not_null(strstr(output.errors, "10 frames captured, 0 that"), "%s",
			   output.errors);
	cr_assert_str_eq(must("tcpdump -nr /run/netns/f 2>/dev/null | wc -l").text, "10\n");
	client_result(client);
	refused(2, "where to", "capture vale1:b");
	refused(1, "cannot write '/no/such'", "capture vale1:b -w /no/such");
	refused(2, "is no number", "capture vale1:b -w x -c y");
	refused(1, "is no name of a port", "capture nothing -w x");
	cr_assert_eq(run("%s show vale1:b", valectl()).status, 1, "its port is gone");
}

/* Debian's own tcpdump, whose libpcap knows nothing of netmap. */
Test(netmap_cli, tcpdump)
{
	struct client *client = sender(10);
	struct output output;

	output = run("timeout 30 %s exec -- tcpdump -qni vale1:b -c 5 udp", valectl());
	cr_assert_eq(output.status, 0, "%s", output.errors);
	cr_assert_str_eq(run("echo '%s' | grep -c UDP", output.text).text, "5\n", "%s",
			 output.text);
	cr_assert_null(strstr(output.text, "tcp"));
	cr_assert_not_null(strstr(output.errors, "5 packets captured"), "%s", output.errors);
	client_result(client);
	client = sender(10);
	output = run("timeout -s INT 5 %s exec -- tcpdump -i vale1:b -s 60 -w - tcp | "
		     "tcpdump -qnr - 2>/dev/null",
		     valectl());
	cr_assert_str_eq(run("echo '%s' | grep -c tcp", output.text).text, "5\n", "%s",
			 output.text);
	cr_assert_not_null(strstr(output.errors, "5 packets captured"), "%s", output.errors);
	client_result(client);
	/* Other interfaces are tcpdump's own business. */
	output = run(
		"(sleep 1; ping -c 1 127.0.0.1) & timeout 20 %s exec -- tcpdump -ni lo -c 1 icmp",
		valectl());
	cr_assert_not_null(strstr(output.text, "ICMP echo request"), "%s", output.text);
	output = run("%s exec -- tcpdump -i vale1.:b", valectl());
	cr_assert_eq(output.status, 1);
	cr_assert_not_null(strstr(output.errors, "only letters, digits"), "%s", output.errors);
}
