// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* The options of a port: whose memory it is in, its rings, where its frames start. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

static void push(struct nmport_d *d, struct nmport_cleanup_d *cleanup)
{
	cleanup->next = d->clist;
	d->clist = cleanup;
}

/* An option of the request that goes with the description. */
struct own_option {
	struct nmport_cleanup_d cleanup;
	union {
		struct nmreq_option option;
		struct nmreq_opt_extmem extmem;
		struct nmreq_opt_offsets offsets;
	};
};

static void remove_option(struct nmport_cleanup_d *cleanup, struct nmport_d *d)
{
	struct own_option *own = (struct own_option *)cleanup;

	nmreq_remove_option(&d->hdr, &own->option);
	if (d->extmem == &own->extmem)
		d->extmem = NULL;
}

static struct own_option *add_option(struct nmport_d *d, uint32_t reqtype)
{
	struct own_option *own = libnetmap_allocate(d->ctx, sizeof(*own));

	if (!own)
		return NULL;
	own->option.nro_reqtype = reqtype;
	own->cleanup.undo = remove_option;
	nmreq_push_option(&d->hdr, &own->option);
	push(d, &own->cleanup);
	return own;
}

int nmport_extmem(struct nmport_d *d, void *base, size_t size)
{
	struct own_option *own;

	if (d->register_done)
		return libnetmap_fail(d->ctx, EINVAL,
				      "%s: cannot set extmem of an already registered port",
				      d->hdr.nr_name);
	if (d->extmem)
		return libnetmap_fail(d->ctx, EINVAL, "%s: extmem already in use", d->hdr.nr_name);
	own = add_option(d, NETMAP_REQ_OPT_EXTMEM);
	if (!own)
		return -1;
	d->extmem = &own->extmem;
	d->extmem->nro_usrptr = (uintptr_t)base;
	d->extmem->nro_info.nr_memsize = size;
	return 0;
}

struct own_mapping {
	struct nmport_cleanup_d cleanup;
	void *base;
	size_t size;
};

static void unmap(struct nmport_cleanup_d *cleanup, struct nmport_d *d)
{
	struct own_mapping *own = (struct own_mapping *)cleanup;

	(void)d;
	if (own->base)
		munmap(own->base, own->size);
}

/* 0 or an errno. */
static int map_file(const char *fname, struct own_mapping *out)
{
	int fd = open(fname, O_RDWR), error = 0;
	struct stat status;
	void *base;

	if (fd < 0)
		return errno;
	if (fstat(fd, &status)) {
		error = errno;
	} else {
		base = mmap(NULL, status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (base == MAP_FAILED) {
			error = errno;
		} else {
			out->base = base;
			out->size = status.st_size;
		}
	}
	close(fd);
	return error;
}

int nmport_extmem_from_file(struct nmport_d *d, const char *fname)
{
	struct own_mapping *own = libnetmap_allocate(d->ctx, sizeof(*own));
	int error;

	if (!own)
		return -1;
	error = map_file(fname, own);
	if (error) {
		nmctx_free(d->ctx, own);
		errno = error;
		return libnetmap_fail(d->ctx, error, "cannot map '%s': %m", fname);
	}
	own->cleanup.undo = unmap;
	push(d, &own->cleanup);
	if (!nmport_extmem(d, own->base, own->size))
		return 0;
	error = errno;
	d->clist = own->cleanup.next;
	unmap(&own->cleanup, d);
	nmctx_free(d->ctx, own);
	errno = error;
	return -1;
}

struct nmreq_pools_info *nmport_extmem_getinfo(struct nmport_d *d)
{
	return d->extmem ? &d->extmem->nro_info : NULL;
}

int nmport_offset(struct nmport_d *d, uint64_t initial, uint64_t maxoff, uint64_t bits,
		  uint64_t mingap)
{
	struct own_option *own = add_option(d, NETMAP_REQ_OPT_OFFSETS);

	if (!own)
		return -1;
	own->offsets.nro_initial_offset = initial;
	own->offsets.nro_max_offset = maxoff;
	own->offsets.nro_offset_bits = bits;
	own->offsets.nro_min_gap = mingap;
	return 0;
}

/* ---- in texts ---------------------------------------------------------------------------------- */

/* The number that is the key's value; `*out` stays as it is if the key is not there. */
static int number_of(struct nmreq_parse_ctx *parse, int key, unsigned long limit,
		     unsigned long *out)
{
	const char *text = parse->keys[key];
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || *out > limit)
		return libnetmap_fail(parse->ctx, EINVAL, "'%s' is no number from 0 to %lu", text,
				      limit);
	return 0;
}

static int parse_share(struct nmreq_parse_ctx *parse)
{
	struct nmport_d *d = parse->token;
	const char *name = parse->keys[0];
	int32_t id = nmreq_get_mem_id(&name, parse->ctx);

	if (id < 0)
		return -1;
	if (d->reg.nr_mem_id && d->reg.nr_mem_id != id)
		return libnetmap_fail(parse->ctx, EINVAL,
				      "cannot set mem_id to %d, already set to %u", id,
				      d->reg.nr_mem_id);
	d->reg.nr_mem_id = id;
	return 0;
}

static struct nmreq_opt_parser share_option = {
	.prefix = "share",
	.parse = parse_share,
	.nr_keys = 1,
	.keys = { { "port", 0, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET } },
};

enum { FILE_NAME, IF_NUM, IF_SIZE, RING_NUM, RING_SIZE, BUF_NUM, BUF_SIZE };

static int parse_extmem(struct nmreq_parse_ctx *parse)
{
	struct nmport_d *d = parse->token;
	unsigned long value[BUF_SIZE + 1] = {};
	struct nmreq_pools_info *info;

	for (int key = IF_NUM; key <= BUF_SIZE; key++)
		if (number_of(parse, key, UINT32_MAX, &value[key]))
			return -1;
	if (nmport_extmem_from_file(d, parse->keys[FILE_NAME]))
		return -1;
	info = &d->extmem->nro_info;
	info->nr_if_pool_objtotal = value[IF_NUM];
	info->nr_if_pool_objsize = value[IF_SIZE];
	info->nr_ring_pool_objtotal = value[RING_NUM];
	info->nr_ring_pool_objsize = value[RING_SIZE];
	info->nr_buf_pool_objtotal = value[BUF_NUM];
	info->nr_buf_pool_objsize = value[BUF_SIZE];
	return 0;
}

static struct nmreq_opt_parser extmem_option = {
	.prefix = "extmem",
	.parse = parse_extmem,
	.nr_keys = BUF_SIZE + 1,
	.next = &share_option,
	.keys = { { "file", FILE_NAME, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET },
		  { "if_num", IF_NUM, 0 },
		  { "if_size", IF_SIZE, 0 },
		  { "ring_num", RING_NUM, 0 },
		  { "ring_size", RING_SIZE, 0 },
		  { "buf_num", BUF_NUM, 0 },
		  { "buf_size", BUF_SIZE, 0 } },
};

enum {
	RINGS,
	TX_RINGS,
	RX_RINGS,
	HOST_RINGS,
	HOST_TX_RINGS,
	HOST_RX_RINGS,
	SLOTS,
	TX_SLOTS,
	RX_SLOTS
};

/* The key's number, or that of the one for both directions, or what it was. */
static int take_conf(struct nmreq_parse_ctx *parse, int both, int key, unsigned long limit,
		     unsigned long *value)
{
	return number_of(parse, both, limit, value) || number_of(parse, key, limit, value) ? -1 : 0;
}

static int take_rings(struct nmreq_parse_ctx *parse, int both, int key, uint16_t *out)
{
	unsigned long value = *out;

	if (take_conf(parse, both, key, UINT16_MAX, &value))
		return -1;
	*out = value;
	return 0;
}

static int take_slots(struct nmreq_parse_ctx *parse, int key, uint32_t *out)
{
	unsigned long value = *out;

	if (take_conf(parse, SLOTS, key, UINT32_MAX, &value))
		return -1;
	*out = value;
	return 0;
}

static int parse_conf(struct nmreq_parse_ctx *parse)
{
	struct nmport_d *d = parse->token;
	struct nmreq_register reg = d->reg;

	if (take_rings(parse, RINGS, TX_RINGS, &reg.nr_tx_rings) ||
	    take_rings(parse, RINGS, RX_RINGS, &reg.nr_rx_rings) ||
	    take_rings(parse, HOST_RINGS, HOST_TX_RINGS, &reg.nr_host_tx_rings) ||
	    take_rings(parse, HOST_RINGS, HOST_RX_RINGS, &reg.nr_host_rx_rings) ||
	    take_slots(parse, TX_SLOTS, &reg.nr_tx_slots) ||
	    take_slots(parse, RX_SLOTS, &reg.nr_rx_slots))
		return -1;
	d->reg = reg;
	return 0;
}

static struct nmreq_opt_parser conf_option = {
	.prefix = "conf",
	.parse = parse_conf,
	.default_key = RINGS,
	.nr_keys = RX_SLOTS + 1,
	.next = &extmem_option,
	.keys = { { "rings", RINGS, NMREQ_OPTK_DEFAULT },
		  { "tx_rings", TX_RINGS, 0 },
		  { "rx_rings", RX_RINGS, 0 },
		  { "host_rings", HOST_RINGS, 0 },
		  { "host_tx_rings", HOST_TX_RINGS, 0 },
		  { "host_rx_rings", HOST_RX_RINGS, 0 },
		  { "slots", SLOTS, 0 },
		  { "tx_slots", TX_SLOTS, 0 },
		  { "rx_slots", RX_SLOTS, 0 } },
};

enum { INITIAL, BITS };

static int parse_offset(struct nmreq_parse_ctx *parse)
{
	unsigned long initial = 0, bits = 0;

	if (number_of(parse, INITIAL, UINT32_MAX, &initial) || number_of(parse, BITS, 64, &bits))
		return -1;
	return nmport_offset(parse->token, initial, initial, bits, 0);
}

static struct nmreq_opt_parser offset_option = {
	.prefix = "offset",
	.parse = parse_offset,
	.flags = NMREQ_OPTF_DISABLED,
	.nr_keys = BITS + 1,
	.next = &conf_option,
	.keys = { { "initial", INITIAL, NMREQ_OPTK_DEFAULT | NMREQ_OPTK_MUSTSET },
		  { "bits", BITS, 0 } },
};

struct nmreq_opt_parser *libnetmap_parsers(void)
{
	return &offset_option;
}

static struct nmreq_opt_parser *find_option(const char *name)
{
	struct nmreq_opt_parser *parser = libnetmap_parsers();

	while (parser && strcmp(parser->prefix, name) != 0)
		parser = parser->next;
	return parser;
}

void nmport_disable_option(const char *opt)
{
	struct nmreq_opt_parser *parser = find_option(opt);

	if (parser)
		parser->flags |= NMREQ_OPTF_DISABLED;
}

int nmport_enable_option(const char *opt)
{
	struct nmreq_opt_parser *parser = find_option(opt);

	if (!parser) {
		errno = EOPNOTSUPP;
		return -1;
	}
	parser->flags &= ~NMREQ_OPTF_DISABLED;
	return 0;
}
