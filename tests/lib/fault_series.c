// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "fault_series.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "clients.h"
#include "faults.h"
#include "inventory.h"
#include "sandbox.h"

#define SAMPLE 2

static struct client *b, *c;

void fault_series_begin(void)
{
	sandbox_enter();
	container("a", 1);
	must("%s port add vale1:b && %s port add vale1:c", valectl(), valectl());
	b = client_start();
	c = client_start();
	client_opens(b, "vale1:b", 0);
	client_opens(c, "vale1:c", 0);
}

bool fault_series_forwards(void)
{
	return client_reaches(b, c, 21, 22) && client_reaches(c, b, 22, 21);
}

/* ---- one fault --------------------------------------------------------------------------------- */

struct state {
	const struct fault_series *series;
	struct traced traced;
	char *before, *after; /* inventories */
	unsigned int told, harmless, left;
};

static const char *errors_of(int file)
{
	static char text[4096];
	ssize_t size = pread(file, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	cr_assert(!ftruncate(file, 0) && !lseek(file, 0, SEEK_SET));
	return text;
}

/* Going home from a network namespace must not fail: the library would rather end the process. */
static bool is_stranded(const struct fault *fault, int status)
{
	return status == 128 + SIGABRT && strstr(fault->name, "setns");
}

/*
 * libbpf finds out what the kernel can by trying it, once in a process: what fails then for want of
 * memory or files, the kernel cannot.
 */
static bool is_remembered(const struct fault *fault, int status)
{
	return status == FAULT_NOT_AGAIN &&
	       (strstr(fault->name, "_LOAD)") || strstr(fault->name, "MAP_CREATE"));
}

/* It says what failed and why, or has done it all. */
static void check_words(struct state *state, const struct fault *fault, int status)
{
	const char *errors = errors_of(state->traced.errors);
	const char *command = state->series->command;

	if (is_stranded(fault, status))
		return;
	if (!status) {
		state->harmless++;
		return;
	}
	state->told++;
	cr_expect(status == FAULT_TOLD || is_remembered(fault, status),
		  "'%s', %s: exit status %d: %s", command, fault->name, status, errors);
	if (!state->series->function)
		cr_expect(!strncmp(errors, "valectl: ", strlen("valectl: ")) &&
				  strlen(errors) > 20 &&
				  strchr(errors, '\n') == errors + strlen(errors) - 1,
			  "'%s', %s: says '%s'", command, fault->name, errors);
}

static bool is_now(const char *wanted, const struct state *state, const struct fault *fault,
		   const char *when)
{
	char *now = inventory(), *difference = inventory_difference(now, wanted);
	bool same = inventory_is(now, wanted);

	cr_expect(same, "'%s', %s: %s:\n%s", state->series->command, fault->name, when, difference);
	free(difference);
	free(now);
	return same;
}

/* As before, or complete; or to be swept. */
static void check_state(struct state *state, const struct fault *fault, int status)
{
	const struct fault_series *series = state->series;
	char *now = inventory(), *difference = inventory_difference(now, state->before);

	if (!inventory_is(now, state->after) && (!status || strcmp(now, state->before))) {
		state->left++;
		cr_expect((status || series->function || series->terminated) &&
				  (series->may_be_left || is_stranded(fault, status)),
			  "'%s', %s: exit status %d, and other than before is:\n%s",
			  series->command, fault->name, status, difference);
	}
	free(difference);
	free(now);
	cr_expect(fault_series_forwards(), "'%s', %s: nothing comes through", series->command,
		  fault->name);
}

static void check_next(const struct state *state, const struct fault *fault)
{
	const struct fault_series *series = state->series;
	const char *errors;
	int status;

	if (series->function)
		return;
	status = traced_end(traced_start(&state->traced));
	errors = errors_of(state->traced.errors);
	cr_expect(!status || (series->word && strstr(errors, series->word)),
		  "'%s', %s: the next one says %s", series->command, fault->name, errors);
	is_now(state->after, state, fault, "after the next one");
	cr_expect(!series->works || series->works(), "'%s', %s: what is made does not work",
		  series->command, fault->name);
}

static void undo(const struct state *state, const struct fault *fault)
{
	must("export VALE=%s; $VALE %s", valectl(), state->series->undo);
	is_now(state->before, state, fault, "taken back");
}

static bool try(struct state *state, struct fault *fault)
{
	int status = fault_at(&state->traced, fault);

	check_words(state, fault, status);
	check_state(state, fault, status);
	check_next(state, fault);
	undo(state, fault);
	return status != FAULT_NOT_REACHED;
}

/* ---- all of them ------------------------------------------------------------------------------- */

static bool is_taken(const struct fault_series *series, const struct fault *fault)
{
	return !series->call || strstr(fault->name, series->call);
}

static size_t stride_of(const struct fault_series *series, size_t count)
{
	const char *wanted = getenv("VALE_FAULTS");
	unsigned int sample = series->sample ? series->sample : SAMPLE;

	if (wanted)
		sample = atoi(wanted);
	if (series->call || getenv("VALE_KILL_ALL") || !sample)
		return 1;
	return (count + sample - 1) / sample;
}

void fault_series_run(const struct fault_series *series)
{
	struct state state = {
		.series = series,
		.traced = { .function = series->function, .terminated = series->terminated },
		.before = inventory(),
	};
	unsigned int turn = time(NULL);
	struct faults faults;
	size_t stride, tried = 0;

	if (!series->function)
		state.traced.argv = traced_arguments(series->command);
	state.traced.errors = memfd_create("errors", MFD_CLOEXEC);
	faults = faults_of(&state.traced, turn);
	state.after = inventory();
	errors_of(state.traced.errors);
	undo(&state, &(struct fault){ .name = "no fault" });
	stride = stride_of(series, faults.count);
	for (size_t i = turn % stride; i < faults.count; i += stride) {
		struct fault *fault = &faults.items[i];

		if (!is_taken(series, fault))
			continue;
		fault->lasting = series->lasting;
		if (series->error)
			fault->error = series->error;
		if (!try(&state, fault))
			break;
		tried++;
	}
	cr_log_info("'%s' failed at %zu of its %zu calls%s: %u were told, %u did not matter, %u "
		    "left something to the next\n",
		    series->command, tried, faults.calls, series->lasting ? " and later ones" : "",
		    state.told, state.harmless, state.left);
	cr_assert_gt(tried, 0);
	free(state.before);
	free(state.after);
	free(faults.items);
	close(state.traced.errors);
}
