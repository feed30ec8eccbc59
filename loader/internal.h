/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the files of the library share; nothing here is for its users. */
#ifndef VALE_INTERNAL_H
#define VALE_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "capability.h"
#include "vale.h"

/* Owned resources are released when their variable goes out of scope; TAKE hands one on. */
#define CLEANUP(function) __attribute__((cleanup(function)))
#define CLEANUP_CLOSE	  CLEANUP(cleanup_close)
#define CLEANUP_FREE	  CLEANUP(cleanup_free)

#define TAKE(variable, empty)                             \
	({                                                \
		__typeof__(variable) taken_ = (variable); \
		(variable) = (empty);                     \
		taken_;                                   \
	})

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

#define NS_PER_SECOND 1000000000ULL

/* It may go better next time. */
bool is_shortage(int error);

struct vale {
	char bpffs[PATH_MAX / 4];
	char root[PATH_MAX / 4 + VALE_NAME_SIZE]; /* <bpffs>/vale */
	char reason[512];
	void (*report)(void *arg, __u32 done, __u32 total); /* NULL: nobody wants to know */
	void *report_arg;
};

/* Copies what the user gave, of whatever version of the structure; `given` may be NULL. */
int take_options(struct vale *vale, void *out, size_t size, const void *given);

/* Keeps the reason and returns -error. */
int fail(struct vale *vale, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- name.c ------------------------------------------------------------------------------------ */

struct name {
	char switch_name[VALE_NAME_SIZE];
	char port[VALE_NAME_SIZE]; /* "" in the name of a switch */
};

/* The only parser of names. Returns NULL, or why `text` is no name of that kind. */
const char *name_parse_switch(struct name *out, const char *text);
const char *name_parse_port(struct name *out, const char *text);
const char *name_check_part(const char *text);

/* The same with a reason kept for the user. */
int name_switch(struct vale *vale, struct name *out, const char *text);
int name_port(struct vale *vale, struct name *out, const char *text);

/* ---- pin.c: the tree below <bpffs>/vale -------------------------------------------------------- */

/* Starts the names of what is not (yet, or any more) part of the tree. No name of ours has one. */
#define PIN_STAGING '-'

int pin_path(struct vale *vale, char path[PATH_MAX], const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int pin_make_root(struct vale *vale);
/*
 * Everybody may write into bpffs: a directory of the switches that somebody else has made is not to
 * be read, or waited for. -EPERM; 0 if there is none.
 */
int pin_trust_root(struct vale *vale);
bool pin_exists(const char *path);
/* With that mode, whatever the umask is. */
int pin_make_directory(const char *path, unsigned int mode);
/* Removes a file or a directory with all in it. What is not there is no error. */
int pin_remove(const char *path);
/* Gives `from` its public name; -EEXIST if that is taken. */
int pin_publish(const char *from, const char *to);
/* Calls `visit` for each name in a directory; a directory that is not there has none. */
int pin_each(const char *path, int (*visit)(const char *name, void *arg), void *arg);
/* Removes what a killed process left unfinished in a directory. The lock must be held. */
int pin_sweep(const char *path);
/* Waits for the lock that all who change something hold; *out is closed to release it. */
int pin_lock(struct vale *vale, int *out);

/* ---- netns.c ----------------------------------------------------------------------------------- */

/* Opens a namespace by what the user calls it: a name below /run/netns, or a process id. */
int netns_open(const char *name);
int netns_open_own(void);
/* Looks for the namespace that has the cookie, among those that have a name or a process. */
int netns_open_by_cookie(__u64 cookie);
/* The same by the number that the present namespace has given it. */
int netns_open_by_id(__u32 id);
int netns_cookie(__u64 *out); /* of the present namespace */

/* The thread is in another namespace until the visit goes out of scope. */
struct netns_visit {
	int home; /* -1: at home */
};
#define CLEANUP_NETNS CLEANUP(netns_leave)
/* Goes there, if that is not where we are. -ENOENT: it has gone, or cannot be found. */
int netns_visit_cookie(struct netns_visit *visit, __u64 cookie);
int netns_enter(struct netns_visit *visit, int fd);
void netns_leave(struct netns_visit *visit);

/* ---- device.c ---------------------------------------------------------------------------------- */

#define DEVICE_NO_NETNS (~0u)

struct device {
	char name[VALE_NAME_SIZE];
	char kind[VALE_NAME_SIZE];
	__u32 ifindex;
	__u32 mtu;
	__u32 type;	  /* ARPHRD_* */
	__u32 program;	  /* id of the XDP program on it, 0: none */
	__u32 master;	  /* ifindex of the bridge it belongs to, 0: none */
	__u32 peer;	  /* ifindex of a veth's far end, 0: none */
	__u32 peer_netns; /* number of the far end's namespace, DEVICE_NO_NETNS: the same one */
	__u64 tx_dropped; /* frames that it was to send, and had no room for */
	bool up;
	bool promiscuous; /* a user has set it so */
};

/* Deletes it, if it is there. */
int device_delete(const char *name);
/* Asks the present namespace. -ENODEV: no such device. */
int device_by_name(struct device *out, const char *name);
int device_by_index(struct device *out, __u32 ifindex);
/* Goes where the far end of a veth is, and asks for it there. */
int device_visit_peer(const struct device *device, struct netns_visit *visit, struct device *out);

/* ---- offload.c --------------------------------------------------------------------------------- */

/* What was changed: struct vale_port_entry.restore. */
enum {
	/* at the far end of a veth: */
	OFFLOAD_GRO_WAS_OFF = 1 << 0,
	OFFLOAD_CHECKSUM_WAS_ON = 1 << 1,
	OFFLOAD_VLAN_WAS_ON = 1 << 2,
	/* at a network card: */
	OFFLOAD_PROMISC_WAS_OFF = 1 << 3,
	OFFLOAD_LRO_WAS_ON = 1 << 4,
	OFFLOAD_RXVLAN_WAS_ON = 1 << 5,
};

/*
 * The far end of a veth must be fit to receive what the switch redirects to it, and in generic mode
 * to send what XDP can carry; a network card must give the switch all frames, as they are. First what
 * there is to change, so that it can be written down, then the change.
 */
int offload_plan(struct vale *vale, const struct device *device, enum vale_hook hook,
		 __u32 *restore);
int offload_apply(struct vale *vale, const struct device *device, __u32 restore);
int offload_restore(const struct device *device, __u32 restore);
/* The device itself takes only plain frames from the stack. */
int offload_none(const struct device *device);
/* The far end of a veth is a stack's that leaves segments and checksums to its device. */
int offload_far_end_leaves_work(struct vale *vale, const struct device *device, bool *out);

/* ---- maps.c: the maps of an open switch --------------------------------------------------------- */

struct bpf_object;
enum map {
	MAP_SWITCH,
	MAP_PORTS,
	MAP_DEVMAP,
	MAP_DEVMAP_SHARED,
	MAP_FLOOD,
	MAP_FLOOD_SHARED,
	MAP_DEVICES,
	MAP_SOCKETS,
	MAP_FDB,
	MAP_FDB_STATIC,
	MAP_LIMITS,
	MAP_STATS,
	MAP_SCRATCH,
	MAP_REGIONS,
	MAP_RING_STATES,
	MAP_DOORBELLS,
	MAP_CLIENTS,
	MAP_ON_REDIRECT,
	MAP_ON_TRANSMIT,
	MAP_ON_EXIT,
	MAP_ON_EXEC,
	MAP_ON_STACK,
	MAPS,
};

extern const char *const map_pins[MAPS]; /* what they are called in bpffs */
const char *map_name(enum map map);	 /* and in the programs */

extern const enum map map_devmaps[VALE_DEVMAPS]; /* by enum vale_devmap */

struct maps {
	char switch_name[VALE_NAME_SIZE];
	char path[PATH_MAX];
	int fd[MAPS];
	struct vale_switch *state; /* shared with the kernel */
};

#define CLEANUP_MAPS CLEANUP(maps_close)
#define MAPS_CLOSED  ((struct maps){ .fd = { [0 ... MAPS - 1] = -1 } })

/* -ENOENT: no such switch; -ENOTSUP: made by another version. */
int maps_open(struct maps *out, struct vale *vale, const char *switch_name);
void maps_close(struct maps *maps);
/* Which version that was. -ENOENT: no such switch. */
int maps_abi(struct vale *vale, const char *switch_name, __u32 *out);
/* Programs that are not loaded yet get them in the place of their own. */
int maps_use(const struct maps *maps, struct bpf_object *object);
/* Ends every cached lookup. */
void maps_next_generation(struct maps *maps);
int maps_get_port(const struct maps *maps, __u32 number, struct vale_port_entry *out);
/* What is not there is no error. */
int maps_delete(const struct maps *maps, enum map map, const void *key);
int maps_set_port(const struct maps *maps, __u32 number, const struct vale_port_entry *port);
/* -ENOENT: no port of that name. A port is there if its directory is. */
int maps_find_port(const struct maps *maps, const char *name, __u32 *number,
		   struct vale_port_entry *out);
/* The same with a reason kept for the user. */
int maps_need_port(const struct maps *maps, struct vale *vale, const char *name, __u32 *number,
		   struct vale_port_entry *out);
/*
 * A map of a ring port by its pin, and not by the id that is in the map of maps: that takes
 * CAP_SYS_ADMIN.
 */
int maps_open_port_map(const struct maps *maps, const struct vale_port_entry *port,
		       const char *name);
/* The device of the port still exists where it was. */
bool maps_device_present(const struct maps *maps, __u32 number);

/* ---- switch.c; the lock must be held -------------------------------------------------------------- */

int switch_create_locked(struct vale *vale, const char *name,
			 const struct vale_switch_options *options, __u32 flags);
int switch_remove_locked(struct vale *vale, const char *name);
/* Those that the switch has made for itself. */
int switch_remove_devices(const struct maps *maps);
int switch_count_ports(struct vale *vale, const struct maps *maps, __u32 *out);
/* With the lock taken and what others left swept; `what` begins what is said if that fails. */
int switch_open_locked(struct vale *vale, const char *name, const char *what, struct maps *maps,
		       int *lock);

/* ---- port.c ------------------------------------------------------------------------------------ */

/* Ends ports that a killed process left half-made or half-removed. The lock must be held. */
int port_sweep(struct maps *maps);
/* Finds a port by its whole name, with the lock taken and what others left swept. */
int port_open_locked(struct vale *vale, const char *text, struct maps *maps, int *lock,
		     __u32 *number, struct vale_port_entry *port);
/* Undoes everything about a port; what fails is left to the next who sweeps. */
int port_remove(struct maps *maps, __u32 number, struct vale_port_entry *port);
/* What the programs need to know of all ports together. */
int port_update_totals(struct maps *maps);
/* The port's device as it is now. -ENODEV: gone; -ESRCH: its namespace cannot be entered. */
int port_device(const struct maps *maps, __u32 number, const struct vale_port_entry *port,
		struct netns_visit *visit, struct device *out);

/* ---- claim.c: a name and a number for a port that is to be made --------------------------------- */

struct claim {
	struct vale *vale;
	const char *what; /* "cannot attach 'tap0'": starts what the user is told */
	struct name name;
	struct maps *maps;
	__u32 switch_flags; /* of a switch that is made for the port */
	bool created;	    /* it was */
	__u32 number;
	struct vale_port_entry port;
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	char staging[PATH_MAX + 2 * VALE_NAME_SIZE];
};

/* Parses the name of the port. */
int claim_begin(struct claim *claim, struct vale *vale, const char *text);
/* The following with the lock held. Opens the switch, which is made if there is none. */
int claim_switch(struct claim *claim, struct maps *maps);
void claim_undo_switch(struct claim *claim);
/* The name must be free; a port of that name whose device is gone makes room. */
int claim_name(struct claim *claim);
/* The lowest free number, or else the lowest whose device is gone. */
int claim_number(struct claim *claim);
/* Writes the port down as reserved, and makes claim->staging for its pins. */
int claim_reserve(struct claim *claim);
/* The port is there, for frames and for users. */
int claim_publish(struct claim *claim, enum vale_port_kind kind);
/* After a failure, from claim_reserve() on; keeps the reason. */
void claim_undo(struct claim *claim);

/* ---- tc.c, segments.c -------------------------------------------------------------------------- */

/* Puts the port's program on its device at tc; what is pinned is in `directory`. */
int tc_attach(struct vale *vale, const struct maps *maps, __u32 number, const struct device *device,
	      const char *directory, struct vale_port_entry *port);
/* The id of a port's program that a device has at tc by a link, 0: none. */
__u32 tc_program(__u32 ifindex);
/*
 * Puts a program where frames come in, or go out, of the port `number`: by a link, pinned, or else by a
 * filter, which is noted in the port's flags (VALE_PORT_FILTER) and stays until it is taken off.
 */
int tc_put(int program, __u32 ifindex, bool outgoing, const char *pin, const struct maps *maps,
	   __u32 number, struct vale_port_entry *port);
int tc_detach(__u32 ifindex, bool outgoing);
/* The pair that makes plain frames is there. -EXDEV: in another namespace than this one. */
int segments_open(struct vale *vale, struct maps *maps);
int segments_remove(const struct maps *maps);

/* ---- live.c ------------------------------------------------------------------------------------ */

/* Opens the program that sends parked frames, which is loaded if the switch has none yet. */
int live_open(struct vale *vale, struct maps *maps, int *out);
/* Removes the device that it is kept on. */
int live_remove(const struct maps *maps);

/* ---- hook.c ------------------------------------------------------------------------------------ */

/* What to try first, which is what the user has asked for, if anything, of a device in `netns`. */
int hook_choose(struct vale *vale, const struct maps *maps, const struct device *device,
		__u64 netns, const struct vale_attach_options *options, enum vale_hook *out);
/* Whether a program at XDP leaves to one at tc what has work left for a device: on taps. */
bool hook_is_beside_tc(const struct maps *maps, const struct device *device, __u64 netns,
		       const struct vale_attach_options *options, enum vale_hook hook);
/*
 * Loads the programs of the port `number`, puts them on the device, pinned in `directory`, and
 * fills in port->hook and port->program. transmit[] are the programs for its slots in the devmaps,
 * or -1, which the caller closes.
 * Must be called in the device's namespace.
 */
int hook_attach(struct vale *vale, const struct maps *maps, __u32 number,
		const struct device *device, const struct vale_attach_options *options,
		enum vale_hook hook, const char *directory, struct vale_port_entry *port,
		int transmit[VALE_DEVMAPS]);
__u32 hook_program_id(int program); /* 0: it cannot be asked for */
/* Says that the kernel refused to load or attach, and why that may be. */
int fail_bpf(struct vale *vale, int error, const char *what);
/* The same of pins and directories that are not the caller's. */
int fail_files(struct vale *vale, const char *what);
/* The same of interfaces that are to be left as they were, perhaps in other network namespaces. */
int fail_leave(struct vale *vale, int error, const char *what, const char *name);

/* ---- shared.c: a device shared with other XDP programs ------------------------------------------ */

/* `object` is open and not loaded. *id is the program's, by which it is detached again. */
int shared_attach(struct vale *vale, struct bpf_object *object, const struct device *device,
		  enum vale_hook hook, const char *pin, __u32 *id);
/* Both in the device's namespace; the second when the device is gone. */
void shared_detach(__u32 ifindex, enum vale_hook hook, __u32 id);
void shared_clean(__u32 ifindex);

/* ---- fdb.c ------------------------------------------------------------------------------------- */

/* Removes the entries of a port, or all; static ones too if asked. */
int fdb_purge(const struct maps *maps, const __u32 *port, bool static_too);
int fdb_count(const struct maps *maps, __u32 *out);
/* A learned entry is used: its port is there, and it is not too old. */
bool fdb_matches(const struct maps *maps, const struct vale_fdb_entry *entry);

/* ---- limit.c ----------------------------------------------------------------------------------- */

/* The port has no limits any more. */
int limit_forget(const struct maps *maps, __u32 number);
void limit_describe(const struct maps *maps, __u32 number, struct vale_port_info *info);

#endif
