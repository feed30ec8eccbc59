// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Options: in a text, @NAME, @NAME=VALUE or @NAME:KEY=VALUE,...; in a request, a list. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "internal.h"

/* ---- in a text --------------------------------------------------------------------------------- */

static const struct nmreq_opt_key *find_key(const struct nmreq_opt_parser *parser, const char *name)
{
	for (int i = 0; i < NMREQ_OPT_MAXKEYS && parser->keys[i].key; i++)
		if (!strcmp(parser->keys[i].key, name))
			return &parser->keys[i];
	return NULL;
}

/* KEY=VALUE or KEY, which is cut into two. */
static int take_key(const struct nmreq_opt_parser *parser, char *text, struct nmreq_parse_ctx *into)
{
	char *value = strchr(text, '='), *at;
	const struct nmreq_opt_key *key;

	if (value)
		*value++ = '\0';
	for (at = text; (at = strchr(at, '-'));)
		*at = '_';
	key = find_key(parser, text);
	if (!key)
		return libnetmap_fail(into->ctx, EINVAL, "unknown key: '%s'", text);
	if (into->keys[key->id])
		return libnetmap_fail(into->ctx, EINVAL,
				      "option '%s': duplicate key '%s', already set to '%s'",
				      parser->prefix, text, into->keys[key->id]);
	if (!value && !(key->flags & NMREQ_OPTK_ALLOWEMPTY))
		return libnetmap_fail(into->ctx, EINVAL,
				      "option '%s': missing '=value' for key '%s'", parser->prefix,
				      text);
	into->keys[key->id] = !value ? text : (*value ? value : NULL);
	return 0;
}

static int take_keys(const struct nmreq_opt_parser *parser, char *text,
		     struct nmreq_parse_ctx *into)
{
	char *key;

	while ((key = strsep(&text, ",")))
		if (*key && take_key(parser, key, into))
			return -1;
	for (int i = 0; i < NMREQ_OPT_MAXKEYS && parser->keys[i].key; i++)
		if (parser->keys[i].flags & NMREQ_OPTK_MUSTSET && !into->keys[parser->keys[i].id])
			return libnetmap_fail(into->ctx, EINVAL,
					      "option '%s': mandatory key '%s' not assigned",
					      parser->prefix, parser->keys[i].key);
	return 0;
}

/* What is behind the name, by the character in between. */
static int take_value(const struct nmreq_opt_parser *parser, char separator, char *value,
		      struct nmreq_parse_ctx *into)
{
	if (separator == ':')
		return take_keys(parser, value, into);
	if (separator == '=') {
		if (parser->default_key < 0 || parser->default_key >= NMREQ_OPT_MAXKEYS)
			return libnetmap_fail(into->ctx, EINVAL,
					      "syntax error: '=' not valid after '%s'",
					      parser->prefix);
		if (!*value)
			return libnetmap_fail(into->ctx, EINVAL, "missing value for option '%s'",
					      parser->prefix);
		into->keys[parser->default_key] = value;
		return 0;
	}
	if (!(parser->flags & NMREQ_OPTF_ALLOWEMPTY))
		return libnetmap_fail(into->ctx, EINVAL, "syntax error: missing body after '%s'",
				      parser->prefix);
	return 0;
}

static int decode_one(char *option, struct nmreq_opt_parser *parsers, void *token,
		      struct nmctx *ctx)
{
	struct nmreq_parse_ctx parse = { .ctx = ctx, .token = token };
	size_t length = strcspn(option, ":=");
	struct nmreq_opt_parser *parser;
	char separator = option[length];

	option[length] = '\0';
	for (parser = parsers; parser && strcmp(parser->prefix, option) != 0;)
		parser = parser->next;
	if (!parser)
		return libnetmap_fail(ctx, EINVAL, "unknown option: '%s'", option);
	if (parser->flags & NMREQ_OPTF_DISABLED)
		return libnetmap_fail(ctx, EOPNOTSUPP, "option '%s' is not supported", option);
	if (take_value(parser, separator, option + length + 1, &parse))
		return -1;
	return parser->parse(&parse);
}

int nmreq_options_decode(const char *opt, struct nmreq_opt_parser *parsers, void *token,
			 struct nmctx *ctx)
{
	if (*opt && *opt != '@')
		return libnetmap_fail(ctx, EINVAL, "option list does not start with '@'");
	while (*opt) {
		size_t length = strcspn(++opt, "@");
		char *copy;
		int error;

		if (!length)
			return libnetmap_fail(ctx, EINVAL, "invalid empty option");
		copy = libnetmap_allocate(ctx, length + 1);
		if (!copy)
			return -1;
		memcpy(copy, opt, length);
		error = decode_one(copy, parsers, token, ctx);
		nmctx_free(ctx, copy);
		if (error)
			return -1;
		opt += length;
	}
	return 0;
}

/* ---- in a request ------------------------------------------------------------------------------ */

void nmreq_push_option(struct nmreq_header *hdr, struct nmreq_option *option)
{
	option->nro_next = hdr->nr_options;
	hdr->nr_options = (uintptr_t)option;
}

void nmreq_remove_option(struct nmreq_header *hdr, struct nmreq_option *option)
{
	uint64_t *link = &hdr->nr_options;

	while (*link && *link != (uintptr_t)option)
		link = &((struct nmreq_option *)(uintptr_t)*link)->nro_next;
	if (*link) {
		*link = option->nro_next;
		option->nro_next = 0;
	}
}

struct nmreq_option *nmreq_find_option(struct nmreq_header *hdr, uint32_t reqtype)
{
	struct nmreq_option *option;

	nmreq_foreach_option(hdr, option)
	{
		if (option->nro_reqtype == reqtype)
			break;
	}
	return option;
}

void nmreq_free_options(struct nmreq_header *hdr)
{
	while (hdr->nr_options) {
		struct nmreq_option *option = (struct nmreq_option *)(uintptr_t)hdr->nr_options;

		hdr->nr_options = option->nro_next;
		free(option);
	}
}

const char *nmreq_option_name(uint32_t reqtype)
{
	switch (reqtype) {
	case NETMAP_REQ_OPT_EXTMEM:
		return "extmem";
	case NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS:
		return "sync-kloop-eventfds";
	case NETMAP_REQ_OPT_CSB:
		return "csb";
	case NETMAP_REQ_OPT_SYNC_KLOOP_MODE:
		return "sync-kloop-mode";
	case NETMAP_REQ_OPT_OFFSETS:
		return "offsets";
	default:
		return "unknown";
	}
}
