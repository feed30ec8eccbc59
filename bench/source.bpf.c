// SPDX-License-Identifier: GPL-2.0
/* The live-frame source: writes the next flow's headers into the frame and sends it out of a
 * device. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bench/frame.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* Written by the benchmark between runs. */
struct frame_header headers[FRAME_FLOWS];
__u32 flow_mask;

/* One core sends, so a plain counter will do. */
__u32 next_flow;

SEC("xdp")
int source(struct xdp_md *ctx)
{
	struct frame_header *header = (void *)(long)ctx->data;
	__u32 flow = next_flow++ & flow_mask & (FRAME_FLOWS - 1);

	if ((void *)(header + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	/* The kernel uses its pages again, so the headers of an earlier flow may be in this one. */
	*header = headers[flow];
	return bpf_redirect_map(&target, 0, XDP_ABORTED);
}

char LICENSE[] SEC("license") = "GPL";
