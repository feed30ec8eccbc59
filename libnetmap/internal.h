/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the files of libnetmap have of each other. */
#ifndef LIBNETMAP_INTERNAL_H
#define LIBNETMAP_INTERNAL_H

#include <libnetmap.h>

/* To be undone with a description, the last first. It is freed after undo(). */
struct nmport_cleanup_d {
	struct nmport_cleanup_d *next;
	void (*undo)(struct nmport_cleanup_d *, struct nmport_d *);
};

/* Tells it, with errno set to `error`: -1. */
__attribute__((format(printf, 3, 4))) int libnetmap_fail(struct nmctx *ctx, int error,
							 const char *format, ...);

/* Zeroed; NULL: it has told so. */
void *libnetmap_allocate(struct nmctx *ctx, size_t size);

/* The options that texts may have. */
struct nmreq_opt_parser *libnetmap_parsers(void);

#endif
