// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Contexts: how a program is told of errors, what memory comes from, and what locks. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <libnetmap.h>

static void write_error(struct nmctx *ctx, const char *message)
{
	(void)ctx;
	fprintf(stderr, "%s\n", message);
}

static void *take(struct nmctx *ctx, size_t size)
{
	(void)ctx;
	return malloc(size);
}

static void give_back(struct nmctx *ctx, void *memory)
{
	(void)ctx;
	free(memory);
}

static void lock_list(struct nmctx *ctx, int lock)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	(void)ctx;
	if (lock)
		pthread_mutex_lock(&mutex);
	else
		pthread_mutex_unlock(&mutex);
}

static struct nmctx first = {
	.verbose = 1,
	.error = write_error,
	.malloc = take,
	.free = give_back,
	.lock = lock_list,
};

/* State of the process, as the interface has it. */
static struct nmctx *current = &first;

struct nmctx *nmctx_get(void)
{
	return current;
}

struct nmctx *nmctx_set_default(struct nmctx *ctx)
{
	struct nmctx *before = current;

	current = ctx;
	return before;
}

void nmctx_set_threadsafe(void)
{
	first.lock = lock_list;
}

void nmctx_ferror(struct nmctx *ctx, const char *format, ...)
{
	char message[1000];
	va_list arguments;

	if (!ctx->verbose)
		return;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	ctx->error(ctx, message);
}

void *nmctx_malloc(struct nmctx *ctx, size_t size)
{
	return ctx->malloc(ctx, size);
}

void nmctx_free(struct nmctx *ctx, void *memory)
{
	ctx->free(ctx, memory);
}

void nmctx_lock(struct nmctx *ctx)
{
	if (ctx->lock)
		ctx->lock(ctx, 1);
}

void nmctx_unlock(struct nmctx *ctx)
{
	if (ctx->lock)
		ctx->lock(ctx, 0);
}
