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

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct net {
	__u64 net_cookie;
	struct hlist_head *dev_index_head; /* of 256 */
};

typedef struct {
	struct net *net;
} possible_net_t;

struct net_device_ops {
	void *ndo_xdp_xmit;
};

struct net_device;

enum xdp_mem_type {
	MEM_TYPE_PAGE_POOL = 2,
};

struct xdp_mem_info {
	__u32 type;
};

struct xdp_rxq_info {
	struct net_device *dev;
	struct xdp_mem_info mem;
};

struct netdev_rx_queue {
	struct xdp_rxq_info xdp_rxq;
};

struct net_device {
	const struct net_device_ops *netdev_ops;
	struct netdev_rx_queue *_rx;
	unsigned int num_rx_queues;
	unsigned int flags;
	unsigned long state;
	unsigned int mtu;
	unsigned short hard_header_len;
	int ifindex;
	struct hlist_node index_hlist;
	possible_net_t nd_net;
	__u32 xdp_features; /* 6.3 and later */
};

/* What an XDP program's context is to the kernel. */
struct xdp_buff {
	struct xdp_rxq_info *rxq;
};

/* What a tc program's context is to the kernel. */
struct sk_buff {
	struct net_device *dev;
	__u8 ip_summed : 2;
	__u16 csum_start; /* from `head` on, as `mac_header` and `end` */
	__u16 csum_offset;
	__u16 mac_header;
	__u32 end;
	unsigned char *head;
};

struct skb_shared_info {
	unsigned int gso_type;
};

struct bpf_dtab_netdev {
	struct net_device *dev;
};

/* A devmap. */
struct bpf_dtab {
	struct bpf_dtab_netdev **netdev_map;
};

struct bpf_prog;

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live; /* threads */
};

struct task_struct {
	int tgid;
	struct signal_struct *signal;
};

enum netdev_xdp_act {
	NETDEV_XDP_ACT_NDO_XMIT = 4,
	NETDEV_XDP_ACT_NDO_XMIT_SG = 64,
};

#pragma clang attribute pop

#endif
