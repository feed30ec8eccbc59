// SPDX-License-Identifier: GPL-2.0
/*
 * What joins the stack of an interface that is a port to the switch, so that the host stays connected
 * by the interface's own addresses: a veth pair, whose inner end is one more port. What the stack sends
 * by the interface goes into the pair's outer end, and what comes out of that goes to the stack, as
 * if it had come in by the interface.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "host.h"

const volatile __u32 interface = 0;
const volatile __u32 outer = 0;
const volatile bool at_tc = false; /* the interface's port takes frames there */

/* At the outer end, coming in: the switch has sent it to the host. */
SEC("tc")
int vale_to_host(struct __sk_buff *frame)
{
	frame->mark = at_tc ? HOST_MARK : 0;
	return bpf_redirect(interface, BPF_F_INGRESS);
}

/* At the interface, going out: the host has sent it, or the switch. */
SEC("tc")
int vale_from_host(struct __sk_buff *frame)
{
	if (frame->mark != HOST_MARK)
		return bpf_redirect(outer, 0);
	frame->mark = 0;
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "GPL";
