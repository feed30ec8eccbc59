/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A private network and a private bpffs, which go with the process however it ends. */
#ifndef BENCH_SANDBOX_H
#define BENCH_SANDBOX_H

/* The bpffs of the sandbox, mounted over the one of the machine. */
#define SANDBOX_BPFFS "/sys/fs/bpf"

int sandbox_enter(void);

/* One more network namespace, named as "ip netns add" would name it. */
int sandbox_new_netns(const char *name);
void sandbox_delete_netns(const char *name);

/* Takes the calling thread there. No message: for a child that is about to exec. */
int sandbox_enter_netns(const char *name);

#endif
