/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Traffic between clients of ring ports: what is sent, and the check of what comes. Every frame has
 * its sender's number and a sequence number behind the headers, and once more at its end: a frame
 * that is torn, repeated, out of order or not for the port is seen.
 */
#ifndef BENCH_RING_TRAFFIC_H
#define BENCH_RING_TRAFFIC_H

#include <linux/types.h>
#include <string.h>

#include "bench/worker.h"
#include "vale/port.h"

#define TRAFFIC_SENDERS 4

enum traffic_look {
	TRAFFIC_VERIFY, /* the receiver checks every frame */
	TRAFFIC_COUNT,	/* it only takes the slots */
};

struct traffic {
	__u32 length;
	__u32 batch;
	__u32 flows; /* destination addresses of each sender; taken in turn */
	__u32 ports; /* that receive; the flows are spread over them */
	bool broadcast;
	enum traffic_look look;
	enum vale_transport transport; /* of all ports */
	__u32 open_flags; /* with VALE_OPEN_LOSSLESS, all verify, and flows are a multiple of ports */
	bool busy_poll;	  /* of AF_XDP: the receiver has the kernel poll its interface */
	bool yields;	  /* several share a CPU: who has nothing to do lets others run */
	int senders;
	int receivers;	/* processes that the ports are spread over */
	int sender_cpu; /* counted from the end: bench_cpu() */
	int last_sender_cpu;
	int receiver_cpu;
};

static inline bool traffic_is_lossless(const struct traffic *traffic)
{
	return traffic->open_flags & VALE_OPEN_LOSSLESS;
}

/* One of the processes. */
struct traffic_part {
	const struct traffic *traffic;
	int number;
};

/* Where the numbers are: the first 8 byte word behind the UDP header, and the last 4 bytes. */
#define TRAFFIC_NUMBER_OFFSET 48

/* Sequence numbers carry the sender's in the uppermost byte. */
#define TRAFFIC_SENDER_SHIFT 56

static inline void traffic_stamp(unsigned char *frame, __u32 length, __u64 number)
{
	memcpy(frame + TRAFFIC_NUMBER_OFFSET, &number, sizeof(number));
	memcpy(frame + length - sizeof(__u32), &number, sizeof(__u32));
}

struct traffic_check {
	__u32 length;
	__u64 next[TRAFFIC_SENDERS];
	unsigned long wrong;
};

/* Of one receiving port, to which the frames of a sender come in order, if with gaps. */
static inline void traffic_check(struct traffic_check *check, const unsigned char *frame,
				 __u32 length)
{
	__u64 number;
	__u32 end;
	int sender;

	memcpy(&number, frame + TRAFFIC_NUMBER_OFFSET, sizeof(number));
	memcpy(&end, frame + check->length - sizeof(end), sizeof(end));
	sender = number >> TRAFFIC_SENDER_SHIFT & (TRAFFIC_SENDERS - 1);
	check->wrong += (length != check->length) | (end != (__u32)number) |
			(number < check->next[sender]);
	check->next[sender] = number + 1;
}

/* The frame of a flow, without numbers. */
void traffic_frame(const struct traffic *traffic, unsigned char *frame, int sender, __u32 flow);
/* The address that a port's client sends from to make itself known. */
void traffic_address(unsigned char mac[6], __u32 flow);

/* Two ways from senders to receivers. The arguments are struct traffic_part. */
struct traffic_path {
	int (*send)(struct worker_state *state, const void *part);
	int (*receive)(struct worker_state *state, const void *part);
};

extern const struct traffic_path traffic_switch;
/* The ports for it, before the first run and after the last one. */
int traffic_ports_add(const struct traffic *traffic, struct vale *vale);
void traffic_ports_del(const struct traffic *traffic, struct vale *vale);

/* A ring in shared memory and nothing else; one sender, one receiver. */
extern const struct traffic_path traffic_one_copy;

/* Memory for it, before the first run. */
int one_copy_open(void);
void one_copy_close(void);

struct traffic_result {
	double received; /* frames a second */
	double lost;	 /* share of the frames sent */
};

/* One run: starts all processes, lets them get going, and measures for so long. */
int traffic_run(const struct traffic *traffic, const struct traffic_path *path, double seconds,
		struct traffic_result *result);

#endif
