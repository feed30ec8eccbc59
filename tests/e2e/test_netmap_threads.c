// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Threads and signal handlers that use a file of /dev/netmap while others close it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_threads, .init = sandbox_enter, .timeout = 120);

#define THREADS 2
#define ROUNDS	100

static atomic_int shared = -1; /* the file */
static atomic_uint syncs;
static atomic_bool done;

/* Whoever has closed the file may not be the one that ends it, but it is ended then. */
static void is_gone(void)
{
	while (!access("/sys/fs/bpf/vale/vale1/port/a", F_OK))
		usleep(1000);
}

static void sync_all(int fd)
{
	struct pollfd set = { .fd = fd, .events = POLLIN };

	/* Between two rounds there is none, and whoever makes the next needs the processor. */
	if (ioctl(fd, NIOCRXSYNC, NULL))
		usleep(1000);
	poll(&set, 1, 0);
	syncs++;
}

static void *sync_until_done(void *argument)
{
	(void)argument;
	while (!done)
		sync_all(shared);
	return NULL;
}

static void some_syncs(void)
{
	unsigned int before = syncs;

	while (syncs - before < 10)
		sched_yield();
}

static void start(pthread_t threads[THREADS])
{
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, sync_until_done, NULL), 0);
}

static void end(pthread_t threads[THREADS])
{
	done = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	done = false;
}

/* Which it is when the thread has ended the file that had it: nobody else may have it then. */
static int bind_when_free(void)
{
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_EXCLUSIVE };
	int fd;

	while ((fd = netmap_bind("vale1:a", &reg)) == -EBUSY)
		usleep(1000);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(netmap_threads, closed_while_others_sync)
{
	pthread_t threads[THREADS];

	must("%s port add vale1:a", valectl());
	start(threads);
	for (int i = 0; i < ROUNDS; i++) {
		int fd = bind_when_free();

		shared = fd;
		some_syncs();
		cr_assert_eq(close(fd), 0);
	}
	end(threads);
	close(bind_when_free());
}

/* Of the parent's threads, a child has none, and what they were doing is nothing to it. */
Test(netmap_threads, forked_while_others_sync)
{
	pthread_t threads[THREADS];
	int fd = netmap_bind("vale1:a", NULL), status;
	pid_t child;

	shared = fd;
	start(threads);
	for (int i = 0; i < 20; i++) {
		some_syncs();
		child = fork();
		if (!child) {
			sync_all(fd);
			_exit(close(fd) ? 1 : 0);
		}
		cr_assert_eq(waitpid(child, &status, 0), child);
		cr_assert_eq(status, 0);
	}
	end(threads);
	/* A child that is the last to have it. */
	child = fork();
	if (!child) {
		sync_all(fd);
		close(fd);
		pause();
	}
	close(fd);
	is_gone();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
}

static void sync_in_handler(int signal)
{
	int before = errno;

	(void)signal;
	sync_all(shared);
	errno = before;
}

Test(netmap_threads, interrupted_by_a_handler_that_syncs)
{
	const struct itimerval often = { .it_interval.tv_usec = 100, .it_value.tv_usec = 100 };
	const struct sigaction action = { .sa_handler = sync_in_handler, .sa_flags = SA_RESTART };
	struct netmap_port a = netmap_open_all("vale1:a"), b = netmap_open_all("vale1:b");
	unsigned int own = 0;

	shared = a.fd;
	cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
	cr_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (; syncs - own < 1000; own++)
		sync_all(a.fd);
	cr_assert_eq(setitimer(ITIMER_REAL, &(struct itimerval){}, NULL), 0);
	netmap_reaches(&a, &b, 1, 2);
	netmap_close(&a);
	is_gone();
}

/* Threads that come and go leave room for others. */
Test(netmap_threads, more_than_have_seats)
{
	int fd = netmap_bind("vale1:a", NULL);

	shared = fd;
	for (int i = 0; i < 300; i++) {
		pthread_t threads[THREADS];

		start(threads);
		some_syncs();
		end(threads);
	}
	close(fd);
	is_gone();
}
