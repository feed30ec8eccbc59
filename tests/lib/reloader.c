// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "reloader.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "objects.h"
#include "sandbox.h"

#define RELOADS 3

static int wanted(const struct reloader *reloader)
{
	const char *text = getenv("VALE_RELOADS");

	if (reloader->times)
		return reloader->times;
	return text ? atoi(text) : RELOADS;
}

static void start(struct reloader *reloader)
{
	reloader->process = fork();
	cr_assert_geq(reloader->process, 0);
	if (reloader->process)
		return;
	execl(valectl(), valectl(), "reload", "vale1", NULL);
	_exit(127);
}

bool reloader_works(struct reloader *reloader)
{
	int status;

	if (!reloader->process) {
		objects_forget();
		objects_remember();
		start(reloader);
	}
	if (!waitpid(reloader->process, &status, WNOHANG))
		return true;
	cr_assert(WIFEXITED(status) && !WEXITSTATUS(status), "reload %d: status %#x",
		  reloader->done + 1, status);
	if (++reloader->done == wanted(reloader))
		return false;
	start(reloader);
	return true;
}

void reloader_expect_new(const struct reloader *reloader)
{
	size_t maps = objects_count_of("map"), links = objects_count_of("link");

	cr_assert_gt(reloader->done, 0);
	cr_assert(objects_programs_are_replaced(), "after %d reloads there is an old program",
		  reloader->done);
	objects_forget();
	objects_remember();
	cr_assert_eq(objects_count_of("map"), maps);
	cr_assert_eq(objects_count_of("link"), links);
}
