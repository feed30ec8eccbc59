/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What this machine and this caller allow: checks, each of one thing that a switch uses, with what is
 * to be done where it is not there. Most are trials.
 */
#ifndef VALE_DOCTOR_H
#define VALE_DOCTOR_H

#include <stdbool.h>

enum finding_state {
	FINDING_OK,
	FINDING_LIMITED, /* it works, but not all of it */
	FINDING_MISSING,
	FINDING_UNKNOWN, /* it could not be tried */
};

struct finding {
	enum finding_state state;
	char found[512];  /* what there is, or why there is not */
	char remedy[512]; /* "": there is nothing to do, or nothing here */
};

struct machine;

struct check {
	const char *subject;
	const char *name; /* of lower-case letters and '_' */
	bool required;	  /* without it there are no switches, or none of use */
	const char *used_for;
	const char *remedy; /* of what is limited or missing, unless `look` has a better one */
	void (*look)(struct machine *machine, const struct check *check, struct finding *out);
	int argument; /* of `look` */
};

typedef void examine_report(void *arg, const struct check *check, const struct finding *finding);

/*
 * Makes all checks, for switches whose state is to be in `bpffs`, and calls `report` after each. Works
 * with any rights, or none. Leaves nothing behind, also if it is killed, but kernel modules that were
 * loaded for it. The calling process is afterwards in network and mount namespaces of its own.
 */
void examine(const char *bpffs, examine_report *report, void *arg);

#endif
