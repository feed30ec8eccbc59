// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The table of capabilities in valectl(8): each command succeeds with those that it names there and no
 * others, and with one less says which is missing, and changes nothing.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/pktgen.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/traffic.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAKE	     "bpf net_admin perfmon"
#define MOST	     8 /* capabilities of a command */

static pid_t resident; /* a process in a network namespace that has no name */

static void a_machine(void)
{
	sandbox_enter();
	traffic_quiet();
	scratch_mount();
	must("cp %s %s $(dirname %s)/libvale-netmap.so /mnt", valectl(), pktgen(), valectl());
	container("c1", 1);
	must("ip -n c1 link add d2 type veth peer name d2far");
	must("ip tuntap add t1 mode tap && ip link set t1 up");
	resident = atoi(must("unshare -n sleep 1000 >/dev/null 2>&1 & echo $!").text);
	must("while [ /proc/%d/ns/net -ef /proc/self/ns/net ]; do :; done", resident);
	must("nsenter -t %d -n ip link add d3 type veth peer name d3far", resident);
}

static void end_resident(void)
{
	kill(resident, SIGKILL);
}

TestSuite(rights, .init = a_machine, .fini = end_resident, .timeout = 240);

struct row {
	const char *command;
	const char *capabilities;
};

/* Splits the words in place. */
static int split(char *words, char *items[MOST])
{
	char *rest = NULL;
	int count = 0;

	for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		cr_assert_lt(count, MOST);
		items[count++] = word;
	}
	return count;
}

/* Root with all but one of them (-1: with all), and no others. */
static const char *as_root(char *const items[], int count, int without)
{
	static char before[256];
	int used = snprintf(before, sizeof(before), "setpriv --bounding-set=-all");

	for (int i = 0; i < count; i++)
		if (i != without)
			used += snprintf(before + used, sizeof(before) - used, ",+%s", items[i]);
	/* What it stands for is not what is missing. */
	if (without >= 0 && !strcmp(items[without], "sys_admin"))
		snprintf(before + used, sizeof(before) - used, ",+bpf,+perfmon");
	return before;
}

/* The same of a user who has nothing that root has. */
static const char *as_user(char *const items[], int count, int without)
{
	static char before[512];
	char list[128] = "";

	for (int i = 0, used = 0; i < count; i++)
		if (i != without)
			used += snprintf(list + used, sizeof(list) - used, "%s+%s", used ? "," : "",
					 items[i]);
	if (!*list)
		snprintf(before, sizeof(before),
			 "setpriv --reuid=65534 --regid=65534 --clear-groups");
	else
		snprintf(before, sizeof(before),
			 "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=%s "
			 "--ambient-caps=%s",
			 list, list);
	return before;
}

typedef const char *setpriv(char *const items[], int count, int without);

/* How it is spelt in messages. */
static void expect_named(const char *said, const char *capability, const char *command)
{
	char name[64] = "CAP_";

	for (size_t i = 0; capability[i]; i++)
		name[4 + i] = capability[i] == '_' ? '_' : (char)(capability[i] - 'a' + 'A');
	said = strstr(said, "missing: ");
	cr_assert(said && strstr(said, name), "'%s' without %s does not say so", command, name);
}

static void expect_refused(const char *before, const char *command, const char *capability)
{
	char *files = bpffs_files();
	struct output output = run("%s /mnt/valectl %s", before, command);

	cr_assert_eq(output.status, 1, "'%s' without %s ended with %d: %s", command, capability,
		     output.status, output.errors);
	expect_named(output.errors, capability, command);
	bpffs_unchanged(files);
}

static void needs_exactly(const struct row *row, setpriv *call_as)
{
	char words[128], command[256], *items[MOST];
	int count;

	snprintf(words, sizeof(words), "%s", row->capabilities);
	snprintf(command, sizeof(command), row->command, resident);
	count = split(words, items);
	for (int without = 0; without < count; without++)
		expect_refused(call_as(items, count, without), command, items[without]);
	must("%s /mnt/valectl %s", call_as(items, count, -1), command);
}

/* ---- root -------------------------------------------------------------------------------------- */

static const struct row story[] = {
	{ "create vale1 --fdb-size 128", MAKE },
	{ "sysctl -w max_bridges=9", "bpf" },
	{ "sysctl -a", "" },
	{ "list", "" },
	{ "port add vale1:r --spare 1", MAKE },
	{ "reload vale1", "net_admin sys_admin" },
	{ "port add vale1:mine --owner nobody", MAKE " chown" },
	{ "port add vale1:shares --memory vale1:r", MAKE },
	{ "attach vale1:t t1", MAKE },
	{ "attach vale1:c c1", "net_admin sys_admin" },
	{ "attach vale1:n d2 --netns c1", "net_admin sys_admin" },
	{ "attach vale1:p d3 --netns %d", "net_admin sys_admin sys_ptrace" },
	{ "attach vale1:x --xsk x1", MAKE },
	{ "attach vale1:y --xsk x1 --netns c1", "net_admin sys_admin" },
	{ "host vale1 h0", MAKE },
	{ "fdb vale1 add 02:00:00:00:00:09 r", "" },
	{ "fdb vale1", "" },
	{ "fdb vale1 del 02:00:00:00:00:09", "" },
	{ "fdb vale1 flush", "" },
	{ "limit vale1:r macs 9", "" },
	{ "limit vale1:r macs 0", "" },
	{ "list vale1", "" },
	{ "show vale1", "" },
	{ "show vale1:r", "" },
	{ "stats vale1", "" },
	{ "port header vale1:r 12", "" },
	{ "port header vale1:mine 12", "dac_override" },
	{ "port del vale1:shares", "" },
	{ "port del vale1:mine", "dac_override" },
	{ "detach vale1:t", "net_admin" },
	{ "detach vale1:x", "net_admin" },
	{ "detach vale1:host", "net_admin" },
	{ "destroy vale1 --force", "net_admin" },
};

/* What is in other namespaces. */
static void detach_distant(void)
{
	static const char *const ports[] = { "c", "n", "p", "y" };

	for (size_t i = 0; i < COUNT(ports); i++)
		must("/mnt/valectl detach vale1:%s", ports[i]);
}

Test(rights, each_command_needs_what_the_table_says)
{
	char *links = strdup(must("ip -br link | cut -d' ' -f1 | sort").text);

	for (size_t i = 0; i < COUNT(story); i++) {
		if (!strncmp(story[i].command, "destroy", 7))
			detach_distant();
		needs_exactly(&story[i], as_root);
	}
	/* Nothing that it has made is left for want of a right. */
	cr_assert_str_eq(must("ip -br link | cut -d' ' -f1 | sort").text, links);
	free(links);
}

Test(rights, what_cannot_be_left_as_it_was_is_told_and_left_to_the_next)
{
	static const char *const commands[] = { "detach vale1:c", "destroy vale1 --force" };

	for (size_t i = 0; i < COUNT(commands); i++) {
		struct output output;

		must("/mnt/valectl create vale1 && /mnt/valectl attach vale1:c c1");
		output = run("setpriv --bounding-set=-all,+net_admin /mnt/valectl %s", commands[i]);
		cr_assert_eq(output.status, 1, "%s", commands[i]);
		expect_named(output.errors, "sys_admin", commands[i]);
		output = run("setpriv --bounding-set=-all,+net_admin /mnt/valectl %s",
			     "destroy vale1 --force");
		cr_assert_eq(output.status, 1, "and again");
		expect_named(output.errors, "sys_admin", "destroy");
		must("/mnt/valectl destroy vale1 --force");
	}
	cr_assert_eq(run("/mnt/valectl list vale1").status, 1);
}

/* ---- another user ------------------------------------------------------------------------------ */

static const struct row of_a_user[] = {
	{ "create vale2", MAKE " dac_override" },
	{ "list", "dac_override" },
	{ "port add vale1:q", MAKE " dac_override chown" },
	{ "attach vale1:t t1", MAKE " dac_override" },
	{ "show vale1", "dac_override" },
	{ "fdb vale1 flush", "dac_override" },
	{ "detach vale1:t", "net_admin dac_override" },
	{ "port header vale1:mine 12", "" },
	{ "help", "" },
	{ "exec -- /bin/true", "" },
};

Test(rights, of_a_user_it_is_these_and_dac_override)
{
	must("%s create vale1 && %s port add vale1:mine --owner nobody", valectl(), valectl());
	for (size_t i = 0; i < COUNT(of_a_user); i++)
		needs_exactly(&of_a_user[i], as_user);
}

/* ---- what a command tells must not depend on its rights ----------------------------------------- */

Test(rights, a_port_that_is_open_is_shown_so_without_any)
{
	struct client *client;

	must("%s port add vale1:r", valectl());
	client = client_start();
	client_opens(client, "vale1:r", 0);
	cr_assert_str_eq(must("setpriv --bounding-set=-all /mnt/valectl show vale1:r").text,
			 must("/mnt/valectl show vale1:r").text);
	cr_assert_str_eq(port_member("vale1:r", "state"), "open");
}

/* ---- clients ----------------------------------------------------------------------------------- */

#define NOBODY_RUNS "setpriv --reuid=65534 --regid=65534 --clear-groups "

Test(rights, clients_of_a_port_need_none)
{
	must("%s port add vale1:mine --owner nobody", valectl());
	must(NOBODY_RUNS "/mnt/pkt-gen -i vale1:mine -f tx -n 10");
	cr_assert_eq(port_counter("vale1:mine", "received_frames"), 10);
	/* A frame to itself is none that comes: it captures nothing, until it is told to end. */
	must(NOBODY_RUNS "/mnt/valectl capture vale1:mine -w - >/mnt/frames & process=$!; "
			 "until [ -s /mnt/frames ]; do :; done; kill -INT $process; wait $process");
	refused(1, "there is no port", "show vale1:other");
	cr_assert_neq(run(NOBODY_RUNS "/mnt/pkt-gen -i vale1:other -f tx -n 10").status, 0);
}

/* libpcap is given the library by the loader, for whoever runs it. */
Test(rights, netmap_programs_need_none)
{
	must("%s port add vale1:mine --owner nobody && %s port add vale1:root", valectl(),
	     valectl());
	must(NOBODY_RUNS "/mnt/valectl exec -- tcpdump -i vale1:mine -L");
	cr_assert_neq(run(NOBODY_RUNS "/mnt/valectl exec -- tcpdump -i vale1:root -L").status, 0);
}

static const struct row sockets[] = {
	{ "-i vale1:x -f tx -n 10", MAKE " net_raw ipc_lock" },
};

/* Memory that is locked is limited for who has not CAP_IPC_LOCK: so is this one. */
Test(rights, af_xdp_clients)
{
	char words[] = MAKE " net_raw ipc_lock", *items[MOST];
	int count = split(words, items);

	must("%s attach vale1:x --xsk x1", valectl());
	for (int without = 0; without < count; without++) {
		struct output output = run("prlimit --memlock=65536 %s /mnt/pkt-gen %s",
					   as_root(items, count, without), sockets[0].command);
		cr_assert_neq(output.status, 0, "without %s", items[without]);
		cr_assert_not_null(strstr(output.errors, "CAP_"), "%s", output.errors);
	}
	must("prlimit --memlock=65536 %s /mnt/pkt-gen %s", as_root(items, count, -1),
	     sockets[0].command);
}
