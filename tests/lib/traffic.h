/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Frames sent from and received at the interfaces of containers, one by one, and the counters of
 * both sides. A namespace is the NAME of `ip netns`, or NULL for the sandbox's own.
 */
#ifndef VALE_TEST_TRAFFIC_H
#define VALE_TEST_TRAFFIC_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "vale/abi.h"

/* IPv6 and its unasked frames are off in what is made from now on, also in new namespaces. */
void traffic_quiet(void);

/* Goes into a namespace. Returns what traffic_leave() wants to go back. */
int traffic_enter(const char *netns);
void traffic_leave(int home);

/*
 * What eth0 of a namespace gets is seen as it came: the stack puts no frames together before. A limit of
 * one frame would let it join two short ones. GRO itself stays on, for a veth takes XDP's frames with it only.
 */
void traffic_keep_apart(const char *netns);

/* Starts an iperf3 server in a namespace, which ends with the test; it listens when this returns. */
void traffic_serve(const char *netns);

/*
 * A packet socket on `device` (NULL: on all of the namespace) for frames of `type`, 0: of all. It
 * does not see what is sent. The test ends if it cannot be had.
 */
int traffic_open(const char *netns, const char *device, uint16_t type);

/* Sends a frame `count` times. Returns how often the kernel took it. */
long traffic_send(int socket, const struct frame *frame, long count);

/*
 * The same for frames with sources of their own: hosts first, first + 1 ... Returns how many the
 * kernel took.
 */
long traffic_send_sources(int socket, const struct frame *frame, int first, long count);

/*
 * One datagram from a container to an IPv4 address, by `device` (NULL: by the routes), which the kernel is to
 * cut into segments if `segment` is not 0.
 */
void traffic_datagram(const char *netns, const char *device, const char *to, int bytes,
		      int segment);

struct arrival {
	int ifindex;
	bool open_checksum; /* the kernel says that the checksum is not in the frame yet */
	struct frame frame; /* a VLAN tag that the kernel took out is put back */
};

/* Waits for a frame. False: none came in time. */
bool traffic_receive(int socket, struct arrival *out, int timeout_ms);

/* Counts the frames that wait, until none came for `quiet_ms`. */
long traffic_count(int socket, int quiet_ms);

/* How many frames the socket had no room for; the test's own loss, not the switch's. */
long traffic_overflow(int socket);

/* Per interface: counts[ifindex], for ifindex < size. Returns the sum. */
long traffic_count_each(int socket, int quiet_ms, long *counts, int size);

struct link_count {
	char name[IFNAMSIZ];
	int ifindex;
	uint32_t received;
	uint32_t sent;
	uint32_t send_drops;
};

/* The kernel's counters of an interface. */
struct link_count traffic_link(const char *netns, const char *device);

/* Of all Ethernet interfaces of a namespace; the caller frees *out. Returns how many. */
int traffic_links(const char *netns, struct link_count **out);

/* The counters of a port, as include/vale/abi.h defines them. */
struct vale_stats traffic_stats(const char *port);

#endif
