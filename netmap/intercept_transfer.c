// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * read(), write() and their kind. /dev/netmap has neither, and its files answer EINVAL; the sockets
 * that stand for them here have both, and what is in one must stay there.
 */
#include <errno.h>
#include <unistd.h>

#include "layer.h"

/* In a child of vfork(), the fds are its own, but the table is its parent's. */
static bool is_netmap(int fd)
{
	struct file *file = table_used ? table_look(fd) : NULL;

	return file && file != TABLE_HIDDEN && !file->set && getpid() == layer_process;
}

static ssize_t refuse(void)
{
	errno = EINVAL;
	return -1;
}

/* ---- read -------------------------------------------------------------------------------------- */

INTERPOSE ssize_t read(int fd, void *to, size_t size)
{
	return is_netmap(fd) ? refuse() : real()->read(fd, to, size);
}

INTERPOSE ssize_t readv(int fd, const struct iovec *to, int count)
{
	return is_netmap(fd) ? refuse() : real()->readv(fd, to, count);
}

INTERPOSE ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pread(fd, to, size, offset);
}

INTERPOSE ssize_t pread64(int fd, void *to, size_t size, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pread(fd, to, size, offset);
}

INTERPOSE ssize_t preadv(int fd, const struct iovec *to, int count, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->preadv(fd, to, count, offset);
}

INTERPOSE ssize_t preadv64(int fd, const struct iovec *to, int count, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->preadv(fd, to, count, offset);
}

INTERPOSE ssize_t preadv2(int fd, const struct iovec *to, int count, off_t offset, int flags)
{
	return is_netmap(fd) ? refuse() : real()->preadv2(fd, to, count, offset, flags);
}

INTERPOSE ssize_t preadv64v2(int fd, const struct iovec *to, int count, off_t offset, int flags)
{
	return is_netmap(fd) ? refuse() : real()->preadv2(fd, to, count, offset, flags);
}

/* What programs call that are compiled with _FORTIFY_SOURCE: with the size of the room. */
ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room);

INTERPOSE ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	return is_netmap(fd) ? refuse() : real()->read_chk(fd, to, size, room);
}

INTERPOSE ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	return is_netmap(fd) ? refuse() : real()->pread_chk(fd, to, size, offset, room);
}

INTERPOSE ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room)
{
	return is_netmap(fd) ? refuse() : real()->pread_chk(fd, to, size, offset, room);
}

/* ---- write ------------------------------------------------------------------------------------- */

INTERPOSE ssize_t write(int fd, const void *from, size_t size)
{
	return is_netmap(fd) ? refuse() : real()->write(fd, from, size);
}

INTERPOSE ssize_t writev(int fd, const struct iovec *from, int count)
{
	return is_netmap(fd) ? refuse() : real()->writev(fd, from, count);
}

INTERPOSE ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pwrite(fd, from, size, offset);
}

INTERPOSE ssize_t pwrite64(int fd, const void *from, size_t size, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pwrite(fd, from, size, offset);
}

INTERPOSE ssize_t pwritev(int fd, const struct iovec *from, int count, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pwritev(fd, from, count, offset);
}

INTERPOSE ssize_t pwritev64(int fd, const struct iovec *from, int count, off_t offset)
{
	return is_netmap(fd) ? refuse() : real()->pwritev(fd, from, count, offset);
}

INTERPOSE ssize_t pwritev2(int fd, const struct iovec *from, int count, off_t offset, int flags)
{
	return is_netmap(fd) ? refuse() : real()->pwritev2(fd, from, count, offset, flags);
}

INTERPOSE ssize_t pwritev64v2(int fd, const struct iovec *from, int count, off_t offset, int flags)
{
	return is_netmap(fd) ? refuse() : real()->pwritev2(fd, from, count, offset, flags);
}
