/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What BPF maps and programs hold in kernel memory. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

struct bpf_memory {
	unsigned int maps;
	unsigned int programs;
	unsigned long bytes; /* charged to them, from the memlock lines of their fdinfo */
};

/*
 * Every map and program that is pinned below a directory, that a pinned link or one of those
 * programs holds, or that is attached to a device as its XDP program. Only what is ours: other
 * users of the machine may load programs at the same time.
 */
int bpf_memory_read(const char *directory, struct bpf_memory *memory);

/*
 * What the whole kernel holds for itself, from /proc/meminfo, in bytes: unreclaimable slabs,
 * vmalloc and per-CPU memory. It has all else that a port takes, and what others do meanwhile.
 * MemAvailable would have every compiler that somebody runs as well.
 */
int kernel_memory_read(unsigned long *bytes);

#endif
