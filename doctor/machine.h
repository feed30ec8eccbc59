/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the checks share. */
#ifndef VALE_DOCTOR_MACHINE_H
#define VALE_DOCTOR_MACHINE_H

#include <linux/types.h>
#include <stddef.h>

#include "doctor.h"

struct vale;

struct machine {
	const char *bpffs;
	bool first_user_namespace; /* only there rights over BPF count */
	__u64 capabilities;	   /* that the caller has in effect */
	bool may_use_bpf;	   /* as far as rights go */
	struct vale *trial;	   /* the switches of the trial; NULL: there is none */
	bool has_switch, has_ring, has_device;
};

/* Each ends with a name of NULL. */
extern const struct check kernel_checks[];
extern const struct check rights_checks[];
extern const struct check place_checks[];
extern const struct check bpf_checks[];
extern const struct check trial_checks[];

/* Fills in the machine's rights, which other checks ask for. */
void rights_read(struct machine *machine);
bool rights_have(const struct machine *machine, int capability);

/* Removes what the trial has made. */
void trial_end(struct machine *machine);

void conclude(struct finding *out, enum finding_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* After it: of what is unknown, or if the check's own is not the best. */
void remedy(struct finding *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first line of a file, without its end. 0 or -errno. */
int read_line(const char *path, char *line, size_t size);

#endif
