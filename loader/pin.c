// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The tree of pinned objects. What is being made or removed has a name that starts with
 * PIN_STAGING; it becomes public, or stops being so, by one rename. So a process can be killed
 * anywhere: what it left is either whole or has a name that the next one sweeps away.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "internal.h"

int pin_path(struct vale *vale, char path[PATH_MAX], const char *format, ...)
{
	va_list arguments;
	int used = snprintf(path, PATH_MAX, "%s/", vale->root), more;

	va_start(arguments, format);
	more = vsnprintf(path + used, PATH_MAX - used, format, arguments);
	va_end(arguments);
	return more < PATH_MAX - used ? 0 : -ENAMETOOLONG;
}

/* Whoever may not must not leave a directory behind that root would not trust. */
static bool may_use_bpf(void)
{
	CLEANUP_CLOSE int map =
		bpf_map_create(BPF_MAP_TYPE_DEVMAP, NULL, sizeof(__u32), sizeof(__u32), 1, NULL);

	return map >= 0 || errno != EPERM;
}

int pin_trust_root(struct vale *vale)
{
	struct stat status;

	if (lstat(vale->root, &status))
		return errno == ENOENT ? 0
				       : fail(vale, errno, "cannot use '%s': %s", vale->root,
					      strerror(errno));
	if (!S_ISDIR(status.st_mode) || (status.st_uid && status.st_uid != geteuid()))
		return fail(vale, EPERM, "cannot use '%s': it belongs to user %u, not to root",
			    vale->root, status.st_uid);
	return 0;
}

int pin_make_root(struct vale *vale)
{
	int error;

	if (!pin_exists(vale->root) && !may_use_bpf())
		return fail_bpf(vale, EPERM, "cannot make the directory of the switches");
	/* Whoever may not read it cannot take the lock, and keep others from it. */
	error = pin_make_directory(vale->root, 0711);
	if (error && error != -EEXIST)
		return fail(vale, -error, "cannot make '%s': %s", vale->root, strerror(-error));
	return pin_trust_root(vale);
}

bool pin_exists(const char *path)
{
	/* What cannot be looked for may be there: whoever needs it gets to know why not. */
	return !faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) ||
	       (errno != ENOENT && errno != ENOTDIR);
}

int pin_make_directory(const char *path, unsigned int mode)
{
	int error;

	if (mkdir(path, mode))
		return -errno;
	if (!chmod(path, mode))
		return 0;
	error = -errno;
	rmdir(path);
	return error;
}

struct names {
	char **items;
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
}

static int names_add(struct names *names, const char *name)
{
	char **items = reallocarray(names->items, names->count + 1, sizeof(*items));

	if (!items)
		return -ENOMEM;
	names->items = items;
	items[names->count] = strdup(name);
	if (!items[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names first, since `visit` may remove them. */
static int names_read(struct names *out, const char *path)
{
	struct dirent *entry;
	DIR *directory = opendir(path);
	int error = 0;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	errno = 0; /* readdir() has no other way to tell an error from the end */
	while (!error && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			error = names_add(out, entry->d_name);
	if (!error)
		error = -errno;
	closedir(directory);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_name);
	return error;
}

int pin_each(const char *path, int (*visit)(const char *name, void *arg), void *arg)
{
	CLEANUP(names_free) struct names names = {};
	int error = names_read(&names, path);

	for (size_t i = 0; !error && i < names.count; i++)
		error = visit(names.items[i], arg);
	return error;
}

static int remove_below(const char *name, void *arg)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return pin_remove(path);
}

/* Without this the kernel takes the program off its device some time after the unlink. */
static int detach_link(const char *path)
{
	CLEANUP_CLOSE int link = bpf_obj_get(path);

	if (link < 0)
		return errno == ENOENT ? 0 : -errno;
	/* It may be something else, or its device may have gone. */
	return bpf_link_detach(link) && errno == ENOMEM ? -errno : 0;
}

static int remove_directory(const char *path)
{
	int error = pin_each(path, remove_below, (void *)path);

	if (error)
		return error;
	return rmdir(path) && errno != ENOENT ? -errno : 0;
}

int pin_remove(const char *path)
{
	struct stat status;
	int error = 0;

	if (lstat(path, &status))
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(status.st_mode))
		return remove_directory(path);
	/* bpf() would follow a symbolic link to whatever it is that somebody wants to be rid of. */
	if (S_ISREG(status.st_mode))
		error = detach_link(path);
	if (error)
		return error;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

int pin_publish(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) ? -errno : 0;
}

static int sweep_one(const char *name, void *arg)
{
	return name[0] == PIN_STAGING ? remove_below(name, arg) : 0;
}

int pin_sweep(const char *path)
{
	return pin_each(path, sweep_one, (void *)path);
}

static int lock(const char *path, int *out)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	*out = TAKE(fd, -1);
	return pin_sweep(path);
}

int pin_lock(struct vale *vale, int *out)
{
	int error = pin_trust_root(vale);

	if (error)
		return error;
	error = lock(vale->root, out);
	if (error == -EACCES)
		return fail_files(vale, "cannot lock the switches");
	return error ? fail(vale, -error, "cannot lock '%s': %s", vale->root, strerror(-error)) : 0;
}
