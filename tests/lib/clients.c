// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "clients.h"

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

#include <criterion/criterion.h>

#define ARGUMENT_MAX 4096
#define ANSWER_MS    60000

struct client {
	pid_t process;
	int socket;
	char reason[512];
	void *argument; /* where the answer's goes */
	size_t size;
	struct client *next; /* one that was started before it */
};

/* Those that the test need not bury: what looks for leaks must find them. */
static struct client *clients;

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
	client->next = clients;
	clients = client;
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
	struct client **link = &clients;

	while (*link && *link != client)
		link = &(*link)->next;
	if (*link)
		*link = client->next;
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

static int give(struct client_self *self, void *argument)
{
	(void)argument;
	return vale_port_send(self->port, self->socket);
}

static int take(struct client_self *self, void *argument)
{
	(void)argument;
	return vale_port_receive(self->socket, &self->port);
}

int client_give(struct client *client)
{
	return client_do(client, give, NULL, 0);
}

int client_take(struct client *client)
{
	return client_do(client, take, NULL, 0);
}
