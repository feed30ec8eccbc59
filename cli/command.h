/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the commands of valectl share. */
#ifndef VALECTL_COMMAND_H
#define VALECTL_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "vale.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct context {
	struct vale *vale; /* NULL for commands that need none */
	const struct command *command;
	bool json;
	const char *bpffs;
};

struct command {
	const char *name;
	const char *arguments; /* one line: what may follow the name */
	const char *summary;   /* one line: what it is for */
	const char *details;
	int (*run)(struct context *context, int argc, char **argv); /* argv[0] is the name */
	bool needs_no_vale;
};

extern const struct command commands[]; /* ends with a name of NULL */

int command_create(struct context *context, int argc, char **argv);
int command_destroy(struct context *context, int argc, char **argv);
int command_reload(struct context *context, int argc, char **argv);
int command_attach(struct context *context, int argc, char **argv);
int command_host(struct context *context, int argc, char **argv);
int command_detach(struct context *context, int argc, char **argv);
int command_port(struct context *context, int argc, char **argv);
int command_limit(struct context *context, int argc, char **argv);
int command_list(struct context *context, int argc, char **argv);
int command_show(struct context *context, int argc, char **argv);
int command_stats(struct context *context, int argc, char **argv);
int command_fdb(struct context *context, int argc, char **argv);
int command_sysctl(struct context *context, int argc, char **argv);
int command_capture(struct context *context, int argc, char **argv);
int command_exec(struct context *context, int argc, char **argv);
int command_doctor(struct context *context, int argc, char **argv);
int command_help(struct context *context, int argc, char **argv);

/* ---- cmd_netmap.c ------------------------------------------------------------------------------ */

bool is_netmap_command(int argc, char **argv);
int netmap_command(int argc, char **argv);

/* ---- rights.c ---------------------------------------------------------------------------------- */

#define RIGHTS_NETMAP "vale-ctl"

/* Drops the capabilities that the command has no use for, for good. 0 or -errno. */
int rights_keep(const char *command);
/*
 * Says which capabilities the command lacks, for it to `what` the thing of that name. The status to end
 * with; EXIT_OK: it lacks none.
 */
int rights_check(const struct context *context, const char *what, const char *name);

/* ---- arguments.c ------------------------------------------------------------------------------- */

/* A whole decimal number; anything else is an error. */
bool parse_number(const char *text, unsigned int *out);
bool parse_mac(const char *text, __u8 out[VALE_MAC_SIZE]);
/* The name of the command or word that is most like `word`, or NULL if none is. */
const char *nearest_command(const char *word);
const char *nearest_word(const char *word, const char *const *words);

/* ---- output.c ---------------------------------------------------------------------------------- */

/* Each ends a command: it prints and returns the exit status. */
int usage_error(const struct context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* After getopt() has returned '?': names the option. */
int option_error(const struct context *context, int argc, char **argv);
/* Takes --force, the only option; 0, or the status to end with. */
int option_force(const struct context *context, int argc, char **argv, bool *force);
int failure(const struct context *context, const char *reason);
int vale_failure(const struct context *context);
/* Prints `document` (whose reference it takes) as JSON, or as `print` writes it. */
int result(const struct context *context, json_t *document, void (*print)(const json_t *document));

/* The value of a member: "" or 0 if there is none. */
const char *text_of(const json_t *object, const char *member);
long long number_of(const json_t *object, const char *member);

/* A table with aligned columns: the head first, then row by row. Cells are copied. */
struct table;
struct table *table_new(const char *const *heads);
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(struct table *table); /* and frees it */

/* ---- describe.c: what the library tells, as JSON ------------------------------------------------
 */

json_t *describe_switch(const struct vale_switch_info *info);
json_t *describe_port(const struct vale_port_info *info, const struct vale_stats *counters);
json_t *describe_counters(const struct vale_stats *counters);
/* Where the port's frames come in: "xdp", "tc", ... */
const char *hook_word(const struct vale_port_info *info);
json_t *describe_mac(const __u8 mac[VALE_MAC_SIZE]);
/* What users and devices are called may be no UTF-8, of which JSON is made: then with '?' in it. */
json_t *describe_text(const char *text);
/* What a user should know about the port, as an array of sentences. */
json_t *describe_notes(const struct vale_port_info *info, const struct vale_stats *counters);

/* ---- cmd_limit.c ------------------------------------------------------------------------------- */

json_t *describe_limits(const struct vale_port_info *info);
void print_limits(const json_t *limits);

#endif
