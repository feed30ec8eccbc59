// SPDX-License-Identifier: GPL-2.0
/*
 * A frame that a device has received, of any form and in any state of the switch: what the program of
 * the device's port does with it. The input is a struct setup, and behind it the frame.
 *
 * The program reads nothing behind the frame; a frame is counted once wherever it stays; and rings get
 * it as it is, but for a checksum that is completed, and then right.
 */
#include "bpf/port.bpf.c" /* NOLINT(bugprone-suspicious-include) */

#include <string.h>

#include "kernel.h"

enum {
	OURS,
	DEVICE_A,
	DEVICE_B,
	RING_A,
	RING_B,
	SOCKETS_OURS,
	SOCKETS_ELSEWHERE,
	PORTS,
};

struct setup {
	__u8 program; /* generic, tap, beside_tc, on an skb; what the switch and the kernel can do */
	__u8 linear;  /* 0: the program sees all of the frame; bytes that it sees, in 8s */
	__u8 padding; /* behind the frame, in 64s: so long ones need no long input */
	__u8 mtu;     /* of the sender's device, in 64s */
	__u8 devices; /* two bits each of A and B: 0: gone, 1: up, 2: down, 3: a small MTU, no XDP */
	__u8 destination; /* its port; PORTS and more: unknown */
	__u8 rings;	  /* who has no client, which slots name no buffer, what is free */
	__u8 source;	  /* the same as `destination`: where the source is known to be */
};

enum {
	GENERIC = 1,
	TAP = 2,
	BESIDE_TC = 4,
	ON_SKB = 8,
	FRAGMENTS = 16,
	NO_RINGS = 32,
	NO_DEVICES = 64,
	LIMITED = 128,
};

#define SLOTS 16

static struct vale_stats *counters[PORTS];
static struct vale_port_entry *entries[PORTS];
static struct vale_region *region_of[PORTS];
static struct vale_ring_state *state_of[PORTS];
static char region_map[PORTS], state_map[PORTS]; /* stand for maps: only their addresses matter */

static struct bpf_dtab_netdev slot[PORTS], *slots[VALE_PORTS];
static struct net_device device[PORTS];
static struct net_device_ops operations = { .ndo_xdp_xmit = &operations };
static struct netdev_rx_queue queue;
static struct xdp_rxq_info other_queue = { .dev = &device[OURS] };

/* ---- the switch -------------------------------------------------------------------------------- */

static void make_ring(__u32 number)
{
	kernel_array(&region_map[number], sizeof(struct vale_region), 1);
	kernel_array(&state_map[number], sizeof(struct vale_ring_state), 1);
	kernel_point(&regions, number, &region_map[number]);
	kernel_point(&ring_states, number, &state_map[number]);
	region_of[number] = kernel_value(&region_map[number], 0);
	state_of[number] = kernel_value(&state_map[number], 0);
}

static void make_switch(void)
{
	kernel_unlock(&port, &beside_tc);
	kernel_array(&switch_state, sizeof(struct vale_switch), 1);
	kernel_array(&ports, sizeof(struct vale_port_entry), VALE_PORTS);
	kernel_array(&stats, sizeof(struct vale_stats), VALE_PORTS);
	kernel_array(&scratch, sizeof(struct scratch), 1);
	kernel_array(&limits, sizeof(struct vale_limit), VALE_PORTS);
	kernel_hash(&fdb, sizeof(struct vale_fdb_entry), 8, true);
	kernel_hash(&fdb_static, sizeof(struct vale_fdb_entry), 8, false);
	kernel_pointers(&devmap, VALE_PORTS);
	kernel_pointers(&flood, VALE_PORTS);
	kernel_pointers(&sockets, VALE_PORTS * VALE_QUEUES);
	kernel_pointers(&regions, VALE_PORTS);
	kernel_pointers(&ring_states, VALE_PORTS);
	kernel_pointers(&doorbells, VALE_PORTS * VALE_RINGS);
	for (int i = 0; i < PORTS; i++) {
		counters[i] = kernel_value(&stats, i);
		entries[i] = kernel_value(&ports, i);
	}
	make_ring(RING_A);
	make_ring(RING_B);
	kernel_point(&sockets, vale_socket(OURS, 0), &sockets);
	((struct bpf_dtab *)&devmap)->netdev_map = slots;
	device[OURS]._rx = &queue;
	device[OURS].num_rx_queues = 1;
	queue.xdp_rxq.dev = &device[OURS];
}

static void reset_device(__u32 number, __u32 how)
{
	device[number] = (struct net_device){
		.netdev_ops = &operations,
		.flags = how == 2 ? 0 : DEVICE_UP,
		.mtu = how == 3 ? 576 : 9000,
		.hard_header_len = ETH_HLEN,
		.xdp_features = how == 3 ? 0 : NETDEV_XDP_ACT_NDO_XMIT,
	};
	slot[number].dev = &device[number];
	slots[number] = how ? &slot[number] : NULL;
	kernel_point(&devmap, number, slots[number]);
}

static void reset_ring(__u32 number, __u32 how)
{
	struct vale_region *region = region_of[number];
	struct vale_ring_state *state = state_of[number];

	memset(state, 0, sizeof(*state));
	state->rx_mask = SLOTS - 1;
	state->clients = !(how & 1);
	state->shift = vale_region_shift(number);
	state->port = number;
	/* Counts just before they begin anew, and a ring of which a part is free. */
	state->rx_reserved = state->rx_published = state->rx_limit = how & 2 ? -3u : 0;
	region->control.rx_released = state->rx_reserved - (how & 4 ? SLOTS - 2 : 0);
	region->control.rx_sleeping = 1;
	for (__u32 i = 0; i < SLOTS; i++)
		region->rx.slot[i] = (struct vale_slot){
			.buf_idx = VALE_BUFFER_FIRST + i * (how & 8 ? 2654435761u : 1),
		};
}

/* It lets hardly any of them pass: of each kind, the first in a second. */
static void reset_limit(void)
{
	struct vale_limit *limit = kernel_value(&limits, OURS);

	memset(limit->claims, 0, sizeof(limit->claims));
	limit->claimed = 0;
	limit->macs = 1;
	for (int kind = 0; kind < VALE_STORMS; kind++) {
		limit->storm[kind].rate = 1;
		limit->storm[kind].burst = kernel_time_ns / 1000000000 % 2;
	}
}

static void reset_ports(const struct setup *setup)
{
	static const __u32 kinds[PORTS] = {
		VALE_PORT_DEVICE, VALE_PORT_DEVICE,  VALE_PORT_DEVICE,	VALE_PORT_RING,
		VALE_PORT_RING,	  VALE_PORT_SOCKETS, VALE_PORT_SOCKETS,
	};
	struct vale_switch *state = kernel_value(&switch_state, 0);

	*state = (struct vale_switch){ .ports_end = PORTS };
	state->flags = setup->program & FRAGMENTS ? VALE_SWITCH_FRAGMENTS : 0;
	state->limited = setup->program & LIMITED ? 1 : 0;
	reset_limit();
	for (int i = 0; i < PORTS; i++) {
		bool is_there = !(setup->program & NO_RINGS && kinds[i] == VALE_PORT_RING) &&
				!(setup->program & NO_DEVICES && kinds[i] != VALE_PORT_RING && i);

		memset(counters[i], 0, sizeof(*counters[i]));
		*entries[i] = (struct vale_port_entry){ .rings = 1, .generation = i };
		entries[i]->kind = is_there ? kinds[i] : VALE_PORT_FREE;
		entries[i]->on = i == SOCKETS_OURS ? OURS : DEVICE_A;
		state->rings += entries[i]->kind == VALE_PORT_RING;
		state->devices += entries[i]->kind == VALE_PORT_DEVICE;
	}
	reset_device(DEVICE_A, setup->program & NO_DEVICES ? 0 : setup->devices & 3);
	reset_device(DEVICE_B, setup->program & NO_DEVICES ? 0 : setup->devices >> 2 & 3);
	reset_ring(RING_A, setup->rings & 15);
	reset_ring(RING_B, setup->rings >> 4);
	kernel_clear(&scratch);
	memset(((struct scratch *)kernel_value(&scratch, 0))->block, 0xff, CHECKSUM_BLOCK + 4);
}

/* The address is known to be behind that port: by hand, or by learning. */
static void know(const __u8 address[VALE_MAC_SIZE], __u8 number)
{
	struct vale_fdb_entry entry = { .port = number, .generation = number };
	__u64 key = 0;

	memcpy(&key, address, VALE_MAC_SIZE);
	if (number < PORTS)
		bpf_map_update_elem(number & 1 ? (void *)&fdb : (void *)&fdb_static, &key, &entry,
				    BPF_ANY);
}

/* ---- what must be so afterwards ---------------------------------------------------------------- */

static void check_balance(int verdict)
{
	__u64 in = 0, out = 0;

	for (int i = 0; i < PORTS; i++) {
		in += counters[i]->received_frames - counters[i]->flooded + counters[i]->copies;
		out += counters[i]->sent_frames;
		for (int reason = 0; reason < VALE_DROP_REASONS; reason++)
			out += counters[i]->drops[reason];
	}
	PROMISE(in == out);
	PROMISE(counters[OURS]->received_frames == (verdict != XDP_PASS));
	PROMISE(!counters[OURS]->drops[VALE_DROP_STORM] || !counters[OURS]->flooded);
}

static __u32 sum_of(const __u8 *bytes, __u32 length)
{
	__u32 sum = 0;

	for (__u32 i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] << 8 : bytes[i];
	return sum;
}

/*
 * The frame is as it came but for a checksum that is completed: then that of the pseudo header, which
 * was in its place, and that of all that it covers cancel each other.
 */
static void check_frame(const __u8 *before, const __u8 *now, __u32 length,
			const struct checksum_span *open)
{
	__u16 was, is;

	if (!open) {
		PROMISE(!memcmp(before, now, length));
		return;
	}
	PROMISE(!memcmp(before, now, open->field));
	PROMISE(!memcmp(before + open->field + 2, now + open->field + 2, length - open->field - 2));
	memcpy(&was, before + open->field, sizeof(was));
	memcpy(&is, now + open->field, sizeof(is));
	if (counters[OURS]->checksums || is != was)
		PROMISE(checksum_fold(was + sum_of(now + open->start, open->length)) == 0xffff);
}

/* If it has got the frame, all of it, in slots that say so. */
static void check_ring(__u32 number, const __u8 *frame, __u32 length, bool honest)
{
	const struct vale_ring_state *state = state_of[number];
	__u32 first = state->rx_published - (length + VALE_BUFFER_SIZE - 1) / VALE_BUFFER_SIZE, at;

	PROMISE(state->rx_published == state->rx_reserved);
	if (!counters[number]->sent_frames || !honest)
		return;
	for (at = 0; at < length; first++) {
		const struct vale_slot *filled = &region_of[number]->rx.slot[first & (SLOTS - 1)];
		__u32 rest = length - at < VALE_BUFFER_SIZE ? length - at : VALE_BUFFER_SIZE;
		const __u8 *buffer =
			region_of[number]->buffers[filled->buf_idx - VALE_BUFFER_FIRST] +
			state->shift;

		PROMISE(filled->len == rest);
		PROMISE(!(filled->flags & VALE_SLOT_MORE) == (at + rest == length));
		PROMISE(!memcmp(buffer, frame + at, rest));
		at += rest;
	}
}

/* ---- the target -------------------------------------------------------------------------------- */

static void run(const struct setup *setup, const __u8 *bytes, __u32 length)
{
	__u32 linear = setup->linear && setup->linear * 8u < length ? setup->linear * 8u : length;
	struct xdp_md *frame = kernel_frame(
		bytes, length, linear, setup->program & ON_SKB ? &queue.xdp_rxq : &other_queue);
	struct device_frame of = { .length = length, .fragments = linear < length };
	struct checksum_span open = {};
	bool is_open = checksum_is_open(bytes, bytes + linear, &open);
	int verdict;

	kernel_redirect = (struct kernel_redirect){};
	verdict = vale_receive(frame);
	PROMISE(verdict == XDP_DROP || verdict == XDP_REDIRECT ||
		(verdict == XDP_PASS && beside_tc));
	of.is_skb = generic || (tap && setup->program & ON_SKB);
	check_balance(verdict);
	is_open = is_open && (counters[OURS]->checksums || of.is_skb);
	check_frame(bytes, kernel_frame_bytes(), length, is_open ? &open : NULL);
	if (!of.is_skb || !is_open) {
		check_ring(RING_A, kernel_frame_bytes(), length, !(setup->rings & 8));
		check_ring(RING_B, kernel_frame_bytes(), length, !(setup->rings & 128));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static __u8 bytes[KERNEL_FRAME_MAX];
	struct setup setup;
	size_t length;

	if (size < sizeof(setup) || size > 4096)
		return 0;
	if (!counters[0])
		make_switch();
	memcpy(&setup, data, sizeof(setup));
	length = size - sizeof(setup);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, data + sizeof(setup), length);
	if (length + setup.padding * 64u <= 9000)
		length += setup.padding * 64u;
	*(bool *)&generic = setup.program & GENERIC;
	*(bool *)&tap = setup.program & TAP;
	*(bool *)&beside_tc = setup.program & BESIDE_TC;
	kernel_mtu = setup.mtu * 64u;
	kernel_time_ns += 1000000000;
	reset_ports(&setup);
	kernel_clear(&fdb);
	kernel_clear(&fdb_static);
	know(bytes, setup.destination);
	know(bytes + VALE_MAC_SIZE, setup.source);
	run(&setup, bytes, (__u32)length);
	return 0;
}
