// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "scribble.h"

#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "client/client.h"
#include "ring.h"
#include "scribbler.h"

/* ---- programs ---------------------------------------------------------------------------------- */

/* Of any port and pair; the first number is what vale/ring.h says. */
static void run_live(struct scribbler *self)
{
	static unsigned char bytes[4096];
	struct xdp_md context = { .data = ring_random(&self->seed) % 2 * 4 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bytes, .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = ring_random(&self->seed) % 64,
		    .flags = ring_random(&self->seed) % 4 ? BPF_F_TEST_XDP_LIVE_FRAMES : 0);

	context.data_end = context.data + VALE_LIVE_LENGTH + ring_random(&self->seed) % 8;
	options.data_size_in = context.data_end;
	bpf_prog_test_run_opts(self->port->live, &options);
}

/* Of txsync and the like, which want none. */
static void run_with_context(struct scribbler *self, int program)
{
	static unsigned char bytes[4096];
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = bytes,
		    .ctx_size_in = scribble_odd(&self->seed) % sizeof(bytes),
		    .flags = ring_random(&self->seed) % 4 ? 0 : scribble_odd(&self->seed));

	bpf_prog_test_run_opts(program, &options);
}

/* Frames that were put in with one header are sent with another. */
static void change_header(struct scribbler *self)
{
	static const __u32 sizes[] = { 0, 10, 12, 11, ~0u };
	struct vale_header_request request = { sizes[ring_random(&self->seed) % 5] };
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &request, .ctx_size_in = sizeof(request));

	if (self->scribble->header && ring_random(&self->seed) % 16 == 0)
		bpf_prog_test_run_opts(self->header, &options);
}

static void run_programs(struct scribbler *self)
{
	__u32 pair = ring_random(&self->seed) % self->port->pairs;
	int answer = port_run(self->port->txsync[pair]);

	self->scribble->syncs++;
	if (answer >= 0)
		self->scribble->good++;
	else if (answer != -EBUSY)
		self->scribble->bad++;
	switch (ring_random(&self->seed) % 64) {
	case 0:
		port_run(self->port->wake[pair]);
		break;
	case 1:
		port_run(self->port->enter);
		port_run(self->port->leave);
		break;
	case 2:
	case 3:
		run_live(self);
		break;
	case 4:
		run_with_context(self, self->port->txsync[pair]);
		break;
	case 5:
		change_header(self);
		break;
	case 6: /* what waits for devices, as its library does */
		port_run_live(self->port, pair, 1 + ring_random(&self->seed) % 256);
		break;
	default:
		break;
	}
}

static void *scribble_on(void *argument)
{
	struct scribbler *self = argument;

	while (!__atomic_load_n(&self->end, __ATOMIC_RELAXED))
		scribble_once(self);
	return NULL;
}

static int open_header(const char *port)
{
	char path[128];
	const char *name = strchr(port, ':');

	snprintf(path, sizeof(path), "/sys/fs/bpf/vale/%.*s/port/%s/header", (int)(name - port),
		 port, name + 1);
	return bpf_obj_get(path);
}

static bool goes_on(const struct scribble *scribble)
{
	return scribble->syncs < scribble->least ||
	       !__atomic_load_n(scribble->stop, __ATOMIC_RELAXED);
}

static int scribble_in_client(struct client_self *client, void *argument)
{
	struct scribbler here = { .port = client->port, .scribble = argument };
	struct scribbler beside;
	pthread_t thread;

	here.seed = here.scribble->seed;
	here.header = open_header(vale_port_name(client->port));
	if (here.header < 0)
		return -errno;
	beside = here;
	beside.seed += 1000;
	if (pthread_create(&thread, NULL, scribble_on, &beside))
		return -EAGAIN;
	while (goes_on(here.scribble)) {
		for (int k = ring_random(&here.seed) % 8; k >= 0; k--)
			scribble_once(&here);
		run_programs(&here);
	}
	__atomic_store_n(&beside.end, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	close(here.header);
	here.scribble->mutations = here.mutations + beside.mutations;
	return 0;
}

void scribble_start(struct client *client, struct scribble *scribble)
{
	client_begin(client, scribble_in_client, scribble, sizeof(*scribble));
}
