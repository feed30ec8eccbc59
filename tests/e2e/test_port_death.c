// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Clients that end without a word, in whatever way; and ports that are deleted under them. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

TestSuite(port_death, .init = sandbox_enter, .timeout = 60);

static bool exists(const char *name)
{
	return !run("%s show %s", valectl(), name).status;
}

/* Frames to a port that nobody has open are counted so, at both ends. */
static void is_closed(struct client *sender, const char *sender_port, const char *port, int to)
{
	long long before = port_counter(port, "drops.closed");
	long long lost = port_counter(sender_port, "lost_at_receivers");

	cr_assert_eq(client_number(port), 0, "%d", client_number(port));
	cr_assert_str_eq(port_member(port, "state"), "closed");
	cr_assert_eq(client_send(sender, 1, to, 10), 0);
	cr_assert_eq(port_counter(port, "drops.closed"), before + 10);
	cr_assert_eq(port_counter(sender_port, "lost_at_receivers"), lost + 10);
}

/* ---- killed ------------------------------------------------------------------------------------ */

Test(port_death, killed)
{
	struct client *a = client_start(), *b = client_start(), *c = client_start();

	must("%s port add vale1:kept", valectl());
	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	client_opens(c, "vale1:kept", 0);
	cr_assert(client_reaches(b, a, 2, 1) && client_reaches(c, a, 3, 1));
	cr_assert(client_reaches(a, b, 1, 2) && client_reaches(a, c, 1, 3));
	cr_assert_eq(client_entries("vale1"), 3);
	client_kill(c);
	client_kill(b);
	is_closed(a, "vale1:a", "vale1:kept", 3);
	is_closed(a, "vale1:a", "vale1:b", 2);
	cr_assert_eq(client_entries("vale1"), 1);
	/* The next comer removes what was made by a client that is gone, and only that. */
	b = client_start();
	client_opens(b, "vale1:kept", VALE_OPEN_EXCLUSIVE);
	cr_assert_not(exists("vale1:b"));
	cr_assert(client_reaches(b, a, 2, 1));
	cr_assert(client_reaches(a, b, 1, 2));
}

/* At any moment of sending and receiving. */
static int be_busy(struct client_self *self, void *argument)
{
	static struct frame frame;
	__u32 length;

	frame_plain(&frame, *(int *)argument, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	while (vale_txsync(self->port, 0) != -ENXIO) {
		while (!vale_inject(self->port, 0, frame.bytes, frame.length))
			;
		while (vale_next_frame(self->port, &length))
			;
	}
	return 0;
}

Test(port_death, killed_at_random)
{
	struct client *a = client_start(), *b = client_start(), *busy[3];

	must("%s port add vale1:kept", valectl());
	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 3; i++) {
			int host = 10 + i;

			busy[i] = client_start();
			client_opens(busy[i], i ? "vale1:kept" : "vale1:new", 0);
			client_begin(busy[i], be_busy, &host, sizeof(host));
		}
		usleep(rand() % 20000);
		for (int i = 0; i < 3; i++)
			client_kill(busy[i]);
		cr_assert_eq(client_number("vale1:kept"), 0);
		client_count(a, 0);
		client_count(b, 0);
		cr_assert(client_reaches(a, b, 1, 2), "round %d", round);
		cr_assert(client_reaches(b, a, 2, 1), "round %d", round);
	}
	cr_assert_eq(client_entries("vale1"), 2);
}

/* ---- ended with other threads alive ------------------------------------------------------------ */

static void *sleep_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
	return NULL;
}

static void *end_process(void *unused)
{
	(void)unused;
	exit(0);
}

static void *execute(void *unused)
{
	(void)unused;
	execl("/bin/sleep", "sleep", "60", NULL);
	return NULL;
}

static void *end_thread(void *unused)
{
	(void)unused;
	return NULL;
}

enum ending { EXIT, EXIT_OF_A_THREAD, EXEC, EXEC_OF_A_THREAD, LEADER_FIRST, ENDINGS };

static int end_with_threads(struct client_self *self, void *argument)
{
	void *(*const last[ENDINGS])(void *) = {
		[EXIT] = sleep_for_ever,     [EXIT_OF_A_THREAD] = end_process,
		[EXEC] = sleep_for_ever,     [EXEC_OF_A_THREAD] = execute,
		[LEADER_FIRST] = end_thread,
	};
	enum ending ending = *(enum ending *)argument;
	pthread_t thread;

	(void)self;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, ending == LEADER_FIRST ? end_thread : sleep_for_ever,
			       NULL);
	pthread_create(&thread, NULL, last[ending], NULL);
	if (ending == EXIT)
		exit(0);
	if (ending == EXEC)
		execute(NULL);
	if (ending == LEADER_FIRST)
		syscall(SYS_exit, 0); /* of this thread only */
	pause();
	return 0;
}

static bool has_no_client(const void *port)
{
	return !client_number(port);
}

Test(port_death, ended_with_threads_alive)
{
	struct client *a = client_start();

	must("%s port add vale1:kept", valectl());
	client_opens(a, "vale1:a", 0);
	for (enum ending ending = 0; ending < ENDINGS; ending++) {
		struct client *b = client_start();

		client_opens(b, "vale1:kept", 0);
		cr_assert(client_reaches(b, a, 2, 1) && client_reaches(a, b, 1, 2));
		cr_assert_eq(client_entries("vale1"), 2);
		client_begin(b, end_with_threads, &ending, sizeof(ending));
		cr_assert(eventually(has_no_client, "vale1:kept"), "ending %d", ending);
		is_closed(a, "vale1:a", "vale1:kept", 2);
		cr_assert_eq(client_entries("vale1"), 1);
		client_kill(b);
		is_closed(a, "vale1:a", "vale1:kept", 2);
	}
}

/* The twin: a thread that ends, or a child that executes another program, ends nothing. */
static int end_others(struct client_self *self, void *argument)
{
	pthread_t thread;
	pid_t child;

	(void)self;
	(void)argument;
	for (int i = 0; i < 10; i++) {
		pthread_create(&thread, NULL, end_thread, NULL);
		pthread_join(thread, NULL);
		child = fork();
		if (!child) {
			if (i % 2)
				execl("/bin/true", "true", NULL);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
	return 0;
}

Test(port_death, who_ends_without_having_it_ends_nothing)
{
	struct client *a = client_start(), *b = client_start();

	client_opens(a, "vale1:a", 0);
	client_opens(b, "vale1:b", 0);
	client_do(b, end_others, NULL, 0);
	cr_assert_eq(client_number("vale1:b"), 1);
	cr_assert(client_reaches(b, a, 2, 1));
	cr_assert(client_reaches(a, b, 1, 2));
}

/* All threads at the same moment, each the last one as far as it can see. */
static pthread_barrier_t barrier;

static void *end_together(void *unused)
{
	pthread_barrier_wait(&barrier);
	syscall(SYS_exit, 0);
	return unused;
}

static int end_all_together(struct client_self *self, void *argument)
{
	const int threads = 6;
	pthread_t thread;

	(void)self;
	(void)argument;
	pthread_barrier_init(&barrier, NULL, threads + 1);
	for (int i = 0; i < threads; i++)
		pthread_create(&thread, NULL, end_together, NULL);
	pthread_barrier_wait(&barrier);
	syscall(SYS_exit, 0);
	return 0;
}

Test(port_death, threads_that_end_together_are_one_client)
{
	must("%s port add vale1:kept", valectl());
	for (int round = 0; round < 300; round++) {
		struct client *a = client_start();

		client_opens(a, "vale1:kept", 0);
		client_begin(a, end_all_together, NULL, 0);
		cr_assert_eq(waitpid(client_process(a), NULL, 0), client_process(a));
		cr_assert_eq(client_number("vale1:kept"), 0, "round %d: %d", round,
			     client_number("vale1:kept"));
	}
}

/* ---- a process that has the number of a former one --------------------------------------------- */

Test(port_death, a_number_that_is_used_again)
{
	struct client *a = client_start(), *b = client_start();
	pid_t process = client_process(a);

	must("%s port add vale1:kept", valectl());
	client_opens(b, "vale1:kept", 0);
	client_opens(a, "vale1:kept", 0);
	cr_assert_eq(client_number("vale1:kept"), 2);
	client_kill(a);
	cr_assert_eq(client_number("vale1:kept"), 1);
	a = client_start_numbered(process);
	cr_assert_eq(client_process(a), process);
	cr_assert_not(client_is_shown("vale1:kept", a));
	client_opens(a, "vale1:kept", 0);
	cr_assert_eq(client_number("vale1:kept"), 2);
	client_close(a);
	cr_assert_eq(client_number("vale1:kept"), 1);
	client_kill(a);
	cr_assert_eq(client_number("vale1:kept"), 1);
	client_kill(b);
	cr_assert_eq(client_number("vale1:kept"), 0);
}
