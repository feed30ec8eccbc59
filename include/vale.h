/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * libvale: VALE switches on a stock kernel.
 *
 * A switch is a directory of pinned BPF objects, <bpffs>/vale/<switch>; it forwards with no process
 * alive. Everything here reads or changes that directory.
 *
 * Names. A switch is called "vale" and one or more of [0-9A-Za-z_]; a port of it is called
 * "<switch>:<port>" with one or more of the same characters behind the colon, 15 characters in all
 * (VALE_NAME_SIZE less its NUL). A port must not be called like a network interface that exists.
 *
 * Errors. Functions return 0 or -errno, and leave *out as it was when they fail. vale_reason() then
 * says in a sentence what failed, why, and what to do about it. Besides what is said at a function,
 * each may return -EPERM (the caller lacks CAP_BPF, CAP_NET_ADMIN or CAP_PERFMON), -ENOMEM,
 * -EINVAL (a name that is none), -ENOTSUP (the kernel has no BTF or the state was made by another
 * version of this library), and what the kernel answers to a system call.
 *
 * Options. A structure of options starts with its own size, sizeof(struct ...), and is otherwise
 * filled with zeros by whoever has nothing to say: so a program goes on working with a library that
 * has more of them. -EINVAL: without a size; -E2BIG: with options that this library does not know.
 *
 * Threads. A struct vale and what is made from it belong to one thread at a time. Any number of
 * processes may work on the same switches: those that change something take turns.
 */
#ifndef VALE_H
#define VALE_H

#include <stdbool.h>
#include <stddef.h>

#include "vale/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where bpffs is, unless said otherwise: the place systemd and bpftool mount it. */
#define VALE_BPFFS "/sys/fs/bpf"

/* In place of a number: the default that vale_sysctl_get() names. */
#define VALE_DEFAULT (~0u)

/* Addresses an fdb may be made for. Less than the least is not worth an LRU's per-CPU lists. */
#define VALE_FDB_SIZE_MIN 128u
#define VALE_FDB_SIZE_MAX (1u << 20)

/* Longest age in seconds: a year. */
#define VALE_AGE_MAX (365u * 24 * 3600)

struct vale;

/*
 * Opens the switches below `bpffs` (NULL: VALE_BPFFS). Nothing is made yet. The caller owns *out.
 * -ENOENT: no such directory; -ENODEV: it is no bpf file system; -ENOMEM.
 * There is no handle to ask for a reason when this fails: vale_open_reason() tells it.
 */
int vale_open(struct vale **out, const char *bpffs);
void vale_close(struct vale *vale); /* NULL is allowed */
const char *vale_open_reason(int error);

/* Why the last call on `vale` failed. Valid until the next call on it. */
const char *vale_reason(const struct vale *vale);

/*
 * Has `report` called while something takes long (so far: ports being detached by destroy, or
 * getting new programs by reload), after
 * each of `total` steps. NULL: no more.
 */
void vale_set_progress(struct vale *vale, void (*report)(void *arg, __u32 done, __u32 total),
		       void *arg);

/* ---- switches ---------------------------------------------------------------------------------- */

struct vale_switch_options {
	size_t size;	/* of the structure, as in every one of options */
	__u32 fdb_size; /* addresses, VALE_FDB_SIZE_MIN.._MAX, or VALE_DEFAULT */
	__u32 age;	/* seconds, 0 (never) .. VALE_AGE_MAX, or VALE_DEFAULT */
};

struct vale_switch_info {
	char name[VALE_NAME_SIZE];
	__u32 fdb_size;
	__u32 age; /* seconds */
	__u32 ports;
	__u32 addresses;	      /* that match now, learned and static */
	char version[VALE_NAME_SIZE]; /* of the library whose programs it has */
	__u32 abi;		      /* layout of its maps, VALE_ABI if this library can use it */
};

/*
 * Makes a switch; `options` may be NULL. -EEXIST: there is one of that name; -ENOSPC: there are as
 * many as the sysctl max_bridges allows; -ERANGE: an option is out of its range.
 */
int vale_switch_create(struct vale *vale, const char *name,
		       const struct vale_switch_options *options);

/*
 * Takes a switch down; its programs are gone from their devices when this returns. -ENOENT: no
 * such switch; -EBUSY: it has ports and `force` is false.
 */
int vale_switch_destroy(struct vale *vale, const char *name, bool force);

/*
 * Puts the programs that this library was built with in the place of those that the switch has, which
 * forwards meanwhile: its ports, addresses and counters stay, clients keep their ports open, and no
 * frame is lost. Each program takes the place of an old one at once, and old and new ones work together:
 * so when it fails, or its process is killed, the switch is as good as before, and another call does
 * what is left. It goes on behind a port that fails, and the first failure is what is told. A port
 * whose interface is gone has nothing to reload.
 *
 * Clients of ring ports open the new programs with their next vale_txsync() or idle vale_rxsync(). One
 * that cannot, because it does not see the bpffs or the port was given to another user since, stays
 * with the old ones, which work; but its sending to interfaces is slow until it opens the port anew.
 * Programs of AF_XDP clients are their own library's, and stay.
 *
 * -ENOENT: no such switch; -ESRCH: the network namespace of a port's interface cannot be entered;
 * -ENOTSUP: the switch was made with another layout of its maps (VALE_ABI): it is left as it is.
 */
int vale_switch_reload(struct vale *vale, const char *name);

/*
 * All switches by name, in an array that the caller frees. Of one that another version made (`abi`), all
 * but its name is 0, and other functions refuse it with -ENOTSUP.
 */
int vale_switch_list(struct vale *vale, struct vale_switch_info **out, size_t *count);

/* One switch. -ENOENT: no such switch; -ENOTSUP: another version made it. */
int vale_switch_get(struct vale *vale, const char *name, struct vale_switch_info *out);

/* ---- ports ------------------------------------------------------------------------------------- */

struct vale_attach_options {
	size_t size;
	enum vale_hook hook;
	const char *netns; /* a name below /run/netns, or a process id; NULL: the caller's own */
	bool shared;	   /* through libxdp's dispatcher, beside other XDP programs */
	bool xsk;     /* make a veth pair: its inner end is the port, its outer one is `device` */
	__u32 queues; /* that both ends of it have, 1 .. VALE_QUEUES; 0: 1 */
	bool host; /* make a veth pair, too: its outer end is an interface of the caller's host */
	bool keep_host; /* the stack that `device` is taken from stays connected through it */
};

enum vale_port_state {
	VALE_PORT_UP,
	VALE_PORT_DOWN,	   /* the device is administratively down */
	VALE_PORT_GONE,	   /* the device was deleted or moved to another network namespace */
	VALE_PORT_DISTANT, /* the device lives, in a namespace that we cannot look into */
	VALE_PORT_OPEN,	   /* of a ring port: a client has it */
	VALE_PORT_CLOSED,  /* none has */
};

/* Of the sockets of a client that has an AF_XDP port open. */
enum vale_xsk_mode {
	VALE_XSK_NONE,	    /* no client of libvale has it open */
	VALE_XSK_COPY,	    /* the kernel copies frames to and from its memory */
	VALE_XSK_ZERO_COPY, /* the driver puts frames there */
};

/* Processes that vale_port_info names. */
#define VALE_CLIENTS_SHOWN 8

/* Largest rate and burst that a limit may have. */
#define VALE_RATE_MAX 10000000u

struct vale_rate {
	__u32 rate;  /* frames a second, to within one percent, up to VALE_RATE_MAX; 0: no limit */
	__u32 burst; /* frames at once after a pause; 0: those of a tenth of a second, or 10 */
};

/* What a port may do to the others of its switch. All zero, as ports begin: anything. */
struct vale_limits {
	size_t size;
	__u32 macs; /* addresses learned behind it, 1 .. VALE_LIMIT_MACS; 0: no limit */
	__u32 unused;
	struct vale_rate storm[VALE_STORMS]; /* frames that go to all */
};

struct vale_port_info {
	char name[2 * VALE_NAME_SIZE]; /* valeSSS:PPP */
	char device[VALE_NAME_SIZE];   /* what it is called now, or was when last seen */
	char kind[VALE_NAME_SIZE]; /* "veth", "tun", ..., "ring", "xsk", "host", "" if not known */
	enum vale_port_state state;
	enum vale_hook hook;
	__u32 number;
	__u32 ifindex;
	__u32 mtu; /* bytes behind the Ethernet header; 0 if not known */
	__u32 flags;
	__u32 program;
	bool elsewhere;		    /* the device is in another network namespace than the caller */
	char outer[VALE_NAME_SIZE]; /* of an AF_XDP port: the outer end of the pair; of the host's port, */
				    /* its interface; "": not to be seen */
	enum vale_xsk_mode mode; /* and how its client's sockets share memory with the kernel */
	__u64 never_sent; /* frames from there that have not come to the port: its queue was full, or */
			  /* they made no sense */
	/* of a ring port; of an AF_XDP port, `rings` are its queues: */
	__u32 rings;
	__u32 tx_slots;
	__u32 rx_slots;
	__u32 owner;
	__u64 memory;	 /* bytes of the kernel's */
	__u32 memory_id; /* of the map that its rings are in; the same: ports share it */
	__u32 pipes;	 /* as in struct vale_ring_options */
	__u32 bound;
	__u8 macs[VALE_BOUND_MACS][VALE_MAC_SIZE];
	__u32 vnet_header; /* bytes of the virtio-net header before each frame; 0: there is none */
	__u32 clients;	   /* processes that have it open; the first are in: */
	__u32 client[VALE_CLIENTS_SHOWN];
	struct vale_limits limits;
	__u32 learned; /* with a limit of addresses: that match now */
};

/*
 * Makes the network interface `device` the port `name`; `options` may be NULL. A switch that does
 * not exist is made with the defaults. A port of that name whose device is gone is replaced.
 *
 * -ENODEV: no such interface, or it is not an Ethernet device; -ESRCH: no such namespace;
 * -EEXIST: the switch has a port of that name, or there is an interface of that name;
 * -EBUSY: the interface has an XDP program, belongs to a bridge, or is a port already;
 * -ELOOP: its far end is a port of the same switch; -ENOSPC: the switch has VALE_PORTS ports;
 * -EOPNOTSUPP: the driver cannot do what `hook` asks; -EREMOTE: the far end of a veth is in a
 * namespace that cannot be entered, so that it cannot be made to receive.
 *
 * With `xsk`, makes an AF_XDP port: the interface `device` is made, in the namespace `netns`, for any
 * program that has AF_XDP sockets, and goes with the port. -EEXIST: there is one of that name;
 * -ERANGE: so many queues are not to be had.
 *
 * With `host`, the same for the host's own stack, as a bridge has an interface. With `keep_host`, the
 * stack of an interface that is there gets a port, too, called <name>^, which goes with this one: what
 * it sends by the interface comes from there, and what is for it goes there. -EOPNOTSUPP: with generic
 * XDP; -EINVAL: more than one of these three, or a name of more than 14 characters.
 */
int vale_port_attach(struct vale *vale, const char *name, const char *device,
		     const struct vale_attach_options *options);

/* Takes the port off its device. -ENOENT: no such port; -ENOTTY: it is a ring port. */
int vale_port_detach(struct vale *vale, const char *name);

struct vale_ring_options {
	size_t size;
	__u32 rings; /* pairs, 1 .. VALE_RINGS; 0: 1 */
	__u32 tx_slots; /* of each tx ring, VALE_SLOTS_MIN .. VALE_SLOTS: a power of two, or the next */
	__u32 rx_slots; /* larger one is taken; 0: VALE_SLOTS */
	__u32 owner; /* ids of the user and the group whose processes may open it, beside root's */
	__u32 group;
	__u32 mode; /* permissions to read and write, as of a file: 0600, 0660, 0666; 0: 0600 */
	__u32 bound;
	__u8 macs[VALE_BOUND_MACS][VALE_MAC_SIZE]; /* the first `bound`: addresses it may send from */
	const char *memory; /* port whose memory it shares, of any switch; NULL: it has its own, */
	__u32 spare; /* with room for so many pairs of ports that share it: VALE_REGIONS in all */
	__u32 vnet_header; /* bytes of the virtio-net header before each frame: 0, 10 or 12 */
	__u32 pipes; /* and so many times the room of a pair for pipes, which netmap's programs have: */
		     /* libvale-netmap(7) */
	__u32 unused;
};

/*
 * Makes a ring port that stays until it is deleted. `options` may be NULL. A switch that does not
 * exist is made with the defaults. What a client does with it: <vale/port.h>. Who may open a port
 * can read and write the whole memory that it shares, and so the frames of all its ports.
 *
 * -EEXIST: the switch has a port of that name, or there is an interface of that name;
 * -ENOSPC: the switch has VALE_PORTS ports, or the memory has no room for the port's rings;
 * -ERANGE: an option is out of its range; -ENOENT, -ENOTTY: the port whose memory is to be shared
 * does not exist, or is an interface's;
 * -EADDRNOTAVAIL: an address is a group's or all zero.
 */
int vale_port_add(struct vale *vale, const char *name, const struct vale_ring_options *options);

/*
 * From now on, each frame of a ring port has a virtio-net header before it, of 10 or 12 bytes, or none:
 * 0. A frame then is the header and what follows it, in both directions. Between ports whose
 * headers have the same size frames go as they are, of up to 64 slots, with whatever the header says. For
 * other ports the switch does what it says: it completes the checksum, cuts TCP (over IPv4 and
 * IPv6) and UDP (as UDP_SEGMENT does) into segments and datagrams into IP fragments, and takes the
 * header off, or puts one before the frame. A header that makes no sense to it loses the frame, which is counted (`header`). Whoever
 * may open the port may do this.
 *
 * -ERANGE: no such size; -ENOENT: no such port; -ENOTTY: it is no ring port; -EACCES: it is another
 * user's; -ENXIO: it was deleted meanwhile; -ENOTSUP: it was made with another layout (VALE_ABI).
 */
int vale_port_set_header(struct vale *vale, const char *name, __u32 size);

/* Deletes a ring port. -ENOENT: no such port; -ENOTTY: it is a device; -EBUSY: it is open, and
 * `force` is false. */
int vale_port_del(struct vale *vale, const char *name, bool force);

/*
 * Sets all limits of a port of any kind, from now on until the port goes; the counters tell what came
 * of them.
 *
 * Frames from an address that is not learned, since the port has as many as it may, are forwarded as
 * others are, and those to it flooded; vale_stats.unlearned counts them, about. Room for another one is
 * there at most a quarter of a second after one was forgotten, moved or removed. A limit of addresses
 * begins with none: those learned behind the port are forgotten. Addresses set by hand do not count.
 *
 * What exceeds a rate is dropped, and counted by VALE_DROP_STORM. A frame that waits to be segmented is
 * one.
 *
 * -ENOENT: no such port; -ERANGE: a limit is out of its range.
 */
int vale_port_set_limits(struct vale *vale, const char *name, const struct vale_limits *limits);

/* The ports of a switch by number, in an array that the caller frees. -ENOENT: no such switch. */
int vale_port_list(struct vale *vale, const char *switch_name, struct vale_port_info **out,
		   size_t *count);

/* One port. -ENOENT: no such port. */
int vale_port_get(struct vale *vale, const char *name, struct vale_port_info *out);

/* ---- counters ---------------------------------------------------------------------------------- */

struct vale_port_stats {
	char name[2 * VALE_NAME_SIZE];
	struct vale_stats counters; /* the sums over all CPUs */
};

/* The word for a drop: "short", "offload", ... */
const char *vale_drop_name(enum vale_drop reason);

/*
 * The counters of all ports of a switch by number (`name` without a colon) or of one port, in an
 * array that the caller frees. A port counts from its attach. -ENOENT: no such switch or port.
 */
int vale_stats_get(struct vale *vale, const char *name, struct vale_port_stats **out,
		   size_t *count);

/* ---- addresses --------------------------------------------------------------------------------- */

struct vale_fdb_info {
	__u8 mac[VALE_MAC_SIZE];
	bool is_static;
	char port[VALE_NAME_SIZE]; /* PPP */
	__u32 number;
	__u32 age_ms; /* since it was last seen, to within a quarter of a second; 0 if static */
};

/* The addresses that match now, in an array that the caller frees. -ENOENT: no such switch. */
int vale_fdb_list(struct vale *vale, const char *switch_name, struct vale_fdb_info **out,
		  size_t *count);

/*
 * Sets an address by hand: it is not learned elsewhere and does not age, until its port goes.
 * -ENOENT: no such switch or port; -EADDRNOTAVAIL: it is a group address or all zero;
 * -ENOSPC: there are 4096 already.
 */
int vale_fdb_add(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE],
		 const char *port);

/* Forgets an address, learned or static. -ENOENT: no such switch or address. */
int vale_fdb_del(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE]);

/*
 * Forgets what was learned behind `port`, or behind any (NULL). Static addresses stay.
 * -ENOENT: no such switch or port.
 */
int vale_fdb_flush(struct vale *vale, const char *switch_name, const char *port);

/* ---- limits and defaults ----------------------------------------------------------------------- */

/* The values in force; those of a new bpffs if nothing was ever made there. */
int vale_sysctl_get(struct vale *vale, struct vale_sysctl *out);

/* Sets all of them. -ERANGE: a value is out of its range. */
int vale_sysctl_set(struct vale *vale, const struct vale_sysctl *values);

#ifdef __cplusplus
}
#endif

#endif
