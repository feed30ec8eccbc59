// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl doctor */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "doctor/doctor.h"

static const char *const state_words[] = {
	[FINDING_OK] = "ok",
	[FINDING_LIMITED] = "limited",
	[FINDING_MISSING] = "missing",
	[FINDING_UNKNOWN] = "unknown",
};

static void add_check(void *arg, const struct check *check, const struct finding *finding)
{
	json_t *item = json_pack("{s:s, s:s, s:s, s:b, s:s, s:o}", "subject", check->subject,
				 "name", check->name, "state", state_words[finding->state],
				 "required", check->required, "used_for", check->used_for, "found",
				 describe_text(finding->found));

	if (*finding->remedy)
		json_object_set_new(item, "remedy", describe_text(finding->remedy));
	json_array_append_new(arg, item);
}

/* ---- for people -------------------------------------------------------------------------------- */

static void print_check(const json_t *check)
{
	printf("  %-8s %-22s %s\n", text_of(check, "state"), text_of(check, "name"),
	       text_of(check, "found"));
	if (!json_object_get(check, "remedy"))
		return;
	printf("           %-22s %s: %s\n", "",
	       json_is_true(json_object_get(check, "required")) ? "required for" : "used for",
	       text_of(check, "used_for"));
	printf("           %-22s remedy: %s\n", "", text_of(check, "remedy"));
}

static void print_checks(const json_t *document)
{
	const char *subject = "";
	const json_t *check;
	size_t i;

	json_array_foreach (json_object_get(document, "checks"), i, check) {
		if (strcmp(text_of(check, "subject"), subject))
			printf("%s\n", text_of(check, "subject"));
		subject = text_of(check, "subject");
		print_check(check);
	}
	printf("%lld ok, %lld limited, %lld missing, %lld unknown\n", number_of(document, "ok"),
	       number_of(document, "limited"), number_of(document, "missing"),
	       number_of(document, "unknown"));
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void count_states(json_t *document, const json_t *checks)
{
	const json_t *check;
	size_t i;

	for (i = 0; i < sizeof(state_words) / sizeof(state_words[0]); i++)
		json_object_set_new(document, state_words[i], json_integer(0));
	json_array_foreach (checks, i, check) {
		const char *state = text_of(check, "state");

		json_object_set_new(document, state, json_integer(number_of(document, state) + 1));
	}
}

/* Names what is required and missing; false: nothing. */
static bool name_missing(const json_t *checks, char *reason, size_t size)
{
	size_t used = snprintf(reason, size, "required, and missing here"), i;
	const json_t *check;
	bool some = false;

	json_array_foreach (checks, i, check) {
		if (strcmp(text_of(check, "state"), state_words[FINDING_MISSING]) ||
		    !json_is_true(json_object_get(check, "required")))
			continue;
		if (used < size)
			used += snprintf(reason + used, size - used, "%s %s", some ? "," : ":",
					 text_of(check, "name"));
		some = true;
	}
	return some;
}

int command_doctor(struct context *context, int argc, char **argv)
{
	json_t *document, *checks;
	char reason[512];
	bool missing;
	int status;

	(void)argv;
	if (argc > 1)
		return usage_error(context, "doctor takes no arguments");
	checks = json_array();
	examine(context->bpffs, add_check, checks);
	document = json_pack("{s:O}", "checks", checks);
	count_states(document, checks);
	missing = name_missing(checks, reason, sizeof(reason));
	if (missing)
		json_object_set_new(document, "error", json_string(reason));
	json_decref(checks);
	status = result(context, document, print_checks);
	if (status != EXIT_OK || !missing)
		return status;
	return context->json ? EXIT_FAILED : failure(context, reason);
}
