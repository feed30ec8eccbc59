// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "program.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "sandbox.h"

struct program program_of(const char *port)
{
	json_t *document = valectl_json("show %s", port);
	json_int_t id = json_integer_value(json_object_get(document, "program"));
	struct program program = {
		.fd = bpf_prog_get_fd_by_id(id),
		.ifindex = json_integer_value(json_object_get(document, "ifindex")),
	};

	cr_assert(program.fd >= 0, "%s has no program %lld: %s", port, (long long)id,
		  strerror(errno));
	json_decref(document);
	return program;
}

int program_try(const struct program *program, const struct frame *in, struct frame *out)
{
	struct xdp_md context = { .data_end = in->length, .ingress_ifindex = program->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = in->bytes, .data_size_in = in->length,
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (out) {
		options.data_out = out->bytes;
		options.data_size_out = sizeof(out->bytes);
	}
	if (bpf_prog_test_run_opts(program->fd, &options))
		return -errno;
	if (out)
		out->length = options.data_size_out;
	return options.retval;
}

uint32_t program_run(const struct program *program, const struct frame *in, struct frame *out)
{
	int verdict = program_try(program, in, out);

	if (verdict < 0)
		cr_assert_fail("the program does not run on %zu bytes: %s", in->length,
			       strerror(-verdict));
	return verdict;
}

void program_switch(int count, int mtu, const char *create_options)
{
	must("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6");
	must("%s create vale1 %s", valectl(), create_options);
	for (int i = 1; i <= count; i++) {
		must("ip link add d%d mtu %d type veth peer name far%d mtu %d", i, mtu ? mtu : 1500,
		     i, mtu ? mtu : 1500);
		must("ip link set far%d up && ip link set d%d up", i, i);
		must("%s attach vale1:p%d d%d --hook xdp", valectl(), i, i);
	}
}
