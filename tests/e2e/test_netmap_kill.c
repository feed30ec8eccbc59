// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * A program of netmap is killed, or refused one, at each system call in turn while it binds a port, sends
 * and closes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/fault_series.h"
#include "tests/lib/netmap.h"
#include "tests/lib/ring_series.h"
#include "tests/lib/sandbox.h"
#include "tests/lib/series.h"

/* 0, or -errno. */
static int use(int fd)
{
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };
	int error = netmap_request(fd, NETMAP_REQ_REGISTER, "vale1:new", &reg);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	void *memory;

	if (error)
		return error;
	memory = mmap(NULL, reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	if (ioctl(fd, NIOCTXSYNC) || ioctl(fd, NIOCRXSYNC) || poll(&wait, 1, 0) < 0)
		error = -errno;
	munmap(memory, reg.nr_memsize);
	return error;
}

static int attempt(void)
{
	int fd = open("/dev/netmap", O_RDWR | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = use(fd);
	close(fd);
	return error;
}

/* ---- killed ------------------------------------------------------------------------------------ */

TestSuite(netmap_kill, .init = ring_series_begin, .timeout = 3600);

static void bind_once(void)
{
	if (attempt())
		_exit(1);
}

static void check(size_t call, int round)
{
	if (round == 0)
		series_next(call, "port del vale1:new", "there is no port", NULL);
	else if (round == 1)
		ring_series_can_be_opened(call, "vale1:other");
	else
		ring_series_can_be_opened(call, "vale1:new");
	cr_assert_not(ring_series_is_port("vale1:new"), "killed at call %zu", call);
}

Test(netmap_kill, a_program_that_makes_its_port)
{
	series_run(&(struct series){
		.function = bind_once,
		.check = check,
		.clean = ring_series_as_before,
		.sample = 3,
	});
}

/* ---- refused ----------------------------------------------------------------------------------- */

TestSuite(netmap_fault, .init = fault_series_begin, .timeout = 3600);

/* By a call that does not fail. */
static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void bind_twice(void)
{
	int files = open_files(), error = attempt();

	if (open_files() != files)
		_exit(FAULT_BAD);
	if (error && attempt())
		_exit(FAULT_NOT_AGAIN);
	_exit(error ? FAULT_TOLD : FAULT_DONE);
}

Test(netmap_fault, a_program_that_makes_its_port)
{
	fault_series_run(&(struct fault_series){
		.command = "a program of netmap",
		.function = bind_twice,
		.undo = "port add vale1:z && $VALE port del vale1:z",
		.may_be_left = true,
	});
}
