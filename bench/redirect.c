// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The ceiling of ports at tc: two devices, and whatever comes from one leaves by the other. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>

#include "bench/bench.h"
#include "bench/datapath.h"
#include "bench/redirect.skel.h"

static struct redirect_bpf *skeleton;

static int redirect_create(void)
{
	skeleton = redirect_bpf__open_and_load();
	return skeleton ? 0 : bench_error(errno, "cannot load the program that redirects");
}

/* A filter, and no link: that works on all kernels, and goes with its device. */
static int redirect_attach(const char *port, const char *device)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(device),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = bpf_program__fd(skeleton->progs.redirect));
	int error;

	(void)port;
	error = bpf_tc_hook_create(&hook);
	if (!error)
		error = bpf_tc_attach(&hook, &filter);
	if (error)
		return bench_error(-error, "cannot attach a filter to '%s'", device);
	if (!skeleton->bss->first)
		skeleton->bss->first = hook.ifindex;
	else
		skeleton->bss->second = hook.ifindex;
	return 0;
}

static int redirect_destroy(void)
{
	redirect_bpf__destroy(skeleton);
	skeleton = NULL;
	return 0;
}

const struct datapath redirect_datapath = {
	.name = "redirect",
	.create = redirect_create,
	.attach = redirect_attach,
	.destroy = redirect_destroy,
};
