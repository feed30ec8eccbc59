/* SPDX-License-Identifier: GPL-2.0 */
/* What programs that watch the kernel share: whose a device is, and frames that it did not take. */
#ifndef VALE_BPF_WATCH_H
#define VALE_BPF_WATCH_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "devmaps.h"
#include "stats.h"

/*
 * What is attached to a tracepoint cannot be replaced there at once: for a moment none would see what
 * happens, or two. So that only calls the program in such a map, which can be.
 */
struct watcher {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
};

/* True if it is that device, by its number and its namespace. */
static __always_inline bool watch_is(const struct net_device *device, const struct vale_device *of)
{
	return of->ifindex == (__u32)device->ifindex && of->netns == device->nd_net.net->net_cookie;
}

/* The port that has the device; VALE_PORTS: none has. */
static __always_inline __u32 watch_port_of(const struct net_device *of)
{
	struct vale_device device = {
		.netns = of->nd_net.net->net_cookie,
		.ifindex = of->ifindex,
	};
	__u32 *port = bpf_map_lookup_elem(&devices, &device);

	return port ? *port : VALE_PORTS;
}

/* The frame that this CPU was about to send to one port was not taken. */
static __always_inline void watch_take_back(__u32 port, enum vale_drop reason)
{
	__u32 zero = 0;
	struct vale_stats *counters = stats_of(port);
	struct scratch *memory = bpf_map_lookup_elem(&scratch, &zero);

	if (!counters || !memory)
		return;
	counters->sent_frames--;
	counters->sent_bytes -= memory->length;
	stats_lose(port, memory->source, reason, 1);
}

#endif
