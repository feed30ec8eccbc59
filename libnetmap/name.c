// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Texts that tell ports, up to their options. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "internal.h"

/* Letters, digits and _, or nothing. */
static bool is_identifier(const char *at, const char *end)
{
	for (; at < end; at++)
		if (!isalnum((unsigned char)*at) && *at != '_')
			return false;
	return true;
}

/* Behind "netmap:" or "valeSSS:"; `*name` is where what the kernel calls the port starts. NULL: told. */
static const char *skip_prefix(const char *spec, const char **name, struct nmctx *ctx)
{
	bool is_device = !strncmp(spec, "netmap", 6);
	const char *colon = strchr(spec, ':'), *id = spec + (is_device ? 6 : strlen(NM_BDG_NAME));

	if (!is_device && strncmp(spec, NM_BDG_NAME, strlen(NM_BDG_NAME)) != 0)
		return libnetmap_fail(ctx, EINVAL, "%s: invalid request, prefix unknown or missing",
				      spec),
		       NULL;
	if (!colon)
		return libnetmap_fail(ctx, EINVAL, "%s: missing ':'", spec), NULL;
	if (is_device && colon != id)
		return libnetmap_fail(ctx, EINVAL,
				      "%s: no identifier allowed between 'netmap' and ':'", spec),
		       NULL;
	if (!is_identifier(id, colon))
		return libnetmap_fail(ctx, EINVAL, "%s: invalid identifier '%.*s'", spec,
				      (int)(colon - id), id),
		       NULL;
	*name = is_device ? colon + 1 : spec;
	return colon + 1;
}

/* What is behind { or }, if that is there. */
static int check_pipe(const char *spec, const char *port, const char *end, struct nmctx *ctx)
{
	const char *id = port + strcspn(port, "{}") + 1;

	if (id > end)
		return 0;
	if (id == end)
		return libnetmap_fail(ctx, EINVAL, "%s: invalid empty pipe name", spec);
	if (!is_identifier(id, end))
		return libnetmap_fail(ctx, EINVAL, "%s: invalid pipe name '%.*s'", spec,
				      (int)(end - id), id);
	return 0;
}

int nmreq_header_decode(const char **ppspec, struct nmreq_header *hdr, struct nmctx *ctx)
{
	const char *spec = *ppspec, *name, *port = skip_prefix(spec, &name, ctx), *end;

	if (!port)
		return -1;
	end = port + strcspn(port, "-*^/@");
	if (check_pipe(spec, port, end, ctx))
		return -1;
	if (end - name >= (ptrdiff_t)sizeof(hdr->nr_name))
		return libnetmap_fail(ctx, EINVAL, "name '%.*s' too long", (int)(end - name), name);
	if (end == port)
		return libnetmap_fail(ctx, EINVAL, "%s: invalid empty port name", spec);
	memset(hdr->nr_name, 0, sizeof(hdr->nr_name));
	memcpy(hdr->nr_name, name, end - name);
	*ppspec = end;
	return 0;
}

/* A number up to `limit`, at which `*at` is; *at goes behind it. */
static int take_number(const char **at, unsigned long least, unsigned long limit,
		       unsigned long *out, struct nmctx *ctx)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return libnetmap_fail(ctx, EINVAL, "got '%s' while expecting a number", *at);
	*out = strtoul(*at, &end, 10);
	if (*out < least || *out > limit)
		return libnetmap_fail(ctx, EINVAL, "'%.*s' out of range [%lu, %lu]",
				      (int)(end - *at), *at, least, limit);
	*at = end;
	return 0;
}

/* ^ ^N * -N */
static int take_rings(const char **at, struct nmreq_register *reg, struct nmctx *ctx)
{
	unsigned long ring = 0;
	char kind = **at;

	reg->nr_mode = NR_REG_ALL_NIC;
	reg->nr_ringid = 0;
	if (kind != '^' && kind != '*' && kind != '-')
		return 0;
	++*at;
	reg->nr_mode = kind == '^' ? NR_REG_SW : NR_REG_NIC_SW;
	if (kind == '-' || (kind == '^' && isdigit((unsigned char)**at))) {
		if (take_number(at, 0, NETMAP_RING_MASK - 1, &ring, ctx))
			return -1;
		reg->nr_mode = kind == '-' ? NR_REG_ONE_NIC : NR_REG_ONE_SW;
	}
	reg->nr_ringid = ring;
	return 0;
}

/* /LETTERS */
static int take_flags(const char **at, struct nmreq_register *reg, struct nmctx *ctx)
{
	static const char letters[] = "xztrRT";
	static const uint64_t flags[] = { NR_EXCLUSIVE,	 NR_ZCOPY_MON,	   NR_MONITOR_TX,
					  NR_MONITOR_RX, NR_RX_RINGS_ONLY, NR_TX_RINGS_ONLY };

	reg->nr_flags = 0;
	if (**at != '/')
		return 0;
	if (!*++*at)
		return libnetmap_fail(ctx, EINVAL, "unexpected end of request");
	for (; **at && **at != '@'; ++*at) {
		const char *letter = strchr(letters, **at);

		if (!letter)
			return libnetmap_fail(ctx, EINVAL, "unrecognized flag: '%c'", **at);
		reg->nr_flags |= flags[letter - letters];
	}
	return 0;
}

/* @N; options are left where they are. */
static int take_memory(const char **at, struct nmreq_register *reg, struct nmctx *ctx)
{
	const char *number = *at + 1;
	unsigned long id = 0;

	if (**at != '@' || (*number && !isdigit((unsigned char)*number)))
		return 0;
	if (!*number)
		return libnetmap_fail(ctx, EINVAL, "invalid empty mem_id");
	if (take_number(&number, 1, UINT16_MAX, &id, ctx))
		return -1;
	if (reg->nr_mem_id && reg->nr_mem_id != id)
		return libnetmap_fail(ctx, EINVAL,
				      "invalid setting of mem_id to %lu (already set to %u)", id,
				      reg->nr_mem_id);
	reg->nr_mem_id = id;
	*at = number;
	return 0;
}

int nmreq_register_decode(const char **pmode, struct nmreq_register *reg, struct nmctx *ctx)
{
	struct nmreq_register result = *reg;
	const char *at = *pmode;

	if (take_rings(&at, &result, ctx) || take_flags(&at, &result, ctx) ||
	    take_memory(&at, &result, ctx))
		return -1;
	/* The flags may also be behind the memory. */
	if (*at == '/' && !result.nr_flags && take_flags(&at, &result, ctx))
		return -1;
	if (*at && *at != '@')
		return libnetmap_fail(ctx, EINVAL, "unexpected character: '%c'", *at);
	*reg = result;
	*pmode = at;
	return 0;
}

int32_t nmreq_get_mem_id(const char **portname, struct nmctx *ctx)
{
	struct nmreq_port_info_get info = {};
	const char *at = *portname;
	struct nmreq_header hdr;
	int fd, error;

	nmreq_header_init(&hdr, NETMAP_REQ_PORT_INFO_GET, &info);
	if (nmreq_header_decode(&at, &hdr, ctx))
		return -1;
	fd = open(NETMAP_DEVICE_NAME, O_RDWR);
	if (fd < 0)
		return libnetmap_fail(ctx, errno, "cannot open %s: %m", NETMAP_DEVICE_NAME);
	error = ioctl(fd, NIOCCTRL, &hdr) ? errno : 0;
	close(fd);
	errno = error;
	if (error)
		return libnetmap_fail(ctx, error, "cannot get info for '%s': %m", *portname);
	*portname = at;
	return info.nr_mem_id;
}
