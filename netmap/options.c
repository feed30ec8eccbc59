// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Options of a request: a list in the program's memory. None is supported here; netmap says so in
 * the option itself, after it has found the list to be one.
 */
#include <errno.h>
#include <stddef.h>

#include "layer.h"

/* By type: what an option is at least. */
static const size_t sizes[] = {
	[NETMAP_REQ_OPT_EXTMEM] = sizeof(struct nmreq_opt_extmem),
	[NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS] = sizeof(struct nmreq_opt_sync_kloop_eventfds),
	[NETMAP_REQ_OPT_CSB] = sizeof(struct nmreq_opt_csb),
	[NETMAP_REQ_OPT_SYNC_KLOOP_MODE] = sizeof(struct nmreq_opt_sync_kloop_mode),
	[NETMAP_REQ_OPT_OFFSETS] = sizeof(struct nmreq_opt_offsets),
};

/* More of them than fit into a request do not come this far. */
#define OPTIONS_MAX (NETMAP_REQ_MAXSIZE / sizeof(struct nmreq_option))

struct options {
	__u64 address[OPTIONS_MAX];
	struct nmreq_option option[OPTIONS_MAX];
	__u32 status[OPTIONS_MAX];
	size_t count;
};

static size_t size_of(const struct nmreq_option *option)
{
	size_t least = option->nro_reqtype < NETMAP_REQ_OPT_MAX ? sizes[option->nro_reqtype] : 0;

	if (least < sizeof(*option))
		least = sizeof(*option);
	/* The only one whose length varies says what it is. */
	if (option->nro_reqtype == NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS && option->nro_size > least)
		return option->nro_size < NETMAP_REQ_MAXSIZE ? option->nro_size
							     : NETMAP_REQ_MAXSIZE;
	return least;
}

static bool is_known(__u32 type)
{
	return type && type < NETMAP_REQ_OPT_MAX;
}

/* Another one of the list has the type, which may be there only once. */
static bool is_twice(const struct options *options, size_t i)
{
	__u32 type = options->option[i].nro_reqtype;

	for (size_t other = 0; other < options->count && is_known(type); other++)
		if (other != i && options->option[other].nro_reqtype == type)
			return true;
	return false;
}

/* A list that goes round has an option twice, or is longer than a request can be. */
static int read_list(struct options *options, __u64 address, size_t used)
{
	while (address) {
		struct nmreq_option *option = &options->option[options->count];
		int error;

		if (used + sizeof(*option) > NETMAP_REQ_MAXSIZE)
			return -EMSGSIZE;
		error = user_read(option, address, sizeof(*option));
		if (error)
			return error;
		used += size_of(option);
		if (used > NETMAP_REQ_MAXSIZE)
			return -EMSGSIZE;
		options->address[options->count++] = address;
		address = is_twice(options, options->count - 1) ? 0 : option->nro_next;
	}
	return 0;
}

/* The status of each; what the request is answered with. */
static int judge(struct options *options)
{
	int result = 0;

	for (size_t i = 0; i < options->count; i++) {
		bool wrong = !options->option[i].nro_reqtype || is_twice(options, i);

		options->status[i] = wrong ? EINVAL : EOPNOTSUPP;
		if (result != -EINVAL)
			result = -(int)options->status[i];
	}
	return result;
}

static int write_status(const struct options *options)
{
	int result = 0;

	for (size_t i = 0; i < options->count; i++) {
		int error =
			user_write(options->address[i] + offsetof(struct nmreq_option, nro_status),
				   &options->status[i], sizeof(options->status[i]));

		result = error ? error : result;
	}
	return result;
}

int options_check(__u64 first, size_t used)
{
	struct options options = {};
	int error = read_list(&options, first, used), wrong;

	if (error)
		return error;
	error = judge(&options);
	wrong = write_status(&options);
	return wrong ? wrong : error;
}
