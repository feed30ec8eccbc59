// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Many processes that open, close, add and delete the same ports at the same time. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define PROCESSES 6
#define SECONDS	  5

TestSuite(port_concurrency, .init = sandbox_enter, .timeout = 120);

static const char *const ports[] = { "vale1:a", "vale1:b", "vale2:a" };

/* What others may have done just now. Anything else is a bug. */
static bool is_acceptable(int error, const char *reason)
{
	switch (-error) {
	case 0:
	case ENOENT: /* there is no such port, or no more */
	case EEXIST: /* there is one now */
	case EBUSY:  /* it is open, or exclusively so */
	case ENXIO:  /* it was deleted while it was being opened */
		return true;
	default:
		cr_log_warn("%s: %s\n", strerror(-error), reason);
		return false;
	}
}

/* Sends to everybody and takes what there is; or the port is gone. */
static int use(struct vale_port *port)
{
	static struct frame frame;
	__u32 length;
	int error = 0;

	frame_plain(&frame, 1 + getpid() % 100, FRAME_EVERYONE, FRAME_TYPE_OURS, 60);
	for (int i = 0; i < 10 && !error; i++) {
		vale_inject(port, 0, frame.bytes, frame.length);
		error = vale_txsync(port, VALE_ALL_RINGS);
		while (vale_next_frame(port, &length))
			;
	}
	/* Others that share its rings are not agreed with. */
	return error == -EBUSY || error == -EINVAL ? 0 : error;
}

static int open_and_use(struct vale *vale, const char *name, unsigned int seed)
{
	static const unsigned int flags[] = { 0, 0, VALE_OPEN_EXCLUSIVE, VALE_OPEN_EXISTING };
	struct vale_open_options options = { .size = sizeof(options), .flags = flags[seed % 4] };
	struct vale_port *port = NULL;
	int error = vale_port_open(vale, name, &options, &port);

	if (error)
		return error;
	error = use(port);
	vale_port_close(port);
	return error;
}

static int act(struct vale *vale, unsigned int *seed)
{
	const char *name = ports[rand_r(seed) % 3];

	switch (rand_r(seed) % 12) {
	case 0:
		return vale_port_add(vale, name, NULL);
	case 1:
		return vale_port_del(vale, name, false);
	case 2:
		return vale_port_del(vale, name, true);
	case 3:
		return vale_switch_destroy(vale, "vale2", rand_r(seed) % 2);
	default:
		return open_and_use(vale, name, rand_r(seed));
	}
}

/* Returns the number of answers that are not acceptable. */
static int work(unsigned int seed)
{
	time_t end = time(NULL) + SECONDS;
	struct vale *vale = NULL;
	int bad = 0;

	if (vale_open(&vale, NULL))
		return 99;
	while (time(NULL) < end)
		bad += !is_acceptable(act(vale, &seed), vale_reason(vale));
	vale_close(vale);
	return bad;
}

static void all_works(void)
{
	struct client *a = client_start(), *b = client_start();

	run("%s destroy vale1 --force", valectl());
	run("%s destroy vale2 --force", valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
	cr_assert_str_empty(must("ls /sys/class/net | grep '^vale' || :").text);
	cr_assert_eq(client_open(a, "vale1:a", VALE_OPEN_EXCLUSIVE), 0, "%s", client_reason(a));
	cr_assert_eq(client_open(b, "vale1:b", VALE_OPEN_EXCLUSIVE), 0, "%s", client_reason(b));
	cr_assert(client_reaches(a, b, 1, 2));
	client_close(a);
	client_close(b);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

/* Every port that is there works; none has a client. */
static void is_whole(void)
{
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -name '-*'").text);
	for (int i = 0; i < 3; i++) {
		struct client *client;

		if (run("%s show %s", valectl(), ports[i]).status)
			continue;
		cr_assert_str_eq(port_member(ports[i], "state"), "closed", "%s", ports[i]);
		client = client_start();
		cr_assert_eq(client_open(client, ports[i], VALE_OPEN_EXCLUSIVE), 0, "%s: %s",
			     ports[i], client_reason(client));
		client_end(client);
	}
}

Test(port_concurrency, same_names)
{
	pid_t children[PROCESSES];
	int bad = 0, status;

	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (!children[i])
			_exit(work(i));
	}
	for (int i = 0; i < PROCESSES; i++) {
		waitpid(children[i], &status, 0);
		bad += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	cr_assert_eq(bad, 0, "%d answers are not acceptable", bad);
	is_whole();
	all_works();
}

/* And with some of them killed: nothing that the next one cannot mend. */
Test(port_concurrency, same_names_and_kills)
{
	for (unsigned int round = 0; round < 12; round++) {
		pid_t children[3];

		for (int i = 0; i < 3; i++) {
			children[i] = fork();
			if (!children[i])
				_exit(work(100 * round + i));
		}
		usleep(100000 + 37000 * round);
		for (int i = 0; i < 3; i++)
			kill(children[i], SIGKILL);
		for (int i = 0; i < 3; i++)
			waitpid(children[i], NULL, 0);
	}
	/* The next comer. */
	must("%s port add vale1:next && %s port add vale2:next", valectl(), valectl());
	is_whole();
	all_works();
}

/* A port opened by many at once: those who share it all get it, of those who do not, one does. */
static int open_at_once(struct client_self *self, void *argument)
{
	struct vale_open_options options = { .size = sizeof(options), .flags = *(__u32 *)argument };
	int error = vale_port_open(self->vale, "vale1:a", &options, &self->port);

	snprintf(self->reason, sizeof(self->reason), "%s", error ? vale_reason(self->vale) : "");
	return error;
}

static int opened_at_once(struct client **clients, __u32 flags)
{
	int count = 0;

	for (int i = 0; i < PROCESSES; i++)
		client_begin(clients[i], open_at_once, &flags, sizeof(flags));
	for (int i = 0; i < PROCESSES; i++) {
		int error = client_result(clients[i]);

		cr_assert(!error || error == -EBUSY, "%s", client_reason(clients[i]));
		count += !error;
	}
	for (int i = 0; i < PROCESSES; i++)
		client_close(clients[i]);
	return count;
}

Test(port_concurrency, opened_at_once)
{
	struct client *clients[PROCESSES];

	for (int i = 0; i < PROCESSES; i++)
		clients[i] = client_start();
	for (int round = 0; round < 2; round++) {
		if (round)
			must("%s port add vale1:a", valectl());
		for (int i = 0; i < 5; i++) {
			cr_assert_eq(opened_at_once(clients, 0), PROCESSES);
			cr_assert_eq(opened_at_once(clients, VALE_OPEN_EXCLUSIVE), 1);
		}
	}
	cr_assert_eq(client_number("vale1:a"), 0);
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(opened_at_once(clients, VALE_OPEN_EXISTING), PROCESSES);
		cr_assert_eq(opened_at_once(clients, VALE_OPEN_EXISTING | VALE_OPEN_EXCLUSIVE), 1);
	}
}
