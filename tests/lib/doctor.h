/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What `valectl doctor` says. */
#ifndef VALE_TEST_DOCTOR_H
#define VALE_TEST_DOCTOR_H

#include <jansson.h>

/* Put before a command: it is run by a user without any rights. */
#define DOCTOR_NOBODY "setpriv --reuid=65534 --regid=65534 --clear-groups"

/* For .init: a sandbox, in which everybody can run /mnt/valectl. */
void doctor_init(void);

/* `BEFORE valectl --json ARGUMENTS doctor`, which must end with `status`. */
json_t *doctor(int status, const char *before, const char *arguments);

/* The check of that name, which there must be. */
const json_t *doctor_check(const json_t *document, const char *name);
/* A member of a check, "" if it has none of that name. */
const char *doctor_word(const json_t *check, const char *member);

/* The check must have that state, and say `found`, or such a remedy; both are parts of what it says. */
void finds(const json_t *document, const char *name, const char *state, const char *found);
void advises(const json_t *document, const char *name, const char *remedy);

/* Runs it for one check alone. */
void doctor_finds(int status, const char *before, const char *name, const char *state,
		  const char *found);

#endif
