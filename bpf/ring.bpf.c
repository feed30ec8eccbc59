// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of a ring port, which its clients run by the system call bpf(). Each pair of rings
 * has its own, with the port's number as a constant, so that a client can speak for no other port.
 */
/* A ring has a cache of its own, for 10,000 flows. */
#define FDB_CACHE_BITS 14

#include <linux/errno.h>

#include "client.h"
#include "parked.h"
#include "tx_deliver.h"
#include "tx_park.h"
#include "tx_sort.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} doorbell SEC(".maps");

/* The map stays when the programs are replaced: whoever changes this has changed VALE_ABI. */
VALE_ASSERT(sizeof(struct tx_work) == 280120, "layout of tx_work");

/* False: the port was removed, and its client still has its programs. */
static __always_inline bool is_current(void)
{
	__u32 number = port;
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	return entry && entry->kind == VALE_PORT_RING && entry->generation == generation;
}

static __always_inline __u32 own_process(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

/* ---- txsync ------------------------------------------------------------------------------------ */

static long forget_blocked(__u32 step, struct tx_work **memory)
{
	__u32 count = (*memory)->count + step;

	if (count == READ_ONCE((*memory)->sorted))
		return 1;
	(*memory)->blocked[count & (*memory)->mask & (VALE_SLOTS - 1)] = 0;
	return 0;
}

/*
 * Slots that an earlier txsync has seen are of interest only if it has left some, and the client has
 * not taken them back, as one does that begins anew.
 */
static __always_inline void find_sorted(struct tx_work *memory)
{
	if (memory->sorted - memory->count <= memory->end - memory->count)
		return;
	bpf_loop(VALE_SLOTS, forget_blocked, &memory, 0);
	memory->sorted = memory->count;
}

static __always_inline void open_batch(struct tx_work *memory, const struct vale_ring_state *state,
				       const struct vale_region *shared)
{
	memory->count = state->tx_taken;
	memory->end =
		memory->count + ((READ_ONCE(shared->tx.head) - memory->count) & state->tx_mask);
	memory->lossless = READ_ONCE(shared->control.lossless);
	memory->answer = 0;
	memory->last_source = 0; /* of this batch: an address may have moved, or aged since */
	memory->to = TX_NOWHERE;
	memory->bytes = 0;
	memory->frames = 0;
	memory->runs = 0;
	memory->destinations = 0;
	memory->own_port = 0;
	memory->invalid = 0;
	memory->spoofed = 0;
	memory->storm = 0;
	memory->storm_asked = 0;
	memory->gone = 0;
	memory->receivers = 0;
	memory->fragmented = 0;
	memory->parked_first = TX_NO_RUN;
	memory->parked_slots = 0;
	memory->blocked_count.frames = 0;
	memory->blocked_count.bytes = 0;
	memory->mask = state->tx_mask;
	memory->header = state->vnet_header & 15;
	memory->extra_copies = 0;
	memory->extra_frames = 0;
	find_sorted(memory);
}

/* Each port that has a queue; or, with a flood, every other one. */
static long deliver_step(__u32 step, struct tx_work **memory)
{
	__u32 number = step;

	if (!(*memory)->queue[VALE_FLOOD].slots)
		number = (*memory)->destination[step & 255];
	if (number != port && tx_deliver(number) > 0) {
		tx_convert(number);
		tx_converted(number);
	}
	return 0;
}

static __always_inline void deliver(struct tx_work *memory, const struct vale_switch *state)
{
	bool flood = memory->queue[VALE_FLOOD].slots;

	bpf_loop(flood ? state->ports_end : memory->destinations, deliver_step, &memory, 0);
	if (memory->parked_slots)
		tx_park();
}

/* What is counted at the sender's port. */
static __always_inline void count_batch(struct tx_work *memory, const struct vale_switch *state,
					struct vale_stats *counters)
{
	struct tx_queue *flood = &memory->queue[VALE_FLOOD];
	__u32 floods = flood->slots ? flood->frames : 0;
	__u32 cut = memory->extra_frames - memory->extra_copies;

	flood->slots = 0;
	stats_add(&counters->received_frames, cut + memory->frames - memory->blocked_count.frames);
	stats_add(&counters->received_bytes, memory->bytes - memory->blocked_count.bytes);
	if (floods && (memory->receivers || state->devices)) {
		stats_add(&counters->flooded, floods);
		stats_add(&counters->copies,
			  (__u64)floods * memory->receivers + memory->extra_copies);
		floods = 0;
	}
	if (memory->own_port)
		stats_add(&counters->drops[VALE_DROP_OWN_PORT], memory->own_port);
	if (memory->invalid)
		stats_add(&counters->drops[VALE_DROP_INVALID], memory->invalid);
	if (memory->spoofed)
		stats_add(&counters->drops[VALE_DROP_SPOOFED], memory->spoofed);
	if (memory->storm)
		stats_add(&counters->drops[VALE_DROP_STORM], memory->storm);
	if (floods + memory->gone)
		stats_add(&counters->drops[VALE_DROP_NO_PORT], floods + memory->gone);
}

struct take {
	struct tx_work *memory;
	__u32 mask;
};

static long find_blocked(__u32 step, struct take *take)
{
	struct tx_work *memory = take->memory;
	__u32 count = READ_ONCE(memory->count);

	if (count == READ_ONCE(memory->end) ||
	    memory->blocked[count & take->mask & (VALE_SLOTS - 1)])
		return 1;
	memory->count = count + 1;
	return 0;
}

/* The slots up to the first one that is blocked are the client's again. */
static __always_inline void take_slots(struct tx_work *memory, struct vale_ring_state *state)
{
	struct take take = { .memory = memory, .mask = state->tx_mask };

	memory->sorted = memory->end;
	if (memory->blocked_count.frames) {
		memory->count = state->tx_taken;
		bpf_loop(VALE_SLOTS, find_blocked, &take, 0);
		memory->end = memory->count;
	}
	WRITE_ONCE(state->tx_taken, memory->end);
}

/*
 * Sends what the client has put into its tx ring. Returns how many frames wait to be sent to
 * devices (to be done by a run of `live` for each; 65535: or more), with VALE_TX_BLOCKED or VALE_TX_AGAIN if frames
 * stay in the ring for want of room; -EBUSY: another one runs; -ENXIO: the port was removed.
 */
SEC("syscall")
int txsync(void *context)
{
	struct vale_stats *counters = stats_of(port);
	struct vale_ring_state *state = own_state();
	struct vale_region *shared = own_region();
	struct tx_work *memory = own_work();
	struct vale_switch *whole;
	__u32 zero = 0, parked;

	whole = bpf_map_lookup_elem(&switch_state, &zero);
	if (!counters || !state || !shared || !memory || !whole || !is_current())
		return -ENXIO;
	if (__sync_lock_test_and_set(&state->tx_busy, 1))
		return -EBUSY;
	if (state->live_process != own_process())
		WRITE_ONCE(state->live_process, own_process());
	open_batch(memory, state, shared);
	tx_sort();
	deliver(memory, whole);
	count_batch(memory, whole, counters);
	take_slots(memory, state);
	__sync_lock_test_and_set(&state->tx_busy, 0);
	parked = state->live_put - READ_ONCE(state->live_taken);
	return memory->answer | (parked < 0xffff ? parked : 0xffff);
}

/* ---- clients come and go ----------------------------------------------------------------------- */

/*
 * A frame that a former client has parked, and not sent. Whoever runs `live` may be taking it up at
 * the same time.
 */
static long abandon(__u32 step, struct vale_ring_state **state)
{
	struct vale_stats *counters = stats_of(port);
	enum parked_answer answer;
	struct parked_part part;

	if (!counters)
		return 1;
	answer = parked_take(*state, true, &part);
	if (answer != PARKED_TAKEN)
		return answer == PARKED_NONE;
	if (part.frame.port == VALE_FLOOD)
		stats_add(&counters->copies, part.segments);
	stats_add(&counters->drops[VALE_DROP_CLOSED], part.segments);
	stats_add(&counters->lost[VALE_DROP_CLOSED], part.segments);
	parked_done(*state, &part);
	return 0;
}

static long abandon_pair(__u32 number, void *context)
{
	struct vale_ring_state *state = bpf_map_lookup_elem(&ring_state, &number);

	if (!state)
		return 1;
	bpf_loop(VALE_SLOTS, abandon, &state, 0);
	return 0;
}

static __always_inline struct vale_ring_state *first_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ring_state, &zero);
}

/* The calling process has the port open. -E2BIG: too many have it; -ENXIO: it was removed. */
SEC("syscall")
int enter(void *context)
{
	struct vale_ring_state *first = first_state();
	int error;

	if (!first || !is_current())
		return -ENXIO;
	if (!READ_ONCE(first->clients))
		bpf_loop(VALE_RINGS, abandon_pair, NULL, 0);
	error = client_enter(&ring_state, first, own_process());
	if (error || is_current())
		return error;
	/* Whoever has removed it may have looked for its clients before. */
	client_leave(&ring_state, first, own_process());
	return -ENXIO;
}

/* The calling process has it open once less. -ENOENT: it has not. */
SEC("syscall")
int leave(void *context)
{
	struct vale_ring_state *first = first_state();

	return first ? client_leave(&ring_state, first, own_process()) : -ENOENT;
}

static long dismiss_pair(__u32 number, void *context)
{
	struct vale_ring_state *state = bpf_map_lookup_elem(&ring_state, &number);

	if (!state)
		return 1;
	__sync_lock_test_and_set(&state->removed, 1);
	rings_wake(vale_doorbell(port, number));
	return 0;
}

/* For whoever removes the port, and has said so: its clients are told, and it has none any more. */
SEC("syscall")
int dismiss(void *context)
{
	struct vale_ring_state *first = first_state();

	bpf_loop(VALE_RINGS, dismiss_pair, NULL, 0);
	if (first)
		client_end(&ring_state, first, 0);
	return 0;
}

/*
 * From now on, each frame of the port has a virtio-net header of that size before it, in both
 * directions. -EINVAL: there is none of that size; -ENXIO: the port was removed.
 */
SEC("syscall")
int header(struct vale_header_request *request)
{
	__u32 size = request->size;

	if (!vale_vnet_header_is_valid(size))
		return -EINVAL;
	if (!is_current())
		return -ENXIO;
	for (__u32 number = 0; number < VALE_RINGS; number++) {
		__u32 element = number;
		struct vale_ring_state *state = bpf_map_lookup_elem(&ring_state, &element);

		if (state)
			WRITE_ONCE(state->vnet_header, size);
	}
	return 0;
}

/* The client has released rx slots, and `rx_wanted` says that a sender waits for them. */
SEC("syscall")
int wake(void *context)
{
	struct vale_ring_state *state = own_state();

	if (state)
		client_wake(state);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
