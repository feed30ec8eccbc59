// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* ioctl() and mmap() */
#include <errno.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "loan.h"

/* ---- ioctl ------------------------------------------------------------------------------------- */

static int sync_ioctl(struct file *file, int (*sync)(struct file *file))
{
	int error;

	if (!atomic_load_explicit(&file->bound, memory_order_acquire))
		return -ENXIO;
	error = file_use(file);
	if (!error)
		error = sync(file);
	/* A ring that makes no sense is set back, and netmap says nothing of it. */
	return error == -EINVAL ? 0 : error;
}

static int with_argument(struct file *file, int fd, void *argument,
			 int (*run)(struct file *file, int fd, void *argument))
{
	return argument ? run(file, fd, argument) : -EINVAL;
}

/* What is done most: the file is taken on loan. -ENOTTY: it is not known. */
static int sync_known(int fd, unsigned int request)
{
	CLEANUP_LOAN struct loan loan = loan_of(fd);

	if (!loan.file || loan.file->set)
		return -ENOTTY;
	return sync_ioctl(loan.file, request == NIOCTXSYNC ? sync_tx : sync_rx);
}

static int serve(struct file *file, int fd, unsigned long request, void *argument)
{
	switch ((unsigned int)request) {
	case NIOCTXSYNC:
		return sync_ioctl(file, sync_tx);
	case NIOCRXSYNC:
		return sync_ioctl(file, sync_rx);
	case NIOCCTRL:
		return with_argument(file, fd, argument, request_control);
	case NIOCREGIF:
		return with_argument(file, fd, argument, legacy_register);
	case NIOCGINFO:
		return with_argument(file, fd, argument, legacy_info);
	default:
		return argument ? -EOPNOTSUPP : -EINVAL;
	}
}

/* Those that the kernel answers for any file. */
static bool is_any_files(unsigned int request)
{
	return request == FIOCLEX || request == FIONCLEX || request == FIONBIO ||
	       request == FIOASYNC;
}

static bool is_netmap(unsigned int request)
{
	return request == NIOCTXSYNC || request == NIOCRXSYNC || request == NIOCCTRL ||
	       request == NIOCREGIF || request == NIOCGINFO || request == NIOCCONFIG;
}

static struct file *file_for(int fd, unsigned int request)
{
	if (is_netmap(request))
		return file_recognise(fd);
	if (!table_used || is_any_files(request))
		return NULL;
	return file_of(fd);
}

static int answer(int error, int errno_before)
{
	errno = error ? -error : errno_before;
	return error ? -1 : 0;
}

static int control(int fd, unsigned long request, void *argument)
{
	CLEANUP_FILE struct file *file = file_for(fd, request);
	int before = errno;

	if (!file || file->set)
		return real()->ioctl(fd, request, argument);
	return answer(serve(file, fd, request, argument), before);
}

INTERPOSE int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	if ((unsigned int)request == NIOCTXSYNC || (unsigned int)request == NIOCRXSYNC) {
		int before = errno, error = sync_known(fd, request);

		if (error != -ENOTTY)
			return answer(error, before);
	}
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return control(fd, request, argument);
}

/* ---- mmap -------------------------------------------------------------------------------------- */

static void *map(const struct file *file, void *address, size_t size, int protection, int flags,
		 off_t offset)
{
	size_t memory;

	if (!atomic_load_explicit(&file->bound, memory_order_acquire) || offset < 0 || !size) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	vale_port_memory(file->port, &memory);
	if ((size_t)offset > memory || size > memory - offset) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	return real()->mmap(address, size, protection, flags, file->port->region_map, offset);
}

static void *map_file(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	CLEANUP_FILE struct file *file = NULL;

	if (flags & MAP_ANONYMOUS || fd < 0)
		return real()->mmap(address, size, protection, flags, fd, offset);
	file = table_used ? file_of(fd) : NULL;
	if (!file) {
		void *memory = real()->mmap(address, size, protection, flags, fd, offset);

		/* A socket cannot be mapped: it may be one of ours, from another process. */
		if (memory != MAP_FAILED || errno != ENODEV)
			return memory;
		file = file_recognise(fd);
	}
	if (!file || file->set) {
		errno = ENODEV;
		return MAP_FAILED;
	}
	return map(file, address, size, protection, flags, offset);
}

INTERPOSE void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return map_file(address, size, protection, flags, fd, offset);
}

INTERPOSE void *mmap64(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
	return map_file(address, size, protection, flags, fd, offset);
}
