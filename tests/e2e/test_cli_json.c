// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* --json: every command answers with exactly one JSON document, also when it fails. */
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(json, .init = sandbox_enter, .timeout = 60);

/* The one object on stdout, which the caller owns; nothing may be on stderr. */
static json_t *answer(const char *arguments, int status)
{
	struct output output = run("%s %s", valectl(), arguments);
	json_error_t error;
	json_t *document = json_loadb(output.text, strlen(output.text), 0, &error);

	cr_assert_eq(output.status, status, "'%s' ended with %d: %s%s", arguments, output.status,
		     output.text, output.errors);
	cr_assert_not_null(document, "'%s' is no JSON: %s: %s", arguments, error.text, output.text);
	cr_assert(json_is_object(document), "'%s': %s", arguments, output.text);
	cr_assert_str_empty(output.errors, "'%s' also said: %s", arguments, output.errors);
	return document;
}

Test(json, successes)
{
	static const struct {
		const char *arguments;
		const char *member;
	} answers[] = {
		{ "--json create vale1", "created" },
		{ "--json attach vale1:a t0", "attached" },
		{ "attach --json vale1:b t2 --hook generic", "notes" },
		{ "list --json", "switches" },
		{ "--json list vale1", "ports" },
		{ "--json show vale1", "fdb_size" },
		{ "show vale1:a --json", "counters" },
		{ "--json stats vale1", "ports" },
		{ "--json stats vale1:a", "ports" },
		{ "--json stats vale1 --interval 1 --count 1", "samples" },
		{ "--json fdb vale1 add 02:00:00:00:00:01 a", "added" },
		{ "--json fdb vale1", "addresses" },
		{ "--json fdb vale1 del 02:00:00:00:00:01", "deleted" },
		{ "--json fdb vale1 flush", "flushed" },
		{ "--json fdb vale1 flush a", "flushed" },
		{ "--json sysctl", "sysctl" },
		{ "--json sysctl -a", "sysctl" },
		{ "--json sysctl max_bridges", "sysctl" },
		{ "--json sysctl -w max_bridges=7", "sysctl" },
		{ "--json detach vale1:a", "detached" },
		{ "--json destroy vale1 --force", "destroyed" },
		{ "--json doctor", "checks" },
		{ "--json help", "help" },
		{ "--json help attach", "help" },
		{ "--json --help", "help" },
		{ "--json --version", "version" },
	};

	veth("t0", "t1");
	veth("t2", "t3");
	for (size_t i = 0; i < COUNT(answers); i++) {
		json_t *document = answer(answers[i].arguments, 0);

		cr_assert_not_null(json_object_get(document, answers[i].member), "'%s' has no '%s'",
				   answers[i].arguments, answers[i].member);
		cr_assert_null(json_object_get(document, "error"));
		json_decref(document);
	}
}

Test(json, failures)
{
	static const struct {
		const char *arguments;
		int status;
		const char *words;
	} answers[] = {
		{ "--json", 2, "what shall be done?" },
		{ "--json atach", 2, "did you mean 'attach'?" },
		{ "--json --bpffs", 2, "wants the directory" },
		{ "--json --bpffs /nowhere list", 1, "cannot use '/nowhere'" },
		{ "--json create", 2, "name one switch" },
		{ "--json create vale", 1, "is no name of a switch" },
		{ "create vale1 --frob --json", 2, "wrong option" },
		{ "--json destroy vale9", 1, "there is no switch" },
		{ "--json destroy", 2, "name one switch" },
		{ "--json reload vale9", 1, "there is no switch" },
		{ "--json reload vale1 vale2", 2, "name one switch, or none" },
		{ "--json attach vale1:a t0", 1, "no such network interface" },
		{ "--json attach vale1", 2, "name a port and a device" },
		{ "--json detach vale9:a", 1, "there is no switch" },
		{ "--json list vale9", 1, "there is no switch" },
		{ "--json list a b", 2, "name one switch, or none" },
		{ "--json show vale9", 1, "there is no switch" },
		{ "--json show vale9:a", 1, "there is no switch" },
		{ "--json show", 2, "name one switch or port" },
		{ "--json stats vale9", 1, "there is no switch" },
		{ "--json stats vale9 --interval 1", 1, "there is no switch" },
		{ "--json stats", 2, "name one switch or port" },
		{ "--json fdb vale9", 1, "there is no switch" },
		{ "--json fdb vale9 add 02:00:00:00:00:01 a", 1, "there is no switch" },
		{ "--json fdb vale9 add 02:00 a", 2, "'02:00' is no address" },
		{ "--json fdb vale9 del 02:00:00:00:00:01", 1, "there is no switch" },
		{ "--json fdb vale9 flush", 1, "there is no switch" },
		{ "--json sysctl frob", 1, "there is no sysctl 'frob'" },
		{ "--json sysctl -w max_bridges=0", 1, "max_bridges is from" },
		{ "--json sysctl -w x", 2, "-w wants NAME=VALUE" },
		{ "--json doctor me", 2, "takes no arguments" },
		{ "--json help frob", 2, "there is no command 'frob'" },
	};

	for (size_t i = 0; i < COUNT(answers); i++) {
		json_t *document = answer(answers[i].arguments, answers[i].status);
		const char *error = json_string_value(json_object_get(document, "error"));

		cr_assert_not_null(error, "'%s' has no error", answers[i].arguments);
		cr_assert_not_null(strstr(error, answers[i].words), "'%s': %s",
				   answers[i].arguments, error);
		json_decref(document);
	}
}

/* What was typed may be no UTF-8; the document has to be. */
Test(json, bytes_that_are_no_text)
{
	json_t *document = answer("--json show \"$(printf 'vale\\377')\"", 1);

	cr_assert_not_null(json_object_get(document, "error"));
	json_decref(document);
	document = answer("--json \"$(printf '\\377')\"", 2);
	cr_assert_not_null(json_object_get(document, "error"));
	json_decref(document);
	must("ip link add dev \"$(printf 'd\\377')\" type veth peer name t1");
	document = answer("--json attach vale1:a \"$(printf 'd\\377')\"", 0);
	cr_assert_str_eq(json_string_value(json_object_get(document, "device")), "d?");
	json_decref(document);
	document = answer("--json show vale1:a", 0);
	cr_assert_str_eq(json_string_value(json_object_get(document, "device")), "d?");
	json_decref(document);
	document = answer("--json create '\"vale\"'", 1);
	cr_assert_not_null(json_object_get(document, "error"));
	json_decref(document);
}
