// SPDX-License-Identifier: GPL-2.0
/*
 * What a VLAN interface does, for kernels that have none: everything that leaves is tagged, and
 * only what is tagged comes in. As there, the tag is left to the device where that offers to put it
 * in, which is what the tests are about.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN_MASK 0xfff

const volatile __u16 vlan = 100;

SEC("tc")
int tag(struct __sk_buff *frame)
{
	return bpf_skb_vlan_push(frame, bpf_htons(ETH_P_8021Q), vlan) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc")
int untag(struct __sk_buff *frame)
{
	if (!frame->vlan_present || (frame->vlan_tci & VLAN_MASK) != vlan)
		return TC_ACT_SHOT;
	return bpf_skb_vlan_pop(frame) ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC("license") = "GPL";
