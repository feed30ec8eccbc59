// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * What capabilities the processes have: those that valectl(8) names for the command, and no others; the
 * programs of `valectl exec`, what their user has.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROOT	     "/sys/fs/bpf/vale"

#define BIT(name) (1ULL << CAP_##name)
#define FILES	  BIT(DAC_OVERRIDE)
#define MAKE	  (BIT(BPF) | BIT(NET_ADMIN) | BIT(PERFMON) | FILES)
#define VISIT	  (BIT(SYS_ADMIN) | BIT(SYS_PTRACE))

static void a_switch(void)
{
	sandbox_enter();
	scratch_mount();
	must("cp %s $(dirname %s)/libvale-netmap.so /mnt", valectl(), valectl());
	must("%s port add vale1:r && ip tuntap add t1 mode tap && ip link set t1 up", valectl());
	must("%s port add vale1:more && ip tuntap add t2 mode tap && %s attach vale1:tap t2",
	     valectl(), valectl());
}

TestSuite(rights_dropped, .init = a_switch, .timeout = 120);

/* ---- a process ---------------------------------------------------------------------------------- */

struct status {
	unsigned long long inherited, permitted, effective, ambient;
	int no_new_privileges;
};

static bool read_status(pid_t process, struct status *out)
{
	char path[64], line[256];
	struct status status = {};
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", process);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "CapInh: %llx", &status.inherited);
		sscanf(line, "CapPrm: %llx", &status.permitted);
		sscanf(line, "CapEff: %llx", &status.effective);
		sscanf(line, "CapAmb: %llx", &status.ambient);
		sscanf(line, "NoNewPrivs: %d", &status.no_new_privileges);
	}
	fclose(file);
	*out = status;
	return true;
}

struct expectation {
	pid_t process;
	unsigned long long kept;
};

static bool has_only(const void *argument)
{
	const struct expectation *expected = argument;
	struct status status;

	return read_status(expected->process, &status) && status.effective == expected->kept &&
	       status.permitted == expected->kept && !status.inherited && !status.ambient &&
	       status.no_new_privileges;
}

/* A pipe that has no room: what prints into it waits. */
static void full_pipe(int ends[2])
{
	static const char nothing[4096];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
	while (write(ends[1], nothing, sizeof(nothing)) > 0)
		;
	cr_assert_eq(fcntl(ends[1], F_SETFL, 0), 0);
}

static pid_t start(const char *command, int output)
{
	char line[256];
	pid_t process = fork();

	cr_assert_geq(process, 0);
	if (process)
		return process;
	snprintf(line, sizeof(line), "exec /mnt/valectl %s", command);
	dup2(output, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", line, NULL);
	_exit(127);
}

static int end(pid_t process, const int ends[2])
{
	char bytes[4096];
	int status;

	close(ends[1]);
	while (read(ends[0], bytes, sizeof(bytes)) > 0)
		;
	close(ends[0]);
	cr_assert_eq(waitpid(process, &status, 0), process);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ---- commands ------------------------------------------------------------------------------------ */

static const struct command {
	const char *line;
	unsigned long long kept;
	int signal; /* that ends it; 0: it ends by itself */
} commands[] = {
	{ "list", VISIT | FILES, 0 },
	{ "show vale1", VISIT | FILES, 0 },
	{ "stats vale1", VISIT | FILES, 0 },
	{ "stats vale1 --interval 1", VISIT | FILES, SIGINT },
	{ "fdb vale1", FILES, 0 },
	{ "limit vale1:r macs 9", MAKE | VISIT, 0 },
	{ "sysctl -a", MAKE | BIT(SYS_ADMIN), 0 },
	{ "help", 0, 0 },
	{ "create vale2", MAKE | BIT(SYS_ADMIN), 0 },
	{ "reload vale1", MAKE | VISIT | BIT(CHOWN), 0 },
	{ "port add vale1:q", MAKE | VISIT | BIT(CHOWN), 0 },
	{ "attach vale1:t t1", MAKE | VISIT, 0 },
	{ "host vale1 h0", MAKE | VISIT, 0 },
	{ "capture vale1:r -w -", MAKE | VISIT | BIT(NET_RAW) | BIT(IPC_LOCK), SIGINT },
	{ "detach vale1:tap", MAKE | VISIT, 0 },
	{ "port del vale1:more", MAKE | VISIT | BIT(CHOWN), 0 },
	{ "-a vale1:t1", MAKE | VISIT | BIT(CHOWN), 0 },
	{ "destroy vale1 --force", MAKE | VISIT, 0 },
};

/* What changes something waits for the lock, what prints something waits for the pipe. */
static void keeps(const struct command *command)
{
	struct expectation expected = { .kept = command->kept };
	int ends[2], lock = open(ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct status last = {};

	full_pipe(ends);
	cr_assert_eq(flock(lock, LOCK_EX), 0);
	if (strncmp(command->line, "capture", 7) == 0)
		flock(lock, LOCK_UN); /* it has opened its port when it waits for the pipe */
	expected.process = start(command->line, ends[1]);
	if (!eventually(has_only, &expected)) {
		read_status(expected.process, &last);
		cr_assert_fail("'%s' has %llx, %llx permitted; expected %llx", command->line,
			       last.effective, last.permitted, command->kept);
	}
	close(lock);
	if (command->signal)
		kill(expected.process, command->signal);
	end(expected.process, ends);
}

Test(rights_dropped, commands_keep_what_the_table_says)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		keeps(&commands[i]);
}

/* ---- exec --------------------------------------------------------------------------------------- */

static void exec_changes_nothing(const char *before)
{
	struct output plain = must("%s grep -E '^(Cap|NoNewPrivs)' /proc/self/status", before);
	struct output by_exec = must(
		"%s /mnt/valectl exec -- grep -E '^(Cap|NoNewPrivs)' /proc/self/status", before);

	cr_assert_str_eq(by_exec.text, plain.text, "%s", before);
}

Test(rights_dropped, programs_of_exec_have_what_their_user_has)
{
	exec_changes_nothing("");
	exec_changes_nothing("setpriv --bounding-set=-all,+net_raw");
	exec_changes_nothing("setpriv --reuid=65534 --regid=65534 --clear-groups");
	exec_changes_nothing("setpriv --reuid=65534 --regid=65534 --clear-groups "
			     "--inh-caps=+net_raw --ambient-caps=+net_raw");
	exec_changes_nothing("setpriv --no-new-privs");
}
