// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The programs that a client runs. They may be replaced while it has the port open: its handle keeps
 * the old ones, which go on working, until it looks. It has to, or nobody would be rid of them; and
 * of the programs that send to devices only the one in place is fast.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "client.h"

struct pin {
	int *place;
	char name[2 * VALE_NAME_SIZE];
	int fd;
};

#define PINS_MAX (3 + 2 * VALE_RINGS)

struct pins {
	int count;
	struct pin pin[PINS_MAX];
};

static void pins_close(struct pins *pins)
{
	for (int i = 0; i < pins->count; i++)
		cleanup_close(&pins->pin[i].fd);
}

__attribute__((format(printf, 3, 4))) static void add(struct pins *pins, int *place,
						      const char *format, ...)
{
	struct pin *pin = &pins->pin[pins->count++];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(pin->name, sizeof(pin->name), format, arguments);
	va_end(arguments);
	pin->place = place;
	pin->fd = -1;
}

static void list(struct vale_port *port, struct pins *pins)
{
	add(pins, &port->enter, "enter");
	add(pins, &port->leave, "leave");
	add(pins, &port->live, "live");
	for (__u32 pair = 0; pair < port->pairs; pair++) {
		add(pins, &port->txsync[pair], "txsync%u", pair);
		add(pins, &port->wake[pair], "wake%u", pair);
	}
}

static int get(const char *directory, struct pin *pin)
{
	char path[PATH_MAX + 4 * VALE_NAME_SIZE];

	snprintf(path, sizeof(path), "%s/%s", directory, pin->name);
	pin->fd = bpf_obj_get(path);
	return pin->fd < 0 ? -errno : 0;
}

/*
 * Under the number that it has, by which another thread may be running it just now. Not by dup3() of
 * the C library, before which libvale-netmap.so stands.
 */
static int put(struct pin *pin)
{
	int flags = *pin->place < 0 ? -1 : fcntl(*pin->place, F_GETFD);

	if (flags < 0) {
		*pin->place = TAKE(pin->fd, -1);
		return 0;
	}
	return syscall(SYS_dup3, pin->fd, *pin->place, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0
		       ? -errno
		       : 0;
}

bool port_is_at(const struct vale_port *port, const char *directory)
{
	char path[PATH_MAX + VALE_NAME_SIZE];
	struct stat now, held;

	snprintf(path, sizeof(path), "%s/state", directory);
	return !stat(path, &now) && !fstat(port->hold, &held) && now.st_dev == held.st_dev &&
	       now.st_ino == held.st_ino;
}

int port_get_programs(struct vale_port *port, const char *directory)
{
	CLEANUP(pins_close) struct pins pins = {};
	int error = 0;

	list(port, &pins);
	for (int i = 0; i < pins.count && !error; i++)
		error = get(directory, &pins.pin[i]);
	/* They are this port's, and not of another one that has got its name. */
	if (!error && !port_is_at(port, directory))
		error = -ENXIO;
	for (int i = 0; i < pins.count && !error; i++)
		error = put(&pins.pin[i]);
	return error;
}

/* Who cannot open them, say for want of the directory, stays with those it has. */
void port_renew(struct vale_port *port)
{
	__u32 programs = __atomic_load_n(&port->state->programs, __ATOMIC_ACQUIRE);
	char directory[sizeof(port->bpffs) + 4 * VALE_NAME_SIZE];
	struct name name;
	int flags = fcntl(port->hold, F_GETFL);

	__atomic_store_n(&port->programs, programs, __ATOMIC_RELAXED);
	/* Whoever has given us the port could open the hold, if it is one, and not only name it. */
	if (name_parse_port(&name, port->name) || flags < 0 || flags & O_PATH)
		return;
	snprintf(directory, sizeof(directory), "%s/vale/%s/port/%s", port->bpffs, name.switch_name,
		 name.port);
	port_get_programs(port, directory);
}
