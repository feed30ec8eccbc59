// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The file descriptors of /dev/netmap: duplicated, inherited, closed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_file, .init = sandbox_enter, .timeout = 120);

static bool exists(const char *port)
{
	return !run("%s show %s", valectl(), port).status;
}

static int open_fds(void)
{
	return atoi(must("ls /proc/%d/fd | wc -l", getpid()).text);
}

/* ---- opening ----------------------------------------------------------------------------------- */

Test(netmap_file, all_ways_to_open)
{
	int fds[] = {
		open("/dev/netmap", O_RDWR),
		open("/dev/netmap", O_RDWR | O_CREAT * 0, 0),
		open64("/dev/netmap", O_RDWR | O_CLOEXEC),
		openat(AT_FDCWD, "/dev/netmap", O_RDWR),
		openat64(3, "/dev/netmap", O_RDWR | O_NONBLOCK),
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		struct nmreq_vale_list list = {};

		cr_assert_geq(fds[i], 0, "%zu", i);
		cr_assert_eq(netmap_request(fds[i], NETMAP_REQ_VALE_LIST, "", &list), -ENOENT);
		cr_assert_eq(!!(fcntl(fds[i], F_GETFD) & FD_CLOEXEC), i == 2);
	}
	/* The name must be that one. */
	cr_assert_eq(open("/dev/netmap0", O_RDWR), -1);
	cr_assert_eq(open("/dev/netma", O_RDWR), -1);
	cr_assert_eq(open("dev/netmap", O_RDWR), -1);
	cr_assert_eq(errno, ENOENT);
	cr_assert_eq(open((const char *)8, O_RDWR), -1);
	cr_assert_eq(errno, EFAULT);
}

Test(netmap_file, unbound)
{
	int fd = netmap_device();
	char byte;

	cr_assert_eq(ioctl(fd, NIOCTXSYNC, NULL), -1);
	cr_assert_eq(errno, ENXIO);
	cr_assert_eq(ioctl(fd, NIOCRXSYNC, NULL), -1);
	cr_assert_eq(errno, ENXIO);
	cr_assert_eq(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(ioctl(fd, FIONBIO, &(int){ 1 }), 0, "what the kernel does for any file");
	cr_assert_eq(ioctl(fd, 0x5401, &byte), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
	cr_assert_eq(close(fd), 0);
	cr_assert_eq(close(fd), -1);
	cr_assert_eq(errno, EBADF);
}

/* Functions that programs call which are compiled with _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room);

#define ALL_WAYS 19

/* Reads or writes two bytes, in one of all ways. */
static ssize_t transfer(int fd, int way)
{
	char bytes[2] = "ab";
	struct iovec parts[] = { { bytes, 1 }, { bytes + 1, 1 } };

	switch (way) {
	case 0:
		return read(fd, bytes, 2);
	case 1:
		return __read_chk(fd, bytes, 2, 2);
	case 2:
		return readv(fd, parts, 2);
	case 3:
		return pread(fd, bytes, 2, 0);
	case 4:
		return pread64(fd, bytes, 2, 0);
	case 5:
		return __pread_chk(fd, bytes, 2, 0, 2);
	case 6:
		return __pread64_chk(fd, bytes, 2, 0, 2);
	case 7:
		return preadv(fd, parts, 2, 0);
	case 8:
		return preadv64(fd, parts, 2, 0);
	case 9:
		return preadv2(fd, parts, 2, 0, 0);
	case 10:
		return preadv64v2(fd, parts, 2, 0, 0);
	case 11:
		return write(fd, bytes, 2);
	case 12:
		return writev(fd, parts, 2);
	case 13:
		return pwrite(fd, bytes, 2, 0);
	case 14:
		return pwrite64(fd, bytes, 2, 0);
	case 15:
		return pwritev(fd, parts, 2, 0);
	case 16:
		return pwritev64(fd, parts, 2, 0);
	case 17:
		return pwritev2(fd, parts, 2, 0, 0);
	default:
		return pwritev64v2(fd, parts, 2, 0, 0);
	}
}

static void refuses_transfers(int fd)
{
	for (int way = 0; way < ALL_WAYS; way++) {
		errno = 0;
		cr_assert_eq(transfer(fd, way), -1, "%d", way);
		cr_assert_eq(errno, EINVAL, "%d: %s", way, strerror(errno));
	}
}

/* netmap's device has no read() and write(). */
Test(netmap_file, reads_and_writes)
{
	struct netmap_port a = netmap_open_all("vale1:a"), b = netmap_open_all("vale1:b");
	int unbound = netmap_device(), other = dup(a.fd);
	FILE *file = tmpfile();
	char byte;

	refuses_transfers(unbound);
	refuses_transfers(a.fd);
	refuses_transfers(other);
	/* They do what they do with all other files. */
	cr_assert_eq(pwrite(fileno(file), "0123456789", 10, 0), 10);
	for (int way = 0; way < ALL_WAYS; way++)
		cr_assert_eq(transfer(fileno(file), way), 2, "%d: %s", way, strerror(errno));
	cr_assert_eq(transfer(-1, 0), -1);
	cr_assert_eq(errno, EBADF);
	/* What others find in the socket is there. */
	cr_assert_eq(recv(other, &byte, 1, MSG_PEEK | MSG_DONTWAIT), 1);
	netmap_reaches(&a, &b, 1, 2);
	netmap_reaches(&b, &a, 2, 1);
}

Test(netmap_file, mapping)
{
	struct netmap_port a = netmap_open_all("vale1:a");
	size_t size = a.reg.nr_memsize;
	char *part;

	cr_assert_eq(mmap(NULL, size + 4096, PROT_READ, MAP_SHARED, a.fd, 0), MAP_FAILED);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(mmap(NULL, 4096, PROT_READ, MAP_SHARED, a.fd, size), MAP_FAILED);
	cr_assert_eq(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, a.fd, 0), MAP_FAILED);
	part = mmap(NULL, 4096, PROT_READ, MAP_SHARED, a.fd, 8192);
	cr_assert_neq(part, MAP_FAILED);
	cr_assert_eq(memcmp(part, a.memory + 8192, 4096), 0);
	/* The memory outlives the file. */
	close(a.fd);
	netmap_tx(&a, 0)->slot[0].len = 1;
}

/* ---- duplicates -------------------------------------------------------------------------------- */

Test(netmap_file, duplicates)
{
	struct netmap_port a = netmap_open_all("vale1:a"), b = netmap_open_all("vale1:b");
	int fds[] = { dup(a.fd), dup2(a.fd, 200), dup3(a.fd, 201, O_CLOEXEC),
		      fcntl(a.fd, F_DUPFD, 300), fcntl(a.fd, F_DUPFD_CLOEXEC, 300) };
	int count = sizeof(fds) / sizeof(fds[0]);

	close(a.fd);
	for (int i = 0; i < count; i++) {
		cr_assert_geq(fds[i], 0);
		a.fd = fds[i];
		netmap_reaches(&a, &b, 1, 2);
		netmap_reaches(&b, &a, 2, 1);
		cr_assert(exists("vale1:a"));
		close(fds[i]);
	}
	cr_assert_not(exists("vale1:a"), "none is left");
	/* One that takes the place of another file. */
	cr_assert_eq(dup2(b.fd, fds[0]), fds[0]);
	cr_assert_eq(dup2(STDOUT_FILENO, fds[0]), fds[0]);
	cr_assert_eq(ioctl(fds[0], NIOCTXSYNC, NULL), -1, "it is stdout");
	cr_assert_eq(dup2(STDOUT_FILENO, b.fd), b.fd);
	cr_assert_not(exists("vale1:b"));
}

/* An fd that was bound after it was duplicated is the same file. */
Test(netmap_file, bound_later)
{
	struct nmreq_register reg = { .nr_mode = NR_REG_ALL_NIC };
	int fd = netmap_device(), other = dup(fd);

	cr_assert_eq(netmap_request(fd, NETMAP_REQ_REGISTER, "vale1:a", &reg), 0);
	cr_assert_eq(ioctl(other, NIOCTXSYNC, NULL), 0);
	cr_assert_eq(netmap_request(other, NETMAP_REQ_REGISTER, "vale1:a", &reg), -EBUSY);
}

static int in_child(int (*what)(void *), void *argument)
{
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (!child)
		_exit(what(argument));
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Closes, one by one, what the program has not opened. Returns how many cannot be closed. */
static int close_others(int a, int b)
{
	int refused = 0;

	for (int fd = 3; fd < 10000; fd++) {
		struct stat status;

		if (fd == a || fd == b || fstat(fd, &status) || !close(fd))
			continue;
		if (errno != EBADF || dup2(STDOUT_FILENO, fd) != -1)
			return -1;
		refused++;
	}
	return refused;
}

static int close_all(void *argument)
{
	struct netmap_port a = netmap_open_all("vale1:a"), b = netmap_open_all("vale1:b");

	(void)argument;
	if (close_others(a.fd, b.fd) < 10)
		return 1;
	netmap_reaches(&a, &b, 1, 2);
	close_range((a.fd > b.fd ? a.fd : b.fd) + 1, ~0u, 0);
	netmap_reaches(&a, &b, 1, 2);
	/* These are the program's. */
	close_range(b.fd, b.fd, 0);
	if (!fcntl(b.fd, F_GETFD) || exists("vale1:b"))
		return 2;
	closefrom(3);
	return exists("vale1:a") ? 3 : 0;
}

/* Programs that close all that they do not know must not take the library's own. */
Test(netmap_file, library_keeps_its_own)
{
	cr_assert_eq(in_child(close_all, NULL), 0);
}

Test(netmap_file, nothing_is_left)
{
	int before, fds;

	close(netmap_bind("vale1:a", NULL));
	before = open_fds();
	for (int i = 0; i < 20; i++) {
		struct netmap_port a = netmap_open_all("vale1:a");

		netmap_close(&a);
		netmap_bind("vale1:lo", NULL);
	}
	fds = open_fds();
	cr_assert_eq(fds, before, "%d file descriptors, %d before", fds, before);
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -mindepth 1").text);
}

/* ---- other processes --------------------------------------------------------------------------- */

struct two {
	struct netmap_port a, b;
	struct frame frame;
};

static int send_in_child(void *argument)
{
	struct two *two = argument;

	netmap_send(&two->a, &two->frame);
	return 0;
}

/* The port is its own alone, so frames come to it only if the switch knows that it has it. */
static int answer_in_child(struct two *two)
{
	static struct frame frame;

	close(two->b.fd);
	if (!netmap_take(&two->a, &frame, 60000))
		return 1;
	netmap_send(&two->a, &frame);
	pause();
	return 0;
}

Test(netmap_file, fork)
{
	static struct frame answer;
	static struct two two;
	pid_t child;

	two.a = netmap_open_all("vale1:a");
	two.b = netmap_open_all("vale1:b");
	frame_plain(&two.frame, 1, 2, FRAME_TYPE_OURS, 80);
	cr_assert_eq(in_child(send_in_child, &two), 0);
	netmap_expect(&two.b, &two.frame, "from the child");
	netmap_reaches(&two.a, &two.b, 1, 2);
	/* A child that lives on has the port, when the parent has closed it. */
	child = fork();
	if (!child)
		_exit(answer_in_child(&two));
	netmap_close(&two.a);
	cr_assert(exists("vale1:a"), "the child has it");
	for (int tries = 0; tries < 100; tries++) {
		netmap_send(&two.b, &two.frame);
		if (netmap_take(&two.b, &answer, 200))
			break;
	}
	frame_expect(&two.frame, &answer, "from the child that has it alone");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	two.a = netmap_open("vale1:a", (struct nmreq_register){ .nr_flags = NR_EXCLUSIVE });
}

static int close_ours(void *argument)
{
	return close(((struct two *)argument)->a.fd);
}

/* What a child closes is its own. */
Test(netmap_file, child_closes)
{
	pid_t (*in_same_memory)(void); /* more than vfork() lets its child do */
	static struct two two;
	pid_t child;

	two.a = netmap_open_all("vale1:a");
	two.b = netmap_open_all("vale1:b");
	cr_assert_eq(in_child(close_ours, &two), 0);
	netmap_reaches(&two.a, &two.b, 1, 2);
	*(void **)&in_same_memory = dlsym(RTLD_DEFAULT, "vfork");
	child = in_same_memory();
	if (!child) {
		close(two.a.fd);
		dup2(STDOUT_FILENO, two.b.fd);
		closefrom(3);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	netmap_reaches(&two.a, &two.b, 1, 2);
}
