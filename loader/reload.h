/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * New programs in the place of those that a switch has, while it forwards. Each is loaded with the
 * maps of the one before it, and takes its place at once: there is no moment without a program, and
 * none with two. So any mixture of new and old ones is a working switch. The lock must be held.
 */
#ifndef VALE_RELOAD_H
#define VALE_RELOAD_H

#include "internal.h"

/* ---- replace.c --------------------------------------------------------------------------------- */

/* In the place of the program of a pinned link. -ENOLINK: what that was on is gone. */
int replace_link(const char *pin, int program);
/* In the place of what is pinned there, with its owner and mode. */
int replace_pin(struct vale *vale, const char *pin, int program);
/* Opens the map of that name that a pinned program has, and of which `size` is the value's. */
int replace_find_map(const char *pin, const char *name, __u32 size);

/* ---- what a switch has ------------------------------------------------------------------------- */

/* switch.c: loads what all ports share. The programs that watch the kernel are in place then. */
struct switch_bpf;
int switch_load(const struct maps *maps, struct switch_bpf **out);
/* live.c: *out is the new program, -1 if the switch has none. */
int live_reload(struct vale *vale, struct maps *maps, int *out);
/* segments.c */
int segments_reload(const struct maps *maps);

/* ---- what a port has, whose pins are in `directory` ---------------------------------------------- */

/* Those of a device, in its namespace. port->program is the new one. */
int hook_reload(struct vale *vale, const struct maps *maps, __u32 number,
		const struct device *device, const char *directory, struct vale_port_entry *port);
int tc_reload(const struct maps *maps, __u32 number, const struct device *device,
	      const char *directory, struct vale_port_entry *port);
/* In the place of what tc_put() has put there. */
int tc_replace(int program, __u32 ifindex, bool outgoing, const char *pin,
	       const struct vale_port_entry *port);
/* `object` is open and not loaded. */
int shared_reload(struct vale *vale, struct bpf_object *object, const struct device *device,
		  enum vale_hook hook, const char *pin, __u32 *id);
int host_reload(const struct maps *maps, const char *directory, const struct vale_port_entry *side);

/* Those of a ring port, but for `live`. Its clients are to be told. */
int ring_reload(struct vale *vale, const struct maps *maps, __u32 number, const char *directory,
		const struct vale_port_entry *port);

/* ring_make.c: opens the programs of a pair, to be given the port's maps and loaded. */
struct ring_bpf;
int ring_programs_open(const struct maps *maps, __u32 number, __u32 pair,
		       const struct vale_port_entry *port, __u32 shift, struct ring_bpf **out);

#endif
