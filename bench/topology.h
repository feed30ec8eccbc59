/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Pairs of veth devices. */
#ifndef BENCH_TOPOLOGY_H
#define BENCH_TOPOLOGY_H

#include <net/if.h>

struct device {
	char name[IFNAMSIZ];
};

/* A pair of devices called PREFIX-NEAR and PREFIX-FAR, both up, both here. */
struct veth {
	struct device near;
	struct device far;
};

int veth_create(struct veth *veth, const char *prefix, const char *near, const char *far);

/* The near end stays, the far end goes to a named network namespace and gets an address there. */
int veth_move(const struct veth *veth, const char *netns, const char *address);

void veth_destroy(const struct veth *veth);

/* Generic receive offload, which also gives a veth a NAPI: without, it takes no frames from XDP. */
int device_enable_gro(const char *device);

#endif
