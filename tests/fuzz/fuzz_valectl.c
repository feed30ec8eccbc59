// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Command lines of valectl, and what it makes of the library's answers. The input is one word on each
 * line; what is behind an empty line is the answers.
 *
 * It ends with a status of its own; with --json it writes one JSON document, and nothing else.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "library.h"
#include "promise.h"

/* cli/valectl.c's, which is compiled with another name for it. */
int valectl_main(int argc, char **argv);

#define WORDS 24

/* ---- what valectl must not do here ------------------------------------------------------------- */

int execv(const char *path, char *const argv[])
{
	PROMISE(*path && argv[0]);
	errno = ENOENT;
	return -1;
}

int setenv(const char *name, const char *value, int overwrite)
{
	PROMISE(*name && overwrite);
	(void)value;
	return 0;
}

/* Nobody waits: some seconds later, the user interrupts. */
int sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *timeout)
{
	static int times;

	(void)info;
	PROMISE(sigismember(signals, SIGINT) && timeout->tv_sec > 0);
	errno = EAGAIN;
	return ++times % 3 ? -1 : SIGINT;
}

/* ---- the target -------------------------------------------------------------------------------- */

static int split(char *text, char *argv[WORDS + 1])
{
	int argc = 0;
	char *word;

	argv[argc++] = "valectl";
	while (argc < WORDS && (word = strsep(&text, "\n")))
		argv[argc++] = word;
	argv[argc] = NULL;
	return argc;
}

static bool is_global(const char *word)
{
	return !strcmp(word, "--json") || !strcmp(word, "--version") || !strcmp(word, "--help") ||
	       !strncmp(word, "--bpffs", strlen("--bpffs"));
}

/* Not that it speaks to scripts of netmap's own tool, as it does where an option of theirs is first. */
static bool wants_json(char **argv)
{
	const char *first = NULL;
	bool json = false;

	for (char **word = argv + 1; *word && strcmp(*word, "--") != 0; word++) {
		json = json || !strcmp(*word, "--json");
		if (!strcmp(*word, "--bpffs") && word[1])
			word++;
		else if (!first && !is_global(*word))
			first = *word;
	}
	return json && !(first && first[0] == '-' && first[1] && first[1] != '-');
}

static void check_json(const char *output, size_t size)
{
	json_t *document = json_loadb(output, size, 0, NULL);

	PROMISE(document);
	json_decref(document);
}

/* It prints to `stdout`, which is a variable of the library's. */
static int run(int argc, char **argv, char **output, size_t *size)
{
	FILE *kept = stdout, *shown = stderr;
	int status;

	stdout = open_memstream(output, size);
	stderr = fopen("/dev/null", "we");
	PROMISE(stdout && stderr);
	optind = 0;
	status = valectl_main(argc, argv);
	fclose(stdout);
	fclose(stderr);
	stdout = kept;
	stderr = shown;
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *answers = strstr(text, "\n\n");
	char *argv[WORDS + 1], *output = NULL;
	size_t length = 0;
	bool is_json;
	int argc, status;

	if (answers)
		*answers = 0;
	length = strlen(text) + 2;
	library_answer(data + (length < size ? length : size), length < size ? size - length : 0);
	argc = split(text, argv);
	is_json = wants_json(argv);
	status = run(argc, argv, &output, &length);
	PROMISE(status >= 0 && status <= 2);
	if (is_json)
		check_json(output, length);
	free(output);
	free(text);
	return 0;
}
