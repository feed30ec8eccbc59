/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What we ask of rtnetlink, in the present network namespace. */
#ifndef VALE_NETLINK_H
#define VALE_NETLINK_H

#include "internal.h"

/* Exactly one of `name` and `ifindex` is given. -ENODEV: no such device. */
int netlink_get_device(struct device *out, const char *name, __u32 ifindex);

/* -ENODEV: no such device. */
int netlink_delete_device(__u32 ifindex);

/*
 * Makes a pair of devices, the inner one here and the outer one in another namespace (-1: here, too).
 * -EEXIST: there is one of that name.
 */
int netlink_make_veth(const char *inner, const char *outer, int outer_netns, __u32 queues);

int netlink_set_mtu(__u32 ifindex, __u32 mtu);

/* `silent`: with nothing on it that the stack has to say by itself. */
int netlink_bring_up(__u32 ifindex, bool silent);

/* IFF_PROMISC, as a user sets it. */
int netlink_set_promiscuous(__u32 ifindex, bool on);

/* The number the present namespace has for another one. -ENOENT: it has none. */
int netlink_netns_id(int fd, __u32 *out);

#endif
