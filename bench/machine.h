/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Where the figures were measured. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <sys/utsname.h>

struct machine {
	char kernel[sizeof(((struct utsname *)0)->release)];
	char cpu[128];
	char commit[64];
	int cores;
	double line_round_trip; /* ns, or 0 on a single core */
};

int machine_describe(struct machine *machine);

/*
 * How long a cache line takes from one core to another and back, in ns. It depends on where a host
 * has put its virtual CPUs and changes while it runs, so it belongs beside every two-core figure.
 */
int machine_line_round_trip(double *nanoseconds);

#endif
