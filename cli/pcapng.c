// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "pcapng.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_FRAME = 6,
};

enum option {
	OPTION_END = 0,
	OPTION_PROGRAM = 4,    /* of a section */
	OPTION_NAME = 2,       /* of an interface */
	OPTION_RESOLUTION = 9, /* the same */
	OPTION_RECEIVED = 4,   /* of statistics */
	OPTION_DROPPED = 5,    /* the same */
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINK_ETHERNET	 1
#define NANOSECONDS	 9 /* ten to the power of minus that */

/* A block in the making. */
struct block {
	unsigned char bytes[512];
	size_t size;
};

static void put(struct block *block, const void *bytes, size_t size)
{
	static const unsigned char padding[4];
	size_t rest = -size & 3;

	if (block->size + size + rest > sizeof(block->bytes))
		return; /* nothing that is put in is so long: names are, at the most */
	if (size)
		memcpy(block->bytes + block->size, bytes, size);
	memcpy(block->bytes + block->size + size, padding, rest);
	block->size += size + rest;
}

static void put32(struct block *block, __u32 value)
{
	put(block, &value, sizeof(value));
}

static void put_option(struct block *block, enum option option, const void *bytes, size_t size)
{
	const __u16 head[] = { option, size };

	put(block, head, sizeof(head));
	put(block, bytes, size);
}

static int write_all(FILE *file, const void *bytes, size_t size)
{
	if (!size)
		return 0;
	errno = 0;
	return fwrite(bytes, 1, size, file) == size ? 0 : -(errno ? errno : EIO);
}

/* Type and length, the block, `bytes` filled up to four, and the length again. */
static int write_block(FILE *file, enum block_type type, const struct block *block,
		       const void *bytes, size_t size)
{
	static const unsigned char padding[4];
	const __u32 length = 12 + block->size + ((size + 3) & ~3u), head[] = { type, length };
	int error = write_all(file, head, sizeof(head));

	if (!error)
		error = write_all(file, block->bytes, block->size);
	if (!error)
		error = write_all(file, bytes, size);
	if (!error)
		error = write_all(file, padding, -size & 3);
	return error ? error : write_all(file, &length, sizeof(length));
}

__u64 pcapng_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int write_section(FILE *file, const char *program)
{
	const __u16 version[] = { 1, 0 };
	const __u64 unknown = ~0ull; /* length of the section */
	struct block block = {};

	put32(&block, BYTE_ORDER_MAGIC);
	put(&block, version, sizeof(version));
	put(&block, &unknown, sizeof(unknown));
	put_option(&block, OPTION_PROGRAM, program, strlen(program));
	put_option(&block, OPTION_END, NULL, 0);
	return write_block(file, BLOCK_SECTION, &block, NULL, 0);
}

int pcapng_begin(FILE *file, const char *program, const char *interface, __u32 snapshot)
{
	const __u16 link[] = { LINK_ETHERNET, 0 };
	const __u8 resolution = NANOSECONDS;
	struct block block = {};
	int error = write_section(file, program);

	put(&block, link, sizeof(link));
	put32(&block, snapshot);
	put_option(&block, OPTION_NAME, interface, strlen(interface));
	put_option(&block, OPTION_RESOLUTION, &resolution, sizeof(resolution));
	put_option(&block, OPTION_END, NULL, 0);
	return error ? error : write_block(file, BLOCK_INTERFACE, &block, NULL, 0);
}

static void put_time(struct block *block, __u64 time)
{
	put32(block, 0); /* the interface */
	put32(block, time >> 32);
	put32(block, time);
}

int pcapng_frame(FILE *file, __u64 time, const void *bytes, __u32 kept, __u32 length)
{
	struct block block = {};

	put_time(&block, time);
	put32(&block, kept);
	put32(&block, length);
	return write_block(file, BLOCK_FRAME, &block, bytes, kept);
}

int pcapng_end(FILE *file, __u64 received, __u64 dropped)
{
	struct block block = {};
	int error;

	put_time(&block, pcapng_now());
	put_option(&block, OPTION_RECEIVED, &received, sizeof(received));
	put_option(&block, OPTION_DROPPED, &dropped, sizeof(dropped));
	put_option(&block, OPTION_END, NULL, 0);
	error = write_block(file, BLOCK_STATISTICS, &block, NULL, 0);
	return error ? error : fflush(file) ? -errno : 0;
}
