// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What clients do most, and what the switch knows of them. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "clients.h"
#include "sandbox.h"

struct opening {
	char port[64];
	struct vale_open_options options;
};

static int do_open(struct client_self *self, void *argument)
{
	const struct opening *opening = argument;
	int error = vale_port_open(self->vale, opening->port, &opening->options, &self->port);

	if (error)
		snprintf(self->reason, sizeof(self->reason), "%s", vale_reason(self->vale));
	return error;
}

int client_open_with(struct client *client, const char *port,
		     const struct vale_open_options *options)
{
	struct opening opening = { .options = *options };

	opening.options.size = sizeof(opening.options);
	snprintf(opening.port, sizeof(opening.port), "%s", port);
	return client_do(client, do_open, &opening, sizeof(opening));
}

int client_open(struct client *client, const char *port, unsigned int flags)
{
	return client_open_with(client, port, &(struct vale_open_options){ .flags = flags });
}

void client_opens(struct client *client, const char *port, unsigned int flags)
{
	int error = client_open(client, port, flags);

	cr_assert_eq(error, 0, "%s: %s: %s", port, strerror(-error), client_reason(client));
}

static int do_close(struct client_self *self, void *argument)
{
	(void)argument;
	vale_port_close(self->port);
	self->port = NULL;
	return 0;
}

int client_close(struct client *client)
{
	return client_do(client, do_close, NULL, 0);
}

struct sending {
	int from, to, count;
	bool parked;
};

static int do_send(struct client_self *self, void *argument)
{
	const struct sending *sending = argument;
	static struct frame frame;
	int error = 0;

	frame_plain(&frame, sending->from, sending->to, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < sending->count && error >= 0; i++) {
		error = vale_inject(self->port, 0, frame.bytes, frame.length);
		if (error == -ENOBUFS) {
			error = vale_txsync(self->port, 0);
			i--;
			if (error == VALE_TX_BLOCKED)
				return error;
		}
	}
	if (error < 0)
		return error;
	return sending->parked ? port_run(self->port->txsync[0]) : vale_txsync(self->port, 0);
}

int client_send(struct client *client, int from, int to, int count)
{
	struct sending sending = { from, to, count, false };

	return client_do(client, do_send, &sending, sizeof(sending));
}

int client_send_parked(struct client *client, int from, int to, int count)
{
	struct sending sending = { from, to, count, true };

	return client_do(client, do_send, &sending, sizeof(sending));
}

struct receiving {
	int timeout;
	struct client_frame frame;
};

static int do_receive(struct client_self *self, void *argument)
{
	struct receiving *receiving = argument;
	const unsigned char *frame;
	__u32 length;

	for (;;) {
		int found;

		frame = vale_next_frame(self->port, &length);
		if (frame)
			break;
		found = vale_port_poll(self->port, POLLIN, receiving->timeout);
		if (found <= 0)
			return found;
	}
	receiving->frame.length = length;
	if (length > sizeof(receiving->frame.bytes))
		length = sizeof(receiving->frame.bytes);
	memcpy(receiving->frame.bytes, frame, length);
	return 1;
}

int client_receive(struct client *client, struct client_frame *out, int timeout_ms)
{
	static struct receiving receiving;
	int result;

	receiving.timeout = timeout_ms;
	result = client_do(client, do_receive, &receiving, sizeof(receiving));
	if (result == 1 && out)
		*out = receiving.frame;
	return result;
}

static int do_count(struct client_self *self, void *argument)
{
	__u32 length;
	int count = 0, found;

	do {
		while (vale_next_frame(self->port, &length))
			count++;
		found = vale_port_poll(self->port, POLLIN, *(int *)argument);
	} while (found > 0);
	return found < 0 ? found : count;
}

int client_count(struct client *client, int quiet_ms)
{
	return client_do(client, do_count, &quiet_ms, sizeof(quiet_ms));
}

bool client_reaches(struct client *a, struct client *b, int from, int to)
{
	struct client_frame frame;
	unsigned char source[6];

	frame_set_address(source, from);
	if (client_send(a, from, to, 1) < 0)
		return false;
	while (client_receive(b, &frame, 2000) == 1)
		if (!memcmp(frame.bytes + 6, source, sizeof(source)))
			return true;
	return false;
}

/* ---- what the switch knows of them ------------------------------------------------------------- */

static int open_pin(const char *format, const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), format, name);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	return fd;
}

int client_entries(const char *switch_name)
{
	int map = open_pin("/sys/fs/bpf/vale/%s/clients", switch_name), count = 0;
	__u32 key = 0, value;

	for (; !bpf_map_lookup_elem(map, &key, &value); key++)
		count += (int)value;
	cr_assert_gt(key, 0);
	close(map);
	return count;
}

int client_number(const char *port)
{
	static struct vale_ring_state state[VALE_RINGS];
	char name[64], *colon;
	__u32 zero = 0;
	int map;

	snprintf(name, sizeof(name), "%s", port);
	colon = strchr(name, ':');
	cr_assert_not_null(colon);
	memmove(colon + strlen("/port/"), colon + 1, strlen(colon));
	memcpy(colon, "/port/", strlen("/port/"));
	map = open_pin("/sys/fs/bpf/vale/%s/state", name);
	cr_assert_eq(bpf_map_lookup_elem(map, &zero, state), 0);
	close(map);
	return state->clients;
}

bool client_is_shown(const char *port, const struct client *client)
{
	json_t *document = valectl_json("show %s", port);
	const json_t *processes = json_object_get(document, "clients"), *item;
	bool found = false;
	size_t i;

	json_array_foreach (processes, i, item)
		found |= json_integer_value(item) == client_process(client);
	json_decref(document);
	return found;
}

static int do_fds(struct client_self *self, void *argument)
{
	DIR *directory = opendir("/proc/self/fd");
	int count = -3; /* ., .. and its own */

	(void)self;
	(void)argument;
	if (!directory)
		return -errno;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

int client_fds(struct client *client)
{
	return client_do(client, do_fds, NULL, 0);
}
