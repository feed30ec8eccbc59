/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel structures our BPF programs read, and of these only the fields they read: CO-RE
 * relocates each access to the running kernel's layout. Kept by hand; what is part of the kernel's
 * user API comes from its own headers (<linux/bpf.h> and friends), not from here.
 */
#ifndef VALE_VMLINUX_H
#define VALE_VMLINUX_H

#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct net {
	__u64 net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
};

struct bpf_prog;

/* Of interest is only whether the running kernel has it: 6.3 and later. */
enum netdev_xdp_act {
	NETDEV_XDP_ACT_NDO_XMIT_SG = 64,
};

#pragma clang attribute pop

#endif
