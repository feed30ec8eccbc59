// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "flow.h"

#include "random.h"

static bool host_varies(const struct host_range *host)
{
	return host->first != host->last || host->first_port != host->last_port;
}

static bool mac_varies(const struct mac_range *mac)
{
	return mac->first != mac->last;
}

static void set_address(const struct flow *flow, enum side side, struct udp_frame *frame)
{
	const struct host_range *host = &flow->options.host[side];
	uint32_t value = flow->address[side];

	if (host->ipv6) {
		udp_set_group(frame, side, host->group, value);
		return;
	}
	udp_set_group(frame, side, 0, value >> 16);
	udp_set_group(frame, side, 1, value);
}

void flow_start(struct flow *flow, const struct flow_options *options, uint64_t seed,
		struct udp_frame *frame)
{
	*flow = (struct flow){ .options = *options, .random = seed ? seed : 1 };
	for (enum side side = SIDE_SOURCE; side <= SIDE_DESTINATION; side++) {
		const struct host_range *host = &options->host[side];

		flow->varies |= host_varies(host) || mac_varies(&options->mac[side]) ||
				options->random[side];
		flow->mac[side] = options->mac[side].first;
		flow->address[side] = host->first;
		flow->port[side] = host->first_port;
		udp_set_mac(frame, side, flow->mac[side]);
		udp_set_address(frame, side, host->address);
		udp_set_port(frame, side, flow->port[side]);
	}
}

static void randomize(struct flow *flow, enum side side, struct udp_frame *frame)
{
	uint64_t value = random_draw(&flow->random);

	flow->address[side] = value >> 16;
	flow->port[side] = value;
	set_address(flow, side, frame);
	udp_set_port(frame, side, flow->port[side]);
}

/* True: it started anew, so that the next digit moves on. */
static bool count_host(struct flow *flow, enum side side, struct udp_frame *frame)
{
	const struct host_range *host = &flow->options.host[side];
	bool carry = flow->port[side] == host->last_port, anew = false;

	if (host->first_port != host->last_port) {
		flow->port[side] = carry ? host->first_port : flow->port[side] + 1;
		udp_set_port(frame, side, flow->port[side]);
	}
	if (!carry)
		return false;
	anew = flow->address[side] == host->last;
	if (host->first != host->last) {
		flow->address[side] = anew ? host->first : flow->address[side] + 1;
		set_address(flow, side, frame);
	}
	return anew;
}

static void count_mac(struct flow *flow, enum side side, struct udp_frame *frame)
{
	const struct mac_range *mac = &flow->options.mac[side];

	if (!mac_varies(mac))
		return;
	flow->mac[side] = flow->mac[side] == mac->last ? mac->first : flow->mac[side] + 1;
	udp_set_mac(frame, side, flow->mac[side]);
}

void flow_next(struct flow *flow, struct udp_frame *frame)
{
	for (enum side side = SIDE_SOURCE; side <= SIDE_DESTINATION; side++)
		count_mac(flow, side, frame);
	for (enum side side = SIDE_SOURCE; side <= SIDE_DESTINATION; side++) {
		if (flow->options.random[side])
			randomize(flow, side, frame);
		else if (!count_host(flow, side, frame))
			break;
	}
}
