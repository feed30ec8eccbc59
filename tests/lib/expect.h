/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What tests of valectl look at: refusals, what is left behind, the state of ports and devices. */
#ifndef VALE_TEST_EXPECT_H
#define VALE_TEST_EXPECT_H

#include <stdbool.h>
#include <jansson.h>

/*
 * `valectl ARGUMENTS` must end with `status` and say `words` (a part of the message) on stderr,
 * and nothing on stdout.
 */
void refused(int status, const char *words, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The files below /sys/fs/bpf, one a line, sorted; the caller frees it. */
char *bpffs_files(void);
/* Fails the test if that has changed; frees `before`. */
void bpffs_unchanged(char *before);

/* Mounts a tmpfs of the test's own on /mnt. */
void scratch_mount(void);

/* A veth pair in the sandbox, both ends up. */
void veth(const char *name, const char *peer);

/* A member of what `valectl --json show` says of a port, as text: valid until the next call. */
const char *port_member(const char *port, const char *member);

/* The id of the program on a device of the sandbox, at XDP or else at tc; 0: none. */
unsigned int program_on(const char *device);
/* Puts a program that passes everything on a device, as another tool would; returns its id. */
unsigned int attach_foreign_program(const char *device);

/* How the far end of a container's veth (eth0 in the namespace) stands with GRO. */
bool gro_of(const char *netns);
/* All that attach changes there, as text: valid until the next call. */
const char *features_of(const char *netns);

/* An answer to a ping comes, with time for it to get going; or none does for half a second. */
bool can_ping(const char *netns, const char *address);
bool is_cut_off(const char *netns, const char *address);

/* Calls `check` until it is true, for five seconds at the most. */
bool eventually(bool (*check)(const void *arg), const void *arg);

#endif
