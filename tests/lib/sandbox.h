/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * A test's own machine: network and mount namespaces of its own, with an empty bpffs in
 * /sys/fs/bpf and an empty /run/netns. Criterion runs each test in a process of its own, so
 * everything is gone when the test ends, however it ends.
 */
#ifndef VALE_TEST_SANDBOX_H
#define VALE_TEST_SANDBOX_H

#include <jansson.h>
#include <stddef.h>

/* Ends the test if it cannot be had. Use as a test's or suite's .init. */
void sandbox_enter(void);

/* What a command printed, and how it ended. */
struct output {
	int status;	   /* exit status; 128 + N if signal N ended it */
	char text[65536];  /* stdout, cut to fit */
	char errors[8192]; /* stderr, cut to fit */
};

/* Runs a shell command. */
struct output run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and the test fails with what the command printed if that exits with anything but 0. */
struct output must(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Path of the program under test, for commands: must("%s list", valectl()). */
const char *valectl(void);

/* `valectl --json ...` that must succeed; the caller owns the document. */
json_t *valectl_json(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A counter of a port: "received_frames", "sent_frames", "dropped", ..., or a drop: "drops.mtu". */
long long port_counter(const char *port, const char *counter);

/*
 * A network namespace NAME with an interface eth0 (address 10.0.0.HOST/24 and fd00::HOST/64, MAC
 * 02:00:00:00:00:HOST in hex) whose far end NAME is in the sandbox and up: what a container has.
 * The far end is not attached to anything. After traffic_quiet() without IPv6.
 */
void container(const char *name, int host);

#endif
