/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What we ask of rtnetlink, in the present network namespace. */
#ifndef VALE_NETLINK_H
#define VALE_NETLINK_H

#include "internal.h"

/* Exactly one of `name` and `ifindex` is given. -ENODEV: no such device. */
int netlink_get_device(struct device *out, const char *name, __u32 ifindex);

/* -ENODEV: no such device. */
int netlink_delete_device(__u32 ifindex);

/* The number the present namespace has for another one. -ENOENT: it has none. */
int netlink_netns_id(int fd, __u32 *out);

#endif
