// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Names of switches and ports, and libnetmap's texts that tell ports. The input is the text.
 *
 * What is taken for a name can be put together again; what is refused leaves the result untouched.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <libnetmap.h>

#include "loader/internal.h"
#include "promise.h"

/* There is no /dev/netmap, and every file to map is of one page. */
int open(const char *path, int flags, ...)
{
	int fd;

	(void)flags;
	if (!strcmp(path, NETMAP_DEVICE_NAME)) {
		errno = ENOENT;
		return -1;
	}
	fd = memfd_create("file", MFD_CLOEXEC);
	PROMISE(fd >= 0 && !ftruncate(fd, 4096));
	return fd;
}

int fail(struct vale *vale, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(vale->reason, sizeof(vale->reason), format, arguments);
	va_end(arguments);
	return -error;
}

/* ---- valeSSS:PPP ------------------------------------------------------------------------------- */

static void parse_name(const char *text)
{
	struct name before, name;
	struct vale vale = {};
	const char *colon = strchr(text, ':');

	memset(&before, 0x55, sizeof(before));
	name = before;
	if (name_port(&vale, &name, text)) {
		PROMISE(!memcmp(&name, &before, sizeof(name)));
		PROMISE(*vale.reason);
	} else {
		PROMISE(strlen(text) < VALE_NAME_SIZE && colon);
		PROMISE(!strcmp(colon + 1, name.port));
		PROMISE(strlen(name.switch_name) == (size_t)(colon - text));
		PROMISE(!strncmp(name.switch_name, text, colon - text));
	}
	name = before;
	if (name_switch(&vale, &name, text))
		PROMISE(!memcmp(&name, &before, sizeof(name)));
	else
		PROMISE(!strcmp(name.switch_name, text) && !*name.port);
	PROMISE(name_check_part(text) || (*text && strlen(text) < VALE_NAME_SIZE));
}

/* ---- libnetmap's texts ------------------------------------------------------------------------- */

static void say_nothing(struct nmctx *ctx, const char *text)
{
	(void)ctx;
	PROMISE(*text);
}

/* The name, which is a string, and then the rings and flags, up to the options. */
static void decode(const char *text, struct nmctx *ctx)
{
	struct nmreq_register reg = {};
	struct nmreq_header header = {};
	const char *at = text;

	if (nmreq_header_decode(&at, &header, ctx)) {
		PROMISE(at == text);
		return;
	}
	PROMISE(at > text && at <= text + strlen(text));
	PROMISE(memchr(header.nr_name, 0, sizeof(header.nr_name)));
	if (!nmreq_register_decode(&at, &reg, ctx))
		PROMISE(!*at || *at == '@');
}

static void parse_port(const char *text)
{
	struct nmport_d *port = nmport_prepare(text);

	if (port) {
		PROMISE(memchr(port->hdr.nr_name, 0, sizeof(port->hdr.nr_name)));
		nmport_undo_prepare(port);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nmctx *ctx = nmctx_get();
	char *text = strndup((const char *)data, size);

	nmctx_set_threadsafe();
	ctx->error = say_nothing;
	nmport_enable_option("offset");
	parse_name(text);
	decode(text, ctx);
	parse_port(text);
	free(text);
	return 0;
}
