// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* See library.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/client.h"
#include "doctor/doctor.h"
#include "library.h"
#include "promise.h"

static const uint8_t *answers;
static size_t left;

void library_answer(const uint8_t *bytes, size_t size)
{
	answers = bytes;
	left = size;
}

static uint8_t next(void)
{
	return left ? (left--, *answers++) : 0;
}

static __u64 next_number(void)
{
	__u64 number = 0;

	for (int bytes = next() % 9; bytes; bytes--)
		number = number << 8 | next();
	return number;
}

/* A string of any bytes. */
static void next_text(char *out, size_t size)
{
	size_t length = next() % size;

	for (size_t i = 0; i < length; i++)
		out[i] = (char)(next() ?: '.');
	out[length] = 0;
}

int fail(struct vale *vale, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(vale->reason, sizeof(vale->reason), format, arguments);
	va_end(arguments);
	return -error;
}

static int answer(struct vale *vale)
{
	static const int errors[] = { EPERM,  ENOMEM, EEXIST, ENOENT, EBUSY, ENODEV,
				      ENOSPC, ERANGE, ENOTTY, E2BIG,  ESRCH, EPROTO };
	uint8_t word = next();

	if (word < 128)
		return 0;
	return fail(vale, errors[word % (sizeof(errors) / sizeof(errors[0]))], "it failed");
}

static int answer_switch(struct vale *vale, const char *text)
{
	struct name name;

	return name_switch(vale, &name, text) ?: answer(vale);
}

static int answer_port(struct vale *vale, const char *text)
{
	struct name name;

	return name_port(vale, &name, text) ?: answer(vale);
}

/* As take_options(): they are there, and say how large they are. */
static void look_at_options(const void *options, size_t size)
{
	PROMISE(!options || *(const size_t *)options == size);
}

/* ---- handles ----------------------------------------------------------------------------------- */

int vale_open(struct vale **out, const char *bpffs)
{
	struct vale *vale = calloc(1, sizeof(*vale));

	(void)bpffs;
	if (answer(vale)) {
		free(vale);
		return -ENODEV;
	}
	*out = vale;
	return 0;
}

void vale_close(struct vale *vale)
{
	free(vale);
}

const char *vale_open_reason(int error)
{
	PROMISE(error < 0);
	return "it cannot be opened";
}

const char *vale_reason(const struct vale *vale)
{
	return vale->reason;
}

void vale_set_progress(struct vale *vale, void (*report)(void *, __u32, __u32), void *arg)
{
	(void)vale;
	(void)report;
	(void)arg;
}

/* ---- switches and ports ------------------------------------------------------------------------ */

static void describe_switch(const char *name, struct vale_switch_info *out)
{
	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", name);
	out->abi = next() % 8 ? VALE_ABI : 7;
	out->fdb_size = out->age = (__u32)next_number();
	out->ports = next();
	next_text(out->version, sizeof(out->version));
}

static void describe_port(const char *name, struct vale_port_info *out)
{
	static const char *const kinds[] = { "ring", "veth", "tun", "xsk", "host", "" };
	bool is_ring;

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", name);
	snprintf(out->kind, sizeof(out->kind), "%s", kinds[next() % 6]);
	is_ring = !strcmp(out->kind, "ring");
	next_text(out->device, sizeof(out->device));
	next_text(out->outer, sizeof(out->outer));
	out->state = next() % (VALE_PORT_CLOSED + 1);
	out->hook = 1 + next() % VALE_HOOK_TC;
	out->mode = next() % (VALE_XSK_ZERO_COPY + 1);
	out->flags = next();
	out->number = next() % VALE_PORTS;
	out->mtu = (__u32)next_number();
	out->rings = is_ring ? 1 + next() % VALE_RINGS : 0;
	out->bound = is_ring ? next() % (VALE_BOUND_MACS + 1) : 0;
	out->clients = next();
	out->memory = next_number();
	out->memory_id = (__u32)next_number();
	out->limits.size = sizeof(out->limits);
	out->limits.macs = next() % (VALE_LIMIT_MACS + 1);
	out->learned = (__u32)next_number();
	for (int kind = 0; kind < VALE_STORMS; kind++)
		out->limits.storm[kind].rate = next() < 128 ? 0 : (__u32)next_number();
}

static void describe_counters(struct vale_stats *out)
{
	memset(out, 0, sizeof(*out));
	out->received_frames = next_number();
	out->sent_bytes = next_number();
	for (int reason = 0; reason < VALE_DROP_REASONS; reason++)
		out->drops[reason] = next() < 128 ? 0 : next_number();
	out->unlearned = next();
}

int vale_switch_create(struct vale *vale, const char *name,
		       const struct vale_switch_options *options)
{
	look_at_options(options, sizeof(*options));
	return answer_switch(vale, name);
}

int vale_switch_reload(struct vale *vale, const char *name)
{
	return answer_switch(vale, name);
}

int vale_switch_destroy(struct vale *vale, const char *name, bool force)
{
	(void)force;
	return answer_switch(vale, name);
}

int vale_switch_get(struct vale *vale, const char *name, struct vale_switch_info *out)
{
	int error = answer_switch(vale, name);

	if (!error)
		describe_switch(name, out);
	return error;
}

int vale_switch_list(struct vale *vale, struct vale_switch_info **out, size_t *count)
{
	static const char *const names[] = { "vale0", "vale_", "vale1234567890" };
	int error = answer(vale);

	if (error)
		return error;
	*count = next() % 4;
	*out = calloc(*count + 1, sizeof(**out));
	for (size_t i = 0; i < *count; i++)
		describe_switch(names[i], &(*out)[i]);
	return 0;
}

int vale_port_attach(struct vale *vale, const char *name, const char *device,
		     const struct vale_attach_options *options)
{
	PROMISE(strlen(device) < 4096);
	look_at_options(options, sizeof(*options));
	return answer_port(vale, name);
}

int vale_port_detach(struct vale *vale, const char *name)
{
	return answer_port(vale, name);
}

int vale_port_add(struct vale *vale, const char *name, const struct vale_ring_options *options)
{
	look_at_options(options, sizeof(*options));
	PROMISE(!options || options->bound <= VALE_BOUND_MACS);
	return answer_port(vale, name);
}

int vale_port_del(struct vale *vale, const char *name, bool force)
{
	(void)force;
	return answer_port(vale, name);
}

int vale_port_set_header(struct vale *vale, const char *name, __u32 size)
{
	PROMISE(vale_vnet_header_is_valid(size));
	return answer_port(vale, name);
}

int vale_port_set_limits(struct vale *vale, const char *name, const struct vale_limits *limits)
{
	look_at_options(limits, sizeof(*limits));
	return answer_port(vale, name);
}

int vale_port_get(struct vale *vale, const char *name, struct vale_port_info *out)
{
	int error = answer_port(vale, name);

	if (!error)
		describe_port(name, out);
	return error;
}

int vale_port_list(struct vale *vale, const char *switch_name, struct vale_port_info **out,
		   size_t *count)
{
	int error = answer_switch(vale, switch_name);

	if (error)
		return error;
	*count = next() % 4;
	*out = calloc(*count + 1, sizeof(**out));
	for (size_t i = 0; i < *count; i++) {
		char name[VALE_NAME_SIZE + 8];

		snprintf(name, sizeof(name), "%s:%c", switch_name, (char)('a' + i));
		describe_port(name, &(*out)[i]);
	}
	return 0;
}

/* ---- counters, addresses, limits --------------------------------------------------------------- */

const char *vale_drop_name(enum vale_drop reason)
{
	static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h",
					     "i", "j", "k", "l", "m", "n", "o" };

	_Static_assert(sizeof(names) / sizeof(names[0]) == VALE_DROP_REASONS, "a name for each");
	PROMISE(reason < VALE_DROP_REASONS);
	return names[reason];
}

int vale_stats_get(struct vale *vale, const char *name, struct vale_port_stats **out, size_t *count)
{
	bool is_port = strchr(name, ':');
	int error = is_port ? answer_port(vale, name) : answer_switch(vale, name);

	if (error)
		return error;
	*count = is_port ? 1 : next() % 4;
	*out = calloc(*count + 1, sizeof(**out));
	for (size_t i = 0; i < *count; i++) {
		snprintf((*out)[i].name, sizeof((*out)[i].name), "vale0:%c", (char)('a' + i));
		describe_counters(&(*out)[i].counters);
	}
	return 0;
}

int vale_fdb_list(struct vale *vale, const char *switch_name, struct vale_fdb_info **out,
		  size_t *count)
{
	int error = answer_switch(vale, switch_name);

	if (error)
		return error;
	*count = next() % 4;
	*out = calloc(*count + 1, sizeof(**out));
	for (size_t i = 0; i < *count; i++) {
		snprintf((*out)[i].port, sizeof((*out)[i].port), "a");
		(*out)[i].is_static = next() & 1;
		(*out)[i].age_ms = (__u32)next_number();
	}
	return 0;
}

/* The name of the port is without the switch's. */
static int answer_part(struct vale *vale, const char *switch_name, const char *port)
{
	int error = answer_switch(vale, switch_name);

	if (!error && port && name_check_part(port))
		return fail(vale, EINVAL, "it is no name");
	return error;
}

int vale_fdb_add(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE],
		 const char *port)
{
	PROMISE(mac);
	return answer_part(vale, switch_name, port);
}

int vale_fdb_del(struct vale *vale, const char *switch_name, const __u8 mac[VALE_MAC_SIZE])
{
	PROMISE(mac);
	return answer_switch(vale, switch_name);
}

int vale_fdb_flush(struct vale *vale, const char *switch_name, const char *port)
{
	return answer_part(vale, switch_name, port);
}

int vale_sysctl_get(struct vale *vale, struct vale_sysctl *out)
{
	int error = answer(vale);

	if (!error)
		*out = (struct vale_sysctl){ .abi = VALE_ABI, .max_bridges = next() };
	return error;
}

int vale_sysctl_set(struct vale *vale, const struct vale_sysctl *values)
{
	PROMISE(values->abi == VALE_ABI);
	return answer(vale);
}

/* ---- ports are not opened: see closed_port.c --------------------------------------------------- */

int vale_port_open(struct vale *vale, const char *name, const struct vale_open_options *options,
		   struct vale_port **out)
{
	int error = answer_port(vale, name);

	(void)out;
	look_at_options(options, sizeof(*options));
	return error ? error : fail(vale, ENOSPC, "ports are not opened here");
}

/* ---- what doctor/ finds ------------------------------------------------------------------------ */

void examine(const char *bpffs, examine_report *report, void *arg)
{
	const struct check check = {
		.subject = "kernel",
		.name = "any",
		.required = next() & 1,
		.used_for = "anything",
	};
	struct finding finding = { .state = next() % (FINDING_UNKNOWN + 1) };

	(void)bpffs;
	next_text(finding.found, sizeof(finding.found));
	next_text(finding.remedy, sizeof(finding.remedy));
	for (int count = next() % 4; count; count--)
		report(arg, &check, &finding);
}
