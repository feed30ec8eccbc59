// SPDX-License-Identifier: GPL-2.0
/*
 * Sends frames of ring ports to devices. txsync cannot, so it parks them, and the client runs this
 * with live frames: the kernel makes frames and gives them to the program, which fills them in.
 *
 * It does not trust whoever runs it, with whatever frame: the frame's length and that of its
 * metadata say which ring's frames are wanted (they are all that the kernel sets anew for each), and
 * all one can do with a wrong answer is to send somebody's waiting frames earlier. Where nothing
 * waits, the frame is dropped. It never passes a frame on to the stack.
 */
#include "deliver.h"
#include "rings.h"

/* Bytes that the kernel gives a live frame: a page less its own, and what surrounds a frame. */
#define LIVE_MAX (4096 - 256 - 320)

/* With fragments of whole buffers, a frame of more is too long in any case. */
#define LIVE_FRAGMENTS 4

/* A parked frame that is being sent. On the stack, for the steps. */
struct live {
	struct xdp_md *frame;
	void *region_map;
	struct vale_region *region;
	struct vale_ring_state *state;
	__u32 port;
	struct vale_parked parked;
	bool copy; /* of a flood, which txsync has counted */
	__u32 length;
};

static __always_inline struct vale_slot *live_slot(const struct live *live, __u32 i)
{
	__u32 slot = live->parked.slot + i;

	return &live->region->tx.slot[slot & live->state->tx_mask & (VALE_SLOTS - 1)];
}

/* Takes up the next one that waits. Others may, on other CPUs: each is taken once. */
static __always_inline bool live_take(struct live *live)
{
	struct vale_ring_state *state = live->state;
	__u32 taken = READ_ONCE(state->parked_taken);

	if (taken == READ_ONCE(state->parked_put))
		return false;
	live->parked = state->parked[taken & (VALE_SLOTS - 1)];
	live->copy = live->parked.fragments & VALE_PARKED_COPY;
	live->parked.fragments &= ~VALE_PARKED_COPY;
	return __sync_val_compare_and_swap(&state->parked_taken, taken, taken + 1) == taken;
}

/* Fills the frame in at `live->length`; 0, or -1 if it cannot be. */
static __always_inline int live_copy(struct live *live, __u32 i)
{
	__u64 word = READ_ONCE(*(__u64 *)live_slot(live, i));
	__u32 length = word >> 32 & 0xffff, at = live->length;
	const __u8 *buffer = rings_buffer(live->region_map, live->state->shift, word);

	if (!buffer || !length || length > VALE_BUFFER_SIZE || at + length > LIVE_MAX)
		return -1;
	if (bpf_xdp_adjust_tail(live->frame,
				(int)(at + length) -
					(int)(i ? at : (__u32)bpf_xdp_get_buff_len(live->frame))))
		return -1;
	/* Says once more that it is from 1 on, as the verifier of 6.1 wants it: see checksum.h. */
	asm volatile("" : "+r"(length));
	length = ((length - 1) & (VALE_BUFFER_SIZE - 1)) + 1;
	live->length = at + length;
	return bpf_xdp_store_bytes(live->frame, at, (void *)buffer, length);
}

/* See tx_deliver.h: the client of a bound port may have changed the addresses. */
static __always_inline int live_bind(struct live *live)
{
	const __u64 *header = live->state->header[live->parked.slot & (VALE_SLOTS - 1)];

	if (!live->state->bound)
		return 0;
	return live->length < VALE_FRAME_MIN ||
	       bpf_xdp_store_bytes(live->frame, 0, (void *)header, 2 * VALE_MAC_SIZE);
}

static long live_copy_step(__u32 i, struct live *live)
{
	if (i >= live->parked.fragments)
		return 1;
	if (!live_copy(live, i))
		return 0;
	live->length = LIVE_MAX + 1;
	return 1;
}

static __always_inline int live_fill(struct live *live)
{
	if (live->parked.fragments == 1)
		return live_copy(live, 0);
	bpf_loop(VALE_FRAGMENTS, live_copy_step, live, 0);
	return live->length > LIVE_MAX ? -1 : 0;
}

/* ---- to all devices ---------------------------------------------------------------------------- */

static long flood_device(__u32 number, struct flood_walk *walk)
{
	if (flood_ask(number, walk) || sockets_on(number) == VALE_PORTS)
		return 0;
	walk->from->memory->copies++;
	stats_lose(number, walk->from->port, VALE_DROP_REFUSED, 1);
	return 0;
}

/* txsync has counted the flood, and its ring ports. If devices have gone meanwhile, it is a drop. */
static __always_inline int live_flood(struct deliver_from *from)
{
	struct flood_walk walk = { .from = from, .slots = device_slots() };
	struct scratch *memory = from->memory;

	from->frame.is_live = true;
	memory->receivers = 0;
	memory->copies = 0;
	bpf_loop(from->state->ports_end, flood_device, &walk, 0);
	from->counters->copies += memory->copies ? memory->copies : 1;
	if (!memory->copies)
		return deliver_drop(from, VALE_DROP_NO_PORT, 1);
	return flood_devices(&walk);
}

/* The device of a port has gone: what was learned behind it matches no more. */
static __always_inline int live_gone(struct deliver_from *from, __u32 number)
{
	struct vale_port_entry *entry = bpf_map_lookup_elem(&ports, &number);

	if (sockets_on(number) != VALE_PORTS) {
		stats_lose(number, from->port, VALE_DROP_REFUSED, 1);
		return XDP_DROP;
	}
	if (entry && entry->kind == VALE_PORT_DEVICE) {
		__sync_fetch_and_add(&entry->generation, 1);
		__sync_fetch_and_add(&from->state->generation, 1);
	}
	from->counters->flooded++;
	return live_flood(from);
}

/* ---- one frame --------------------------------------------------------------------------------- */

static __always_inline int live_send(struct live *live)
{
	__u32 zero = 0, to = live->parked.port;
	struct deliver_from from = {
		.port = live->port,
		.frame.length = live->length,
		.state = bpf_map_lookup_elem(&switch_state, &zero),
		.counters = stats_of(live->port),
		.memory = bpf_map_lookup_elem(&scratch, &zero),
	};
	int verdict;

	if (!from.state || !from.counters || !from.memory)
		return XDP_ABORTED;
	from.memory->source = live->port;
	from.memory->length = live->length;
	if (to == VALE_FLOOD)
		return live_flood(&from);
	verdict = deliver_to_device(&from, to);
	if (verdict != XDP_PASS)
		return verdict;
	return live->copy ? deliver_drop(&from, VALE_DROP_NO_PORT, 1) : live_gone(&from, to);
}

/* What cannot be filled in is too long, or makes no sense any more. */
static __always_inline int live_drop(const struct live *live)
{
	enum vale_drop reason = live->parked.fragments > 1 ? VALE_DROP_JUMBO : VALE_DROP_INVALID;
	struct vale_stats *counters = stats_of(live->port);

	if (live->parked.port == VALE_FLOOD && counters)
		counters->copies++;
	stats_drop(live->port, reason, 1);
	return XDP_DROP;
}

/*
 * Whoever may run this can have it run on a frame that goes nowhere, and be shown what is in it: but
 * only live frames are of memory that the kernel keeps for reuse.
 */
static __always_inline bool is_live(struct xdp_md *frame)
{
	const struct xdp_buff *buffer = (const void *)frame;

	return BPF_CORE_READ(buffer, rxq, mem.type) ==
	       bpf_core_enum_value(enum xdp_mem_type, MEM_TYPE_PAGE_POOL);
}

SEC("xdp.frags")
int live(struct xdp_md *frame)
{
	__u32 metadata = frame->data - frame->data_meta, pair = metadata / sizeof(__u32), region;
	struct live live = { .frame = frame };
	int verdict;

	live.port = (__u32)(frame->data_end - frame->data) - VALE_LIVE_LENGTH;
	if (live.port >= VALE_PORTS || !is_live(frame))
		return XDP_DROP;
	live.state = rings_state(live.port, pair);
	live.region_map = bpf_map_lookup_elem(&regions, &live.port);
	if (!live.state || !live.region_map)
		return XDP_DROP;
	region = live.state->region;
	live.region = bpf_map_lookup_elem(live.region_map, &region);
	if (!live.region || (metadata && bpf_xdp_adjust_meta(frame, metadata)) || !live_take(&live))
		return XDP_DROP;
	verdict = live_fill(&live) || live_bind(&live) ? live_drop(&live) : live_send(&live);
	__sync_fetch_and_add(&live.state->parked_copied, 1);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
