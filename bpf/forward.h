/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The switch's decision about a frame, the same for every kind of port: learn where it comes from,
 * look up where it goes. How it gets there is for the port's own program.
 */
#ifndef VALE_BPF_FORWARD_H
#define VALE_BPF_FORWARD_H

#include "eth.h"
#include "fdb.h"
#include "storm.h"

/* In place of a destination: the port has sent more to all than it may. */
#define FORWARD_STORM (VALE_FLOOD + 1)

/* `port`: where the frame comes from. Returns the destination, which may be the same. */
static __always_inline __u32 forward(const struct fdb_view *view, struct eth_addresses addresses,
				     __u32 port)
{
	fdb_learn(view, addresses.source, port);
	return fdb_lookup(view, addresses.destination);
}

/* True if it is to be asked whether a frame with that destination is too much. */
static __always_inline bool forward_is_limited(const struct fdb_view *view, __u32 destination)
{
	return destination == VALE_FLOOD && view->state->limited;
}

/* The same of a frame that comes alone; or FORWARD_STORM. */
static __always_inline __u32 forward_one(const struct fdb_view *view,
					 struct eth_addresses addresses, __u32 port)
{
	__u32 destination = forward(view, addresses, port);

	if (forward_is_limited(view, destination) &&
	    !storm_take(port & FDB_NUMBER, storm_kind(addresses.destination), 1))
		return FORWARD_STORM;
	return destination;
}

#endif
