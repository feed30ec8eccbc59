/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A txsync is VALE's own algorithm. First the batch is sorted: frames that follow each other and
 * have the same destination are a run, and runs are appended to the queue of their destination. Then
 * each destination gets its frames at once, so that finding it, leasing slots, publishing them and
 * waking it is paid for by the batch. The number of ports of the switch does not matter but to
 * floods.
 *
 * The parts are global functions: the verifier walks each once, for any state of the memory below,
 * and not for every way that leads to it.
 */
#ifndef VALE_BPF_TXSYNC_H
#define VALE_BPF_TXSYNC_H

#include "fdb.h"
#include "rings.h"

/* Constants of the program: its port and pair of rings, and the addresses the port is bound to. */
const volatile __u32 port = 0;
const volatile __u32 pair = 0;
const volatile __u32 first_region = 0; /* of the memory: the first pair's */
const volatile __u32 shift = 0;	       /* of the memory's buffers */
const volatile __u32 generation = 0;   /* of the port: another port may get its number */
const volatile __u32 bound = 0;	       /* how many; 0: its clients may send from any */
const volatile __u64 bound_macs[VALE_BOUND_MACS] = {};

/* The port, as a destination. */
#define SELF (port | FDB_RING)

/* In place of a destination, and in place of a run. */
#define TX_NOWHERE (~0u)
#define TX_NO_RUN  0xffff

struct tx_run {
	__u16 slot; /* the first */
	__u16 slots;
	__u16 to;
	__u16 fragmented;  /* it is one frame of several slots */
	__u16 next;	   /* run of its destination */
	__u16 next_parked; /* run that devices get */
};

/* What one destination gets. */
struct tx_queue {
	__u16 first; /* run */
	__u16 last;
	__u16 slots;
	__u16 frames;
	__u64 bytes;
};

struct tx_count {
	__u64 frames;
	__u64 bytes;
};

/* Of a tx ring, of which only one txsync runs at a time. */
struct tx_work {
	__u32 count; /* of the slot at hand, since the port was made */
	__u32 end;   /* count behind the last slot */
	__u32 mask;
	__u64 last_source;
	__u32 to;	 /* destination of the run at hand; TX_NOWHERE: there is none */
	__u32 run_start; /* count of its first slot */
	__u64 bytes;	 /* of all frames so far */
	__u64 run_bytes; /* and of those before the run */
	__u32 frames;	 /* whose run has ended, and those that were dropped */
	__u32 runs;
	__u32 destinations;
	__u32 own_port;
	__u32 invalid;
	__u32 spoofed;
	__u32 storm;		       /* frames to all that were too many */
	__u32 storm_asked;	       /* kinds of these, as bits, that room was taken for, */
	__u32 storm_room[VALE_STORMS]; /* and what is left of it */
	__u32 gone;		       /* frames whose destination is no port any more */
	__u16 parked_first;	       /* run that devices get */
	__u16 parked_last;
	__u32 parked_slots;
	__u32 receivers;  /* ring ports that got a flood */
	__u32 fragmented; /* frames of several slots */
	__u32 sorted;	  /* count behind the last slot that was sorted, ever */
	__u32 lossless;
	__u32 header; /* bytes of the virtio-net header before each frame */
	__u32 answer;

	/* of a frame of several slots, while it is sorted */
	__u32 frame_slots;
	__u32 frame_bytes;
	__u32 frame_state;
	__u32 frame_head; /* what is in its first slot is the header, and nothing else */

	/* while a destination is delivered to */
	__u32 run;	 /* the next one of its own */
	__u32 run_flood; /* and the next one of the flood */
	__u32 slot;
	__u32 left;	 /* slots of the run at hand */
	__u32 fragments; /* its slots, if it is one frame */
	__u32 flooded;	 /* it is of the flood */
	__u32 into;	 /* count of the slot that is filled */
	__u32 into_end;	 /* count behind the last */
	__u32 to_leave;	 /* slots that are not delivered */
	__u32 wanted;	 /* those of the first frame that stays in the ring; 0: none does */
	struct tx_count offered;
	struct tx_count blocked_before; /* frames that wait for others */
	struct tx_count undelivered;
	__u32 converts;	 /* the receiver has another header, or none */
	__u32 converted; /* it is this one */
	__u32 unfit;	 /* frames that cannot be converted */
	struct tx_count
		extra; /* frames that came of cutting others; and bytes of all that were converted */
	__u32 extra_copies; /* of floods, of all destinations */
	__u32 extra_frames; /* and of all */
	__u32 bind_next;    /* the addresses are in the next slot */

	/* of all destinations: frames that stay in the ring, since their destination has no room */
	struct tx_count blocked_count;

	struct fdb_cache cache;
	struct tx_queue queue[256]; /* by port number; VALE_FLOOD's is behind those of the ports */
	struct tx_run run_of[VALE_SLOTS];
	__u8 destination[256]; /* numbers of ring ports that have a queue */
	__u8 blocked[VALE_SLOTS]; /* lossless: the destination of the frame that starts here had no room */
};

/* ---- the port's memory ------------------------------------------------------------------------- */

/* The loader puts them into the maps of the switch. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_region);
} region SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE | BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vale_ring_state);
} ring_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tx_work);
} work SEC(".maps");

static __always_inline struct vale_region *own_region(void)
{
	__u32 element = first_region + pair;

	return bpf_map_lookup_elem(&region, &element);
}

static __always_inline struct vale_ring_state *own_state(void)
{
	__u32 element = pair;

	return bpf_map_lookup_elem(&ring_state, &element);
}

static __always_inline struct tx_work *own_work(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&work, &zero);
}

/* ---- slots, which the client may change at any time: each is read once ------------------------- */

#define SLOT_BUFFER(word) ((__u32)(word))
#define SLOT_LENGTH(word) ((__u32)((word) >> 32) & 0xffff)
#define SLOT_MORE(word)	  ((word) >> 48 & VALE_SLOT_MORE)

/* The slots of the own tx ring and their buffers, on the stack. */
struct tx_ring {
	const struct vale_slot *slots;
	const __u8 *buffers;
	__u32 first; /* index of the first buffer */
	__u32 mask;
};

static __always_inline bool tx_ring(struct tx_ring *ring)
{
	const struct vale_ring_state *state = own_state();
	struct vale_region *memory = own_region();

	if (!state || !memory)
		return false;
	ring->slots = memory->tx.slot;
	ring->buffers = rings_buffers(memory, shift);
	ring->first = rings_first(first_region + pair);
	ring->mask = state->tx_mask;
	return true;
}

static __always_inline __u64 tx_slot(const struct tx_ring *ring, __u32 count)
{
	return READ_ONCE(*(const __u64 *)&ring->slots[count & ring->mask & (VALE_SLOTS - 1)]);
}

/* In whichever region of the memory the slot's buffer is. NULL: it is none, or has no room for this. */
static __always_inline const __u8 *tx_buffer(__u64 word)
{
	__u32 length = SLOT_LENGTH(word);

	return length && length <= VALE_BUFFER_SIZE
		       ? rings_buffer(&region, shift, SLOT_BUFFER(word))
		       : NULL;
}

#endif
