// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "pktgen.h"

#include <errno.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

/* What does not end by itself in that time is killed, in seconds. */
#define PATIENCE 60

const char *pktgen(void)
{
	static char path[4096];
	const char *build = getenv("VALE_BUILD");
	char *full = realpath(build ? build : "build", NULL);

	snprintf(path, sizeof(path), "%s/pkt-gen/pkt-gen", full ? full : "build");
	free(full);
	return path;
}

#define FORMAT(text, format)                                       \
	do {                                                       \
		va_list arguments_;                                \
		va_start(arguments_, format);                      \
		vsnprintf(text, sizeof(text), format, arguments_); \
		va_end(arguments_);                                \
	} while (0)

struct output pktgen_run(const char *format, ...)
{
	char arguments[4096];

	FORMAT(arguments, format);
	return run("timeout %d %s %s", PATIENCE, pktgen(), arguments);
}

struct output pktgen_must(const char *format, ...)
{
	char arguments[4096];

	FORMAT(arguments, format);
	return must("timeout %d %s %s", PATIENCE, pktgen(), arguments);
}

/* ---- in the background ------------------------------------------------------------------------- */

static void read_all(int fd, char *text, size_t size)
{
	ssize_t got = pread(fd, text, size - 1, 0);

	text[got > 0 ? got : 0] = 0;
}

static bool is_there(const struct pktgen *pktgen)
{
	char text[4096];

	read_all(pktgen->out, text, sizeof(text));
	return strstr(text, " cpus.\n");
}

struct pktgen pktgen_start(const char *format, ...)
{
	struct pktgen started = { .out = memfd_create("out", MFD_CLOEXEC),
				  .errors = memfd_create("errors", MFD_CLOEXEC) };
	char command[8192];

	FORMAT(started.arguments, format);
	snprintf(command, sizeof(command), "exec %s %s", pktgen(), started.arguments);
	fflush(NULL);
	started.process = fork();
	cr_assert(started.process >= 0 && started.out >= 0 && started.errors >= 0);
	if (!started.process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(started.out, STDOUT_FILENO);
		dup2(started.errors, STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	for (int i = 0; i < PATIENCE * 100 && !is_there(&started); i++) {
		if (waitpid(started.process, NULL, WNOHANG))
			cr_assert_fail("'pkt-gen %s' has ended: %s", started.arguments,
				       pktgen_errors(&started));
		usleep(10000);
	}
	cr_assert(is_there(&started), "'pkt-gen %s' does not start", started.arguments);
	return started;
}

char *pktgen_errors(const struct pktgen *pktgen)
{
	char text[8192];

	read_all(pktgen->errors, text, sizeof(text));
	return strdup(text);
}

struct output pktgen_end(const struct pktgen *pktgen, int signal)
{
	struct output output = {};
	int status = 0, ended = 0;

	if (signal)
		kill(pktgen->process, signal);
	for (int i = 0; i < PATIENCE * 100 && !ended; i++) {
		ended = waitpid(pktgen->process, &status, WNOHANG);
		if (!ended)
			usleep(10000);
	}
	read_all(pktgen->out, output.text, sizeof(output.text));
	read_all(pktgen->errors, output.errors, sizeof(output.errors));
	cr_assert_eq(ended, pktgen->process, "'pkt-gen %s' does not end: %s%s", pktgen->arguments,
		     output.text, output.errors);
	output.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return output;
}

/* ---- what was printed -------------------------------------------------------------------------- */

struct pktgen_total pktgen_total(const struct output *output, const char *verb)
{
	struct pktgen_total total = {};
	char format[128], nothing[64];
	const char *line = output->text;
	int each, found = 0;

	snprintf(nothing, sizeof(nothing), "%s nothing.\n", verb);
	snprintf(format, sizeof(format),
		 "%s %%lld packets %%lld bytes %%lld events %%d bytes each in %%lf seconds.", verb);
	if (strstr(output->text, nothing))
		return total;
	while (line && found != 5) {
		found = sscanf(line, format, &total.packets, &total.bytes, &total.events, &each,
			       &total.seconds);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	cr_assert_eq(found, 5, "there is no total of what was %s: %s%s", verb, output->text,
		     output->errors);
	return total;
}

bool text_has(const char *text, const char *expression)
{
	regex_t regex;
	int found;

	if (regcomp(&regex, expression, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		cr_assert_fail("'%s' is no regular expression", expression);
	found = !regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	return found;
}

void text_expect(const char *text, const char *expression)
{
	cr_assert(text_has(text, expression), "'%s' is not in: %s", expression, text);
}

int text_lines(const char *text, const char *expression)
{
	char *copy = strdup(text), *rest = NULL;
	int lines = 0;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		lines += text_has(line, expression);
	free(copy);
	return lines;
}
