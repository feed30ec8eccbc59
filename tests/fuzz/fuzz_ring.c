// SPDX-License-Identifier: GPL-2.0
/*
 * A client of a ring port that writes whatever it likes into its memory, at any time: between its calls
 * of the port's programs, and while they run. The input is a struct setup, and then struct steps.
 *
 * Only the client's own frames suffer: the program stays within the memories that it is given, leaves
 * those of others as they are but for the slots that they offer, and counts each frame once.
 */
#include "bpf/ring.bpf.c" /* NOLINT(bugprone-suspicious-include) */

#include <string.h>

#include "kernel.h"
#include "ring_input.h"

enum {
	OURS,
	RING_A,
	RING_B,
	DEVICE_A,
	DEVICE_B,
	PORTS,
};

static struct vale_stats *counters[PORTS];
static struct vale_port_entry *entries[PORTS];
static struct vale_region *region_of[PORTS];
static struct vale_ring_state *state_of[PORTS];
static char region_map[PORTS], state_map[PORTS]; /* stand for maps: only their addresses matter */

#define REGIONS 2

static __u32 slots; /* of each ring */
static __u64 gone;  /* frames that have been sent to devices */

/* ---- the switch -------------------------------------------------------------------------------- */

static void make_switch(void)
{
	kernel_unlock(&port, &bound_macs[VALE_BOUND_MACS - 1]);
	kernel_array(&switch_state, sizeof(struct vale_switch), 1);
	kernel_array(&ports, sizeof(struct vale_port_entry), VALE_PORTS);
	kernel_array(&stats, sizeof(struct vale_stats), VALE_PORTS);
	kernel_array(&work, sizeof(struct tx_work), 1);
	kernel_array(&clients, sizeof(__u32), CLIENT_RESTS);
	kernel_array(&limits, sizeof(struct vale_limit), VALE_PORTS);
	kernel_hash(&fdb, sizeof(struct vale_fdb_entry), 8, true);
	kernel_hash(&fdb_static, sizeof(struct vale_fdb_entry), 8, false);
	kernel_pointers(&regions, VALE_PORTS);
	kernel_pointers(&ring_states, VALE_PORTS);
	kernel_pointers(&doorbells, VALE_PORTS * VALE_RINGS);
	kernel_array(&region, sizeof(struct vale_region), REGIONS);
	kernel_array(&ring_state, sizeof(struct vale_ring_state), 1);
	for (int i = 0; i < PORTS; i++) {
		counters[i] = kernel_value(&stats, i);
		entries[i] = kernel_value(&ports, i);
	}
	for (int i = RING_A; i <= RING_B; i++) {
		kernel_array(&region_map[i], sizeof(struct vale_region), 1);
		kernel_array(&state_map[i], sizeof(struct vale_ring_state), 1);
		state_of[i] = kernel_value(&state_map[i], 0);
		kernel_point(&ring_states, i, &state_map[i]);
		kernel_point(&doorbells, vale_doorbell(i, 0), &doorbells);
	}
	state_of[OURS] = kernel_value(&ring_state, 0);
	kernel_point(&ring_states, OURS, &ring_state);
	kernel_point(&regions, OURS, &region);
	kernel_point(&regions, RING_A, &region_map[RING_A]);
}

static void reset_ring(__u32 number, __u32 in_memory, __u32 begin)
{
	struct vale_ring_state *state = state_of[number];
	struct vale_region *memory = region_of[number];

	memset(state, 0, sizeof(*state));
	memset(&memory->control, 0, sizeof(memory->control));
	state->port = number;
	state->region = in_memory;
	state->shift = shift;
	state->clients = 1;
	state->tx_mask = state->rx_mask = slots - 1;
	state->tx_taken = state->rx_reserved = state->rx_published = state->rx_limit = begin;
	state->parked_put = state->parked_taken = state->parked_copied = begin;
	memory->control.rx_released = begin;
	memory->control.rx_sleeping = 1;
	memory->tx.head = begin & (slots - 1);
	for (__u32 i = 0; i < VALE_SLOTS; i++) {
		__u32 first = rings_first(in_memory);

		memory->tx.slot[i] = (struct vale_slot){ .buf_idx = first + i, .len = 60 };
		memory->rx.slot[i] = (struct vale_slot){ .buf_idx = first + VALE_SLOTS + i };
	}
}

/* Addresses are small numbers, of which the ports have the first. */
static void know_addresses(void)
{
	for (__u64 number = 0; number < PORTS; number++) {
		struct vale_fdb_entry entry = { .port = number, .generation = number };
		__u64 address = 2 * number;

		if (number)
			bpf_map_update_elem(&fdb_static, &address, &entry, BPF_ANY);
	}
}

#define MACS_MAX 3

static void reset_limit(__u8 how)
{
	struct vale_limit *limit = kernel_value(&limits, OURS);

	memset(limit, 0, sizeof(*limit));
	limit->macs = how >> 2 & MACS_MAX;
	for (int kind = 0; kind < VALE_STORMS; kind++)
		limit->storm[kind] = (struct vale_bucket){ .rate = how >> 4 & 7, .burst = 2 };
}

static void reset(const struct setup *setup)
{
	struct vale_switch *state = kernel_value(&switch_state, 0);
	__u32 begin = setup->counts & 1 ? -4u : 0;

	*state = (struct vale_switch){ .ports_end = PORTS };
	state->flags = setup->flags & FRAGMENTS ? VALE_SWITCH_FRAGMENTS : 0;
	state->limited = setup->regions & 128 ? 1 : 0;
	reset_limit(setup->regions);
	slots = VALE_SLOTS_MIN << setup->slots % 4;
	*(__u32 *)&first_region = setup->regions % REGIONS;
	*(__u32 *)&shift = setup->counts & VALE_SHIFT_MASK;
	*(__u32 *)&bound = setup->flags & BOUND ? 1 : 0;
	*(__u64 *)&bound_macs[0] = 12;
	for (int i = 0; i < PORTS; i++) {
		bool is_ring = i <= RING_B;

		memset(counters[i], 0, sizeof(*counters[i]));
		*entries[i] = (struct vale_port_entry){ .rings = 1, .generation = i };
		entries[i]->kind = is_ring ? VALE_PORT_RING : VALE_PORT_DEVICE;
		if (i && setup->flags & (is_ring ? NO_RINGS : NO_DEVICES))
			entries[i]->kind = VALE_PORT_FREE;
		state->rings += entries[i]->kind == VALE_PORT_RING;
		state->devices += entries[i]->kind == VALE_PORT_DEVICE;
	}
	region_of[OURS] = kernel_value(&region, first_region);
	region_of[RING_A] = kernel_value(&region_map[RING_A], 0);
	region_of[RING_B] = setup->flags & SHARED_MEMORY ? kernel_value(&region, !first_region)
							 : kernel_value(&region_map[RING_B], 0);
	kernel_point(&regions, RING_B,
		     setup->flags & SHARED_MEMORY ? (void *)&region : &region_map[RING_B]);
	reset_ring(OURS, first_region, begin);
	reset_ring(RING_A, 0, begin);
	reset_ring(RING_B, setup->flags & SHARED_MEMORY ? !first_region : 0, begin);
	state_of[OURS]->bound = bound;
	state_of[RING_A]->clients = !(setup->flags & A_CLOSED);
	region_of[OURS]->control.lossless = setup->flags & LOSSLESS;
	kernel_clear(&work);
	((struct tx_work *)kernel_value(&work, 0))->sorted = begin;
	kernel_clear(&fdb);
	kernel_clear(&fdb_static);
	know_addresses();
	gone = 0;
}

/* ---- what clients write ------------------------------------------------------------------------ */

static void write_word(void *start, size_t size, const struct step *step)
{
	__u32 words = size / sizeof(__u32);

	WRITE_ONCE(((__u32 *)start)[(step->where | step->flags << 8) % words], step->value);
}

static void scribble(const struct step *step)
{
	struct vale_region *own = region_of[OURS];
	struct vale_slot *slot = &own->tx.slot[step->where % slots];
	struct vale_region *other = region_of[step->where & 1 ? RING_A : RING_B];

	switch (step->what % ALL) {
	case SLOT_INDEX:
		slot->buf_idx = step->value;
		break;
	case SLOT_LEN:
		slot->len = step->value;
		slot->flags = step->flags;
		break;
	case HEAD:
		own->tx.head = step->value;
		break;
	case ADDRESS: {
		__u8 *frame = rings_buffers(own, shift) + step->where % slots * VALE_BUFFER_SIZE;
		__u64 destination = step->flags % 16, source = step->flags / 16;

		memcpy(frame, &destination, VALE_MAC_SIZE);
		memcpy(frame + VALE_MAC_SIZE, &source, VALE_MAC_SIZE);
		break;
	}
	case CONTROL:
		write_word(&own->control, sizeof(own->control), step);
		break;
	case RELEASE:
		other->control.rx_released += step->value % (slots + 1);
		break;
	case RECEIVER:
		other->rx.slot[step->value % slots].buf_idx = step->flags;
		other->control.rx_sleeping = step->value >> 8;
		break;
	}
}

static const struct step *next_meanwhile, *end_meanwhile;

static void meanwhile(void)
{
	if (next_meanwhile == end_meanwhile || !(next_meanwhile->what & MEANWHILE))
		return;
	scribble(&(struct step){ next_meanwhile->what & ~MEANWHILE, next_meanwhile->where,
				 next_meanwhile->flags, next_meanwhile->value });
	next_meanwhile++;
}

/* ---- what must be so afterwards ---------------------------------------------------------------- */

static void check_balance(void)
{
	const struct vale_ring_state *own = state_of[OURS];
	__u64 in = 0, out = gone;

	for (int i = 0; i < PORTS; i++) {
		in += counters[i]->received_frames - counters[i]->flooded + counters[i]->copies;
		out += counters[i]->sent_frames;
		for (int reason = 0; reason < VALE_DROP_REASONS; reason++)
			out += counters[i]->drops[reason];
	}
	for (__u32 taken = own->parked_taken; taken != own->parked_put; taken++)
		out += own->parked[taken & (VALE_SLOTS - 1)].port != VALE_FLOOD;
	PROMISE(in == out);
}

static void check_rings(void)
{
	const struct vale_ring_state *own = state_of[OURS];
	const struct vale_limit *limit = kernel_value(&limits, OURS);
	const struct tx_work *memory = kernel_value(&work, 0);

	PROMISE(!own->tx_busy);
	PROMISE(!limit->sweeping && limit->claimed <= limit->macs);
	for (__u32 claim = MACS_MAX; claim < VALE_LIMIT_MACS; claim++)
		PROMISE(!limit->claims[claim]);
	PROMISE(own->parked_put - own->parked_taken <= VALE_SLOTS);
	for (int i = 0; i < 256; i++)
		PROMISE(!memory->queue[i].slots);
	for (int i = RING_A; i <= RING_B; i++) {
		const struct vale_ring_state *state = state_of[i];

		PROMISE(state->rx_published == state->rx_reserved);
		for (__u32 slot = 0; slot < slots; slot++)
			PROMISE(region_of[i]->rx.slot[slot].len <= VALE_BUFFER_SIZE);
	}
}

/* What of a neighbour's memory no sender writes: its own side, and buffers that are in no slot. */
struct neighbour {
	struct vale_ring tx;
	struct vale_control control;
	__u8 below[VALE_BUFFER_SIZE], above[VALE_BUFFER_SIZE];
};

static void take_neighbour(__u32 number, struct neighbour *out)
{
	const struct vale_region *memory = region_of[number];

	out->tx = memory->tx;
	out->control = memory->control;
	out->control.rx_sleeping = 0;
	memcpy(out->below, memory->buffers[VALE_SLOTS - 2], VALE_BUFFER_SIZE);
	memcpy(out->above, memory->buffers[VALE_SLOTS + slots + 2], VALE_BUFFER_SIZE);
}

/* ---- the steps --------------------------------------------------------------------------------- */

static void run_txsync(const struct step *step, const struct step *end, bool honest)
{
	static struct neighbour before[PORTS], after[PORTS];
	int answer;

	for (int i = RING_A; i <= RING_B; i++)
		take_neighbour(i, &before[i]);
	next_meanwhile = step + 1;
	end_meanwhile = end;
	kernel_meanwhile = meanwhile;
	answer = txsync(NULL);
	kernel_meanwhile = NULL;
	PROMISE(answer >= 0 || (answer == -ENXIO && entries[OURS]->generation));
	for (int i = RING_A; i <= RING_B && honest && next_meanwhile == step + 1; i++) {
		take_neighbour(i, &after[i]);
		PROMISE(!memcmp(&before[i], &after[i], sizeof(before[i])));
	}
}

static void run_client(__u32 what)
{
	static int (*const programs[])(void *) = { enter, leave, wake, dismiss };

	PROMISE(programs[what % 4](NULL) <= 0);
}

/* A frame for all has its copies counted when it is sent. */
static void take_parked(void)
{
	struct vale_ring_state *own = state_of[OURS];

	if (own->parked_taken == own->parked_put)
		return;
	gone += own->parked[own->parked_taken & (VALE_SLOTS - 1)].port != VALE_FLOOD;
	own->parked_taken++;
	own->parked_copied++;
}

static void run_step(const struct step *step, const struct step *end, bool *honest)
{
	switch (step->what % ALL) {
	case TXSYNC:
		run_txsync(step, end, *honest);
		break;
	case TAKE:
		take_parked();
		break;
	case CLIENT:
		kernel_process = 1 + step->where % 40;
		run_client(step->value);
		break;
	case KINDS:
		entries[step->where % PORTS]->generation += step->value & 1;
		if (step->where % PORTS)
			entries[step->where % PORTS]->kind = step->value % 5;
		break;
	case TIME:
		kernel_time_ns += (__u64)step->value << 10;
		break;
	case RECEIVER:
		*honest = false;
		/* fall through */
	default:
		scribble(step);
	}
	check_balance();
	check_rings();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct step steps[128];
	struct setup setup;
	size_t count;
	bool honest;

	if (size < sizeof(setup) + sizeof(*steps))
		return 0;
	if (!counters[0])
		make_switch();
	memcpy(&setup, data, sizeof(setup));
	count = (size - sizeof(setup)) / sizeof(*steps);
	count = count < 128 ? count : 128;
	memcpy(steps, data + sizeof(setup), count * sizeof(*steps));
	kernel_time_ns += 1000000000;
	kernel_process = 1;
	reset(&setup);
	honest = !(setup.flags & SHARED_MEMORY);
	for (size_t i = 0; i < count; i++)
		if (!(steps[i].what & MEANWHILE))
			run_step(&steps[i], steps + count, &honest);
	return 0;
}
