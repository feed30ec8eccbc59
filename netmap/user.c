// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Memory that a program names in a request, and that may not be there: the kernel copies it, which
 * answers -EFAULT where the processor would end the program.
 */
#include <errno.h>
#include <sys/mman.h>

#include "layer.h"

static int scratch(void)
{
	int fd = memfd_create("netmap request", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What is known to be there, on the library's side, cannot fail. */
static int done(ssize_t result, size_t size)
{
	if (result < 0)
		return -errno;
	return (size_t)result == size ? 0 : -EFAULT;
}

int user_read(void *to, __u64 from, size_t size)
{
	CLEANUP_CLOSE int fd = scratch();
	int error;

	if (fd < 0)
		return fd;
	error = done(pwrite(fd, (const void *)(unsigned long)from, size, 0), size);
	return error ? error : done(pread(fd, to, size, 0), size);
}

int user_write(__u64 to, const void *from, size_t size)
{
	CLEANUP_CLOSE int fd = scratch();
	int error;

	if (fd < 0)
		return fd;
	error = done(pwrite(fd, from, size, 0), size);
	return error ? error : done(pread(fd, (void *)(unsigned long)to, size, 0), size);
}
