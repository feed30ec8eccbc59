// SPDX-License-Identifier: GPL-2.0
/* The far ends of the destination and the third port: count what arrives, then drop it. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "bench/frame.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SINK_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* Written by the benchmark between runs. */
__u32 frame_length;
/* Let the frames go on to a packet socket that compares them byte by byte. */
__u32 pass_on;

/* Read by the benchmark: the last frame that was wrong. */
struct wrong_frame wrong_frame;

static void count(__u32 counter)
{
	__u64 *value = bpf_map_lookup_elem(&counters, &counter);

	if (value)
		(*value)++;
}

/* No more than a length and an address: this runs for every frame of a measured run. */
static int is_expected(struct xdp_md *ctx)
{
	unsigned char *mac = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if ((void *)(mac + 6) > end)
		return 0;
	return end - (void *)mac == frame_length && mac[0] == FRAME_MAC_FIRST &&
	       mac[4] == FRAME_RECEIVER;
}

static void keep_wrong(struct xdp_md *ctx)
{
	unsigned char *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	wrong_frame.length = end - (void *)data;
	if ((void *)(data + sizeof(wrong_frame.header)) <= end)
		__builtin_memcpy(wrong_frame.header, data, sizeof(wrong_frame.header));
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	if (is_expected(ctx)) {
		count(SINK_GOOD);
	} else {
		count(SINK_WRONG);
		keep_wrong(ctx);
	}
	return pass_on ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int third_port(struct xdp_md *ctx)
{
	count(SINK_FLOODED);
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
