/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Making a device a port: attach.c, and what must be so before, attach_check.c. */
#ifndef VALE_ATTACH_H
#define VALE_ATTACH_H

#include "pair.h"

struct attach {
	struct claim claim;
	struct vale *vale;
	struct vale_attach_options *options;
	struct device device;
	__u64 netns;
	enum vale_hook hook; /* to be tried first */

	/* of a port that a pair is made for: */
	const char *outer; /* what its outer end is to be called, and in which namespace; -1: here */
	int outer_netns;
	int *hold; /* NULL: it is to stay, and nobody has it open */
};

/* Finds it, in the present namespace. */
int attach_check_device(struct attach *attach, const char *name);
/* One device is one port of one switch. */
int attach_check_port(struct attach *attach);
/* Asked again under the lock: programs may have come since, or have been swept away. */
int attach_check_programs(struct attach *attach);
/* A frame flooded into one end of a veth would come back in at the other, for ever. */
int attach_check_loop(struct attach *attach);

#endif
