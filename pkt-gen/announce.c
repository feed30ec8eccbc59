// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "announce.h"

#include <errno.h>
#include <stdlib.h>

#include "udp.h"

#define PERIOD_NS (10 * SECOND)
#define BATCH	  64
#define LENGTH	  64

struct announcer {
	struct worker *worker;
	uint64_t due;
	uint64_t next; /* address */
	struct udp_frame frame;
};

int announcer_new(struct announcer **out, struct worker *worker)
{
	const struct options *options = worker->options;
	struct announcer *announcer = calloc(1, sizeof(*announcer));

	if (!announcer)
		return -ENOMEM;
	announcer->worker = worker;
	announcer->next = options->flow.mac[SIDE_SOURCE].first;
	udp_build(&announcer->frame, options->ipv6, LENGTH, 0);
	udp_seal(&announcer->frame);
	*out = announcer;
	return 0;
}

void announcer_free(struct announcer *announcer)
{
	free(announcer);
}

static void put_frame(struct announcer *announcer, struct slot *slot)
{
	udp_set_mac(&announcer->frame, SIDE_SOURCE, announcer->next);
	udp_set_mac(&announcer->frame, SIDE_DESTINATION, announcer->next);
	udp_write(&announcer->frame, slot->bytes);
	slot->length = announcer->frame.length;
	slot->more = false;
	announcer->next++;
}

/* As many as there is room for: the rest goes the next time. */
int announcer_run(struct announcer *announcer)
{
	const struct mac_range *range = &announcer->worker->options->flow.mac[SIDE_SOURCE];
	struct interface *interface = announcer->worker->interface;
	struct slot slots[BATCH];
	int room, used;

	if (announcer->next == range->first && now_ns() < announcer->due)
		return 0;
	room = interface_room(interface, 0, slots, BATCH);
	for (used = 0; used < room && announcer->next <= range->last; used++)
		put_frame(announcer, &slots[used]);
	if (announcer->next > range->last) {
		announcer->next = range->first;
		announcer->due = now_ns() + PERIOD_NS;
	}
	return room < 0 ? room : interface_send(interface, 0, slots, used);
}
