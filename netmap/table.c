// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What the file descriptors of the process are. It only grows, and is read without a lock. */
#include <errno.h>
#include <sys/mman.h>

#include "layer.h"

_Atomic(struct table_chunk *) table_chunks[TABLE_CHUNKS];
atomic_int table_used;
pid_t layer_process;

static bool is_number(int fd)
{
	return fd >= 0 && fd < TABLE_CHUNK * TABLE_CHUNKS;
}

static struct table_chunk *chunk_of(int fd)
{
	return is_number(fd) ? table_chunks[fd / TABLE_CHUNK] : NULL;
}

/* Not by malloc(), which may be the program's own, and not to be called at any time. */
static struct table_chunk *make_chunk(int fd)
{
	struct table_chunk *none = NULL, *chunk;

	chunk = real()->mmap(NULL, sizeof(*chunk), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return NULL;
	if (!atomic_compare_exchange_strong(&table_chunks[fd / TABLE_CHUNK], &none, chunk)) {
		munmap(chunk, sizeof(*chunk));
		return none;
	}
	return chunk;
}

struct file *table_put(int fd, struct file *file, int *error)
{
	struct table_chunk *chunk = chunk_of(fd);
	struct file *before;

	*error = 0;
	if (!chunk && !file)
		return NULL;
	if (!is_number(fd))
		*error = -EMFILE;
	else if (!chunk && !(chunk = make_chunk(fd)))
		*error = -ENOMEM;
	if (*error)
		return NULL;
	before = atomic_exchange(&chunk->file[fd % TABLE_CHUNK], file);
	table_used += !!file - !!before;
	return before;
}

int table_next(int fd)
{
	for (; fd < TABLE_CHUNK * TABLE_CHUNKS; fd++) {
		struct table_chunk *chunk = chunk_of(fd);

		if (!chunk)
			fd |= TABLE_CHUNK - 1; /* the last of those that there are not */
		else if (chunk->file[fd % TABLE_CHUNK])
			return fd;
	}
	return -1;
}
