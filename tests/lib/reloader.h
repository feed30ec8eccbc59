/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Reloads of vale1, one after the other, while the test does something else:
 *
 *	struct reloader reloader = {};
 *
 *	while (reloader_works(&reloader))
 *		... a step of that
 *	reloader_expect_new(&reloader);
 */
#ifndef VALE_TEST_RELOADER_H
#define VALE_TEST_RELOADER_H

#include <stdbool.h>
#include <sys/types.h>

struct reloader {
	int times; /* 0: RELOADS, or as many as VALE_RELOADS in the environment says */
	pid_t process;
	int done; /* reloads that have ended, with success: the test ends if one fails */
};

/* False: they are done. */
bool reloader_works(struct reloader *reloader);

/* All programs that there were at the first call are gone, and no map or link has come. */
void reloader_expect_new(const struct reloader *reloader);

#endif
