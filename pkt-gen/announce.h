/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A receiver that makes its addresses known, so that the switch sends to it alone what is for it.
 * It sends a frame from each of them, again and again since switches forget. The frames are to the
 * same address: switches learn from them and have nowhere to send them.
 */
#ifndef PKTGEN_ANNOUNCE_H
#define PKTGEN_ANNOUNCE_H

#include "worker.h"

struct announcer;

int announcer_new(struct announcer **out, struct worker *worker); /* 0 or -ENOMEM */
void announcer_free(struct announcer *announcer);		  /* NULL is allowed */

/* To be called again and again: sends if it is time to. 0 or -errno. */
int announcer_run(struct announcer *announcer);

#endif
