// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The ceiling: one redirect from the first port to the second, without any lookup. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "bench/bench.h"
#include "bench/ceiling.skel.h"
#include "bench/datapath.h"

static struct ceiling_bpf *skeleton;
static bool have_input;

static int ceiling_create(void)
{
	skeleton = ceiling_bpf__open_and_load();
	have_input = false;
	return skeleton ? 0 : bench_error(errno, "cannot load the ceiling's program");
}

static int ceiling_attach(const char *port, const char *device)
{
	int index = if_nametoindex(device);
	__u32 slot = 0;
	int error;

	(void)port;
	if (!have_input) {
		error = bpf_xdp_attach(index, bpf_program__fd(skeleton->progs.ceiling),
				       XDP_FLAGS_DRV_MODE, NULL);
		if (error)
			return bench_error(-error, "cannot attach the ceiling to '%s'", device);
		have_input = true;
		return 0;
	}
	error = bpf_map_update_elem(bpf_map__fd(skeleton->maps.target), &slot, &index, BPF_ANY);
	return error ? bench_error(-error, "cannot aim the ceiling at '%s'", device) : 0;
}

static int ceiling_destroy(void)
{
	ceiling_bpf__destroy(skeleton);
	skeleton = NULL;
	return 0;
}

const struct datapath ceiling_datapath = {
	.name = "ceiling",
	.create = ceiling_create,
	.attach = ceiling_attach,
	.destroy = ceiling_destroy,
};
