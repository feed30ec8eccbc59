/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a program of netmap does, by the calls of libc only: so it works in a test that is linked with
 * libvale-netmap.so (tests/e2e/test_netmap_*), and in one that is not it finds no /dev/netmap.
 */
#ifndef VALE_TEST_NETMAP_H
#define VALE_TEST_NETMAP_H

#include <stdbool.h>

#include "frame.h"
#include "net/netmap_user.h"

struct netmap_port {
	int fd;
	struct nmreq_register reg;
	char *memory;
	struct netmap_if *interface;
};

/* NIOCCTRL: 0 or -errno. `body` and `options` may be NULL. */
int netmap_request(int fd, int type, const char *name, void *body);
int netmap_request_with(int fd, int type, const char *name, void *body,
			struct nmreq_option *options);

int netmap_device(void); /* open("/dev/netmap"); ends the test if it fails */
/* Binds a new fd: it, or -errno. `reg` may be NULL: all rings. */
int netmap_bind(const char *name, struct nmreq_register *reg);

/* The same, with the memory mapped; ends the test if it fails. A mode of 0: all rings. */
struct netmap_port netmap_open(const char *name, struct nmreq_register reg);
struct netmap_port netmap_open_all(const char *name);
void netmap_map(struct netmap_port *port);
void netmap_close(struct netmap_port *port);

struct netmap_ring *netmap_tx(const struct netmap_port *port, int ring);
struct netmap_ring *netmap_rx(const struct netmap_port *port, int ring);

/* Puts a frame in, in as many slots as it takes, without a sync. */
void netmap_put(const struct netmap_port *port, int ring, const struct frame *frame);
void netmap_send(const struct netmap_port *port, const struct frame *frame); /* and NIOCTXSYNC */
/* Takes the next frame of rx ring 0, waiting in poll(). False: none came. */
bool netmap_take(const struct netmap_port *port, struct frame *out, int timeout_ms);
void netmap_expect(const struct netmap_port *port, const struct frame *expected, const char *what);
/* A frame from host `from` at `a` comes to `b`. */
void netmap_reaches(const struct netmap_port *a, const struct netmap_port *b, int from, int to);

#endif
