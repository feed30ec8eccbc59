/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Clients of ring ports: processes of their own, of any user, that do what the test says.
 *
 *	struct client *a = client_start();
 *
 *	cr_assert_eq(client_open(a, "vale1:a", 0), 0, "%s", client_reason(a));
 *	cr_assert_eq(client_send(a, 1, 2, 10), 0);
 *	client_kill(a);
 *
 * They end with the test at the latest.
 */
#ifndef VALE_TEST_CLIENTS_H
#define VALE_TEST_CLIENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "frame.h"
#include "vale/port.h"

/* The user who may nothing. */
#define NOBODY 65534

struct client;

/* What a client has, for the functions that run in it. */
struct client_self {
	struct vale *vale;
	struct vale_port *port; /* NULL: none */
	int socket;		/* of the pair that client_connect() makes, -1: none */
	char reason[512];	/* what the test reads by client_reason() */
};

/* Runs in the client, which has all the memory that the test had when the client was started. */
typedef int client_function(struct client_self *self, void *argument);

struct client *client_start(void); /* of root */
/* Without capabilities; a member of `more`, too. */
struct client *client_start_as(uid_t user, gid_t group, gid_t more);
/* With the number of a process that has ended. */
struct client *client_start_numbered(pid_t process);

/*
 * Has the client call `function`, and returns what that returns. The argument is `size` bytes, 4096
 * at the most, that are copied there and back; it may be NULL.
 */
int client_do(struct client *client, client_function *function, void *argument, size_t size);

/* The same in two parts: between them, the client works or waits. */
void client_begin(struct client *client, client_function *function, void *argument, size_t size);
int client_result(struct client *client);
/* No result has come, in that time. */
bool client_waits(struct client *client, int timeout_ms);

const char *client_reason(const struct client *client); /* of the last function */
pid_t client_process(const struct client *client);

void client_kill(struct client *client); /* by SIGKILL; returns when it is gone */
void client_end(struct client *client);	 /* exits, with its port open if it has it */

/* Two clients get the ends of a socket pair of that type (SOCK_STREAM, ...), for vale_port_send(). */
void client_connect(struct client *a, struct client *b, int type);
/* vale_port_send() and vale_port_receive(): 0 or -errno. */
int client_give(struct client *client);
int client_take(struct client *client);

/* ---- what most clients do ---------------------------------------------------------------------- */

/* 0 or -errno. `flags`: enum vale_open_flags. */
int client_open(struct client *client, const char *port, unsigned int flags);
/* The same; the test ends if it cannot. */
void client_opens(struct client *client, const char *port, unsigned int flags);
int client_open_with(struct client *client, const char *port,
		     const struct vale_open_options *options);
int client_close(struct client *client);

/* Sends so many frames of host `from` to host `to`, of 60 bytes; what the last vale_txsync() returned. */
int client_send(struct client *client, int from, int to, int count);
/* The same without running what sends to devices: frames for these stay parked. */
int client_send_parked(struct client *client, int from, int to, int count);

struct client_frame {
	__u32 length;
	unsigned char bytes[2048];
};

/* Waits for a frame: 1, 0 if none comes in time, or -errno. `out` may be NULL. */
int client_receive(struct client *client, struct client_frame *out, int timeout_ms);
/* How many frames there are, until none comes for `quiet_ms`. */
int client_count(struct client *client, int quiet_ms);

/* Whether a frame from host `from` at `a` comes to `b`, to host `to`. */
bool client_reaches(struct client *a, struct client *b, int from, int to);

/* ---- what the switch knows of them ------------------------------------------------------------- */

/* In how many places a process is written down as having a port of the switch open. */
int client_entries(const char *switch_name);
/* How many have the port open: what senders to it see. */
int client_number(const char *port);
/* A client of the port is among those that valectl shows. */
bool client_is_shown(const char *port, const struct client *client);
/* How many file descriptors the client has. */
int client_fds(struct client *client);

#endif
