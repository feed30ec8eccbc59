// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "neighbours.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "pump.h"
#include "ring.h"
#include "sandbox.h"

static struct client *lossless, *lossy, *beside;
static struct pump pump_lossless, pump_lossy, pump_beside;
static struct vale_port *receiver;
static struct stream stream;
static bool *stop;

void neighbours_fix_address(int host, const char *port)
{
	must("%s fdb vale1 add %s %s", valectl(), frame_address_text(host), port);
}

static struct client *open_sender(const char *name, int host, unsigned int flags)
{
	struct client *client = client_start();
	char port[32];

	snprintf(port, sizeof(port), "vale1:%s", name);
	client_opens(client, port, flags);
	neighbours_fix_address(host, name);
	return client;
}

struct vale_port *neighbours_open(void)
{
	struct vale_open_options options = { .ring = { .rings = 2, .rx_slots = NEIGHBOUR_SLOTS } };

	stop = pump_flag();
	receiver = ring_open("vale1:r", &options);
	neighbours_fix_address(NEIGHBOUR_RECEIVER, "r");
	lossless = open_sender("lossless", NEIGHBOUR_LOSSLESS, VALE_OPEN_LOSSLESS);
	lossy = open_sender("lossy", NEIGHBOUR_LOSSY, 0);
	beside = open_sender("beside", NEIGHBOUR_BESIDE, 0);
	return receiver;
}

void neighbours_start(unsigned int seed, const int *others)
{
	struct pump common = {
		.to = { NEIGHBOUR_RECEIVER }, .stop = stop, .longest = 5000, .seed = seed
	};

	pump_lossless = pump_lossy = pump_beside = common;
	pump_lossless.from = NEIGHBOUR_LOSSLESS;
	pump_lossless.lossless = true;
	pump_lossy.from = NEIGHBOUR_LOSSY;
	pump_beside.from = NEIGHBOUR_BESIDE;
	for (int i = 0; i < PUMP_MOST && others[i]; i++)
		pump_beside.to[i] = others[i];
	pump_start(lossless, &pump_lossless);
	pump_start(lossy, &pump_lossy);
	pump_start(beside, &pump_beside);
}

/* Others send, too, but nothing that looks like this. */
static bool is_neighbour_s(const unsigned char *frame, __u32 length)
{
	unsigned char header[2][14];

	for (int i = 0; i < 2; i++) {
		frame_set_address(header[i], NEIGHBOUR_RECEIVER);
		frame_set_address(header[i] + 6, i ? NEIGHBOUR_LOSSY : NEIGHBOUR_LOSSLESS);
		header[i][12] = FRAME_TYPE_OURS >> 8;
		header[i][13] = FRAME_TYPE_OURS & 0xff;
	}
	return length >= 14 && (!memcmp(frame, header[0], 14) || !memcmp(frame, header[1], 14));
}

/* By slots, each of which must make sense. */
long neighbours_receive(void)
{
	static struct frame frame;
	long others = 0;

	for (__u32 pair = 0; pair < vale_port_rings(receiver); pair++) {
		while (ring_take(receiver, pair, &frame)) {
			if (is_neighbour_s(frame.bytes, frame.length))
				stream_take(&stream, frame.bytes, frame.length);
			else
				others++;
		}
		cr_assert_eq(vale_rxsync(receiver, pair), 0);
	}
	return others;
}

bool neighbours_have_enough(void)
{
	return stream.from[NEIGHBOUR_LOSSLESS] > 1000 && stream.from[NEIGHBOUR_LOSSY] > 100;
}

void neighbours_end(void)
{
	struct client *const all[] = { lossless, lossy, beside };

	*stop = true;
	for (int i = 0; i < 3; i++) {
		while (client_waits(all[i], 0))
			neighbours_receive();
		cr_assert_eq(client_result(all[i]), 0, "neighbour %d", i);
	}
	neighbours_receive();
}

void neighbours_close(void)
{
	client_end(lossless);
	client_end(lossy);
	client_end(beside);
	vale_port_close(receiver);
}

long neighbours_frames(void)
{
	return stream.frames;
}

void neighbours_expect_well(void)
{
	long missing = pump_sent(&pump_lossy) - stream.from[NEIGHBOUR_LOSSY];

	cr_assert(neighbours_have_enough());
	cr_assert_eq(stream.from[NEIGHBOUR_LOSSLESS], pump_sent(&pump_lossless),
		     "%ld of %ld frames came", stream.from[NEIGHBOUR_LOSSLESS],
		     pump_sent(&pump_lossless));
	cr_assert_eq(port_counter("vale1:lossless", "received_frames"), pump_sent(&pump_lossless));
	cr_assert_eq(port_counter("vale1:lossless", "lost_at_receivers"), 0);
	cr_assert_eq(port_counter("vale1:lossy", "received_frames"), pump_sent(&pump_lossy));
	cr_assert_eq(port_counter("vale1:lossy", "lost_at_receivers"), missing);
	cr_assert_eq(port_counter("vale1:beside", "received_frames"), pump_sent(&pump_beside));
	/* Bytes are as many as the frames can have, and not less than the neighbours have sent. */
	cr_assert_leq(port_counter("vale1:r", "sent_bytes"),
		      port_counter("vale1:r", "sent_frames") * FRAME_MAX);
	cr_assert_geq(port_counter("vale1:r", "sent_bytes"), stream.frames * STREAM_MIN);
}
