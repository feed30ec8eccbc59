// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The live-frame source: BPF_PROG_TEST_RUN of a program that redirects into a device. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/command.h"
#include "bench/source.h"
#include "bench/source.skel.h"

#define BATCH  64
#define ANCHOR "anchor"

struct live {
	struct source_bpf *skeleton;
	const struct frame_set *frames;
};

static void live_close(void *source)
{
	struct live *live = source;

	if (!live)
		return;
	source_bpf__destroy(live->skeleton);
	free(live);
	command_ip("link del " ANCHOR "\n");
}

/*
 * A program that is attached nowhere is added to the kernel's XDP dispatcher by every test run and
 * removed again, each time with a wait for an RCU grace period: 25 ms instead of 15 us.
 */
static int anchor(struct live *live)
{
	int error = command_ip("link add " ANCHOR " type veth peer name " ANCHOR "-peer\n");

	if (error)
		return error;
	error = bpf_xdp_attach(if_nametoindex(ANCHOR),
			       bpf_program__fd(live->skeleton->progs.source), XDP_FLAGS_DRV_MODE,
			       NULL);
	return error ? bench_error(-error, "cannot attach the source to '" ANCHOR "'") : 0;
}

static int live_open(void **source)
{
	struct live *live = calloc(1, sizeof(*live));
	int error;

	if (!live)
		return bench_error(ENOMEM, "live-frame source");
	live->skeleton = source_bpf__open_and_load();
	if (!live->skeleton) {
		error = bench_error(errno, "cannot load the live-frame source");
		free(live);
		return error;
	}
	error = anchor(live);
	if (error) {
		live_close(live);
		return error;
	}
	*source = live;
	return 0;
}

static int live_aim(void *source, const struct frame_set *frames, int device)
{
	struct live *live = source;
	struct source_bpf__bss *bss = live->skeleton->bss;
	__u32 slot = 0;
	unsigned int i;

	for (i = 0; i < frames->flows; i++)
		memcpy(&bss->headers[i], frames->frame[i], sizeof(bss->headers[i]));
	bss->flow_mask = frames->flows - 1;
	bss->next_flow = 0;
	live->frames = frames;
	if (bpf_map_update_elem(bpf_map__fd(live->skeleton->maps.target), &slot, &device, BPF_ANY))
		return bench_error(errno, "cannot aim the source at device %d", device);
	return 0;
}

static int live_send(void *source, unsigned int frames)
{
	struct live *live = source;
	struct bpf_test_run_opts options = {
		.sz = sizeof(options),
		.data_in = live->frames->frame[0],
		.data_size_in = live->frames->length,
		.repeat = frames,
		.batch_size = BATCH,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
	};
	int error = bpf_prog_test_run_opts(bpf_program__fd(live->skeleton->progs.source), &options);

	/* A signal ends a run early, with an unknown part of the frames sent. */
	if (error == -EINTR || bench_interrupted)
		return -EINTR;
	return error ? bench_error(-error, "cannot send live frames") : (int)frames;
}

const struct source_type source_live = {
	.group = "live",
	.from = "device",
	.title = "live-frame source",
	.chunk = 4096,
	.open = live_open,
	.aim = live_aim,
	.send = live_send,
	.close = live_close,
};
