// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What valectl answers to what is typed: exit status, words, help, options. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(cli, .init = sandbox_enter, .timeout = 60);

struct answer {
	const char *arguments;
	const char *words;
};

Test(cli, wrong_usage_is_2)
{
	static const struct answer answers[] = {
		{ "", "what shall be done?" },
		{ "atach vale1:a t0", "there is no command 'atach': did you mean 'attach'?" },
		{ "creat vale1", "did you mean 'create'?" },
		{ "Attach vale1:a t0", "did you mean 'attach'?" },
		{ "ls", "there is no command 'ls'" },
		{ "xyzzyxyzzy", "there is no command 'xyzzyxyzzy': 'valectl help' lists them" },
		{ "--frob", "there is no command '--frob'" },
		{ "--bpffs", "--bpffs wants the directory" },
		{ "help atach", "did you mean 'attach'?" },
		{ "atach --help", "did you mean 'attach'?" },
		{ "create", "name one switch" },
		{ "create vale1 vale2", "name one switch" },
		{ "create vale1 --frob", "wrong option '--frob'" },
		{ "create vale1 -x", "wrong option '-x'" },
		{ "create vale1 -age 5", "wrong option '-age'" },
		{ "create vale1 --fdb-size", "wrong option '--fdb-size'" },
		{ "create vale1 --fdb-size 1k", "'1k' is no number" },
		{ "create vale1 --fdb-size -1", "'-1' is no number" },
		{ "create vale1 --age ''", "'' is no number" },
		{ "create vale1 --age 4294967295", "'4294967295' is no number" },
		{ "create vale1 --age 99999999999999999999", "is no number" },
		{ "destroy", "name one switch" },
		{ "destroy vale1 --frob", "wrong option '--frob'" },
		{ "reload vale1 vale2", "name one switch, or none" },
		{ "reload --force", "wrong option '--force'" },
		{ "attach", "name a port and a device" },
		{ "attach vale1:a", "name a port and a device" },
		{ "attach vale1:a t0 t1", "name a port and a device" },
		{ "attach vale1:a t0 --hook", "wrong option '--hook'" },
		{ "attach vale1:a t0 --hook skb", "there is no hook 'skb'" },
		{ "detach", "name one port" },
		{ "detach vale1:a vale1:b", "name one port" },
		{ "list vale1 vale2", "name one switch, or none" },
		{ "show", "name one switch or port" },
		{ "stats", "name one switch or port" },
		{ "stats vale1 --interval 0", "'0' is no number of seconds" },
		{ "stats vale1 --interval x", "'x' is no number of seconds" },
		{ "stats vale1 --count x", "'x' is no number of times" },
		{ "fdb", "name a switch" },
		{ "fdb vale1 ad 02:00:00:00:00:01 a", "did you mean 'add'?" },
		{ "fdb vale1 frobnicate", "add, del or flush" },
		{ "fdb vale1 add 02:00:00:00:00:01", "add wants an address and a port" },
		{ "fdb vale1 del", "del wants an address" },
		{ "fdb vale1 flush a b", "flush wants a port, or none" },
		{ "sysctl -x", "wrong option '-x'" },
		{ "sysctl -w", "wrong option '-w'" },
		{ "sysctl -w max_bridges", "-w wants NAME=VALUE" },
		{ "sysctl -w max_bridges=x", "'x' is no number" },
		{ "sysctl -a max_bridges", "name one sysctl, or use one of -a and -w" },
	};
	char *before = bpffs_files();

	for (size_t i = 0; i < COUNT(answers); i++)
		refused(2, answers[i].words, "%s", answers[i].arguments);
	bpffs_unchanged(before);
}

Test(cli, failure_is_1)
{
	static const struct answer answers[] = {
		{ "show vale9", "there is no switch 'vale9' (valectl list shows" },
		{ "list vale9", "there is no switch 'vale9'" },
		{ "stats vale9", "there is no switch 'vale9'" },
		{ "stats vale9 --interval 1 --count 1", "there is no switch 'vale9'" },
		{ "fdb vale9", "there is no switch 'vale9'" },
		{ "fdb vale9 flush", "there is no switch 'vale9'" },
		{ "fdb vale9 del 02:00:00:00:00:01", "there is no switch 'vale9'" },
		{ "fdb vale9 add 02:00:00:00:00:01 a", "there is no switch 'vale9'" },
		{ "destroy vale9", "there is no switch 'vale9'" },
		{ "reload vale9", "there is no switch 'vale9'" },
		{ "detach vale9:a", "there is no switch 'vale9'" },
		{ "show vale9:a", "there is no switch 'vale9'" },
		{ "show vale1:a", "there is no port 'vale1:a' (valectl show vale1 lists them)" },
		{ "stats vale1:a", "there is no port 'vale1:a'" },
		{ "detach vale1:a", "there is no port 'vale1:a'" },
		{ "fdb vale1 flush a", "there is no port 'vale1:a'" },
		{ "create vale1", "cannot create 'vale1': there is a switch of that name" },
	};
	char *before;

	refused(1, "there is no switch 'vale9'", "destroy vale9");
	refused(1, "there is no switch 'vale9'", "detach vale9:a");
	must("%s create vale1", valectl());
	before = bpffs_files();
	for (size_t i = 0; i < COUNT(answers); i++)
		refused(1, answers[i].words, "%s", answers[i].arguments);
	bpffs_unchanged(before);
}

/* A part of a command is no command: scripts must not depend on it. */
Test(cli, no_prefix_matching)
{
	veth("t0", "t1");
	refused(2, "there is no command 'att'", "att vale1:a t0");
	refused(2, "there is no command 'attac'", "attac vale1:a t0");
	refused(2, "there is no command 's'", "s vale1");
	cr_assert_eq(program_on("t0"), 0);
	must("%s attach vale1:a t0", valectl());
	cr_assert_neq(program_on("t0"), 0);
}

Test(cli, usage_follows_a_wrong_usage)
{
	refused(2, "usage: valectl attach vale1:a DEVICE", "attach");
	refused(2, "usage: valectl create vale1 [--fdb-size N]", "create");
	cr_assert_null(strstr(run("%s show vale9", valectl()).errors, "usage:"));
}

Test(cli, help_is_on_stdout_with_0)
{
	static const char *const ways[] = { "help", "--help", "help --help" };
	static const char *const names[] = { "create", "destroy", "attach", "detach",
					     "list",   "show",	  "stats",  "fdb",
					     "sysctl", "help",	  "reload" };
	char words[64];

	for (size_t i = 0; i < COUNT(ways); i++) {
		struct output output = must("%s %s", valectl(), ways[i]);

		cr_assert_str_empty(output.errors);
		cr_assert_not_null(strstr(output.text, "usage: valectl"), "%s", ways[i]);
	}
	for (size_t i = 0; i < COUNT(names); i++) {
		struct output of_all = must("%s help", valectl());
		struct output of_one = must("%s help %s", valectl(), names[i]);

		snprintf(words, sizeof(words), "\n  %s ", names[i]);
		cr_assert_not_null(strstr(of_all.text, words), "help says nothing of %s", names[i]);
		snprintf(words, sizeof(words), "usage: valectl %s ", names[i]);
		cr_assert_not_null(strstr(of_one.text, words), "%s", of_one.text);
		cr_assert_not_null(strstr(of_one.text, "--bpffs DIR"), "%s", of_one.text);
		cr_assert_str_eq(must("%s %s --help", valectl(), names[i]).text, of_one.text);
	}
}

/* They need neither root nor bpffs. */
Test(cli, help_and_version_work_anywhere)
{
	scratch_mount();
	must("cp %s /mnt/valectl && umount /sys/fs/bpf", valectl());
	must("setpriv --reuid=65534 --regid=65534 --clear-groups /mnt/valectl help");
	must("setpriv --reuid=65534 --regid=65534 --clear-groups /mnt/valectl --version");
	cr_assert_eq(run("/mnt/valectl list").status, 1);
}

Test(cli, version)
{
	struct output expected = must("echo valectl $(cat VERSION)");

	cr_assert_str_eq(must("%s --version", valectl()).text, expected.text);
	cr_assert_str_eq(must("%s list --version", valectl()).text, expected.text);
}

Test(cli, another_bpffs)
{
	scratch_mount();
	must("mkdir /mnt/a /mnt/b && mount -t bpf bpf /mnt/a && mount -t bpf bpf /mnt/b");
	must("%s --bpffs /mnt/a create vale1", valectl());
	must("%s create --bpffs=/mnt/a vale2", valectl());
	must("VALE_BPFFS=/mnt/a %s create vale3", valectl());
	must("test -d /mnt/a/vale/vale1 -a -d /mnt/a/vale/vale2 -a -d /mnt/a/vale/vale3");
	cr_assert(run("test -e /sys/fs/bpf/vale").status);
	/* The option is stronger; an empty variable is none. */
	must("VALE_BPFFS=/mnt/a %s create vale4 --bpffs /mnt/b", valectl());
	must("test -d /mnt/b/vale/vale4");
	must("VALE_BPFFS= %s create vale5", valectl());
	must("test -d /sys/fs/bpf/vale/vale5");
}

Test(cli, arguments_after_two_dashes)
{
	must("%s create -- vale1", valectl());
	must("%s show vale1", valectl());
	refused(1, "'--json' is no name of a switch", "create -- --json");
}

/* Output that could not be written is a failure. */
Test(cli, full_disk)
{
	static const char *const commands[] = {
		"--version",
		"help",
		"help attach",
		"list",
		"list vale1",
		"show vale1",
		"show vale1:a",
		"stats vale1",
		"fdb vale1",
		"sysctl -a",
		"--json list",
		"--json show vale9",
		"stats vale1 --interval 1 --count 1",
	};

	veth("t0", "t1");
	must("%s attach vale1:a t0", valectl());
	for (size_t i = 0; i < COUNT(commands); i++) {
		struct output output = run("%s %s >/dev/full", valectl(), commands[i]);

		cr_assert_eq(output.status, 1, "'%s' ended with %d", commands[i], output.status);
		cr_assert_not_null(strstr(output.errors, "cannot write the output"), "'%s': %s",
				   commands[i], output.errors);
		cr_assert_eq(run("%s %s >/dev/null", valectl(), commands[i]).status,
			     strstr(commands[i], "vale9") ? 1 : 0);
	}
}
