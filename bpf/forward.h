/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch's decision about a frame, the same for every kind of port: learn where it comes from,
 * look up where it goes. How it gets there is for the port's own program.
 */
#ifndef VALE_BPF_FORWARD_H
#define VALE_BPF_FORWARD_H

#include "eth.h"
#include "fdb.h"

/* Returns the number of the one port the frame is for (which may be `port`), or VALE_FLOOD. */
static __always_inline __u32 forward(struct fdb_view *view, struct eth_addresses addresses,
				     __u32 port)
{
	fdb_learn(view, addresses.source, port);
	if (eth_is_group(addresses.destination))
		return VALE_FLOOD;
	return fdb_lookup(view, addresses.destination);
}

#endif
