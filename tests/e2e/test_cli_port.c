// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl port, and what list, show and stats say of ring ports. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(cli_port, .init = sandbox_enter, .timeout = 60);

static const char *member(const json_t *object, const char *name)
{
	static char text[4][128];
	static int next;
	char *out = text[next++ % 4];
	const json_t *value = json_object_get(object, name);

	if (json_is_string(value))
		snprintf(out, sizeof(text[0]), "%s", json_string_value(value));
	else if (json_is_boolean(value))
		snprintf(out, sizeof(text[0]), "%s", json_is_true(value) ? "true" : "false");
	else
		snprintf(out, sizeof(text[0]), "%lld", (long long)json_integer_value(value));
	return out;
}

/* ---- what is asked for ------------------------------------------------------------------------- */

Test(cli_port, add_with_options)
{
	static const struct {
		const char *options, *rings, *tx_slots, *rx_slots, *owner;
		gid_t group;
		unsigned int mode;
	} ports[] = {
		{ "", "1", "1024", "1024", "0", 0, 0600 },
		{ "--rings 8", "8", "1024", "1024", "0", 0, 0600 },
		{ "--rings 3 --slots 8", "3", "8", "8", "0", 0, 0600 },
		{ "--slots 100", "1", "128", "128", "0", 0, 0600 },
		{ "--slots 64 --tx-slots 16", "1", "16", "64", "0", 0, 0600 },
		{ "--tx-slots 32 --rx-slots 512", "1", "32", "512", "0", 0, 0600 },
		{ "--owner nobody", "1", "1024", "1024", "65534", 65534, 0600 },
		{ "--owner daemon:games", "1", "1024", "1024", "1", 60, 0600 },
		{ "--owner 1:60 --mode 0660", "1", "1024", "1024", "1", 60, 0660 },
		{ "--owner 12345 --mode 666", "1", "1024", "1024", "12345", 0, 0666 },
	};

	for (size_t i = 0; i < COUNT(ports); i++) {
		struct stat status;
		json_t *port;

		must("%s port add vale1:a %s", valectl(), ports[i].options);
		port = valectl_json("show vale1:a");
		cr_assert_str_eq(member(port, "rings"), ports[i].rings, "%s", ports[i].options);
		cr_assert_str_eq(member(port, "tx_slots"), ports[i].tx_slots, "%s",
				 ports[i].options);
		cr_assert_str_eq(member(port, "rx_slots"), ports[i].rx_slots, "%s",
				 ports[i].options);
		cr_assert_str_eq(member(port, "owner"), ports[i].owner, "%s", ports[i].options);
		cr_assert_eq(stat("/sys/fs/bpf/vale/vale1/port/a/region", &status), 0);
		cr_assert_eq(status.st_gid, ports[i].group, "%s", ports[i].options);
		cr_assert_eq(status.st_mode & 0777, ports[i].mode, "%s", ports[i].options);
		json_decref(port);
		must("%s port del vale1:a", valectl());
	}
}

Test(cli_port, addresses)
{
	json_t *port, *macs;

	must("%s port add vale1:a --mac 02:00:00:00:00:01,02:00:00:00:00:AA", valectl());
	port = valectl_json("show vale1:a");
	macs = json_object_get(port, "macs");
	cr_assert_eq(json_array_size(macs), 2);
	cr_assert_str_eq(json_string_value(json_array_get(macs, 0)), "02:00:00:00:00:01");
	cr_assert_str_eq(json_string_value(json_array_get(macs, 1)), "02:00:00:00:00:aa");
	json_decref(port);
	must("%s show vale1:a | grep '^  may send from 02:00:00:00:00:01 02:00:00:00:00:aa$'",
	     valectl());
	must("%s port add vale1:b --mac 02:00:00:00:00:01 --mac 02:00:00:00:00:02", valectl());
	must("%s show vale1:b | grep '^  may send from 02:00:00:00:00:01 02:00:00:00:00:02$'",
	     valectl());
	must("%s port add vale1:free", valectl());
	cr_assert_null(strstr(must("%s show vale1:free", valectl()).text, "may send from"));
}

/* ---- refusals ---------------------------------------------------------------------------------- */

Test(cli_port, wrong_usage)
{
	static const struct {
		const char *words, *arguments;
	} wrong[] = {
		{ "what shall be done: add, del or header?", "port" },
		{ "there is no 'port ad': did you mean 'add'?", "port ad vale1:a" },
		{ "there is no 'port frobnicate': add, del or header", "port frobnicate" },
		{ "name one port", "port add" },
		{ "name one port", "port add vale1:a vale1:b" },
		{ "name one port", "port del" },
		{ "name one port", "port del vale1:a vale1:b" },
		{ "'nosuchuser': there is no such user", "port add vale1:a --owner nosuchuser" },
		{ "there is no such group", "port add vale1:a --owner nobody:nosuchgroup" },
		{ "there is no such user", "port add vale1:a --owner ''" },
		{ "there is no such group", "port add vale1:a --owner nobody:" },
		{ "'frob': it is no mode", "port add vale1:a --mode frob" },
		{ "it is no mode", "port add vale1:a --mode 0" },
		{ "it is no mode", "port add vale1:a --mode 01777" },
		{ "it is no address", "port add vale1:a --mac 02:00" },
		{ "it is no address", "port add vale1:a --mac ''" },
		{ "'none': it is no number", "port add vale1:a --rings none" },
		{ "'0': it is no number", "port add vale1:a --rings 0" },
		{ "'-1': it is no number", "port add vale1:a --slots -1" },
		{ "it is no number", "port add vale1:a --tx-slots 0" },
		{ "it is no number", "port add vale1:a --rx-slots 1k" },
		{ "wrong option", "port add vale1:a --frob" },
		{ "wrong option", "port del vale1:a --frob" },
	};
	char *before;

	must("%s create vale1", valectl());
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(wrong); i++)
		refused(2, wrong[i].words, "%s", wrong[i].arguments);
	bpffs_unchanged(before);
}

Test(cli_port, refusals)
{
	static const struct {
		const char *words, *arguments;
	} refusals[] = {
		{ "a port has 1 to 8 pairs of rings, not 9", "port add vale1:a --rings 9" },
		{ "a ring has 8 to 1024 slots", "port add vale1:a --slots 1025" },
		{ "a ring has 8 to 1024 slots", "port add vale1:a --rx-slots 4000000000" },
		{ "0600, 0660 or 0666", "port add vale1:a --mode 0640" },
		{ "0600, 0660 or 0666", "port add vale1:a --mode 0444" },
		{ "0600, 0660 or 0666", "port add vale1:a --mode 0700" },
		{ "it is a group's", "port add vale1:a --mac 03:00:00:00:00:01" },
		{ "it is all zero", "port add vale1:a --mac 00:00:00:00:00:00" },
		{ "is no name of a port", "port add vale1" },
		{ "is no name of a port", "port add eth0" },
		{ "is no name of a port", "port add vale1:a/b" },
		{ "there is a network interface 't0'", "port add vale1:t0" },
		{ "cannot add 'vale1:there': there is a port vale1:there", "port add vale1:there" },
		{ "cannot add 'vale1:dev': there is a port vale1:dev", "port add vale1:dev" },
		{ "there is no port 'vale1:a'", "port del vale1:a" },
		{ "there is no switch 'vale2'", "port del vale2:a" },
		{ "is no name of a port", "port del vale1" },
		{ "it is a network interface's: 'valectl detach vale1:dev'", "port del vale1:dev" },
		{ "it is a ring port: 'valectl port del vale1:there'", "detach vale1:there" },
	};
	char *before;

	veth("t0", "t1");
	must("%s port add vale1:there && %s attach vale1:dev t1", valectl(), valectl());
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(refusals); i++)
		refused(1, refusals[i].words, "%s", refusals[i].arguments);
	bpffs_unchanged(before);
	must("%s port add vale1:a --rings 8 --slots 1024 --mode 0600 --mac 02:00:00:00:00:01",
	     valectl());
}

Test(cli_port, no_more_addresses_than_four)
{
	static const char four[] = "02:00:00:00:00:01,02:00:00:00:00:02,"
				   "02:00:00:00:00:03,02:00:00:00:00:04";

	must("%s create vale1", valectl());
	refused(2, "these are too many addresses: 4 at the most",
		"port add vale1:a --mac %s,02:00:00:00:00:05", four);
	must("%s port add vale1:a --mac %s", valectl(), four);
}

Test(cli_port, del_of_a_port_that_is_open)
{
	struct client *a = client_start();

	must("%s port add vale1:a", valectl());
	client_opens(a, "vale1:a", 0);
	refused(1, "cannot delete 'vale1:a': a client has it open", "port del vale1:a");
	refused(1, "it has 1 port", "destroy vale1");
	must("%s show vale1:a", valectl());
	client_close(a);
	must("%s port del vale1:a", valectl());
	must("%s port add vale1:a", valectl());
	client_opens(a, "vale1:a", 0);
	must("%s port del vale1:a --force", valectl());
	refused(1, "there is no port", "show vale1:a");
}

/* ---- what is shown ----------------------------------------------------------------------------- */

Test(cli_port, list_show_and_stats)
{
	struct client *a = client_start(), *b = client_start();
	int pid = client_process(a);
	json_t *document, *port;

	must("%s port add vale1:a --owner nobody --rings 2 --slots 64", valectl());
	must("%s port add vale1:gone --slots 8", valectl());
	must("%s list vale1 | grep -E '^vale1:a +- +ring +txsync +closed +- +0 +0 +0$'", valectl());
	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	cr_assert(client_reaches(b, a, 2, 1));
	/* Unknown, to both others. */
	cr_assert_eq(client_send(a, 1, 7, 10), 0);
	must("%s list vale1 | grep -E '^vale1:a +pid %d +ring +txsync +open +- +10 +1 +0$'",
	     valectl(), pid);
	must("%s list vale1 | grep -E '^vale1:gone +- +ring +txsync +closed +- +0 +0 +11$'",
	     valectl());
	must("%s show vale1 | grep -E '^vale1: 3 of 254 ports'", valectl());
	must("%s show vale1 | grep -E '^vale1:a +pid %d +ring '", valectl(), pid);
	must("%s show vale1:a | grep -E \"^vale1:a: port 0, 2 pairs of rings of 64 \\(tx\\) and 64 "
	     "\\(rx\\) slots, open, user 65534's, [0-9]{4,} KiB\"",
	     valectl());
	must("%s show vale1:a | grep -E '^  opened by the processes %d$'", valectl(), pid);
	must("%s show vale1:b | grep -E \"1 pair of rings .* user 0's, made by its client, \"",
	     valectl());
	must("%s show vale1:gone | grep -E '^    closed +11$'", valectl());
	must("%s stats vale1 | grep -E '^vale1:gone +0 +0 +0 +0 +11 +closed 11$'", valectl());
	must("%s stats vale1:a | grep -E '^vale1:a +10 +600 +1 +60 +0'", valectl());
	document = valectl_json("list vale1");
	port = json_array_get(json_object_get(document, "ports"), 0);
	cr_assert_str_eq(member(port, "kind"), "ring");
	cr_assert_str_eq(member(port, "state"), "open");
	cr_assert_str_eq(member(port, "rings"), "2");
	cr_assert_str_eq(member(port, "ephemeral"), "false");
	cr_assert_eq(json_integer_value(json_array_get(json_object_get(port, "clients"), 0)), pid);
	port = json_array_get(json_object_get(document, "ports"), 2);
	cr_assert_str_eq(member(port, "ephemeral"), "true");
	json_decref(document);
	client_close(a);
	cr_assert_str_eq(port_member("vale1:a", "state"), "closed");
	must("%s list vale1 | grep -E '^vale1:a +- +ring +txsync +closed +- +10 +1 +0$'",
	     valectl());
}

/* The kernel's own figures; less than 5 MiB by default. */
Test(cli_port, memory)
{
	long long one, two;

	must("%s port add vale1:a && %s port add vale1:b --rings 2", valectl(), valectl());
	one = strtoll(port_member("vale1:a", "memory"), NULL, 10);
	two = strtoll(port_member("vale1:b", "memory"), NULL, 10);
	cr_assert(one > 2 * 1024 * 2048 && one < 5 << 20, "%lld bytes", one);
	cr_assert(two > one * 19 / 10 && two < one * 21 / 10, "%lld and %lld bytes", one, two);
}

Test(cli_port, several_clients)
{
	struct client *clients[10];

	must("%s port add vale1:a", valectl());
	for (int i = 0; i < 10; i++) {
		clients[i] = client_start();
		client_opens(clients[i], "vale1:a", 0);
	}
	must("%s list vale1 | grep -E '^vale1:a +pid %d,... '", valectl(),
	     client_process(clients[0]));
	for (int i = 0; i < VALE_CLIENTS_SHOWN; i++)
		cr_assert(client_is_shown("vale1:a", clients[i]));
	cr_assert_not(client_is_shown("vale1:a", clients[VALE_CLIENTS_SHOWN]));
}

/* ---- with --json ------------------------------------------------------------------------------- */

Test(cli_port, json)
{
	json_t *document = valectl_json("port add vale1:a --rings 2");

	cr_assert_str_eq(member(document, "added"), "vale1:a");
	json_decref(document);
	document = valectl_json("port del vale1:a --force");
	cr_assert_str_eq(member(document, "deleted"), "vale1:a");
	json_decref(document);
}

static void fails(int status, const char *words, const char *arguments)
{
	struct output output = run("%s --json %s", valectl(), arguments);
	json_t *document = json_loads(output.text, 0, NULL);

	cr_assert_eq(output.status, status, "%s: %d", arguments, output.status);
	cr_assert_not_null(document, "'%s': %s", arguments, output.text);
	cr_assert_not_null(strstr(member(document, "error"), words), "'%s': %s", arguments,
			   member(document, "error"));
	cr_assert_str_empty(output.errors, "'%s' also said: %s", arguments, output.errors);
	json_decref(document);
}

Test(cli_port, json_failures)
{
	must("%s create vale1", valectl());
	fails(2, "name one port", "port add");
	fails(2, "what shall be done", "port");
	fails(2, "there is no such user", "port add vale1:a --owner nosuchuser");
	fails(1, "1 to 8 pairs", "port add vale1:a --rings 9");
	fails(1, "there is no port", "port del vale1:a");
}
