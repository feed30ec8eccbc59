// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "sandbox.h"
#include "vale/port.h"

/* What the one that was started last writes to stderr. */
static int said;

static bool has_open(struct vale *vale, const char *port, pid_t process)
{
	struct vale_port_info info;

	if (vale_port_get(vale, port, &info))
		return false;
	for (__u32 i = 0; i < info.clients && i < VALE_CLIENTS_SHOWN; i++)
		if (info.client[i] == (__u32)process)
			return true;
	return false;
}

static void wait_until_open(const char *port, pid_t process)
{
	struct vale *vale = NULL;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (int tries = 0; tries < 1200 && !has_open(vale, port, process); tries++)
		usleep(50000);
	cr_assert(has_open(vale, port, process), "%s is not opened", port);
	vale_close(vale);
}

pid_t example_start(const char *name, const char *port, const char *second, const char *argument)
{
	char path[4096];
	int ends[2];
	pid_t process;

	snprintf(path, sizeof(path), "%.*s/examples/%s", (int)(strrchr(valectl(), '/') - valectl()),
		 valectl(), name);
	cr_assert_eq(pipe(ends), 0);
	process = fork();
	if (!process) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], STDERR_FILENO);
		execl(path, name, port, second, argument, NULL);
		_exit(127);
	}
	close(ends[1]);
	said = ends[0];
	wait_until_open(port, process);
	if (second)
		wait_until_open(second, process);
	return process;
}

int example_end(pid_t process, char words[EXAMPLE_WORDS])
{
	size_t length = 0;
	ssize_t more;
	int status = 0;

	while ((more = read(said, words + length, EXAMPLE_WORDS - 1 - length)) > 0)
		length += more;
	words[length] = 0;
	cr_assert_eq(waitpid(process, &status, 0), process);
	cr_assert(WIFEXITED(status), "%s", words);
	return WEXITSTATUS(status);
}
