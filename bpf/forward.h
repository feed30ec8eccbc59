/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch's decision about a frame, the same for every kind of port: learn where it comes from,
 * look up where it goes. How it gets there is for the port's own program.
 */
#ifndef VALE_BPF_FORWARD_H
#define VALE_BPF_FORWARD_H

#include "eth.h"
#include "fdb.h"

/* `port`: where the frame comes from. Returns the destination, which may be the same. */
static __always_inline __u32 forward(const struct fdb_view *view, struct eth_addresses addresses,
				     __u32 port)
{
	fdb_learn(view, addresses.source, port);
	return fdb_lookup(view, addresses.destination);
}

#endif
