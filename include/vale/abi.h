/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What the BPF programs, the library and every reader of the pinned maps agree on: the maps of a
 * switch, their keys and their values. Each structure is defined here and nowhere else. Integers
 * are in host byte order; MAC addresses are in the order of the wire.
 *
 * A switch is a directory of pinned objects:
 *
 *	<bpffs>/vale/sysctl             struct vale_sysctl      limits and defaults, one per bpffs
 *	<bpffs>/vale/<switch>/
 *		switch                  struct vale_switch      one element
 *		ports                   struct vale_port_entry        by port number
 *		devmap*, flood*         struct bpf_devmap_val   by port number; the kernel empties
 *		                                                a slot when its device goes away
 *		devices                 vale_device -> port     whose a device is, or of which
 *		                                                AF_XDP port the outer end
 *		sockets                 AF_XDP sockets on devices, by vale_socket()
 *		fdb                     vale_fdb_key -> _entry  learned addresses, an LRU hash
 *		fdb_static              vale_fdb_key -> _entry  addresses set by hand
 *		limits                  struct vale_limit       by port number, of those that have any
 *		stats                   struct vale_stats       by port number, per CPU
 *		scratch                 working memory of the programs, per CPU
 *		watch_*                 links of the programs that watch the kernel, and
 *		on_*                    what these call: one program each, which can be replaced
 *		port/<name>/xdp         link of the port's program
 *		port/<name>/state       struct vale_xsk_state of an AF_XDP port: vale/xsk.h
 */
#ifndef VALE_ABI_H
#define VALE_ABI_H

#ifdef __cplusplus
#include <cstddef>
#define VALE_ASSERT static_assert
#else
#include <stddef.h>
#define VALE_ASSERT _Static_assert
#endif
#include <linux/types.h>

/*
 * The first word of `switch` and `sysctl`: another number is another layout, and is refused. It is
 * also that of the maps which only the programs know, since these are replaced under traffic.
 */
#define VALE_ABI 3

/* IFNAMSIZ: a whole name "valeSSS:PPP" and its NUL fit into it, as in netmap. */
#define VALE_NAME_SIZE 16

/* Ports a switch has at the most: VALE's documented limit (254; its code stops at 252). */
#define VALE_PORTS 254

/* In place of a port's number: all but the one a frame came from. */
#define VALE_FLOOD VALE_PORTS

#define VALE_MAC_SIZE 6

/*
 * The devmaps of a switch have the same content: one to send a frame to one port, and one to flood
 * it, whose slots have a program each. Of both there are two: the kernel wants all programs that
 * use a devmap to agree on whether they take frames of several buffers, and those that share their
 * device through libxdp are not marked as doing so.
 */
enum vale_devmap {
	VALE_DEVMAP_ONE = 0,
	VALE_DEVMAP_ONE_SHARED = 1,
	VALE_DEVMAP_FLOOD = 2,
	VALE_DEVMAP_FLOOD_SHARED = 3,
	VALE_DEVMAPS = 4,
};

/* Queues whose frames an AF_XDP port can have, at the most. */
#define VALE_QUEUES 8

/* Addresses that a ring port may be bound to. */
#define VALE_BOUND_MACS 4

/* Addresses that a port's limit may allow at the most. */
#define VALE_LIMIT_MACS 1024

/* The shortest frame that has both addresses and a type. */
#define VALE_FRAME_MIN 14

enum vale_port_kind {
	VALE_PORT_FREE = 0,
	VALE_PORT_RESERVED = 1, /* being attached or detached: gets no frames */
	VALE_PORT_DEVICE = 2,	/* a network device with our XDP program on it */
	VALE_PORT_RING = 3,	/* rings in memory that a client shares: vale/ring.h */
	VALE_PORT_SOCKETS = 4,	/* AF_XDP sockets of a client on the device of another port */
};

enum vale_hook {
	VALE_HOOK_AUTO = 0, /* only asked for: a port in a switch has one of those below */
	VALE_HOOK_NATIVE = 1,
	VALE_HOOK_GENERIC = 2,
	VALE_HOOK_TC = 3,
};

/* flags of struct vale_switch */
enum {
	VALE_SWITCH_FRAGMENTS = 1 << 0, /* the kernel redirects frames of several buffers (6.3) */
	VALE_SWITCH_EPHEMERAL = 1 << 1, /* a client has made it: it goes with its last port */
};

/* flags of struct vale_port_entry */
enum {
	VALE_PORT_SHARED = 1 << 0, /* attached through libxdp's dispatcher, beside other programs */
	VALE_PORT_EPHEMERAL =
		1 << 1, /* made by a client that opened it: goes with its last client */
	VALE_PORT_XSK =
		1 << 2, /* for AF_XDP: of a device, that it is the inner end of a veth pair, */
			/* which goes with the port */
	VALE_PORT_TC = 1 << 3,	   /* at XDP, and what has work left for the device at tc */
	VALE_PORT_FILTER = 1 << 4, /* at tc by a filter, as before 6.6 */
	VALE_PORT_HOST =
		1 << 5, /* inner end of a veth pair for the host's stack, goes with the port */
	VALE_PORT_HOST_SIDE = 1 << 6,  /* which is that of the interface of the port `on` */
	VALE_PORT_KEEPS_HOST = 1 << 7, /* and this is that port */
};

/* Why a frame was not delivered. */
enum vale_drop {
	/* counted at the sender's port: */
	VALE_DROP_SHORT = 0,	/* shorter than an Ethernet header */
	VALE_DROP_OFFLOAD = 1,	/* longer than the sender's own MTU: left to be segmented */
	VALE_DROP_OWN_PORT = 2, /* the destination is behind the port it came from */
	VALE_DROP_NO_PORT = 3,	/* to be flooded, and no other port there */
	VALE_DROP_INVALID = 4,	/* a tx slot whose length, buffer or fragments make no sense */
	VALE_DROP_SPOOFED = 5,	/* its source address is none that the port is bound to */
	/* counted at the receiver's port, and as lost at the sender's: */
	VALE_DROP_MTU = 6,   /* larger than its device's MTU */
	VALE_DROP_JUMBO = 7, /* of several buffers, and its device takes frames of one; also at */
			     /* the sender's port: of several buffers, and for several receivers */
	VALE_DROP_DOWN = 8,  /* its device is down */
	VALE_DROP_REFUSED = 9, /* its device did not take it: queue full, no receiver; or it has */
			       /* sockets on a device that the frame has not come in by alone */
	VALE_DROP_CUT = 10,    /* a flood from the generic hook stopped at a port before this one */
	VALE_DROP_FULL =
		11, /* its rx ring has no room; of an AF_XDP port, its socket took it not, */
		    /* and where it came from is not known any more */
	VALE_DROP_CLOSED = 12, /* no client has it open */
	VALE_DROP_HEADER =
		13, /* its virtio-net header makes no sense, and the receiver needs what */
		    /* it says; also at the sender's port: for devices */
	VALE_DROP_STORM = 14, /* counted at the sender's port: flooded frames beyond its limit */
	VALE_DROP_REASONS = 15,
};

/* Room for reasons to come. */
#define VALE_DROP_ROOM 16

/* Frames for more than one port, each with a limit of its own. */
enum vale_storm {
	VALE_STORM_BROADCAST = 0,
	VALE_STORM_MULTICAST = 1, /* to any other group */
	VALE_STORM_UNKNOWN = 2,	  /* to an address of which the switch does not know where it is */
	VALE_STORMS = 3,
};

struct vale_device {
	__u64 netns;
	__u32 ifindex;
	__u32 unused;
};

/* Place of the socket that has frames of a queue of a port's device. */
static inline __u32 vale_socket(__u32 port, __u32 queue)
{
	return port * VALE_QUEUES + queue;
}

/* The one element of `switch`. */
struct vale_switch {
	__u32 abi;	  /* VALE_ABI */
	__u32 fdb_size;	  /* addresses `fdb` has room for */
	__u64 age_ns;	  /* a learned address is forgotten after so long; 0: never */
	__u32 generation; /* moves on when an address may have changed: cached lookups end with it */
	__u32 ports_end;  /* one past the highest port number in use */
	__u32 flags;
	__u32 devmap_id[VALE_DEVMAPS]; /* the kernel's ids, by which its tracepoints name us */
	__u32 devices;		       /* ports that are devices */
	__u32 rings;		       /* ports that are rings */
	__u32 limited;		       /* ports that are in `limits`, or more */
	struct vale_device
		anchor; /* keeps the program `live` on a device, without which it is slow */
	struct vale_device segments;  /* near end of the pair that makes plain frames for rings */
	char version[VALE_NAME_SIZE]; /* whose programs it has: of its making, or its last reload */
};

/* An element of `ports`. */
struct vale_port_entry {
	char name[VALE_NAME_SIZE];   /* PPP of valeSSS:PPP */
	char device[VALE_NAME_SIZE]; /* what the device was called when it was attached */
	__u64 netns;		     /* cookie of the network namespace the device is in */
	__u32 ifindex;		     /* its number there */
	__u32 kind;		     /* enum vale_port_kind */
	__u32 generation; /* moves on at attach and detach: older addresses do not match */
	__u32 hook;	  /* enum vale_hook, never VALE_HOOK_AUTO */
	__u32 flags;
	__u32 program; /* the kernel's id of the program on the device */
	__u32 restore; /* features of the device or its far end that detach puts back */
	__u32 rings;   /* pairs of rings, of a ring port; queues, of an AF_XDP port */
	__u32 owner;   /* id of the user whose clients may open it */
	__u32 bound;   /* addresses in `macs`: 0 leaves its clients free to use any */
	__u64 macs[VALE_BOUND_MACS]; /* that a client may send from: keys of the fdb */
	__u32 memory; /* of a ring port: the kernel's id of the map that its rings are in, */
	__u32 region; /* and the element of the first pair; ports of one memory share buffers */
	struct vale_device outer; /* of a port with a pair, where its outer end was made */
	__u32 on; /* of sockets, and of a host's side: number of the port on whose device they are */
	__u32 pipes; /* of a ring port: elements behind its rings' that are its own, for pipes */
};

struct vale_fdb_key {
	__u8 mac[VALE_MAC_SIZE];
	__u16 vlan; /* always 0: addresses are learned without regard to VLANs, as VALE does */
};

/* Matches only while its port has the same generation. */
struct vale_fdb_entry {
	__u16 port;
	__u16 claim; /* its place in the limit of the port */
	__u32 generation;
	__u64 seen_ns; /* CLOCK_MONOTONIC, renewed once in 64 jiffies at most; 0 in fdb_static */
};

/* So many frames a second, and that many at once after a pause. */
struct vale_bucket {
	__u32 rate; /* 0: no limit */
	__u32 burst;
	__u64 full_ns; /* CLOCK_MONOTONIC when there is room for all of a burst again */
};

/*
 * What a port may do to the others. Whatever is learned behind a port with a limit of addresses has a
 * claim: an element of `claims` that has the address, whose number the entry in `fdb` has. Claims of
 * addresses that are there no more are found when all are taken.
 */
struct vale_limit {
	__u32 port; /* the port's number and generation */
	__u32 generation;
	__u32 macs;	/* addresses learned behind it at the most; 0: no limit */
	__u32 claimed;	/* elements of `claims` that are taken */
	__u64 swept;	/* when unused ones were last looked for, in 64 jiffies */
	__u64 seen_ns;	/* while that is done: what was not seen since then has aged, */
	__u32 sweeping; /* somebody does it, */
	__u32 kept;	/* and so many were in use so far */
	struct vale_bucket storm[VALE_STORMS];
	__u64 claims[VALE_LIMIT_MACS]; /* keys of `fdb` */
};

/*
 * Counters of a port on one CPU. What the sender's port counts: received, flooded, copies, and the
 * drops decided there. What the receiver's port counts: sent, and the drops on the way out of it.
 * Over all ports, received - flooded + copies = sent + drops.
 */
struct vale_stats {
	__u64 received_frames;
	__u64 received_bytes;
	__u64 sent_frames;
	__u64 sent_bytes; /* with those of frames that the device's driver refused */
	__u64 flooded;	  /* received frames that went to more than one port's worth of receivers */
	__u64 copies;	  /* receivers they were meant for, all together */
	__u64 checksums;  /* received frames whose checksum the sender had left open, completed */
	__u64 unlearned; /* times that a source was not learned, since the port's limit was reached */
	__u64 drops[VALE_DROP_ROOM];
	__u64 lost[VALE_DROP_ROOM]; /* received frames that a receiver's port has among its drops */
};

/* The one element of <bpffs>/vale/sysctl. */
struct vale_sysctl {
	__u32 abi;
	__u32 max_bridges;
	__u32 default_fdb_size;
	__u32 default_age; /* seconds */
};

VALE_ASSERT(sizeof(struct vale_switch) == 104, "layout of vale_switch");
VALE_ASSERT(offsetof(struct vale_switch, age_ns) == 8, "layout of vale_switch");
VALE_ASSERT(offsetof(struct vale_switch, generation) == 16, "layout of vale_switch");
VALE_ASSERT(offsetof(struct vale_switch, devmap_id) == 28, "layout of vale_switch");
VALE_ASSERT(sizeof(struct vale_port_entry) == 144, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, netns) == 32, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, ifindex) == 40, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, generation) == 48, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, restore) == 64, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, macs) == 80, "layout of vale_port_entry");
VALE_ASSERT(offsetof(struct vale_port_entry, memory) == 112, "layout of vale_port_entry");
VALE_ASSERT(VALE_DROP_REASONS <= VALE_DROP_ROOM, "layout of vale_stats");
VALE_ASSERT(sizeof(struct vale_stats) == 64 + 2 * 8 * VALE_DROP_ROOM, "layout of vale_stats");
VALE_ASSERT(offsetof(struct vale_stats, drops) == 64, "layout of vale_stats");
VALE_ASSERT(sizeof(struct vale_bucket) == 16, "layout of vale_bucket");
VALE_ASSERT(offsetof(struct vale_limit, storm) == 40, "layout of vale_limit");
VALE_ASSERT(offsetof(struct vale_limit, claims) == 88, "layout of vale_limit");
VALE_ASSERT(sizeof(struct vale_device) == 16, "layout of vale_device");
VALE_ASSERT(sizeof(struct vale_fdb_key) == 8, "layout of vale_fdb_key");
VALE_ASSERT(offsetof(struct vale_fdb_key, vlan) == 6, "layout of vale_fdb_key");
VALE_ASSERT(sizeof(struct vale_fdb_entry) == 16, "layout of vale_fdb_entry");
VALE_ASSERT(offsetof(struct vale_fdb_entry, seen_ns) == 8, "layout of vale_fdb_entry");
VALE_ASSERT(sizeof(struct vale_sysctl) == 16, "layout of vale_sysctl");

#endif
