// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The functions that this library stands before. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layer.h"

_Static_assert(sizeof(off_t) == 8, "calls for large files are the ordinary ones");

static struct real found;
static atomic_bool complete;

static void find(void *out, const char *name)
{
	*(void **)out = dlsym(RTLD_NEXT, name);
}

/* What a libc may lack. */
static int system_close_range(unsigned int first, unsigned int last, int flags)
{
	return syscall(SYS_close_range, first, last, flags);
}

static int no_epoll_pwait2(int epoll, struct epoll_event *events, int count,
			   const struct timespec *timeout, const sigset_t *mask)
{
	(void)epoll, (void)events, (void)count, (void)timeout, (void)mask;
	errno = ENOSYS;
	return -1;
}

/* May run more than once, and at the same time: it always finds the same. */
static void find_all(void)
{
	find(&found.open, "open");
	find(&found.open_2, "__open_2");
	find(&found.openat, "openat");
	find(&found.openat_2, "__openat_2");
	find(&found.close, "close");
	find(&found.close_range, "close_range");
	find(&found.dup, "dup");
	find(&found.dup2, "dup2");
	find(&found.dup3, "dup3");
	find(&found.fcntl, "fcntl");
	find(&found.ioctl, "ioctl");
	find(&found.mmap, "mmap");
	find(&found.read, "read");
	find(&found.read_chk, "__read_chk");
	find(&found.readv, "readv");
	find(&found.pread, "pread");
	find(&found.pread_chk, "__pread_chk");
	find(&found.preadv, "preadv");
	find(&found.preadv2, "preadv2");
	find(&found.write, "write");
	find(&found.writev, "writev");
	find(&found.pwrite, "pwrite");
	find(&found.pwritev, "pwritev");
	find(&found.pwritev2, "pwritev2");
	find(&found.poll, "poll");
	find(&found.ppoll, "ppoll");
	find(&found.select, "select");
	find(&found.pselect, "pselect");
	find(&found.epoll_ctl, "epoll_ctl");
	find(&found.epoll_wait, "epoll_wait");
	find(&found.epoll_pwait, "epoll_pwait");
	find(&found.epoll_pwait2, "epoll_pwait2");
	if (!found.close_range)
		found.close_range = system_close_range;
	if (!found.epoll_pwait2)
		found.epoll_pwait2 = no_epoll_pwait2;
	atomic_store_explicit(&complete, true, memory_order_release);
}

/* Others' constructors may call before ours. */
const struct real *real(void)
{
	if (!atomic_load_explicit(&complete, memory_order_acquire))
		find_all();
	return &found;
}

/* In a signal handler, it would be too late to look. */
__attribute__((constructor)) static void start(void)
{
	find_all();
	layer_process = getpid();
}
