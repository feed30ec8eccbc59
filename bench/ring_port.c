// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ring ports of the switch that is measured. */
#include <stdio.h>

#include "bench/bench.h"
#include "bench/ring_port.h"
#include "bench/sandbox.h"

#define FDB_SIZE 65536

struct bench_port_name bench_port_name(struct bench_port which)
{
	struct bench_port_name name;

	snprintf(name.text, sizeof(name.text), RING_SWITCH ":%s%u", which.kind, which.number);
	return name;
}

int bench_vale_open(struct vale **vale)
{
	int error = vale_open(vale, SANDBOX_BPFFS);

	return error ? bench_error(-error, "cannot open the switches") : 0;
}

int bench_switch_create(struct vale *vale)
{
	struct vale_switch_options options = {
		.size = sizeof(options),
		.fdb_size = FDB_SIZE,
		.age = VALE_DEFAULT,
	};

	return vale_switch_create(vale, RING_SWITCH, &options)
		       ? bench_error(0, "%s", vale_reason(vale))
		       : 0;
}

void bench_switch_destroy(struct vale *vale)
{
	vale_switch_destroy(vale, RING_SWITCH, true);
}

int bench_port_add(struct vale *vale, struct bench_port which)
{
	return vale_port_add(vale, bench_port_name(which).text, NULL)
		       ? bench_error(0, "%s", vale_reason(vale))
		       : 0;
}

void bench_port_del(struct vale *vale, struct bench_port which)
{
	vale_port_del(vale, bench_port_name(which).text, true);
}

int bench_port_open(struct vale *vale, struct bench_port which,
		    const struct vale_open_options *options, struct vale_port **out)
{
	return vale_port_open(vale, bench_port_name(which).text, options, out)
		       ? bench_error(0, "%s", vale_reason(vale))
		       : 0;
}

__u32 bench_port_discard(struct vale_port *port)
{
	struct vale_ring *ring = vale_rx_ring(port, 0);
	__u32 slots;

	vale_rxsync(port, 0);
	slots = vale_ring_space(ring);
	ring->head = ring->cur = ring->tail;
	vale_rxsync(port, 0);
	return slots;
}
