// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "series.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "sandbox.h"
#include "strace.h"

/* Of more calls, a run takes every sixth one: which ones, the time of day says. */
#define SERIES_LONG   100
#define SERIES_STRIDE 6
#define SERIES_LEAST  15

static int unfinished(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	if (path[at->base] == '-')
		cr_assert_fail("not swept: %s", path);
	return 0;
}

/* What is unfinished has a name that starts with '-'. */
static void nothing_unfinished(void)
{
	cr_assert_eq(nftw("/sys/fs/bpf/vale", unfinished, 8, FTW_PHYS), 0);
}

bool series_next(size_t call, const char *command, const char *word, const char *or_word)
{
	struct output output = run("%s %s", valectl(), command);

	if (!output.status)
		return true;
	if (strstr(output.errors, word) || (or_word && strstr(output.errors, or_word)))
		return false;
	cr_assert_fail("killed at call %zu: '%s' says %s", call, command, output.errors);
	return false;
}

static void prepare(const struct series *series)
{
	if (series->prepare)
		series->prepare();
}

static void clean(const struct series *series, size_t call)
{
	if (series->clean)
		series->clean(call);
}

/* One of so many calls. */
static size_t stride_of(const struct series *series, size_t count)
{
	if (getenv("VALE_KILL_ALL"))
		return 1;
	if (series->sample)
		return (count + series->sample - 1) / series->sample;
	return count > SERIES_LONG ? SERIES_STRIDE : 1;
}

void series_run(const struct series *series)
{
	const struct traced traced = {
		.argv = series->command ? traced_arguments(series->command) : NULL,
		.function = series->function,
		.every_call = series->every_call,
		.terminated = series->terminated,
	};
	struct kill_points points;
	size_t tried = 0, wanted, stride, first;

	prepare(series);
	points = kill_points_of(&traced);
	clean(series, 0);
	stride = stride_of(series, points.count);
	first = time(NULL) % stride;
	wanted = (points.count - first + stride - 1) / stride;
	for (size_t i = first; i < points.count; i += stride) {
		prepare(series);
		if (!kill_at(&traced, points.calls[i]))
			break;
		series->check(points.calls[i], tried++ % 3);
		nothing_unfinished();
		clean(series, points.calls[i]);
	}
	cr_log_info("'%s' was killed at %zu of its %zu calls\n",
		    series->command ? series->command : "a client", tried, points.total);
	cr_assert_gt(tried, series->sample ? 0 : SERIES_LEAST);
	cr_assert_leq(wanted - tried, 5, "most of the calls were not reached");
	free(points.calls);
}
