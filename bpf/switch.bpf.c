// SPDX-License-Identifier: GPL-2.0
/*
 * The maps of a switch, and two programs that watch for frames the kernel could not deliver after
 * we had handed them over. They do nothing until a frame is lost.
 */
#include "vmlinux.h"
#include <linux/errno.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "stats.h"

static __always_inline enum vale_drop reason_of(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return VALE_DROP_MTU;
	case -ENETDOWN:
		return VALE_DROP_DOWN;
	default:
		return VALE_DROP_REFUSED;
	}
}

/*
 * Tells, when it is run once, what the kernel can do. Drivers that say whether they send frames of
 * several buffers came with the redirecting of such frames.
 */
SEC("syscall")
int probe_fragments(void *context)
{
	return bpf_core_enum_value_exists(enum netdev_xdp_act, NETDEV_XDP_ACT_NDO_XMIT_SG);
}

/* A frame did not get into the queue of the device at `index` of the map `map_id`. */
SEC("tp_btf/xdp_redirect_err")
int BPF_PROG(watch_redirect, const struct net_device *from, const struct bpf_prog *program,
	     const void *target, int error, enum bpf_map_type map_type, __u32 map_id, __u32 index)
{
	__u32 zero = 0;
	struct vale_switch *state = bpf_map_lookup_elem(&switch_state, &zero);

	if (state && (state->devmap_id[0] == map_id || state->devmap_id[1] == map_id))
		stats_drop(index, reason_of(error), 1);
	return 0;
}

/* `drops` of the frames in the queue of `to` were not taken by its driver. */
SEC("tp_btf/xdp_devmap_xmit")
int BPF_PROG(watch_transmit, const struct net_device *from, const struct net_device *to, int sent,
	     int drops, int error)
{
	struct vale_device device = {};
	__u32 *port;

	if (drops <= 0)
		return 0;
	device.netns = to->nd_net.net->net_cookie;
	device.ifindex = to->ifindex;
	port = bpf_map_lookup_elem(&devices, &device);
	if (port)
		stats_drop(*port, VALE_DROP_REFUSED, drops);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
