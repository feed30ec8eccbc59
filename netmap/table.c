// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What the file descriptors of the process are. It only grows, and is read without a lock. */
#include <errno.h>
#include <sys/mman.h>

#include "layer.h"

#define CHUNK  1024
#define CHUNKS 1024 /* more file descriptors than the kernel allows by default */

struct chunk {
	_Atomic(struct file *) file[CHUNK];
};

static _Atomic(struct chunk *) chunks[CHUNKS];
atomic_int table_used;
pid_t layer_process;

static struct chunk *chunk_of(int fd)
{
	return fd >= 0 && fd < CHUNK * CHUNKS ? chunks[fd / CHUNK] : NULL;
}

struct file *table_look(int fd)
{
	struct chunk *chunk = chunk_of(fd);

	return chunk ? chunk->file[fd % CHUNK] : NULL;
}

/* Not by malloc(), which may be the program's own, and not to be called at any time. */
static struct chunk *make_chunk(int fd)
{
	struct chunk *none = NULL, *chunk;

	chunk = real()->mmap(NULL, sizeof(*chunk), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	if (!atomic_compare_exchange_strong(&chunks[fd / CHUNK], &none, chunk)) {
		munmap(chunk, sizeof(*chunk));
		return none;
	}
	return chunk;
}

struct file *table_put(int fd, struct file *file, int *error)
{
	struct chunk *chunk = chunk_of(fd);
	struct file *before;

	*error = 0;
	if (!chunk && !file)
		return NULL;
	if (fd < 0 || fd >= CHUNK * CHUNKS)
		*error = -EMFILE;
	else if (!chunk && !(chunk = make_chunk(fd)))
		*error = -ENOMEM;
	if (*error)
		return NULL;
	before = atomic_exchange(&chunk->file[fd % CHUNK], file);
	table_used += !!file - !!before;
	return before;
}

int table_next(int fd)
{
	for (; fd < CHUNK * CHUNKS; fd++) {
		struct chunk *chunk = chunk_of(fd);

		if (!chunk)
			fd |= CHUNK - 1; /* the last of those that there are not */
		else if (chunk->file[fd % CHUNK])
			return fd;
	}
	return -1;
}
