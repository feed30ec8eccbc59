// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What counts the frames at the far ends, and compares them when asked to. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/bench.h"
#include "bench/sink.h"
#include "bench/sink.skel.h"

/* How long a frame may be on its way, and how long to wait for one too many. */
#define ARRIVAL_MILLISECONDS 1000
#define SILENCE_MILLISECONDS 20

struct sink {
	struct sink_bpf *skeleton;
	int cpus;
};

int sink_open(struct sink **out)
{
	struct sink *sink = calloc(1, sizeof(*sink));
	int error;

	if (!sink)
		return bench_error(ENOMEM, "sink");
	sink->cpus = libbpf_num_possible_cpus();
	sink->skeleton = sink_bpf__open_and_load();
	if (!sink->skeleton || sink->cpus < 1) {
		error = bench_error(errno, "cannot load the sink's programs");
		sink_close(sink);
		return error;
	}
	*out = sink;
	return 0;
}

void sink_close(struct sink *sink)
{
	if (sink)
		sink_bpf__destroy(sink->skeleton);
	free(sink);
}

static int attach(const char *device, struct bpf_program *program)
{
	/* The device's own XDP path: it also gives the peer's frames a NAPI to arrive in. */
	int error = bpf_xdp_attach(if_nametoindex(device), bpf_program__fd(program),
				   XDP_FLAGS_DRV_MODE, NULL);

	return error ? bench_error(-error, "cannot attach the sink to '%s'", device) : 0;
}

int sink_attach(struct sink *sink, const char *device)
{
	return attach(device, sink->skeleton->progs.sink);
}

int sink_attach_third(struct sink *sink, const char *device)
{
	return attach(device, sink->skeleton->progs.third_port);
}

void sink_expect(struct sink *sink, size_t length)
{
	sink->skeleton->bss->frame_length = length;
}

int sink_read(struct sink *sink, struct sink_counts *counts)
{
	int map = bpf_map__fd(sink->skeleton->maps.counters);
	__u64 *values CLEANUP_FREE = calloc(sink->cpus, sizeof(*values));
	__u32 key;
	int cpu;

	if (!values)
		return bench_error(ENOMEM, "sink");
	memset(counts, 0, sizeof(*counts));
	for (key = 0; key < SINK_COUNTERS; key++) {
		if (bpf_map_lookup_elem(map, &key, values))
			return bench_error(errno, "cannot read the sink's counters");
		for (cpu = 0; cpu < sink->cpus; cpu++)
			counts->counter[key] += values[cpu];
	}
	return 0;
}

int sink_complain(const struct sink *sink, const char *name, unsigned long long wrong)
{
	const struct wrong_frame *frame = &sink->skeleton->bss->wrong_frame;
	const unsigned char *h = frame->header;

	return bench_error(0,
			   "%s: wrong frames reached the sink: %llu, the last of %u bytes "
			   "to %02x:%02x:%02x:%02x:%02x:%02x from %02x:%02x:%02x:%02x:%02x:%02x, "
			   "type %02x%02x",
			   name, wrong, frame->length, h[0], h[1], h[2], h[3], h[4], h[5], h[6],
			   h[7], h[8], h[9], h[10], h[11], h[12], h[13]);
}

/* One frame, and no other than this one. */
static int receive(int fd, const char *device, const unsigned char *frame, size_t length)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	unsigned char data[FRAME_MAX];
	ssize_t received;

	if (poll(&wait, 1, ARRIVAL_MILLISECONDS) <= 0)
		return bench_interrupted
			       ? -EINTR
			       : bench_error(0, "'%s': a frame of %zu bytes did not arrive", device,
					     length);
	received = recv(fd, data, sizeof(data), MSG_TRUNC);
	if (received < 0)
		return bench_error(errno, "'%s': cannot receive", device);
	if (received != (ssize_t)length)
		return bench_error(0, "'%s': %zu bytes were sent and %zd arrived", device, length,
				   received);
	if (memcmp(data, frame, length))
		return bench_error(0, "'%s': a frame of %zu bytes was altered", device, length);
	return 0;
}

static int verify_each(int fd, const char *device, const struct frame_set *frames,
		       const struct source_type *type, void *source)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	unsigned int flow;
	int error;

	for (flow = 0; flow < frames->flows; flow++) {
		error = type->send(source, 1);
		if (error < 0)
			return error;
		error = receive(fd, device, frames->frame[flow], frames->length);
		if (error)
			return error;
	}
	if (poll(&wait, 1, SILENCE_MILLISECONDS) > 0)
		return bench_error(0, "'%s': more frames arrived than were sent", device);
	return 0;
}

int sink_verify(struct sink *sink, const char *device, const struct frame_set *frames,
		const struct source_type *type, void *source)
{
	int fd CLEANUP_FD = packet_socket(if_nametoindex(device), 0);
	int error;

	if (fd < 0)
		return fd;
	sink->skeleton->bss->pass_on = 1;
	error = verify_each(fd, device, frames, type, source);
	sink->skeleton->bss->pass_on = 0;
	return error;
}
