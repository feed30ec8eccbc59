/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The trial: a switch with ports of all kinds, in namespaces of its own. */
#ifndef VALE_DOCTOR_TRIAL_H
#define VALE_DOCTOR_TRIAL_H

#include "machine.h"

#define TRIAL_SWITCH "vale1"
#define TRIAL_SHARED "vale2"
#define TRIAL_RING   TRIAL_SWITCH ":ring"
#define TRIAL_DEVICE TRIAL_SWITCH ":xdp"

/* Concludes that something cannot be tried without what another check has not found. True: so it is. */
bool trial_lacks(bool present, const char *name, struct finding *out);

/* ---- trial_ring.c ------------------------------------------------------------------------------ */

void trial_ring(struct machine *machine, const struct check *check, struct finding *out);
void trial_live(struct machine *machine, const struct check *check, struct finding *out);
void trial_client(struct machine *machine, const struct check *check, struct finding *out);

/* ---- trial_device.c ---------------------------------------------------------------------------- */

/* check->argument is the hook. */
void trial_veth(struct machine *machine, const struct check *check, struct finding *out);
void trial_tap(struct machine *machine, const struct check *check, struct finding *out);
void trial_xsk(struct machine *machine, const struct check *check, struct finding *out);
void trial_shared(struct machine *machine, const struct check *check, struct finding *out);

#endif
