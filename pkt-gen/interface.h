/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What frames are sent to and received from, whatever is behind it: a port of a switch, or a network
 * device through AF_PACKET or AF_XDP.
 *
 * Each thread has an interface of its own, with one or more pairs of rings. The slots that
 * interface_room() gives are to be filled from the first on, and then handed to interface_send().
 * Those that interface_take() gives are the caller's until it takes from the same ring again.
 */
#ifndef PKTGEN_INTERFACE_H
#define PKTGEN_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#define INTERFACE_NAME_SIZE 64

/* Slots that are filled or taken at once, at the most. */
#define INTERFACE_BATCH 1024

/* Threads, and rings that one of them has, at the most. */
#define INTERFACE_THREADS 64
#define INTERFACE_RINGS	  64

struct slot {
	unsigned char *bytes;
	uint32_t length;
	bool more; /* the frame goes on in the next slot */
};

/* In place of a number of slots: it is not known. */
#define INTERFACE_UNKNOWN 99999

struct interface {
	const struct transport *transport;
	uint32_t rings;	    /* pairs that this thread has, from 0 on */
	uint32_t queues;    /* and the whole interface has */
	uint32_t slot_size; /* bytes */
	uint32_t fragments; /* slots that a frame may take */
	uint32_t tx_slots;  /* of a tx ring; a frame that takes as many never fits */
	bool keeps;	    /* tx slots have what was written to them when they are free again */
	uint8_t mac[6];
};

struct interface_options {
	const struct transport *transport;
	char name[INTERFACE_NAME_SIZE];
	uint32_t one_ring; /* 1 + the number of the only pair to be used; 0: all */
	uint32_t threads;  /* if there are several, each gets one pair of rings */
	bool sends;
	bool receives;
	uint32_t frame_length; /* of the longest frame that will be sent */
	/* of ports of switches: */
	const char *bpffs;
	bool exclusive;
	bool lossless;
	bool sockets;			    /* a port that is made is one of AF_XDP */
	uint32_t rings, tx_slots, rx_slots; /* of a port that is made; 0: the default */
};

/* What a kind of interface does; see the functions below. */
struct transport {
	const char *prefix;
	uint32_t link_wait; /* seconds to wait for the link if the user does not say */
	bool has_rings;	    /* as the options for ports of switches want them */
	int (*open)(const struct interface_options *options, uint32_t thread,
		    struct interface **out);
	void (*close)(struct interface *interface);
	int (*room)(struct interface *interface, uint32_t ring, struct slot *slots, uint32_t count);
	int (*send)(struct interface *interface, uint32_t ring, const struct slot *slots,
		    uint32_t count);
	uint32_t (*pending)(struct interface *interface, uint32_t ring);
	int (*take)(struct interface *interface, uint32_t ring, struct slot *slots, uint32_t count,
		    uint32_t *space);
	int (*wait)(struct interface *interface, short events, int timeout);
	uint64_t (*lost)(struct interface *interface);
};

extern const struct transport transport_vale;
extern const struct transport transport_packet;
extern const struct transport transport_xdp;

/*
 * Fills in transport, name, one_ring and exclusive by what the user has called the interface. NULL, or
 * what is wrong.
 */
const char *interface_parse(const char *text, struct interface_options *options);

/* 0 or -errno, and the reason is printed. */
int interface_open(const struct interface_options *options, uint32_t thread,
		   struct interface **out);
void interface_close(struct interface *interface); /* NULL is allowed */

/*
 * Looks for up to `count` free slots of a tx ring, and tells where they are unless `slots` is NULL.
 * Returns how many there are, or -errno.
 */
static inline int interface_room(struct interface *interface, uint32_t ring, struct slot *slots,
				 uint32_t count)
{
	return interface->transport->room(interface, ring, slots, count);
}

/*
 * Sends the first `count` of the free slots; `slots` NULL: with what is in them (see `keeps`). What
 * cannot go at once goes later: with the next call, also one with a count of 0. 0 or -errno.
 */
static inline int interface_send(struct interface *interface, uint32_t ring,
				 const struct slot *slots, uint32_t count)
{
	return interface->transport->send(interface, ring, slots, count);
}

/* Slots that have not gone yet. */
static inline uint32_t interface_pending(struct interface *interface, uint32_t ring)
{
	return interface->transport->pending(interface, ring);
}

/*
 * Takes up to `count` slots that have come. `*space`: slots that were free for others before.
 * Returns how many were taken, or -errno.
 */
static inline int interface_take(struct interface *interface, uint32_t ring, struct slot *slots,
				 uint32_t count, uint32_t *space)
{
	return interface->transport->take(interface, ring, slots, count, space);
}

/* Sleeps until there is something to take or room to send, for so many milliseconds at the most. */
static inline int interface_wait(struct interface *interface, short events, int timeout)
{
	return interface->transport->wait(interface, events, timeout);
}

/* Frames that came for the receiver, and were dropped by its socket. */
static inline uint64_t interface_lost(struct interface *interface)
{
	return interface->transport->lost ? interface->transport->lost(interface) : 0;
}

#endif
