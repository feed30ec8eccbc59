// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Reading what the user typed. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

bool parse_number(const char *text, unsigned int *out)
{
	unsigned long value;

	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	value = strtoul(text, NULL, 10);
	if (errno || value >= UINT_MAX) /* UINT_MAX is VALE_DEFAULT */
		return false;
	*out = value;
	return true;
}

bool parse_mac(const char *text, __u8 out[VALE_MAC_SIZE])
{
	unsigned int byte[VALE_MAC_SIZE];
	int used = 0;

	if (text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3],
		   &byte[4], &byte[5], &used) != VALE_MAC_SIZE ||
	    text[used])
		return false;
	for (int i = 0; i < VALE_MAC_SIZE; i++)
		out[i] = byte[i];
	return true;
}

#define WORD_MAX 32

/* How many letters must be changed, added or removed to make one word of the other. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[WORD_MAX + 1], rows = strlen(a), columns = strlen(b);

	if (rows > WORD_MAX || columns > WORD_MAX)
		return UINT_MAX;
	for (unsigned int j = 0; j <= columns; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= rows; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= columns; j++) {
			unsigned int change = diagonal + (a[i - 1] != b[j - 1]);
			unsigned int other = 1 + (row[j] < row[j - 1] ? row[j] : row[j - 1]);

			diagonal = row[j];
			row[j] = change < other ? change : other;
		}
	}
	return row[columns];
}

/* Half of the letters wrong is another word. */
static bool is_near(const char *word, unsigned int changes)
{
	return changes != UINT_MAX && changes <= (strlen(word) + 1) / 2;
}

const char *nearest_word(const char *word, const char *const *words)
{
	unsigned int best = UINT_MAX;
	const char *nearest = NULL;

	for (; *words; words++) {
		unsigned int changes = distance(word, *words);

		if (is_near(word, changes) && changes < best) {
			best = changes;
			nearest = *words;
		}
	}
	return nearest;
}

const char *nearest_command(const char *word)
{
	const char *names[WORD_MAX] = {};

	for (int i = 0; commands[i].name; i++)
		names[i] = commands[i].name;
	return nearest_word(word, names);
}
