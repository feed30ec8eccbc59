// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Waiting for /dev/netmap: by poll, select and epoll, alone and together with other files. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_wait, .init = sandbox_enter, .timeout = 120);

static struct netmap_port a, b;
static struct frame frame, taken;

static void two_ports(void)
{
	a = netmap_open_all("vale1:a");
	b = netmap_open_all("vale1:b");
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
}

static void empty(const struct netmap_port *port)
{
	while (netmap_take(port, &taken, 0))
		;
}

/* Something of this process happens after a while, while it waits. */
static void later(void (*what)(void))
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child)
		return;
	usleep(200000);
	what();
	_exit(0);
}

static void send_one(void)
{
	netmap_send(&a, &frame);
}

/* ---- poll -------------------------------------------------------------------------------------- */

static int poll_one(int fd, short events, int timeout, short *revents)
{
	struct pollfd wait = { .fd = fd, .events = events };
	int result = poll(&wait, 1, timeout);

	*revents = wait.revents;
	return result;
}

Test(netmap_wait, poll_tells_what_is_asked)
{
	short revents;

	two_ports();
	cr_assert_eq(poll_one(b.fd, POLLIN, 0, &revents), 0);
	cr_assert_eq(revents, 0);
	cr_assert_eq(poll_one(b.fd, POLLIN, 50, &revents), 0);
	cr_assert_eq(poll_one(b.fd, POLLIN | POLLOUT, -1, &revents), 1);
	cr_assert_eq(revents, POLLOUT);
	send_one();
	cr_assert_eq(poll_one(b.fd, POLLOUT, -1, &revents), 1);
	cr_assert_eq(revents, POLLOUT);
	cr_assert_eq(poll_one(b.fd, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM, -1, &revents), 1);
	cr_assert_eq(revents, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	netmap_expect(&b, &frame, "and it is there");
	cr_assert_eq(poll_one(b.fd, POLLIN, 0, &revents), 0);
}

/* netmap's poll() sends what is there, unless NETMAP_NO_TX_POLL, whatever it waits for. */
Test(netmap_wait, poll_sends)
{
	struct netmap_port quiet;
	short revents;

	two_ports();
	netmap_put(&a, 0, &frame);
	cr_assert(nm_tx_pending(netmap_tx(&a, 0)));
	cr_assert_eq(poll_one(a.fd, POLLIN, 0, &revents), 0);
	cr_assert_not(nm_tx_pending(netmap_tx(&a, 0)));
	netmap_expect(&b, &frame, "sent by a poll for something else");
	quiet = netmap_open("vale1:q", (struct nmreq_register){ .nr_flags = NR_NO_TX_POLL });
	netmap_put(&quiet, 0, &frame);
	cr_assert_eq(poll_one(quiet.fd, POLLIN, 0, &revents), 0);
	cr_assert(nm_tx_pending(netmap_tx(&quiet, 0)));
	cr_assert_not(netmap_take(&b, &taken, 0));
	cr_assert_eq(poll_one(quiet.fd, POLLOUT, 0, &revents), 1);
	netmap_expect(&b, &frame, "sent by a poll for room");
}

Test(netmap_wait, poll_wakes)
{
	short revents;

	two_ports();
	for (int i = 0; i < 5; i++) {
		later(send_one);
		cr_assert_eq(poll_one(b.fd, POLLIN, 30000, &revents), 1);
		cr_assert_eq(revents, POLLIN);
		netmap_expect(&b, &frame, "after it was waited for");
	}
}

Test(netmap_wait, mixed_sets)
{
	int event = eventfd(0, 0), i;
	struct pollfd set[40];

	two_ports();
	for (i = 0; i < 40; i++)
		set[i] = (struct pollfd){ .fd = i % 3 ? -1 : event, .events = POLLIN };
	set[17] = (struct pollfd){ .fd = b.fd, .events = POLLIN };
	set[39] = (struct pollfd){ .fd = a.fd, .events = POLLIN };
	cr_assert_eq(poll(set, 40, 20), 0);
	/* The other one alone. */
	eventfd_write(event, 1);
	cr_assert_eq(poll(set, 40, -1), 13);
	cr_assert_eq(set[0].revents, POLLIN);
	cr_assert_eq(set[17].revents, 0);
	/* Both. */
	send_one();
	cr_assert_eq(poll(set, 40, -1), 14);
	cr_assert_eq(set[17].revents, POLLIN);
	cr_assert_eq(set[39].revents, 0);
	/* Ours alone. */
	eventfd_read(event, &(eventfd_t){ 0 });
	cr_assert_eq(poll(set, 40, -1), 1);
	cr_assert_eq(set[0].revents, 0);
	cr_assert_eq(set[17].revents, POLLIN);
	/* And one that is none. */
	set[1].fd = 12345;
	cr_assert_eq(poll(set, 40, 0), 2);
	cr_assert_eq(set[1].revents, POLLNVAL);
}

static int event_of_child;

static void ring_event(void)
{
	eventfd_write(event_of_child, 1);
}

Test(netmap_wait, the_other_wakes)
{
	struct pollfd set[2];

	two_ports();
	event_of_child = eventfd(0, 0);
	set[0] = (struct pollfd){ .fd = b.fd, .events = POLLIN };
	set[1] = (struct pollfd){ .fd = event_of_child, .events = POLLIN };
	later(ring_event);
	cr_assert_eq(poll(set, 2, 30000), 1);
	cr_assert_eq(set[0].revents, 0);
	cr_assert_eq(set[1].revents, POLLIN);
}

static void nothing(int number)
{
	(void)number;
}

static void signal_parent(void)
{
	kill(getppid(), SIGUSR1);
}

Test(netmap_wait, signals)
{
	struct sigaction action = { .sa_handler = nothing };
	struct timespec time = { .tv_sec = 30 };
	struct pollfd wait = { .events = POLLIN };
	sigset_t blocked, none;
	short revents;

	two_ports();
	wait.fd = b.fd;
	sigaction(SIGUSR1, &action, NULL);
	later(signal_parent);
	cr_assert_eq(poll_one(b.fd, POLLIN, 30000, &revents), -1);
	cr_assert_eq(errno, EINTR);
	/* One that is only let through while it waits. */
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	raise(SIGUSR1);
	cr_assert_eq(ppoll(&wait, 1, &time, &none), -1);
	cr_assert_eq(errno, EINTR);
	send_one();
	cr_assert_eq(ppoll(&wait, 1, &time, &none), 1, "all is well afterwards");
}

Test(netmap_wait, errors)
{
	int unbound = netmap_device();
	short revents;

	two_ports();
	cr_assert_eq(poll_one(unbound, POLLIN, -1, &revents), 1);
	cr_assert_eq(revents, POLLERR);
	/* A ring that makes no sense is set back. */
	netmap_tx(&a, 0)->head = 77777;
	cr_assert_eq(poll_one(a.fd, POLLOUT, -1, &revents), 1);
	cr_assert_eq(revents, POLLERR);
	cr_assert_eq(netmap_tx(&a, 0)->head, 0);
	cr_assert_eq(poll_one(a.fd, POLLOUT, -1, &revents), 1);
	cr_assert_eq(revents, POLLOUT);
	netmap_rx(&b, 0)->cur = 5; /* behind tail */
	cr_assert_eq(ioctl(b.fd, NIOCRXSYNC, NULL), 0, "an ioctl says nothing of it");
	cr_assert_eq(netmap_rx(&b, 0)->cur, 0);
	/* The port is taken away from under it. */
	must("%s port del vale1:b --force", valectl());
	cr_assert_eq(poll_one(b.fd, POLLIN, 30000, &revents), 1);
	cr_assert_eq(revents, POLLERR);
}

/* ---- select ------------------------------------------------------------------------------------ */

Test(netmap_wait, selects)
{
	struct timeval time = { .tv_usec = 50000 };
	int event = eventfd(0, 0);
	fd_set in, out;

	two_ports();
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(b.fd, &in);
	FD_SET(event, &in);
	cr_assert_eq(select(FD_SETSIZE, &in, NULL, NULL, &time), 0);
	cr_assert_not(FD_ISSET(b.fd, &in));
	cr_assert_eq(time.tv_usec, 0, "the time is over");
	FD_SET(b.fd, &in);
	FD_SET(event, &in);
	FD_SET(a.fd, &out);
	cr_assert_eq(select(FD_SETSIZE, &in, &out, NULL, NULL), 1);
	cr_assert(FD_ISSET(a.fd, &out) && !FD_ISSET(b.fd, &in) && !FD_ISSET(event, &in));
	send_one();
	eventfd_write(event, 1);
	FD_SET(b.fd, &in);
	FD_SET(event, &in);
	cr_assert_eq(pselect(FD_SETSIZE, &in, &out, NULL, NULL, NULL), 3);
	cr_assert(FD_ISSET(a.fd, &out) && FD_ISSET(b.fd, &in) && FD_ISSET(event, &in));
	FD_SET(event + 500, &in);
	cr_assert_eq(select(FD_SETSIZE, &in, NULL, NULL, NULL), -1);
	cr_assert_eq(errno, EBADF);
}

/* ---- epoll ------------------------------------------------------------------------------------- */

static int watch(int epoll, int fd, uint32_t events, uint64_t data, int operation)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return epoll_ctl(epoll, operation, fd, &event) ? -errno : 0;
}

Test(netmap_wait, epoll_of_both_kinds)
{
	int epoll = epoll_create1(0), event = eventfd(0, 0);
	struct epoll_event events[4];

	two_ports();
	cr_assert_eq(watch(epoll, event, EPOLLIN, 1, EPOLL_CTL_ADD), 0);
	cr_assert_eq(watch(epoll, b.fd, EPOLLIN, 1ull << 63 | 2, EPOLL_CTL_ADD), 0);
	cr_assert_eq(watch(epoll, b.fd, EPOLLIN, 2, EPOLL_CTL_ADD), -EEXIST);
	cr_assert_eq(watch(epoll, a.fd, EPOLLIN, 3, EPOLL_CTL_MOD), -ENOENT);
	cr_assert_eq(watch(epoll, a.fd, EPOLLIN, 3, EPOLL_CTL_DEL), -ENOENT);
	cr_assert_eq(watch(event, a.fd, EPOLLIN, 3, EPOLL_CTL_ADD), -EINVAL);
	cr_assert_eq(epoll_wait(epoll, events, 4, 20), 0);
	later(send_one);
	cr_assert_eq(epoll_wait(epoll, events, 4, 30000), 1);
	cr_assert_eq(events[0].data.u64, 1ull << 63 | 2);
	cr_assert_eq(events[0].events, EPOLLIN);
	eventfd_write(event, 1);
	cr_assert_eq(epoll_wait(epoll, events, 4, -1), 2, "as long as it is not taken");
	cr_assert_eq(epoll_wait(epoll, events, 1, -1), 1);
	empty(&b);
	cr_assert_eq(epoll_wait(epoll, events, 4, -1), 1);
	cr_assert_eq(events[0].data.u64, 1);
	eventfd_read(event, &(eventfd_t){ 0 });
	cr_assert_eq(watch(epoll, b.fd, EPOLLOUT, 4, EPOLL_CTL_MOD), 0);
	cr_assert_eq(epoll_pwait(epoll, events, 4, -1, NULL), 1);
	cr_assert_eq(events[0].events, EPOLLOUT);
	cr_assert_eq(watch(epoll, b.fd, 0, 0, EPOLL_CTL_DEL), 0);
	cr_assert_eq(epoll_wait(epoll, events, 4, 20), 0);
	/* One that is closed is in no set. */
	cr_assert_eq(watch(epoll, a.fd, EPOLLOUT, 5, EPOLL_CTL_ADD), 0);
	cr_assert_eq(epoll_wait(epoll, events, 4, 20), 1);
	netmap_close(&a);
	cr_assert_eq(epoll_wait(epoll, events, 4, 20), 0);
	close(event);
	close(epoll);
}

Test(netmap_wait, epoll_once_and_at_edges)
{
	int epoll = epoll_create1(0);
	struct epoll_event event;

	two_ports();
	cr_assert_eq(watch(epoll, b.fd, EPOLLIN | EPOLLONESHOT, 1, EPOLL_CTL_ADD), 0);
	send_one();
	cr_assert_eq(epoll_wait(epoll, &event, 1, 30000), 1);
	cr_assert_eq(epoll_wait(epoll, &event, 1, 20), 0, "it has been told");
	cr_assert_eq(watch(epoll, b.fd, EPOLLIN | EPOLLET, 1, EPOLL_CTL_MOD), 0);
	cr_assert_eq(epoll_wait(epoll, &event, 1, 20), 1);
	cr_assert_eq(epoll_wait(epoll, &event, 1, 20), 0, "nothing has changed");
	later(send_one); /* although the first frame is still there */
	cr_assert_eq(epoll_wait(epoll, &event, 1, 30000), 1);
	empty(&b);
	send_one();
	empty(&b);
	send_one();
	cr_assert_eq(epoll_wait(epoll, &event, 1, 20), 1);
	close(epoll);
}

/* ---- threads ----------------------------------------------------------------------------------- */

static void *sleep_for_frame(void *argument)
{
	short revents;

	(void)argument;
	cr_assert_eq(poll_one(b.fd, POLLIN, -1, &revents), 1);
	return NULL;
}

/* One that goes on after its time must not take the other's doorbell away. */
Test(netmap_wait, two_threads_on_one_file)
{
	pthread_t thread;
	short revents;

	two_ports();
	pthread_create(&thread, NULL, sleep_for_frame, NULL);
	for (int i = 0; i < 20; i++)
		cr_assert_eq(poll_one(b.fd, POLLIN, 10, &revents), 0);
	send_one();
	pthread_join(thread, NULL);
	netmap_expect(&b, &frame, "for the other thread");
}
