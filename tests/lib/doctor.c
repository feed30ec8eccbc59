// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "doctor.h"

#include <string.h>

#include <criterion/criterion.h>

#include "expect.h"
#include "sandbox.h"

void doctor_init(void)
{
	sandbox_enter();
	scratch_mount();
	must("cp %s /mnt/valectl", valectl());
}

json_t *doctor(int status, const char *before, const char *arguments)
{
	struct output output = run("%s /mnt/valectl --json %s doctor", before, arguments);
	json_t *document = json_loads(output.text, 0, NULL);

	cr_assert_eq(output.status, status, "'%s' ended with %d: %s%s", before, output.status,
		     output.text, output.errors);
	cr_assert_not_null(document, "'%s' printed no JSON: %s", before, output.text);
	cr_assert_eq(!!json_object_get(document, "error"), status, "%s", output.text);
	return document;
}

const json_t *doctor_check(const json_t *document, const char *name)
{
	const json_t *check;
	size_t i;

	json_array_foreach (json_object_get(document, "checks"), i, check)
		if (!strcmp(json_string_value(json_object_get(check, "name")), name))
			return check;
	cr_assert_fail("there is no check '%s'", name);
	return NULL;
}

const char *doctor_word(const json_t *check, const char *member)
{
	const char *text = json_string_value(json_object_get(check, member));

	return text ? text : "";
}

void finds(const json_t *document, const char *name, const char *state, const char *found)
{
	const json_t *check = doctor_check(document, name);

	cr_assert_str_eq(doctor_word(check, "state"), state, "%s: %s", name,
			 doctor_word(check, "found"));
	cr_assert_not_null(strstr(doctor_word(check, "found"), found), "%s: %s", name,
			   doctor_word(check, "found"));
}

void advises(const json_t *document, const char *name, const char *remedy)
{
	const char *said = doctor_word(doctor_check(document, name), "remedy");

	cr_assert_not_null(strstr(said, remedy), "%s: %s", name, said);
}

void doctor_finds(int status, const char *before, const char *name, const char *state,
		  const char *found)
{
	json_t *document = doctor(status, before, "");

	finds(document, name, state, found);
	json_decref(document);
}
