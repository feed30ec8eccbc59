// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The program's files, and who has references of them. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "loan.h"
#include "pipe.h"
#include "loader/ring_port.h"

pthread_mutex_t file_lock = PTHREAD_MUTEX_INITIALIZER;

/* Both under `free_lock`. */
static pthread_mutex_t free_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *free_files;
static __u64 serials;

/* ---- references -------------------------------------------------------------------------------- */

struct file *file_new(void)
{
	struct file *file;

	pthread_mutex_lock(&free_lock);
	file = free_files;
	if (file) {
		free_files = file->next;
	} else {
		file = calloc(1, sizeof(*file));
		if (file)
			pthread_mutex_init(&file->sleep_lock, NULL);
	}
	if (file)
		file->serial = ++serials;
	pthread_mutex_unlock(&free_lock);
	if (file)
		atomic_store_explicit(&file->references, 1, memory_order_release);
	return file;
}

static void unbind(struct file *file)
{
	if (!file->bound)
		return;
	file->bound = false;
	pool_release(file);
	unhide_port(file->port);
	vale_port_close(file->port);
	file->port = NULL;
}

/* By whichever thread is the first that sees that none has it on loan. */
void loan_settle(struct file *file)
{
	__u64 ended = file->ended;

	if (!ended || loan_is_out(file) || !atomic_compare_exchange_strong(&file->ended, &ended, 0))
		return;
	unbind(file);
	epoll_set_free(file->set);
	file->set = NULL;
	pthread_mutex_lock(&free_lock);
	file->next = free_files;
	free_files = file;
	pthread_mutex_unlock(&free_lock);
}

void file_put(struct file *file)
{
	if (atomic_fetch_sub(&file->references, 1) != 1)
		return;
	file->ended = file->serial;
	loan_settle(file);
}

/* False: nobody had one any more. */
static bool take_reference(struct file *file)
{
	int references = file->references;

	while (references)
		if (atomic_compare_exchange_weak(&file->references, &references, references + 1))
			return true;
	return false;
}

struct file *file_of(int fd)
{
	struct file *file;

	while ((file = table_look(fd)) && file != TABLE_HIDDEN) {
		if (take_reference(file)) {
			if (table_look(fd) == file)
				return file;
			file_put(file);
		}
	}
	return NULL;
}

int file_enter(int fd, struct file *file)
{
	struct file *before;
	int error;

	atomic_fetch_add(&file->references, 1);
	before = table_put(fd, file, &error);
	if (error)
		file_put(file);
	else if (before && before != TABLE_HIDDEN)
		file_put(before);
	return error;
}

/* ---- files of /dev/netmap ---------------------------------------------------------------------- */

int file_open(int flags)
{
	CLEANUP_FILE struct file *file = file_new();
	int fd, error;

	if (!file)
		return -ENOMEM;
	fd = carrier_open(flags, &file->token);
	if (fd < 0)
		return fd;
	error = file_enter(fd, file);
	if (error)
		real()->close(fd);
	return error ? error : fd;
}

/* Somebody else has bound it; the socket has what is needed. */
static int adopt(struct file *file, int fd)
{
	struct vale_port *port;
	int error = port_peek(fd, &port);

	if (error == -EAGAIN)
		return 0; /* nobody has */
	if (error)
		return error;
	file->port = port;
	file->process = layer_process;
	error = pool_find(file);
	if (error) {
		vale_port_close(port);
		return error;
	}
	file->memory_id = memory_id_of(ring_memory_id(port->region_map));
	hide_port(port);
	atomic_store_explicit(&file->bound, true, memory_order_release);
	return 0;
}

/* Under another number, the process may have it already. */
static struct file *find_token(__u64 token)
{
	for (int fd = table_next(0); fd >= 0; fd = table_next(fd + 1)) {
		struct file *file = file_of(fd);

		if (file && !file->set && file->token == token)
			return file;
		if (file)
			file_put(file);
	}
	return NULL;
}

static struct file *recognise(int fd, __u64 token)
{
	struct file *file = find_token(token);
	int error = 0;

	if (!file) {
		file = file_new();
		if (!file)
			return NULL;
		file->token = token;
		error = adopt(file, fd);
	}
	if (!error)
		error = file_enter(fd, file);
	if (error) {
		file_put(file);
		return NULL;
	}
	return file;
}

/* Which the process does not know. */
static struct file *recognise_new(int fd)
{
	struct file *file = NULL;
	int before = errno;
	__u64 token;

	if (!carrier_recognise(fd, &token)) {
		pthread_mutex_lock(&file_lock);
		file = recognise(fd, token);
		pthread_mutex_unlock(&file_lock);
	}
	errno = before;
	return file;
}

struct file *file_recognise(int fd)
{
	struct file *file = file_of(fd);

	if (!file)
		return recognise_new(fd);
	if (!file->set)
		return file;
	file_put(file);
	return NULL;
}

int file_adopt(struct file *file)
{
	int error = 0;

	pthread_mutex_lock(&file_lock);
	if (file->process != layer_process)
		error = vale_port_adopt(file->port);
	if (!error) {
		pipe_adopt(file);
		file->process = layer_process;
	}
	pthread_mutex_unlock(&file_lock);
	return error;
}

/* ---- processes --------------------------------------------------------------------------------- */

static void before_fork(void)
{
	pthread_mutex_lock(&file_lock);
	pthread_mutex_lock(&free_lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&free_lock);
	pthread_mutex_unlock(&file_lock);
}

/* Threads of the parent that sleep, or are about to, are not the child's. */
static void in_child(void)
{
	layer_process = getpid();
	after_fork();
	loans_forget();
	for (int fd = table_next(0); fd >= 0; fd = table_next(fd + 1)) {
		struct file *file = table_look(fd);

		if (file == TABLE_HIDDEN)
			continue;
		pthread_mutex_init(&file->sleep_lock, NULL);
		file->sleepers = 0;
	}
}

__attribute__((constructor)) static void start(void)
{
	pthread_atfork(before_fork, after_fork, in_child);
}

/* When the process ends by itself, its ports go at once, and not when the next one makes some. */
__attribute__((destructor)) void files_close_all(void)
{
	if (getpid() != layer_process)
		return;
	for (int fd = table_next(0); fd >= 0; fd = table_next(fd + 1)) {
		struct file *file = file_of(fd);

		if (file && !file->set)
			close(fd);
		if (file)
			file_put(file);
	}
}
