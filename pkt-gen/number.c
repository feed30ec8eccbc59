// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "number.h"

#include <stdio.h>
#include <string.h>

static const char digits[] = "0123456789";

/* 1 for no suffix; 0: it is none. */
static uint64_t multiplier(const char *suffix)
{
	static const char letters[] = "kMGT";
	uint64_t value = 1;

	if (!*suffix)
		return 1;
	if (suffix[1])
		return 0;
	for (const char *letter = letters; *letter; letter++) {
		value *= 1000;
		if (*suffix == *letter || (*letter == 'k' && *suffix == 'K'))
			return value;
	}
	return 0;
}

bool number_parse(const char *text, uint64_t max, uint64_t *out)
{
	size_t whole = strspn(text, digits), decimals = 0;
	const char *suffix = text + whole;
	uint64_t value = 0, unit;

	if (*suffix == '.') {
		decimals = strspn(suffix + 1, digits);
		suffix += 1 + decimals;
		if (!decimals)
			return false;
	}
	unit = multiplier(suffix);
	if (!whole || !unit)
		return false;
	for (size_t i = 0; i < whole; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	if (__builtin_mul_overflow(value, unit, &value))
		return false;
	for (size_t i = 0; i < decimals; i++) {
		uint64_t digit = text[whole + 1 + i] - '0';

		if (digit && unit % 10)
			return false;
		unit /= 10;
		if (__builtin_add_overflow(value, digit * unit, &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

const char *number_text(char text[NUMBER_SIZE], double value, bool raw)
{
	static const char *const units[] = { "", "K", "M", "G", "T" };
	size_t unit = 0;

	if (raw) {
		snprintf(text, NUMBER_SIZE, "%.0f ", value);
		return text;
	}
	while (value >= 1000 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		value /= 1000;
		unit++;
	}
	snprintf(text, NUMBER_SIZE, "%.3f %s", value, units[unit]);
	return text;
}
