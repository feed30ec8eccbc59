// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The only parser of names: what is one, what is none, and why. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "loader/internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char prefix[] = "the name of a switch starts with 'vale'";
static const char nothing[] = "something must follow 'vale': vale0, vale_lab, ...";
static const char with_port[] = "a switch is named without a port: valeSSS";
static const char no_port[] = "a port is named valeSSS:PPP";
static const char empty_port[] = "the port has no name";
static const char long_switch[] = "it is longer than 13 characters, and must leave room for ':' "
				  "and a port";
static const char long_name[] = "it is longer than 15 characters";
static const char character[] = "only letters, digits and '_' are allowed";

struct bad {
	const char *text;
	const char *why;
};

static struct name untouched(void)
{
	return (struct name){ .switch_name = "before", .port = "before" };
}

static bool is_untouched(const struct name *name)
{
	return !strcmp(name->switch_name, "before") && !strcmp(name->port, "before");
}

Test(name, valid_switches)
{
	static const char *const names[] = {
		"vale0",    "vale1",	"vale_",	"valeA",	 "valez",
		"vale_lab", "valevale", "vale12345678", "vale123456789", /* 13 characters: room for
									    ":a" */
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct name name = untouched();
		const char *why = name_parse_switch(&name, names[i]);

		cr_assert_null(why, "'%s' was refused: %s", names[i], why);
		cr_assert_str_eq(name.switch_name, names[i]);
		cr_assert_str_empty(name.port);
	}
}

Test(name, malformed_switches)
{
	static const struct bad names[] = {
		{ "", prefix },
		{ "v", prefix },
		{ "val", prefix },
		{ "br0", prefix },
		{ "Vale1", prefix },
		{ "VALE1", prefix },
		{ " vale1", prefix },
		{ "xvale1", prefix },
		{ "vale", nothing },
		{ "vale1:a", with_port },
		{ "vale1:", with_port },
		{ ":", with_port },
		{ "vale1234567890", long_switch },
		{ "vale1 ", character },
		{ "vale.1", character },
		{ "vale-1", character },
		{ "vale1/..", character },
		{ "vale\n", character },
		{ "vale%s", character },
		{ "vale\xc3\xa4", character },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct name name = untouched();
		const char *why = name_parse_switch(&name, names[i].text);

		cr_assert_not_null(why, "'%s' was taken", names[i].text);
		cr_assert_str_eq(why, names[i].why, "'%s': %s", names[i].text, why);
		cr_assert(is_untouched(&name), "'%s' was written out", names[i].text);
	}
}

Test(name, valid_ports)
{
	static const struct {
		const char *text, *switch_name, *port;
	} names[] = {
		{ "vale1:a", "vale1", "a" },
		{ "vale_:_", "vale_", "_" },
		{ "valeZ:0", "valeZ", "0" },
		{ "vale1:vale1", "vale1", "vale1" },
		{ "vale1:123456789", "vale1", "123456789" }, /* 15 characters, */
		{ "vale12345678:ab", "vale12345678", "ab" }, /* however they are */
		{ "vale123456789:a", "vale123456789", "a" }, /* distributed */
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct name name = untouched();
		const char *why = name_parse_port(&name, names[i].text);

		cr_assert_null(why, "'%s' was refused: %s", names[i].text, why);
		cr_assert_str_eq(name.switch_name, names[i].switch_name);
		cr_assert_str_eq(name.port, names[i].port);
	}
}

Test(name, malformed_ports)
{
	static const struct bad names[] = {
		{ "", no_port },
		{ "vale1", no_port },
		{ "a", no_port },
		{ ":", prefix },
		{ ":a", prefix },
		{ "br0:a", prefix },
		{ "vale:a", nothing },
		{ "vale:", nothing },
		{ "vale1:", empty_port },
		{ "vale123456789:", empty_port },
		{ "vale1234567890:", long_switch }, /* 15 in all, but no room for a port */
		{ "vale1:1234567890", long_name },
		{ "vale123456789:ab", long_name },
		{ "vale1:a:b", character },
		{ "vale1::a", character },
		{ "vale1:a b", character },
		{ "vale1:a/b", character },
		{ "vale1:..", character },
		{ "vale1:-a", character },
		{ "vale-1:a", character },
		{ "vale1:a\n", character },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct name name = untouched();
		const char *why = name_parse_port(&name, names[i].text);

		cr_assert_not_null(why, "'%s' was taken", names[i].text);
		cr_assert_str_eq(why, names[i].why, "'%s': %s", names[i].text, why);
		cr_assert(is_untouched(&name), "'%s' was written out", names[i].text);
	}
}

/* In the C locale isalnum() knows the ASCII letters and digits, and nothing else. */
static bool allowed(int byte)
{
	return byte < 128 && (isalnum(byte) || byte == '_');
}

Test(name, every_byte)
{
	int taken = 0;

	for (int byte = 1; byte < 256; byte++) {
		char port[] = "vale1:aXb", switch_name[] = "valeXb", part[] = "aX";
		struct name name;

		port[7] = switch_name[4] = part[1] = byte;
		cr_assert_eq(!name_parse_port(&name, port), allowed(byte), "byte %d", byte);
		cr_assert_eq(!name_parse_switch(&name, switch_name), allowed(byte), "byte %d",
			     byte);
		cr_assert_eq(!name_check_part(part), allowed(byte), "byte %d", byte);
		taken += allowed(byte);
	}
	cr_assert_eq(taken, 63);
	/* The byte 0 ends the name. */
	cr_assert_str_eq(name_parse_port(&(struct name){}, "vale1:\0a"), empty_port);
}

Test(name, parts)
{
	cr_assert_null(name_check_part("a"));
	cr_assert_null(name_check_part("123456789012345"));
	cr_assert_str_eq(name_check_part("1234567890123456"), long_name);
	cr_assert_str_eq(name_check_part(""), empty_port);
	cr_assert_str_eq(name_check_part("vale1:a"), character);
}

Test(name, very_long)
{
	char text[5000];
	struct name name = untouched();

	memset(text, 'a', sizeof(text));
	memcpy(text, "vale", 4);
	text[sizeof(text) - 1] = 0;
	cr_assert_str_eq(name_parse_switch(&name, text), long_switch);
	cr_assert_str_eq(name_check_part(text), long_name);
	text[5] = ':';
	cr_assert_str_eq(name_parse_port(&name, text), long_name);
	cr_assert(is_untouched(&name));
}

Test(name, reasons_for_the_user)
{
	static struct vale vale;
	struct name name;

	cr_assert_eq(name_switch(&vale, &name, "br0"), -EINVAL);
	cr_assert_str_eq(vale_reason(&vale), "'br0' is no name of a switch: the name of a switch "
					     "starts with 'vale'");
	cr_assert_eq(name_port(&vale, &name, "vale1:%s%n"), -EINVAL);
	cr_assert_str_eq(vale_reason(&vale), "'vale1:%s%n' is no name of a port: only letters, "
					     "digits and '_' are allowed");
	cr_assert_eq(name_switch(&vale, &name, "vale1"), 0);
	cr_assert_eq(name_port(&vale, &name, "vale1:a"), 0);
}
