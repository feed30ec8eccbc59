/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The memory that a ring port's client and the switch's programs share.
 *
 * A port has 1 to VALE_RINGS pairs of a tx and an rx ring. Each pair has a struct vale_region, which
 * the client may write, and a struct vale_ring_state, which it may only read; those of a port follow
 * each other in memory. Ports may share a memory: then their regions do. Nothing in a region is trusted by the switch, and nothing in it is written
 * by the switch but rx slots and the buffers they name.
 *
 * struct vale_if, vale_ring and vale_slot have the layout of netmap's structures of similar names,
 * so that its clients can be served from the same memory. Fields are written by the client (c), by
 * its library (l), or by the switch (s). Integers are in host byte order.
 */
#ifndef VALE_RING_H
#define VALE_RING_H

#include "vale/abi.h"

/* Pairs of rings a port has at the most. */
#define VALE_RINGS 8

/* Regions of a memory at the most: those of the ports that share it. */
#define VALE_REGIONS 16

/* Processes that may have a port open at a time. */
#define VALE_CLIENTS 32

/* Slots a ring has at the most; a ring of fewer has a power of two. VALE's default. */
#define VALE_SLOTS     1024
#define VALE_SLOTS_MIN 8

/* Bytes in a buffer: VALE's default. A frame that is longer takes several slots. */
#define VALE_BUFFER_SIZE 2048

/* Slots of a frame at the most, as in netmap. */
#define VALE_FRAGMENTS 64

/*
 * A buffer's index counts buffers from the start of the memory's first region, so each region has a
 * number of them, and any slot of the memory may have any of them. The first of a region lie below
 * its rings, and are no buffers; the last one is room for the shift.
 */
#define VALE_REGION_UNITS   2320u
#define VALE_REGION_SIZE    (VALE_REGION_UNITS * VALE_BUFFER_SIZE)
#define VALE_BUFFER_FIRST   17u
#define VALE_REGION_BUFFERS (VALE_REGION_UNITS - VALE_BUFFER_FIRST - 1)

/* Those that no slot holds at first. */
#define VALE_REGION_EXTRA (VALE_REGION_BUFFERS - 2 * VALE_SLOTS)

/*
 * Flags of a slot, netmap's numbers. In an rx ring, the upper byte is how many slots a frame has,
 * 0 if it is one.
 */
enum {
	VALE_SLOT_BUF_CHANGED =
		0x01,	       /* (c) buf_idx is another than before; no need to say so here */
	VALE_SLOT_MORE = 0x20, /* the frame goes on in the next slot */
};

/*
 * A port may have a virtio-net header before each frame, of these sizes (the kernel's struct
 * virtio_net_hdr, and the one with num_buffers), or none: 0. What it says about open checksums and
 * frames that are to be cut is for a receiver that has one, too; for others the switch does it.
 */
static inline int vale_vnet_header_is_valid(__u32 size)
{
	return size == 0 || size == 10 || size == 12;
}

/* What the program `header` is run with. */
struct vale_header_request {
	__u32 size;
};

/* What the program `renew` is run with. */
struct vale_renew_request {
	__u32 port;
};

struct vale_slot {
	__u32 buf_idx; /* (c) */
	__u16 len;     /* tx (c), rx (s): bytes in the buffer */
	__u16 flags;   /* tx (c), rx (s) */
	__u64 ptr;     /* not used */
};

struct vale_ring {
	__s64 buf_ofs; /* buffer i starts at (char *)ring + buf_ofs + i * nr_buf_size */
	__u32 num_slots;
	__u32 nr_buf_size;
	__u16 ringid;
	__u16 dir;  /* 0: rx, 1: tx */
	__u32 head; /* (c) first slot that is the client's after the next sync */
	__u32 cur;  /* (c) where the client would like to be woken */
	__u32 tail; /* (l) first slot that is not the client's */
	__u32 flags;
	__u32 pad;
	__s64 ts[2]; /* (l) seconds and microseconds of the last sync */
	__u64 offset_mask;
	__u64 buf_align;
	__u8 unused[56];
	__u8 sem[128]; /* the client's */
	struct vale_slot slot[VALE_SLOTS];
};

/* Where the rings are, relative to the start of this; only in the first region. */
struct vale_if {
	char ni_name[16];
	__u32 ni_version;
	__u32 ni_flags;
	__u32 ni_tx_rings;
	__u32 ni_rx_rings;
	__u32 ni_bufs_head; /* first of a list of extra buffers, each with the next one's index in its first word */
	__u32 ni_host_tx_rings;
	__u32 ni_host_rx_rings;
	__u32 ni_spare[3];
	__s64 ring_ofs[2 * (VALE_RINGS + 1)]; /* tx, host tx, rx, host rx; 0: there is none */
};

/* What the client's library tells the switch. */
struct vale_control {
	__u32 rx_released; /* (l) rx slots given back since the port was made, modulo 2^32 */
	__u32 unused1[15];

	/* In a cache line that senders need not fetch anew after each release. */
	__u32 rx_sleeping; /* (l) 1: ring the doorbell when something comes; (s) 0 once it has been */
	__u32 lossless;	   /* (l) 1: leave slots unsent whose destination has no room */
	__u32 unused2[14];
};

struct vale_region {
	union {
		struct vale_if interface;
		__u8 interface_room[384];
	};
	struct vale_control control;
	struct vale_ring tx;
	struct vale_ring rx;
	__u8 pad[VALE_BUFFER_FIRST * VALE_BUFFER_SIZE - 512 - 2 * sizeof(struct vale_ring)];
	__u8 buffers[VALE_REGION_BUFFERS + 1][VALE_BUFFER_SIZE];
};

/*
 * A copy is slowed down if source and destination lie at the same place of their pages. So buffers
 * are shifted by some cache lines, which differ from memory to memory: of a port that has its own,
 * by the port's number.
 */
#define VALE_SHIFT_MASK (15 * 64)

static inline __u32 vale_region_shift(__u32 port)
{
	return port * 64 & VALE_SHIFT_MASK;
}

/* Number of a pair's doorbell. */
static inline __u32 vale_doorbell(__u32 port, __u32 pair)
{
	return port * VALE_RINGS + pair;
}

/* In the answer of txsync, beside the number of frames that wait to be sent to devices. */
enum {
	VALE_TX_BLOCKED = 1 << 16, /* frames stay in the ring, whose destination has no room */
	VALE_TX_AGAIN = 1 << 17,   /* and it has room now */
};

/*
 * Frames that wait are sent by runs of the program `live`, with live frames. A frame that is so many
 * bytes longer as the port's number is, with metadata of four bytes for each pair before the ring's,
 * asks for one of that ring. It gets it if it was the last to run the ring's txsync.
 */
#define VALE_LIVE_LENGTH 64

/* A frame that waits to be sent to a device. */
struct vale_parked {
	__u16 slot;	/* its first */
	__u8 fragments; /* of one that is flooded, a device's copy: with VALE_PARKED_COPY */
	__u8 port;	/* its destination; VALE_FLOOD: all devices */
	__u16 segments; /* that it is to be cut into: each is a live frame */
	__u16 unused;
};

#define VALE_PARKED_COPY 0x80

/* Words of bits, one for each doorbell of a switch. */
#define VALE_WAITING (VALE_PORTS * VALE_RINGS / 64 + 1)

/* Of a pair of rings; written by the switch only. Counts are modulo 2^32; a slot's index is a count modulo slots. */
struct vale_ring_state {
	/* what the rx ring's client reads */
	__u32 rx_published; /* slots filled, since the port was made: the tail */
	__u32 rx_wanted;    /* a lossless sender waits for room: run the control program */
	__u32 rx_mask;	    /* slots less one */
	__u32 port;	    /* number of the port */
	__u32 removed;	    /* 1: the port was deleted */
	__u32 region;	    /* of the memory, the pair's */
	__u32 shift;	    /* bytes that buffers of the memory are shifted by */
	__u32 pipes; /* regions behind those of the port's pairs that are its own, too: for pipes */
	__u32 abi;   /* VALE_ABI, for clients that cannot read it in the switch's own map */
	__u32 unused1[7];

	/* what the senders to it share */
	__u32 rx_reserved; /* slots that a sender has filled or is about to fill */
	__u32 rx_limit;	   /* it may come to this: as far as the client had released, last time */
	__u32 clients;	   /* how often the port is open */
	__u32 unused2[13];

	/* what the tx ring's client reads */
	__u32 tx_taken;	      /* slots that need not be kept, but for those of parked frames */
	__u32 tx_busy;	      /* 1: txsync runs */
	__u32 tx_mask;	      /* slots less one */
	__u32 parked_put;     /* frames that were parked, */
	__u32 parked_taken;   /* of these, those that were taken up, */
	__u32 parked_segment; /* and of the next one so many segments */
	__u32 parked_copied;  /* frames whose slots need not be kept */
	__u32 bound;	      /* 1: frames are sent with the addresses in `header` */
	__u32 vnet_header;    /* bytes of the virtio-net header before each frame, in both rings */
	__u32 live_put;	      /* live frames that the parked ones take, */
	__u32 live_taken;     /* and have taken */
	__u32 live_process;   /* that has run txsync last: for no other one they are sent */
	__u32 programs;	      /* moves on when the port's programs were replaced: open them anew */
	__u32 unused3[3];

	__u64 waiting[VALE_WAITING]; /* a bit for each doorbell of a lossless sender that waits */
	__u64 client[VALE_CLIENTS]; /* of the first pair: processes that have the port open, in the */
	/* upper half, and how often, in the lower one; 0: none */
	__u64 lease[VALE_SLOTS]; /* a finished one, at the slot where it starts: count of its first slot, */
	/* in the lower half, and how many, in the upper one; 0: none */
	struct vale_parked parked[VALE_SLOTS];
	__u64 header[VALE_SLOTS]
		    [2]; /* of a bound port: first words of frames, as they were checked */
	__u8 unused5[4096 - 192 - 8 * VALE_WAITING - 8 * VALE_CLIENTS];
};

VALE_ASSERT(sizeof(struct vale_slot) == 16, "layout of vale_slot");
VALE_ASSERT(offsetof(struct vale_slot, len) == 4, "layout of vale_slot");
VALE_ASSERT(offsetof(struct vale_slot, flags) == 6, "layout of vale_slot");
VALE_ASSERT(offsetof(struct vale_slot, ptr) == 8, "layout of vale_slot");
VALE_ASSERT(offsetof(struct vale_ring, num_slots) == 8, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, nr_buf_size) == 12, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, ringid) == 16, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, dir) == 18, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, head) == 20, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, cur) == 24, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, tail) == 28, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, flags) == 32, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, ts) == 40, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, offset_mask) == 56, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, buf_align) == 64, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, sem) == 128, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_ring, slot) == 256, "layout of vale_ring");
VALE_ASSERT(offsetof(struct vale_if, ni_version) == 16, "layout of vale_if");
VALE_ASSERT(offsetof(struct vale_if, ni_tx_rings) == 24, "layout of vale_if");
VALE_ASSERT(offsetof(struct vale_if, ni_bufs_head) == 32, "layout of vale_if");
VALE_ASSERT(offsetof(struct vale_if, ring_ofs) == 56, "layout of vale_if");
VALE_ASSERT(sizeof(struct vale_if) <= 384, "layout of vale_if");
VALE_ASSERT(sizeof(struct vale_control) == 128, "layout of vale_control");
VALE_ASSERT(offsetof(struct vale_control, rx_sleeping) == 64, "layout of vale_control");
VALE_ASSERT(offsetof(struct vale_region, control) == 384, "layout of vale_region");
VALE_ASSERT(offsetof(struct vale_region, tx) == 512, "layout of vale_region");
VALE_ASSERT(offsetof(struct vale_region, buffers) == VALE_BUFFER_FIRST * VALE_BUFFER_SIZE,
	    "layout of vale_region");
VALE_ASSERT(sizeof(struct vale_region) == VALE_REGION_SIZE, "layout of vale_region");
VALE_ASSERT(VALE_REGION_SIZE % 4096 == 0, "regions start at pages");
VALE_ASSERT(sizeof(struct vale_parked) == 8, "layout of vale_parked");
VALE_ASSERT(offsetof(struct vale_ring_state, parked_taken) % 8 == 0, "taken with what follows it");
VALE_ASSERT(offsetof(struct vale_ring_state, abi) == 32, "the same in all versions");
VALE_ASSERT(offsetof(struct vale_ring_state, rx_reserved) == 64, "layout of vale_ring_state");
VALE_ASSERT(offsetof(struct vale_ring_state, tx_taken) == 128, "layout of vale_ring_state");
VALE_ASSERT(offsetof(struct vale_ring_state, waiting) == 192, "layout of vale_ring_state");
VALE_ASSERT(offsetof(struct vale_ring_state, client) == 448, "layout of vale_ring_state");
VALE_ASSERT(offsetof(struct vale_ring_state, lease) == 704, "layout of vale_ring_state");
VALE_ASSERT(sizeof(struct vale_ring_state) % 4096 == 0, "states start at pages");

#endif
