// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients of ring ports as ends of a round trip. */
#include <errno.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/endpoint.h"
#include "bench/ring_port.h"

static struct bench_port port_of(int number)
{
	return (struct bench_port){ "end", number };
}

static int ring_setup(void)
{
	CLEANUP_VALE struct vale *vale = NULL;
	int error = bench_vale_open(&vale);

	if (!error)
		error = bench_switch_create(vale);
	for (int number = 0; number < 2 && !error; number++)
		error = bench_port_add(vale, port_of(number));
	return error;
}

static void ring_teardown(void)
{
	CLEANUP_VALE struct vale *vale = NULL;

	if (!bench_vale_open(&vale))
		bench_switch_destroy(vale);
}

static int ring_open(int number, void **endpoint)
{
	CLEANUP_VALE struct vale *vale = NULL;
	int error = bench_vale_open(&vale);

	return error ? error
		     : bench_port_open(vale, port_of(number), NULL, (struct vale_port **)endpoint);
}

static int ring_send(void *endpoint, const unsigned char *frame, unsigned int length)
{
	int error = vale_inject(endpoint, 0, frame, length);

	if (!error)
		error = vale_txsync(endpoint, 0);
	return error ? bench_error(-error, "cannot send by a ring") : 0;
}

static int ring_receive(void *endpoint, bool sleep, const unsigned char **frame)
{
	__u32 length;
	int found;

	*frame = vale_next_frame(endpoint, &length);
	if (*frame)
		return length;
	if (!sleep)
		return 0;
	found = vale_port_poll(endpoint, POLLIN, ENDPOINT_MS);
	if (found < 0 && found != -EINTR)
		return bench_error(-found, "cannot wait for a ring");
	*frame = vale_next_frame(endpoint, &length);
	return *frame ? length : 0;
}

static void ring_close(void *endpoint)
{
	vale_port_close(endpoint);
}

const struct endpoint_type endpoint_ring = {
	.datapath = DATAPATH_SWITCH,
	.setup = ring_setup,
	.teardown = ring_teardown,
	.open = ring_open,
	.send = ring_send,
	.receive = ring_receive,
	.close = ring_close,
};
