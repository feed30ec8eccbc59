// SPDX-License-Identifier: GPL-2.0
/*
 * The ceiling of ports at tc: every frame goes to the other of two devices. What a switch could reach
 * there if it took no time at all.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Interface indexes. */
__u32 first, second;

SEC("tc")
int redirect(struct __sk_buff *skb)
{
	return bpf_redirect(skb->ifindex == first ? second : first, 0);
}

char LICENSE[] SEC("license") = "GPL";
