// SPDX-License-Identifier: GPL-2.0
/*
 * Sends frames of ring ports to devices. txsync cannot, so it parks them, and the client runs this
 * with live frames: the kernel makes frames and gives them to the program, which fills them in.
 *
 * It does not trust whoever runs it, with whatever frame: the frame's length and that of its
 * metadata say which ring's frames are wanted (they are all that the kernel sets anew for each), and
 * only the process that has run that ring's txsync gets them. On several CPUs at a time, frames would
 * overtake each other. Where nothing waits, the frame is dropped. It never passes a frame on to the
 * stack.
 */
#define SINK_IS_FRAME

#include "cut.h"
#include "deliver.h"
#include "parked.h"

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
	struct parked_part part;
	bool copy; /* of a flood, which txsync has counted */
	__u32 length;
};

static __always_inline struct vale_slot *live_slot(const struct live *live, __u32 i)
{
	__u32 slot = live->part.frame.slot + i;

	return &live->region->tx.slot[slot & live->state->tx_mask & (VALE_SLOTS - 1)];
}

/* Takes up the next one that waits. */
static __always_inline bool live_take(struct live *live)
{
	if (parked_take(live->state, false, &live->part) != PARKED_TAKEN)
		return false;
	live->copy = live->part.frame.fragments & VALE_PARKED_COPY;
	live->part.frame.fragments &= ~VALE_PARKED_COPY;
	return true;
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
	const __u64 *header = live->state->header[live->part.frame.slot & (VALE_SLOTS - 1)];

	if (!live->state->bound)
		return 0;
	return live->length < VALE_FRAME_MIN ||
	       bpf_xdp_store_bytes(live->frame, 0, (void *)header, 2 * VALE_MAC_SIZE);
}

/* ---- with a virtio-net header ------------------------------------------------------------------ */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cut);
} cut_memory SEC(".maps");

/* One of the frames that it is cut into, or the only one. */
static __always_inline int live_cut(struct live *live)
{
	__u32 zero = 0, segment = live->part.segment;
	struct cut *cut = bpf_map_lookup_elem(&cut_memory, &zero);
	struct sink sink = { .frame = live->frame };
	struct cutting cutting = { .cut = cut, .sink = &sink };

	if (!cut)
		return -1;
	cutting.source.stream = &cut->stream;
	cutting.source.slots = live->region->tx.slot;
	cutting.source.region_map = live->region_map;
	cut->stream.mask = live->state->tx_mask;
	cut->stream.shift = live->state->shift;
	cut->bound = 0;
	if (cut_open(&cutting, live->part.frame.slot, live->part.frame.fragments,
		     live->state->vnet_header & 15, 0) <= (int)segment)
		return -1;
	live->length = cut_length(&cut->vnet, segment);
	if (live->length > LIVE_MAX ||
	    bpf_xdp_adjust_tail(live->frame,
				(int)live->length - (int)bpf_xdp_get_buff_len(live->frame)))
		return -1;
	if (cut->vnet.fragments && !segment) {
		cut_begin_sum(&cutting);
		bpf_loop(CUT_STEPS, cut_step, &cutting, 0);
		cut_end(&cutting);
		cut->summing = 0;
	}
	cut_begin(&cutting, segment);
	bpf_loop(CUT_STEPS, cut_step, &cutting, 0);
	cut_end(&cutting);
	return READ_ONCE(cut->failed) ? -1 : 0;
}

/* ---- and without ------------------------------------------------------------------------------- */

static long live_copy_step(__u32 i, struct live *live)
{
	if (i >= live->part.frame.fragments)
		return 1;
	if (!live_copy(live, i))
		return 0;
	live->length = LIVE_MAX + 1;
	return 1;
}

static __always_inline int live_fill(struct live *live)
{
	if (live->state->vnet_header)
		return live_cut(live);
	if (live->part.frame.fragments == 1)
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
	__u32 zero = 0, to = live->part.frame.port;
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
	enum vale_drop reason = live->part.frame.fragments > 1 ? VALE_DROP_JUMBO
							       : VALE_DROP_INVALID;
	struct vale_stats *counters = stats_of(live->port);

	if (live->part.frame.port == VALE_FLOOD && counters)
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

/* Others must not send its frames, on another CPU at the same time: they would be out of order. */
static __always_inline bool is_turn(const struct vale_ring_state *state)
{
	return bpf_get_current_task_btf()->tgid == (int)READ_ONCE(state->live_process);
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
	if (!live.state || !live.region_map || !is_turn(live.state))
		return XDP_DROP;
	region = live.state->region;
	live.region = bpf_map_lookup_elem(live.region_map, &region);
	if (!live.region || (metadata && bpf_xdp_adjust_meta(frame, metadata)) || !live_take(&live))
		return XDP_DROP;
	verdict = live_fill(&live) || live_bind(&live) ? live_drop(&live) : live_send(&live);
	parked_done(live.state, &live.part);
	return verdict;
}

char LICENSE[] SEC("license") = "GPL";
