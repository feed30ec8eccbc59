// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Many processes that change the same switch at the same time take turns. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define PROCESSES 8
#define SECONDS	  3

TestSuite(concurrency, .init = sandbox_enter, .timeout = 60);

/* All of them may fail because of what another one has just done. */
static const char *const commands[] = {
	"create vale1",
	"attach vale1:p1 a",
	"attach vale1:p2 b",
	"attach vale1:p3 a",
	"attach vale1:p1 b",
	"detach vale1:p1",
	"detach vale1:p2",
	"destroy vale1 --force",
	"fdb vale1 flush",
	"show vale1",
	"list",
	"stats vale1",
	"attach vale2:p1 a",
	"detach vale2:p1",
	"destroy vale2",
	"list vale1",
	"fdb vale1 add 02:00:00:00:00:77 p1",
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* Exit status 1: a reason was given. Anything else, or no reason, is a bug; so is a mess. */
static bool is_acceptable(const struct output *output)
{
	static const char *const reasons[] = {
		"there is no switch", "there is no port", "there is a switch of that name",
		"there is a port",    "is the port vale", "it has ",
	};

	if (!output->status)
		return true;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (output->status == 1 && strstr(output->errors, reasons[i]))
			return true;
	return false;
}

/* Returns the number of answers that are not acceptable. */
static int work(unsigned int seed)
{
	time_t end = time(NULL) + SECONDS;
	int bad = 0;

	while (time(NULL) < end) {
		const char *command = commands[rand_r(&seed) % COMMANDS];
		struct output output = run("%s %s", valectl(), command);

		if (is_acceptable(&output))
			continue;
		cr_log_warn("'%s' ended with %d: %s", command, output.status, output.errors);
		bad++;
	}
	return bad;
}

static bool is_listed(const char *port)
{
	return !run("%s show %s", valectl(), port).status;
}

static int ports_on(const char *device)
{
	return atoi(must("for s in $(%s list | sed 1d | cut -d' ' -f1); do %s list $s | sed 1d;"
			 " done | awk '$2 == \"%s\"' | wc -l",
			 valectl(), valectl(), device)
			    .text);
}

/* Each device is one port with a program on it, or none without. */
static void check_consistent(void)
{
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -name '-*'").text);
	cr_assert_eq(ports_on("a"), program_on("a") ? 1 : 0);
	cr_assert_eq(ports_on("b"), program_on("b") ? 1 : 0);
}

Test(concurrency, same_names)
{
	pid_t children[PROCESSES];
	int bad = 0, status;

	container("a", 1);
	container("b", 2);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(work(i));
	}
	for (int i = 0; i < PROCESSES; i++) {
		waitpid(children[i], &status, 0);
		bad += !WIFEXITED(status) + WEXITSTATUS(status);
	}
	cr_assert_eq(bad, 0, "%d commands gave no acceptable answer", bad);
	check_consistent();
	/* From whatever is there now to a switch that works. */
	run("%s destroy vale2 --force", valectl());
	for (int i = 1; i <= 3; i++)
		if (is_listed(i == 1 ? "vale1:p1" : i == 2 ? "vale1:p2" : "vale1:p3"))
			must("%s detach vale1:p%d", valectl(), i);
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	cr_assert(can_ping("a", "10.0.0.2"));
	must("%s destroy vale1 --force", valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

/* And with some of them killed: nothing that a command cannot mend. */
Test(concurrency, same_names_and_kills)
{
	pid_t child;

	container("a", 1);
	container("b", 2);
	for (int i = 0; i < 4; i++) {
		child = fork();
		if (!child) {
			setpgid(0, 0);
			_exit(work(100 + i));
		}
		setpgid(child, child);
		usleep(700000);
		kill(-child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	run("%s destroy vale2 --force", valectl());
	run("%s destroy vale1 --force", valectl());
	must("%s attach vale1:p1 a && %s attach vale1:p2 b", valectl(), valectl());
	check_consistent();
	cr_assert(can_ping("a", "10.0.0.2"));
}
