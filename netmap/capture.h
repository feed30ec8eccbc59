/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ports of VALE switches for programs of libpcap. What such a program has of a port is a handle that
 * libpcap itself has made, of its kind for no interface: so what has nothing to do with frames,
 * filters being compiled or files written, is libpcap's. The rest is done here.
 */
#ifndef VALE_NETMAP_CAPTURE_H
#define VALE_NETMAP_CAPTURE_H

#include <pcap/pcap.h>

#include "layer.h"

struct capture {
	pcap_t *handle;
	char name[NETMAP_REQ_IFNAMSIZ];
	char error[PCAP_ERRBUF_SIZE];
	int fd; /* of /dev/netmap; -1: not activated */
	struct vale_port *port;
	struct maps maps; /* of the switch, for its counters: they are opened while one may */
	__u64 dropped;	  /* at the port, before */

	int snapshot, timeout_ms, precision;
	bool nonblock, outgoing;
	struct bpf_program filter; /* none: all frames */
	__typeof__(&pcap_offline_filter) matches;
	atomic_bool broken; /* pcap_breakloop() */
	unsigned int received;
	struct pcap_pkthdr header; /* of pcap_next() */

	_Atomic(struct capture *) next;
};

/* NULL: the handle is of libpcap's own kinds. */
struct capture *capture_of(const pcap_t *handle);
/* False, likewise. */
bool capture_break(const pcap_t *handle);
/* NULL: the name is not of a port; or it is, and there is no memory, and `error` says so. */
struct capture *capture_new(const char *name, char *error);
int capture_activate(struct capture *capture); /* 0, or what pcap_activate() returns */
void capture_close(struct capture *capture);
bool capture_is_port(const char *name);
/* Frames that the port had no room for, since it was opened for this. */
__u64 capture_dropped(const struct capture *capture);
int capture_set_filter(struct capture *capture, const struct bpf_program *program);
/* As pcap_loop() and pcap_dispatch(); `whole`: it is the former. */
int capture_run(struct capture *capture, int count, pcap_handler visit, unsigned char *argument,
		bool whole);

/* The function of libpcap that ours stands before; if there is none, the program ends. */
void *capture_real(const char *name);
#define CAPTURE_REAL(name) ((__typeof__(&(name)))capture_real(#name))

#endif
