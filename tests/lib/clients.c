// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "clients.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "client/client.h"
#include "sandbox.h"

#define ARGUMENT_MAX 4096
#define ANSWER_MS    60000

struct client {
	pid_t process;
	int socket;
	char reason[512];
	void *argument; /* where the answer's goes */
	size_t size;
};

struct request {
	client_function *function; /* NULL: end */
	size_t size;
	unsigned char argument[ARGUMENT_MAX];
};

struct answer {
	int result;
	char reason[512];
	unsigned char argument[ARGUMENT_MAX];
};

/* ---- in the client ----------------------------------------------------------------------------- */

static void become(uid_t user, gid_t group, gid_t more)
{
	if (user &&
	    (setgroups(1, &more) || setresgid(group, group, group) || setresuid(user, user, user)))
		_exit(126);
	/* Its own files below /proc are its own, as those of a program that it has started. */
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void serve(int socket)
{
	struct client_self self = { .socket = -1 };
	static struct request request;
	static struct answer answer;

	if (vale_open(&self.vale, NULL))
		_exit(125);
	while (recv(socket, &request, sizeof(request), 0) > 0 && request.function) {
		self.reason[0] = 0;
		answer.result = request.function(&self, request.argument);
		memcpy(answer.reason, self.reason, sizeof(answer.reason));
		memcpy(answer.argument, request.argument, request.size);
		if (send(socket, &answer, offsetof(struct answer, argument) + request.size, 0) < 0)
			break;
	}
	_exit(0);
}

/* ---- in the test ------------------------------------------------------------------------------- */

/* fork(), with the number that is wanted, if one is. */
static pid_t fork_numbered(pid_t process)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (unsigned long)&process,
		.set_tid_size = 1,
	};

	return process ? syscall(SYS_clone3, &arguments, sizeof(arguments)) : fork();
}

static struct client *start(uid_t user, gid_t group, gid_t more, pid_t number)
{
	struct client *client = calloc(1, sizeof(*client));
	int sockets[2];

	if (!client || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		cr_assert_fail("no client: %s", strerror(errno));
	fflush(NULL);
	client->process = fork_numbered(number);
	if (client->process < 0)
		cr_assert_fail("no process: %s", strerror(errno));
	if (!client->process) {
		close(sockets[0]);
		become(user, group, more);
		serve(sockets[1]);
	}
	close(sockets[1]);
	client->socket = sockets[0];
	return client;
}

struct client *client_start_as(uid_t user, gid_t group, gid_t more)
{
	return start(user, group, more, 0);
}

struct client *client_start_numbered(pid_t process)
{
	return start(0, 0, 0, process);
}

struct client *client_start(void)
{
	return client_start_as(0, 0, 0);
}

void client_begin(struct client *client, client_function *function, void *argument, size_t size)
{
	struct request request = { .function = function, .size = size };

	cr_assert_leq(size, sizeof(request.argument));
	if (size)
		memcpy(request.argument, argument, size);
	client->argument = argument;
	client->size = size;
	cr_assert(send(client->socket, &request, sizeof(request), MSG_NOSIGNAL) > 0,
		  "the client has ended");
}

bool client_waits(struct client *client, int timeout_ms)
{
	struct pollfd answer = { .fd = client->socket, .events = POLLIN };

	return !poll(&answer, 1, timeout_ms);
}

int client_result(struct client *client)
{
	struct answer answer;

	cr_assert_not(client_waits(client, ANSWER_MS), "the client does not answer");
	cr_assert(recv(client->socket, &answer, sizeof(answer), 0) > 0, "the client has ended");
	if (client->size)
		memcpy(client->argument, answer.argument, client->size);
	memcpy(client->reason, answer.reason, sizeof(client->reason));
	return answer.result;
}

int client_do(struct client *client, client_function *function, void *argument, size_t size)
{
	client_begin(client, function, argument, size);
	return client_result(client);
}

const char *client_reason(const struct client *client)
{
	return client->reason;
}

pid_t client_process(const struct client *client)
{
	return client->process;
}

static void bury(struct client *client)
{
	while (waitpid(client->process, NULL, 0) < 0 && errno == EINTR)
		;
	close(client->socket);
	free(client);
}

void client_kill(struct client *client)
{
	kill(client->process, SIGKILL);
	bury(client);
}

void client_end(struct client *client)
{
	client_begin(client, NULL, NULL, 0);
	bury(client);
}

/* ---- a socket between two clients -------------------------------------------------------------- */

struct meeting {
	int type;
	struct sockaddr_un address;
	socklen_t length;
};

static int meet_listen(struct client_self *self, void *argument)
{
	const struct meeting *meeting = argument;

	self->socket = socket(AF_UNIX, meeting->type | SOCK_CLOEXEC, 0);
	if (self->socket < 0 ||
	    bind(self->socket, (const struct sockaddr *)&meeting->address, meeting->length) ||
	    listen(self->socket, 1))
		return -errno;
	return 0;
}

static int meet_connect(struct client_self *self, void *argument)
{
	const struct meeting *meeting = argument;

	self->socket = socket(AF_UNIX, meeting->type | SOCK_CLOEXEC, 0);
	if (self->socket < 0 ||
	    connect(self->socket, (const struct sockaddr *)&meeting->address, meeting->length))
		return -errno;
	return 0;
}

static int meet_accept(struct client_self *self, void *argument)
{
	int listener = self->socket;

	(void)argument;
	self->socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	return self->socket < 0 ? -errno : 0;
}

/* A name that is no file's, and the network namespace's own. */
void client_connect(struct client *a, struct client *b, int type)
{
	struct meeting meeting = { .type = type, .address.sun_family = AF_UNIX };
	int length = snprintf(meeting.address.sun_path + 1, sizeof(meeting.address.sun_path) - 1,
			      "vale-test-%d", a->process);

	meeting.length = offsetof(struct sockaddr_un, sun_path) + 1 + length;
	cr_assert_eq(client_do(a, meet_listen, &meeting, sizeof(meeting)), 0);
	cr_assert_eq(client_do(b, meet_connect, &meeting, sizeof(meeting)), 0);
	cr_assert_eq(client_do(a, meet_accept, NULL, 0), 0);
}

/* ---- what most clients do ---------------------------------------------------------------------- */

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
		found |= json_integer_value(item) == client->process;
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
