// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Everything valectl prints goes through here: text, or one JSON document. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static void print_json(json_t *document)
{
	json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
}

/* stdout may be a full disk or a closed pipe: then nothing was done for the user. */
static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("valectl: cannot write the output");
		return EXIT_FAILED;
	}
	return status;
}

static int error_out(const struct context *context, const char *reason, int status)
{
	if (context->json) {
		json_t *document = json_pack("{s:o}", "error", describe_text(reason));

		print_json(document);
		json_decref(document);
	} else {
		fprintf(stderr, "valectl: %s\n", reason);
		if (status == EXIT_USAGE && context->command)
			fprintf(stderr, "usage: valectl %s %s\n", context->command->name,
				context->command->arguments);
	}
	return finish(status);
}

int usage_error(const struct context *context, const char *format, ...)
{
	char reason[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return error_out(context, reason, EXIT_USAGE);
}

/* getopt() is past the option, but for a word of several letters: '-age' instead of '--age'. */
int option_error(const struct context *context, int argc, char **argv)
{
	const char *word = argv[optind - 1];

	if (optind < argc && argv[optind][0] == '-' && argv[optind][1] == optopt)
		word = argv[optind];
	return usage_error(context, "wrong option '%s'", word);
}

int option_force(const struct context *context, int argc, char **argv, bool *force)
{
	static const struct option long_options[] = {
		{ "force", no_argument, NULL, 'f' },
		{},
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option != 'f')
			return option_error(context, argc, argv);
		*force = true;
	}
	return EXIT_OK;
}

int failure(const struct context *context, const char *reason)
{
	return error_out(context, reason, EXIT_FAILED);
}

int vale_failure(const struct context *context)
{
	return failure(context, vale_reason(context->vale));
}

int result(const struct context *context, json_t *document, void (*print)(const json_t *document))
{
	if (!document)
		return failure(context, "out of memory");
	if (context->json)
		print_json(document);
	else if (print)
		print(document);
	json_decref(document);
	return finish(EXIT_OK);
}

const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

long long number_of(const json_t *object, const char *member)
{
	return json_integer_value(json_object_get(object, member));
}

/* ---- tables ------------------------------------------------------------------------------------ */

#define COLUMNS 12

struct row {
	char *cells[COLUMNS];
};

struct table {
	struct row *rows;
	size_t count;
	int columns;
};

/* Cells are separated by tabs. */
static void add_line(struct table *table, const char *line)
{
	struct row *rows = reallocarray(table->rows, table->count + 1, sizeof(*rows)), *row;
	int column = 0;

	if (!rows)
		return;
	table->rows = rows;
	row = &rows[table->count++];
	memset(row, 0, sizeof(*row));
	while (column < COLUMNS) {
		size_t length = strcspn(line, "\t");

		row->cells[column++] = strndup(line, length);
		if (!line[length])
			break;
		line += length + 1;
	}
	if (column > table->columns)
		table->columns = column;
}

struct table *table_new(const char *const *heads)
{
	struct table *table = calloc(1, sizeof(*table));
	char line[256] = "";

	if (!table)
		return NULL;
	for (; *heads; heads++) {
		strncat(line, *heads, sizeof(line) - strlen(line) - 1);
		if (heads[1])
			strncat(line, "\t", sizeof(line) - strlen(line) - 1);
	}
	add_line(table, line);
	return table;
}

void table_add(struct table *table, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (!table)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	add_line(table, line);
}

static int width_of(const struct table *table, int column)
{
	size_t width = 0;

	for (size_t i = 0; i < table->count; i++) {
		const char *cell = table->rows[i].cells[column];

		if (cell && strlen(cell) > width)
			width = strlen(cell);
	}
	return width;
}

static bool is_number(const char *cell)
{
	return *cell && !cell[strspn(cell, "0123456789.,-")];
}

/* Numbers stand at the right of their column. */
static void print_cell(const struct table *table, size_t row, int column, int width)
{
	const char *cell = table->rows[row].cells[column], *below = cell;

	if (!cell)
		return;
	if (row == 0 && table->count > 1 && table->rows[1].cells[column])
		below = table->rows[1].cells[column];
	if (column)
		fputs("  ", stdout);
	if (is_number(below))
		printf("%*s", width, cell);
	else if (column + 1 < table->columns)
		printf("%-*s", width, cell);
	else
		fputs(cell, stdout);
}

void table_print(struct table *table)
{
	int widths[COLUMNS];

	if (!table)
		return;
	for (int column = 0; column < table->columns; column++)
		widths[column] = width_of(table, column);
	for (size_t row = 0; row < table->count; row++) {
		for (int column = 0; column < table->columns; column++)
			print_cell(table, row, column, widths[column]);
		putchar('\n');
	}
	for (size_t row = 0; row < table->count; row++)
		for (int column = 0; column < COLUMNS; column++)
			free(table->rows[row].cells[column]);
	free(table->rows);
	free(table);
}
