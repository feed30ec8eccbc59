// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* valectl doctor: what it says where all is well, and to callers without rights. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/doctor.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(doctor, .init = doctor_init, .timeout = 300);

/* ---- a machine as it should be ----------------------------------------------------------------- */

/* Older kernels have some of it with limits. */
static bool is_there(const json_t *check)
{
	return !strcmp(doctor_word(check, "state"), "ok") ||
	       !strcmp(doctor_word(check, "state"), "limited");
}

Test(doctor, root_has_all_that_is_required)
{
	json_t *document = doctor(0, "", "");
	const json_t *check;
	size_t i, required = 0;

	json_array_foreach (json_object_get(document, "checks"), i, check) {
		if (!json_is_true(json_object_get(check, "required")))
			continue;
		required++;
		cr_expect(is_there(check), "%s: %s", doctor_word(check, "name"),
			  doctor_word(check, "found"));
	}
	cr_assert_gt(required, 25);
	finds(document, "ring_client", "ok", "a process without any has sent a frame");
	finds(document, "tap", "ok", "attached");
	finds(document, "af_xdp", "ok", "a socket was bound");
	json_decref(document);
}

/* Every check says the same things; what is not ok says what to do, if it is its own fault. */
static void check_has_its_members(const json_t *check)
{
	static const char *const members[] = { "subject", "name", "state", "used_for", "found" };
	const char *state = doctor_word(check, "state");

	for (size_t i = 0; i < COUNT(members); i++)
		cr_assert_str_not_empty(doctor_word(check, members[i]), "%s of '%s'", members[i],
					doctor_word(check, "name"));
	cr_assert(json_is_boolean(json_object_get(check, "required")));
	if (!strcmp(state, "limited") || !strcmp(state, "missing"))
		cr_assert_str_not_empty(doctor_word(check, "remedy"), "%s",
					doctor_word(check, "name"));
	else if (!strcmp(state, "ok"))
		cr_assert_null(json_object_get(check, "remedy"), "%s", doctor_word(check, "name"));
	else
		cr_assert_str_eq(state, "unknown");
}

static void counts_are_right(const json_t *document)
{
	static const char *const states[] = { "ok", "limited", "missing", "unknown" };
	const json_t *checks = json_object_get(document, "checks"), *check;
	size_t i;

	for (size_t state = 0; state < COUNT(states); state++) {
		json_int_t count = 0;

		json_array_foreach (checks, i, check)
			count += !strcmp(doctor_word(check, "state"), states[state]);
		cr_assert_eq(json_integer_value(json_object_get(document, states[state])), count);
	}
}

Test(doctor, form_of_the_document)
{
	static const char *const callers[] = { "", DOCTOR_NOBODY };

	for (size_t caller = 0; caller < COUNT(callers); caller++) {
		json_t *document = doctor(caller ? 1 : 0, callers[caller], "");
		const json_t *checks = json_object_get(document, "checks"), *check;
		size_t i;

		cr_assert_gt(json_array_size(checks), 40);
		json_array_foreach (checks, i, check) {
			check_has_its_members(check);
			/* The first of that name is this one. */
			cr_assert_eq(doctor_check(document, doctor_word(check, "name")), check);
		}
		counts_are_right(document);
		json_decref(document);
	}
}

Test(doctor, for_people)
{
	struct output output = run("%s doctor", valectl());

	cr_assert_eq(output.status, 0);
	cr_assert_str_empty(output.errors);
	cr_assert_not_null(strstr(output.text, "  ok       ring_client            a process"), "%s",
			   output.text);
	cr_assert_not_null(strstr(output.text, " ok, "), "%s", output.text);
	refused(2, "doctor takes no arguments", "doctor vale1");
}

/* ---- a caller without rights ------------------------------------------------------------------- */

Test(doctor, nobody_is_told_what_is_missing)
{
	static const char *const capabilities[] = { "cap_bpf", "cap_net_admin", "cap_perfmon" };
	struct output output = run(DOCTOR_NOBODY " /mnt/valectl doctor");
	json_t *document = doctor(1, DOCTOR_NOBODY, "");

	cr_assert_eq(output.status, 1);
	cr_assert_str_eq(output.errors, "valectl: required, and missing here: cap_bpf, "
					"cap_net_admin, cap_perfmon\n");
	cr_assert_not_null(strstr(output.text, "AmbientCapabilities=CAP_PERFMON"), "%s",
			   output.text);
	for (size_t i = 0; i < COUNT(capabilities); i++) {
		finds(document, capabilities[i], "missing", "user 65534 does not have it");
		advises(document, capabilities[i], "run it as root");
	}
	finds(document, "version", "ok", "Linux");
	finds(document, "btf", "ok", "types");
	finds(document, "bpffs", "ok", "/sys/fs/bpf");
	/* A refusal would be taken for an answer. */
	finds(document, "system_call", "unknown", "not tried");
	finds(document, "map_lru_hash", "unknown", "not tried");
	finds(document, "helper_loop", "unknown", "not tried");
	finds(document, "program_tracing", "unknown", "not tried");
	finds(document, "namespaces", "unknown", "may not");
	finds(document, "switch", "unknown", "for want of: namespaces");
	finds(document, "ring_client", "unknown", "for want of: ring_port");
	json_decref(document);
}

Test(doctor, one_capability_is_missing)
{
	static const struct {
		const char *capabilities, *name;
		int status;
		const char *spoiled, *state;
	} cases[] = {
		{ "-bpf,-sys_admin", "cap_bpf", 1, "map_hash", "unknown" },
		{ "-perfmon,-sys_admin", "cap_perfmon", 1, "program_xdp", "unknown" },
		{ "-net_admin", "cap_net_admin", 1, "switch", "unknown" },
		{ "-sys_admin", "cap_sys_admin", 0, "namespaces", "unknown" },
		{ "-sys_ptrace", "cap_sys_ptrace", 0, "cap_sys_ptrace", "missing" },
		{ "-net_raw", "cap_net_raw", 0, "af_xdp", "missing" },
		{ "-chown", "cap_chown", 0, "cap_chown", "missing" },
	};
	char before[128];

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *document;

		snprintf(before, sizeof(before), "setpriv --bounding-set=%s",
			 cases[i].capabilities);
		document = doctor(cases[i].status, before, "");
		finds(document, cases[i].name, "missing", "user 0 does not have it");
		finds(document, cases[i].spoiled, cases[i].state, "");
		finds(document, "bpffs", "ok", "");
		json_decref(document);
	}
}

/* With these three, and not root: what needs no namespaces is tried. */
Test(doctor, three_capabilities_suffice)
{
	json_t *document = doctor(0,
				  DOCTOR_NOBODY " --inh-caps=+bpf,+net_admin,+perfmon "
						"--ambient-caps=+bpf,+net_admin,+perfmon",
				  "");

	finds(document, "map_lru_hash", "ok", "");
	finds(document, "program_tracing", "ok", "");
	finds(document, "helper_loop", "ok", "");
	finds(document, "namespaces", "unknown", "");
	json_decref(document);
}

Test(doctor, user_namespaces_have_no_rights)
{
	json_t *document = doctor(1, "unshare --user --map-root-user", "");

	finds(document, "user_namespace", "missing", "another one than the first");
	finds(document, "cap_bpf", "missing", "in its user namespace only");
	finds(document, "map_hash", "unknown", "");
	json_decref(document);
}

/* Something forbids bpf(), the rights notwithstanding; or the kernel has none. */
Test(doctor, forbidden_system_call)
{
	json_t *document;

	document = doctor(1, "strace -f -qq -o /dev/null -e inject=bpf:error=EPERM", "");
	finds(document, "system_call", "missing", "Operation not permitted");
	advises(document, "system_call", "security module");
	finds(document, "switch", "missing", "");
	json_decref(document);
	document = doctor(1, "strace -f -qq -o /dev/null -e inject=bpf:error=ENOSYS", "");
	finds(document, "system_call", "missing", "no bpf()");
	json_decref(document);
}

Test(doctor, little_memory_may_be_locked)
{
	static const char little[] = "prlimit --memlock=65536 setpriv --bounding-set=-ipc_lock";
	json_t *document = doctor(0, little, "");

	finds(document, "locked_memory", "limited", "64 KiB; a pair of rings takes");
	advises(document, "locked_memory", "ulimit -l");
	finds(document, "af_xdp", "missing", "limit");
	json_decref(document);
	doctor_finds(0, "prlimit --memlock=65536", "locked_memory", "ok", "CAP_IPC_LOCK");
	doctor_finds(0, "prlimit --memlock=8388608 setpriv --bounding-set=-ipc_lock",
		     "locked_memory", "ok", "8192 KiB");
}
