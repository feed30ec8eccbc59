/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What counts the frames at the far ends, and compares them when asked to. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include "bench/frame.h"
#include "bench/source.h"

struct sink;

struct sink_counts {
	__u64 counter[SINK_COUNTERS];
};

int sink_open(struct sink **sink);
void sink_close(struct sink *sink);

/* The far end of the destination. */
int sink_attach(struct sink *sink, const char *device);
/* The far end of a port that should see nothing. */
int sink_attach_third(struct sink *sink, const char *device);

void sink_expect(struct sink *sink, size_t length);
int sink_read(struct sink *sink, struct sink_counts *counts);

/* Says how many frames were wrong, and what the last one was. Returns -EINVAL. */
int sink_complain(const struct sink *sink, const char *name, unsigned long long wrong);

/*
 * Sends every flow's frame once and compares what arrives at the device, byte by byte. 0 only if
 * each came exactly once and nothing else came.
 */
int sink_verify(struct sink *sink, const char *device, const struct frame_set *frames,
		const struct source_type *type, void *source);

#endif
