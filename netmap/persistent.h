/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Persistent ports: netmap has them as interfaces, which may be attached to a switch. Here, one that
 * is not attached is a port of a switch that is there for these only; to attach it is to make it
 * anew on another one.
 */
#ifndef VALE_NETMAP_PERSISTENT_H
#define VALE_NETMAP_PERSISTENT_H

#include "layer.h"

#define PERSISTENT_SWITCH "vale_"

/* -EINVAL: there is no such port; -EBUSY: it is open, or attached. */
int persistent_attach(struct vale *vale, const char *name, const char *switch_name);
int persistent_detach(struct vale *vale, const char *name, const char *switch_name);

/* What a port that is on no switch is called here. -ENXIO: it cannot be */
int persistent_name(const char *name, char out[NETMAP_REQ_IFNAMSIZ]);

#endif
