// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Opening ports. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "client.h"
#include "loader/ring_port.h"

struct opening {
	struct vale *vale;
	struct vale_port *port;
	struct vale_open_options options;
	struct name name;
	char path[PATH_MAX]; /* of the port's directory */
	bool first;	     /* nobody else has it open */
};

/* ---- a port that is there ---------------------------------------------------------------------- */

static int get(const struct opening *opening, const char *name, int *out)
{
	char path[PATH_MAX + 2 * VALE_NAME_SIZE];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", opening->path, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	*out = fd;
	return 0;
}

static int get_maps(const struct opening *opening)
{
	struct vale_port *port = opening->port;
	int error = get(opening, "region", &port->region_map);

	if (!error)
		error = get(opening, "state", &port->state_map);
	for (__u32 pair = 0; pair < VALE_RINGS && !error; pair++) {
		char name[2 * VALE_NAME_SIZE];

		snprintf(name, sizeof(name), "doorbell%u", pair);
		error = get(opening, name, &port->doorbell[pair]);
		if (error == -ENOENT && pair)
			return 0; /* the one before was the last */
	}
	return error;
}

/* Which programs there are is asked first: those that are opened then are as new, or newer. */
static int get_programs(const struct opening *opening)
{
	struct vale_port *port = opening->port;

	port->programs = __atomic_load_n(&port->state->programs, __ATOMIC_ACQUIRE);
	return port_get_programs(port, opening->path);
}

static int choose_rings(struct vale_port *port, __u32 one_ring)
{
	if (one_ring > port->pairs)
		return -ERANGE;
	port->first = one_ring ? one_ring - 1 : 0;
	port->end = one_ring ? one_ring : port->pairs;
	return 0;
}

int port_watch(struct vale_port *port)
{
	if (port->end - port->first == 1)
		return 0;
	port->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (port->epoll < 0)
		return -errno;
	for (__u32 pair = port->first; pair < port->end; pair++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (epoll_ctl(port->epoll, EPOLL_CTL_ADD, port->doorbell[pair], &event))
			return -errno;
	}
	return 0;
}

/*
 * The switch sees that the tx rings are empty: it forgets which frames a former client left there.
 * If one is busy, another process is at it, which has no right to be; it is not waited for.
 */
static int begin_tx(const struct vale_port *port)
{
	int answer = 0;

	for (__u32 pair = 0; pair < port->pairs && (answer >= 0 || answer == -EBUSY); pair++)
		answer = port_run(port->txsync[pair]);
	return answer < 0 && answer != -EBUSY ? answer : 0;
}

/* The hold is ours; the rest. */
static int open_held(struct opening *opening)
{
	struct vale_port *port = opening->port;
	int error = get_maps(opening);

	if (!error)
		error = port_map(port);
	if (!error)
		error = get_programs(opening);
	if (!error)
		error = choose_rings(port, opening->options.one_ring);
	if (!error)
		error = port_watch(port);
	if (error)
		return error;
	if (opening->first)
		port_initialize(port, opening->options.extra_buffers);
	error = port_enter(port);
	if (!error && opening->first)
		error = begin_tx(port);
	if (error)
		return error;
	/* Others may come now. */
	if (opening->first && !(opening->options.flags & VALE_OPEN_EXCLUSIVE) &&
	    flock(port->hold, LOCK_SH | LOCK_NB))
		return -EBUSY;
	return 0;
}

static int hold(struct opening *opening)
{
	struct vale_port *port = opening->port;
	int error = ring_port_hold(opening->path, true, &port->hold);

	opening->first = !error;
	if (error == -EBUSY && !(opening->options.flags & VALE_OPEN_EXCLUSIVE))
		error = ring_port_hold(opening->path, false, &port->hold);
	if (!error && !port_is_at(port, opening->path)) /* what was locked is not there any more */
		error = -ENXIO;
	return error;
}

static int open_existing(struct opening *opening)
{
	int error = hold(opening);

	return error ? error : open_held(opening);
}

/* ---- a port that may have to be made ----------------------------------------------------------- */

static int create(struct opening *opening, struct claim *claim)
{
	struct ring_port_options options;
	int error = ring_port_options(opening->vale, &opening->options.ring, &options);

	if (!error)
		error = claim_name(claim);
	if (!error)
		error = claim_number(claim);
	if (error)
		return error;
	options.owner = geteuid();
	options.group = getegid();
	options.ephemeral = true;
	opening->first = true;
	opening->port->ephemeral = true;
	return ring_port_create(claim, &options, &opening->port->hold);
}

/* With the lock held: nobody else makes the port, or removes it. */
static int find_or_create(struct opening *opening, struct claim *claim)
{
	CLEANUP_MAPS struct maps maps = MAPS_CLOSED;
	struct vale_port_entry entry;
	__u32 number;
	int error = claim_switch(claim, &maps);

	if (!error)
		error = maps_find_port(&maps, opening->name.port, &number, &entry);
	if (error == -ENOENT && maps.state)
		error = create(opening, claim);
	else if (!error && entry.kind != VALE_PORT_RING)
		error = -ENOTTY;
	else if (!error)
		opening->port->ephemeral = entry.flags & VALE_PORT_EPHEMERAL;
	if (error)
		claim_undo_switch(claim);
	return error;
}

static int open_or_create(struct opening *opening)
{
	struct claim claim = {
		.what = "cannot make the port",
		.switch_flags = VALE_SWITCH_EPHEMERAL,
	};
	CLEANUP_CLOSE int lock = -1;
	int error = claim_begin(&claim, opening->vale, opening->port->name);

	if (!error)
		error = pin_make_root(opening->vale);
	if (!error)
		error = pin_lock(opening->vale, &lock);
	if (!error)
		error = find_or_create(opening, &claim);
	if (error)
		return error;
	return opening->port->hold >= 0 ? open_held(opening) : open_existing(opening);
}

/* What makes ports, root, tidies up first; others open what there is. */
static int open_port(struct opening *opening)
{
	int error;

	if (geteuid() == 0 && !(opening->options.flags & VALE_OPEN_EXISTING))
		return open_or_create(opening);
	error = open_existing(opening);
	if (error == -ENOENT && !(opening->options.flags & VALE_OPEN_EXISTING))
		error = open_or_create(opening);
	return error;
}

/* NULL: what the kernel says. */
static const char *reason_of(int error)
{
	switch (error) {
	case ENOTTY:
		return "it is a network interface's port";
	case ENOENT:
		return "there is no such ring port";
	case ENXIO:
		return "it was deleted just now";
	case ERANGE:
		return "it has fewer rings";
	case EPROTO:
		return "what is there is no ring port";
	default:
		return NULL;
	}
}

static int explain(struct opening *opening, int error)
{
	const char *name = opening->port->name, *reason = reason_of(-error);

	switch (-error) {
	case EBUSY:
		return fail(opening->vale, EBUSY,
			    "cannot open '%s': %s ('valectl show %s' tells who has it)", name,
			    opening->options.flags & VALE_OPEN_EXCLUSIVE
				    ? "it is open already"
				    : "somebody has it exclusively",
			    name);
	case EACCES:
		if (geteuid() == 0)
			return fail_files(opening->vale, "cannot open the port");
		return fail(opening->vale, EACCES,
			    "cannot open '%s': it is another user's: 'valectl port add %s --owner' "
			    "makes one for you",
			    name, name);
	case E2BIG:
		return fail(opening->vale, E2BIG,
			    "cannot open '%s': %u processes have it, as many as can", name,
			    VALE_CLIENTS);
	case EROFS:
		return fail(opening->vale, EROFS,
			    "cannot open '%s': a client has frozen its memory for good: 'valectl "
			    "port del %s', and add it again",
			    name, name);
	case ENXIO:
		return fail(opening->vale, ENXIO, "cannot open '%s': it was deleted just now",
			    name);
	case ERANGE:
		return fail(opening->vale, ERANGE, "cannot open '%s': it has fewer rings", name);
	case ENOTSUP:
		return fail(opening->vale, ENOTSUP,
			    "cannot open '%s': it was made by another version (this is ABI %u): "
			    "delete it with that one, or use that one's library",
			    name, VALE_ABI);
	case EPROTO:
		return fail(opening->vale, EPROTO,
			    "cannot open '%s': what is there is no ring port", name);
	default:
		return reason ? fail(opening->vale, -error, "cannot open '%s': %s", name, reason)
			      : fail_bpf(opening->vale, -error, "cannot open the port");
	}
}

int vale_port_open(struct vale *vale, const char *name, const struct vale_open_options *given,
		   struct vale_port **out)
{
	CLEANUP_PORT struct vale_port *port = port_new();
	struct opening opening = { .vale = vale, .port = port };
	int error;

	if (!port)
		return fail(vale, ENOMEM, "out of memory");
	error = take_options(vale, &opening.options, sizeof(opening.options), given);
	if (!error)
		error = name_port(vale, &opening.name, name);
	if (!error)
		error = pin_path(vale, opening.path, "%s/port/%s", opening.name.switch_name,
				 opening.name.port);
	if (error)
		return error;
	if (!opening.options.ring.size)
		opening.options.ring.size = sizeof(opening.options.ring);
	strcpy(port->name, name);
	strcpy(port->bpffs, vale->bpffs);
	port->lossless = opening.options.flags & VALE_OPEN_LOSSLESS;
	vale->reason[0] = 0;
	error = xsk_open(vale, port, &opening.options, opening.path);
	if (error == -ENOENT && opening.options.transport != VALE_TRANSPORT_XSK) {
		vale->reason[0] = 0;
		error = open_port(&opening);
	}
	if (error)
		return *vale->reason ? error : explain(&opening, error);
	*out = TAKE(port, NULL);
	return 0;
}
