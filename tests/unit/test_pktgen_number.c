// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Numbers of pkt-gen: as people write them, and as they are printed. */
#include <criterion/criterion.h>

#include "pkt-gen/number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(pktgen_number, that_are_numbers)
{
	static const struct {
		const char *text;
		uint64_t value;
	} numbers[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "007", 7 },
		{ "1000", 1000 },
		{ "500k", 500000 },
		{ "500K", 500000 },
		{ "14.88M", 14880000 },
		{ "14.880000M", 14880000 },
		{ "0.5k", 500 },
		{ "1.000", 1 },
		{ "2G", 2000000000 },
		{ "18T", 18000000000000 },
		{ "18446744073709551615", UINT64_MAX },
		{ "18446744.073709551615T", UINT64_MAX },
	};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint64_t value = 4711;

		cr_assert(number_parse(numbers[i].text, UINT64_MAX, &value), "'%s' was refused",
			  numbers[i].text);
		cr_assert_eq(value, numbers[i].value, "'%s': %llu", numbers[i].text,
			     (unsigned long long)value);
	}
}

Test(pktgen_number, that_are_none)
{
	static const char *const texts[] = {
		"",
		"-1",
		"+1",
		" 1",
		"1 ",
		"k",
		".5",
		"1.",
		"1.k",
		"1.5",
		"1kk",
		"1m",
		"1Ki",
		"0x10",
		"1e6",
		"1,5k",
		"1..5",
		"1.5.",
		"1.0001k",
		"12abc",
		"18446744073709551616",
		"1.k",
		"18446744073709552T",
		"18446744.073709551616T",
		"99999999999999999999999",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		uint64_t value = 4711;

		cr_assert_not(number_parse(texts[i], UINT64_MAX, &value), "'%s' was taken for %llu",
			      texts[i], (unsigned long long)value);
		cr_assert_eq(value, 4711, "'%s' was written out", texts[i]);
	}
}

Test(pktgen_number, up_to_the_most)
{
	uint64_t value = 0;

	cr_assert(number_parse("64", 64, &value));
	cr_assert_not(number_parse("65", 64, &value));
	cr_assert_not(number_parse("1k", 999, &value));
	cr_assert_eq(value, 64);
}

Test(pktgen_number, as_they_are_printed)
{
	static const struct {
		double value;
		const char *text, *raw;
	} numbers[] = {
		{ 0, "0.000 ", "0 " },
		{ 999, "999.000 ", "999 " },
		{ 1000, "1.000 K", "1000 " },
		{ 14880952, "14.881 M", "14880952 " },
		{ 2.5e9, "2.500 G", "2500000000 " },
		{ 7e12, "7.000 T", "7000000000000 " },
		{ 7e15, "7000.000 T", "7000000000000000 " },
	};
	char text[NUMBER_SIZE];

	for (size_t i = 0; i < COUNT(numbers); i++) {
		cr_assert_str_eq(number_text(text, numbers[i].value, false), numbers[i].text);
		cr_assert_str_eq(number_text(text, numbers[i].value, true), numbers[i].raw);
	}
	number_text(text, 1.7e308, true); /* fits, or is cut off */
	cr_assert_lt(strlen(text), sizeof(text));
}
