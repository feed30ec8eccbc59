// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports after fork(): the child has the rings, and the port if it says so. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

/* Sends back what comes, with the addresses changed round. Ends with the test. */
static pid_t test;

static void echo(struct vale_port *port)
{
	unsigned char answer[60];
	const unsigned char *frame;
	__u32 length;

	while (!kill(test, 0)) {
		frame = vale_next_frame(port, &length);
		if (!frame) {
			vale_port_poll(port, POLLIN, 500);
			continue;
		}
		memcpy(answer, frame + 6, 6);
		memcpy(answer + 6, frame, 6);
		memcpy(answer + 12, frame + 12, sizeof(answer) - 12);
		vale_inject(port, 0, answer, sizeof(answer));
		vale_txsync(port, 0);
	}
}

struct child {
	bool adopts;
	bool echoes; /* or else waits to be killed */
	int result;  /* of the adoption */
	pid_t process;
};

static void be_a_child(struct vale_port *port, struct child *child)
{
	if (child->adopts) {
		child->result = vale_port_adopt(port);
		vale_port_adopt(port); /* once more makes no difference */
	}
}

static int have_a_child(struct client_self *self, void *argument)
{
	struct child *child = argument;
	int result[2];

	if (pipe(result))
		return -errno;
	child->process = fork();
	if (!child->process) {
		prctl(PR_SET_PDEATHSIG, 0);
		be_a_child(self->port, child);
		if (write(result[1], &child->result, sizeof(int)) < 0)
			_exit(1);
		while (!child->echoes && !kill(test, 0))
			usleep(100000);
		echo(self->port);
		_exit(0);
	}
	close(result[1]);
	if (read(result[0], &child->result, sizeof(int)) != sizeof(int))
		return -EIO;
	close(result[0]);
	return 0;
}

/* The test becomes the parent of children whose parent ends. */
static void begin(void)
{
	sandbox_enter();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	test = getpid();
}

TestSuite(port_fork, .init = begin, .timeout = 60);

static void end_child(const struct child *child)
{
	kill(child->process, SIGKILL);
	cr_assert_eq(waitpid(child->process, NULL, 0), child->process);
}

/* A frame that is sent to the port comes back. */
static bool answers(struct client *sender)
{
	client_count(sender, 0);
	return client_send(sender, 1, 2, 1) >= 0 && client_receive(sender, NULL, 1000) == 1;
}

struct count {
	const char *port;
	int times;
};

static bool is_open(const void *arg)
{
	const struct count *count = arg;

	return client_number(count->port) == count->times;
}

Test(port_fork, a_child_that_says_that_it_has_the_port)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();
	struct child child = { .adopts = true, .echoes = true };

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	cr_assert_eq(client_do(b, have_a_child, &child, sizeof(child)), 0);
	cr_assert_eq(child.result, 0);
	cr_assert_eq(client_number("vale1:b"), 2);
	cr_assert(answers(a));
	client_kill(b);
	cr_assert_eq(client_number("vale1:b"), 1);
	cr_assert(answers(a));
	/* It is the child's: the next comer does not reap it. */
	client_opens(c, "vale1:c", 0);
	cr_assert_eq(run("%s show vale1:b", valectl()).status, 0);
	cr_assert(answers(a));
	end_child(&child);
	cr_assert_eq(client_number("vale1:b"), 0);
	client_close(c);
	client_opens(c, "vale1:c", 0);
	cr_assert_neq(run("%s show vale1:b", valectl()).status, 0);
}

/* The twin. */
Test(port_fork, a_child_that_does_not)
{
	struct client *a = client_start(), *b = client_start();
	struct child child = { .adopts = false, .echoes = true };

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	cr_assert_eq(client_do(b, have_a_child, &child, sizeof(child)), 0);
	cr_assert_eq(client_number("vale1:b"), 1);
	cr_assert(answers(a));
	client_kill(b);
	cr_assert_eq(client_number("vale1:b"), 0);
	cr_assert_not(answers(a));
	cr_assert_geq(port_counter("vale1:b", "drops.closed"), 1);
	end_child(&child);
}

static int fork_and_close(struct client_self *self, void *argument)
{
	pid_t process = fork();

	if (!process) {
		vale_port_close(self->port);
		_exit(0);
	}
	(void)argument;
	return waitpid(process, NULL, 0) == process ? 0 : -errno;
}

Test(port_fork, a_child_that_closes_it_or_ends)
{
	struct client *a = client_start(), *b = client_start();
	struct child child = { .adopts = false, .echoes = false };

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(client_do(b, fork_and_close, NULL, 0), 0);
		child.adopts = i == 2;
		cr_assert_eq(client_do(b, have_a_child, &child, sizeof(child)), 0);
		kill(child.process, SIGKILL);
		cr_assert(client_reaches(b, a, 2, 1));
		cr_assert(client_reaches(a, b, 1, 2));
	}
	cr_assert(eventually(is_open, &(struct count){ "vale1:b", 1 }));
	cr_assert_eq(client_entries("vale1"), 2);
}

Test(port_fork, what_is_exclusive_is_the_familys)
{
	struct client *b = client_start(), *c = client_start();
	struct child child = { .adopts = true, .echoes = false };

	must("%s port add vale1:b", valectl());
	client_opens(b, "vale1:b", VALE_OPEN_EXCLUSIVE);
	cr_assert_eq(client_do(b, have_a_child, &child, sizeof(child)), 0);
	client_end(b);
	cr_assert_eq(client_open(c, "vale1:b", 0), -EBUSY);
	refused(1, "a client has it open", "port del vale1:b");
	end_child(&child);
	client_opens(c, "vale1:b", 0);
	client_close(c);
	must("%s port del vale1:b", valectl());
}

/* As many processes as can have it, and one more. */
Test(port_fork, many_children)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();
	struct child children[VALE_CLIENTS] = {};

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	for (int i = 1; i <= VALE_CLIENTS; i++) {
		struct child *child = &children[i - 1];

		child->adopts = true;
		cr_assert_eq(client_do(b, have_a_child, child, sizeof(*child)), 0);
		cr_assert_eq(child->result, i < VALE_CLIENTS ? 0 : -E2BIG, "child %d: %d", i,
			     child->result);
	}
	cr_assert_eq(client_number("vale1:b"), VALE_CLIENTS);
	cr_assert_eq(client_open(c, "vale1:b", 0), -E2BIG);
	cr_assert_not_null(strstr(client_reason(c), "32 processes have it"), "%s",
			   client_reason(c));
	client_opens(c, "vale1:c", 0);
	cr_assert(client_reaches(a, c, 1, 3));
	kill(children[7].process, SIGKILL);
	client_kill(a);
	client_close(c);
	cr_assert(eventually(is_open, &(struct count){ "vale1:b", VALE_CLIENTS - 1 }));
	client_opens(c, "vale1:b", 0);
	cr_assert_eq(client_number("vale1:b"), VALE_CLIENTS);
	for (int i = 0; i < VALE_CLIENTS; i++)
		kill(children[i].process, SIGKILL);
}
