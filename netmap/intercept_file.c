// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * open(), close(), dup() and their kind. Each does first what libc's does, so that a program that has
 * nothing to do with netmap sees no difference, and may call it whenever it may call libc's.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"

#define DEVICE "/dev/netmap"

/* ---- open -------------------------------------------------------------------------------------- */

static int fail_with(int error)
{
	errno = -error;
	return -1;
}

/*
 * The kernel has looked at the path, so it can be read, unless there was a fault. A device of that
 * name that there is, is not wanted by who runs a program with this library.
 */
static int opened(int fd, const char *path, int flags)
{
	int made;

	if ((fd < 0 && errno == EFAULT) || strcmp(path, DEVICE) != 0)
		return fd;
	if (fd >= 0)
		real()->close(fd);
	made = file_open(flags);
	return made < 0 ? fail_with(made) : made;
}

/* No file of that name is to be made. */
static int without_creation(const char *path, int flags)
{
	return flags & O_CREAT && !strcmp(path, DEVICE) ? flags & ~O_CREAT : flags;
}

/* The mode is there only if it is needed. */
#define MODE_OF(flags, mode)                                               \
	do {                                                               \
		if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) { \
			va_list arguments_;                                \
			va_start(arguments_, flags);                       \
			mode = va_arg(arguments_, mode_t);                 \
			va_end(arguments_);                                \
		}                                                          \
	} while (0)

INTERPOSE int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real()->open(path, without_creation(path, flags), mode), path, flags);
}

INTERPOSE int open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real()->open(path, without_creation(path, flags), mode), path, flags);
}

INTERPOSE int openat(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real()->openat(directory, path, without_creation(path, flags), mode), path,
		      flags);
}

INTERPOSE int openat64(int directory, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return opened(real()->openat(directory, path, without_creation(path, flags), mode), path,
		      flags);
}

/* What programs call that are compiled with _FORTIFY_SOURCE. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

INTERPOSE int __open_2(const char *path, int flags)
{
	return opened(real()->open_2(path, flags), path, flags);
}

INTERPOSE int __open64_2(const char *path, int flags)
{
	return opened(real()->open_2(path, flags), path, flags);
}

INTERPOSE int __openat_2(int directory, const char *path, int flags)
{
	return opened(real()->openat_2(directory, path, flags), path, flags);
}

INTERPOSE int __openat64_2(int directory, const char *path, int flags)
{
	return opened(real()->openat_2(directory, path, flags), path, flags);
}

/* ---- close ------------------------------------------------------------------------------------- */

/* In a child of vfork() the fds are its own, but the table is its parent's. */
static bool is_ours(void)
{
	return table_used && getpid() == layer_process;
}

static void forget(int fd)
{
	struct file *file;
	int error;

	if (!table_look(fd))
		return;
	file = table_put(fd, NULL, &error);
	if (file && file != TABLE_HIDDEN)
		file_put(file);
}

INTERPOSE int close(int fd)
{
	struct file *file = table_look(fd);
	int result, before;

	if (!file || !is_ours())
		return real()->close(fd);
	if (file == TABLE_HIDDEN)
		return fail_with(-EBADF);
	/* The entry goes first: the number may be another file's as soon as it is closed. */
	file = table_put(fd, NULL, &result);
	result = real()->close(fd);
	before = errno;
	if (file && file != TABLE_HIDDEN)
		file_put(file);
	errno = before;
	return result;
}

/* Closes what is between those that are to stay. */
static int close_between(unsigned int first, unsigned int last, int flags)
{
	unsigned int end = last > INT_MAX ? INT_MAX : last;
	int result = 0;

	for (int fd = table_next(first); fd >= 0 && (unsigned int)fd <= end;
	     fd = table_next(fd + 1)) {
		if (table_look(fd) == TABLE_HIDDEN) {
			if (first < (unsigned int)fd)
				result = real()->close_range(first, fd - 1, flags);
			first = fd + 1;
		}
		if (result)
			return result;
	}
	return first <= last ? real()->close_range(first, last, flags) : 0;
}

INTERPOSE int close_range(unsigned int first, unsigned int last, int flags)
{
	int result, before;

	/* Hidden ones are to be closed by exec anyway. */
	if (flags & CLOSE_RANGE_CLOEXEC || first > last || first > INT_MAX || !is_ours())
		return real()->close_range(first, last, flags);
	result = close_between(first, last, flags);
	before = errno;
	for (int fd = table_next(first); fd >= 0 && (unsigned int)fd <= last && !result;
	     fd = table_next(fd + 1))
		if (table_look(fd) != TABLE_HIDDEN)
			forget(fd);
	errno = before;
	return result;
}

INTERPOSE void closefrom(int first)
{
	close_range(first < 0 ? 0 : first, UINT_MAX, 0);
}

/* ---- dup --------------------------------------------------------------------------------------- */

/* `to` is the same file as `from` now, whatever it was. */
static int duplicated(int from, int to)
{
	struct file *file;
	int error = 0, before = errno;

	if (to < 0 || from == to || !is_ours())
		return to;
	file = file_of(from);
	if (file)
		error = file_enter(to, file);
	else
		forget(to);
	if (file)
		file_put(file);
	if (!error)
		errno = before;
	else
		real()->close(to);
	return error ? fail_with(error) : to;
}

/* A number that the library uses is not to be had. */
static bool is_hidden(int fd)
{
	return table_look(fd) == TABLE_HIDDEN && is_ours();
}

INTERPOSE int dup(int fd)
{
	return duplicated(fd, real()->dup(fd));
}

INTERPOSE int dup2(int fd, int to)
{
	if (is_hidden(to))
		return fail_with(-EBADF);
	return duplicated(fd, real()->dup2(fd, to));
}

INTERPOSE int dup3(int fd, int to, int flags)
{
	if (is_hidden(to))
		return fail_with(-EBADF);
	return duplicated(fd, real()->dup3(fd, to, flags));
}

static int file_control(int fd, int command, void *argument)
{
	int result = real()->fcntl(fd, command, argument);

	if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
		return duplicated(fd, result);
	return result;
}

/* Whatever the argument is, it is in the same place. */
INTERPOSE int fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return file_control(fd, command, argument);
}

INTERPOSE int fcntl64(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return file_control(fd, command, argument);
}
