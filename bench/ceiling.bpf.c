// SPDX-License-Identifier: GPL-2.0
/*
 * The ceiling: every frame goes to the one other device, and nothing is learnt or looked up. What a
 * switch made of bpf_redirect_map could reach if it took no time at all.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

SEC("xdp")
int ceiling(struct xdp_md *ctx)
{
	return bpf_redirect_map(&target, 0, XDP_ABORTED);
}

char LICENSE[] SEC("license") = "GPL";
