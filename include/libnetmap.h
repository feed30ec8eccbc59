/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Ports of netmap for programs: -lnetmap. Names and meanings are those of netmap's own libnetmap, for
 * programs that are written for it; /dev/netmap is libvale-netmap's (`valectl exec`).
 *
 * A port is told by a text:
 *
 *	valeSSS:PPP, netmap:NAME	a port of a switch, an interface
 *	{ID }ID				behind it: the one or the other end of a pipe, in its memory
 *	^ ^N * -N			the host's rings, one pair of them, all, pair N of rings
 *	/LETTERS			x: nobody else; z t r: a monitor; T R: tx, rx rings only
 *	@N				in the memory of that number, which is not 0
 *	@share=valeSSS:PPP		in the memory of that port
 *	@conf:KEY=N,...			how many rings and slots the port has, if it is made by this:
 *					rings, tx-rings, rx-rings, slots, tx-slots, rx-slots,
 *					host-rings, host-tx-rings, host-rx-rings
 *	@extmem=FILE			in a memory of the program's: /dev/netmap may refuse it
 *	@offset=BYTES			where frames start in their buffers: the same; to be enabled first
 *
 * Functions that return an int return 0, or -1 with errno set, a pointer, or NULL with errno set; where
 * nothing else is said, they tell the error by the context's error(), too. errno is EINVAL for a text
 * that makes no sense, ENOMEM, or what /dev/netmap answered. Ports may be used by any thread, by one at
 * a time; the functions of a context's list of memories lock it.
 */
#ifndef LIBNETMAP_H_
#define LIBNETMAP_H_

#include <stddef.h>
#include <stdint.h>

#include <net/netmap_user.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmctx;
struct nmem_d;
struct nmport_cleanup_d;

/* A port, or the description of one that is not open yet. */
struct nmport_d {
	/* What it is asked for by, to be changed before the port is registered; then the answer. */
	struct nmreq_header hdr;
	struct nmreq_register reg;

	/* The rest is to be read only. */
	struct nmem_d *mem; /* two ports with the same one can exchange buffers */
	struct nmctx *ctx;
	int register_done;
	int mmap_done;
	struct nmreq_opt_extmem *extmem;
	int fd; /* -1: not registered */
	struct netmap_if *nifp;
	uint16_t first_tx_ring, last_tx_ring; /* the first is after the last: it has none */
	uint16_t first_rx_ring, last_rx_ring;
	uint16_t cur_tx_ring; /* the next that nmport_inject() tries */
	uint16_t cur_rx_ring;
	struct nmport_cleanup_d *clist;
};

/* ---- a port: nmport_open() is nmport_prepare(), which is new and parse, and nmport_open_desc(),
 *      which is register and mmap ----------------------------------------------------------------- */

/* Opens the port that the text tells. To be closed by nmport_close(), which may be given NULL. */
struct nmport_d *nmport_open(const char *portspec);
void nmport_close(struct nmport_d *d);

/*
 * Copies a frame of `size` bytes into the next tx ring that has room, in as many slots as it takes. It is
 * sent with the next NIOCTXSYNC or poll(). Returns the size; 0: there is no room, which is not told.
 */
int nmport_inject(struct nmport_d *d, const void *buf, size_t size);

struct nmport_d *nmport_prepare(const char *portspec);
int nmport_open_desc(struct nmport_d *d);
void nmport_undo_open_desc(struct nmport_d *d);
void nmport_undo_prepare(struct nmport_d *d); /* and frees it, which may be NULL */

struct nmport_d *nmport_new(void); /* in the default context */
/* Fills hdr and reg. If it fails, they are as new, and options are gone. */
int nmport_parse(struct nmport_d *d, const char *portspec);
/* Opens /dev/netmap and binds it. EINVAL: it is registered already. */
int nmport_register(struct nmport_d *d);
/* Maps the memory, or uses the mapping that another port of the context has of it. EINVAL: the port is
 * not registered, or is mapped already. */
int nmport_mmap(struct nmport_d *d);
void nmport_undo_mmap(struct nmport_d *d);
void nmport_undo_register(struct nmport_d *d);
void nmport_undo_parse(struct nmport_d *d);
void nmport_delete(struct nmport_d *d);

/*
 * A new description like that of `d`, but for its options; to be opened by nmport_open_desc(). EINVAL:
 * `d` has a memory of the program's, and is not registered.
 */
struct nmport_d *nmport_clone(struct nmport_d *d);

/* ---- options, before the port is registered ---------------------------------------------------- */

/* The port is to be in `size` bytes from `base`, which stay the caller's. EINVAL: it has such already. */
int nmport_extmem(struct nmport_d *d, void *base, size_t size);
/* The same with a file, whose mapping goes with the description. Errors: those of open() and mmap(). */
int nmport_extmem_from_file(struct nmport_d *d, const char *fname);
/* What it is to be, and is then, divided into; NULL, without an error: it has none. */
struct nmreq_pools_info *nmport_extmem_getinfo(struct nmport_d *d);
/* Frames start `initial` bytes into their buffers, at most `maxoff`, and `bits` bits of slots' ptr say
 * where; nothing is written more than `mingap` bytes behind, if that is not 0. */
int nmport_offset(struct nmport_d *d, uint64_t initial, uint64_t maxoff, uint64_t bits,
		  uint64_t mingap);

/* Whether texts may have the option. Not while other threads parse. EOPNOTSUPP: there is none of that
 * name, which is not told. */
void nmport_disable_option(const char *opt);
int nmport_enable_option(const char *opt);

/* ---- requests ---------------------------------------------------------------------------------- */

/* For NIOCCTRL; the rest is 0. */
void nmreq_header_init(struct nmreq_header *hdr, uint16_t reqtype, void *body);

/* The parts of a text. Each leaves *ppspec, *pmode behind what it has read, or where it was. */
int nmreq_header_decode(const char **ppspec, struct nmreq_header *hdr, struct nmctx *ctx);
int nmreq_register_decode(const char **pmode, struct nmreq_register *reg, struct nmctx *ctx);
/* The number of the memory of a port that is there, or -1. */
int32_t nmreq_get_mem_id(const char **portname, struct nmctx *ctx);

#define NMREQ_OPT_MAXKEYS 16

struct nmreq_parse_ctx {
	struct nmctx *ctx;
	void *token;			     /* as given to nmreq_options_decode() */
	const char *keys[NMREQ_OPT_MAXKEYS]; /* by a key's id: its value; NULL: it was not there */
};

typedef int (*nmreq_opt_parser_cb)(struct nmreq_parse_ctx *);

struct nmreq_opt_key {
	const char *key; /* with _ where users may also write - */
	int id;
	unsigned int flags;
};

#define NMREQ_OPTK_ALLOWEMPTY (1U << 0) /* may be there without =VALUE */
#define NMREQ_OPTK_MUSTSET    (1U << 1)
#define NMREQ_OPTK_DEFAULT    (1U << 2)

struct nmreq_opt_parser {
	const char *prefix; /* the option's name */
	nmreq_opt_parser_cb parse;
	int default_key; /* which OPTION=VALUE means, or -1 */
	int nr_keys;
	unsigned int flags;
	struct nmreq_opt_parser *next;
	struct nmreq_opt_key keys[NMREQ_OPT_MAXKEYS];
} __attribute__((aligned(16)));

#define NMREQ_OPTF_DISABLED   (1U << 0)
#define NMREQ_OPTF_ALLOWEMPTY (1U << 1) /* may be there without a value */

/* Has each option in `opt`, "" or "@...@...", parsed. What was parsed before an error stays. Errors:
 * EOPNOTSUPP, for one that is disabled, and the parsers' own. */
int nmreq_options_decode(const char *opt, struct nmreq_opt_parser *parsers, void *token,
			 struct nmctx *ctx);

void nmreq_push_option(struct nmreq_header *hdr, struct nmreq_option *option);
void nmreq_remove_option(struct nmreq_header *hdr, struct nmreq_option *option);
struct nmreq_option *nmreq_find_option(struct nmreq_header *hdr, uint32_t reqtype);
void nmreq_free_options(struct nmreq_header *hdr); /* each by free() */
const char *nmreq_option_name(uint32_t reqtype);

#define nmreq_foreach_option(header, option)                                              \
	for ((option) = (struct nmreq_option *)(uintptr_t)(header)->nr_options; (option); \
	     (option) = (struct nmreq_option *)(uintptr_t)(option)->nro_next)

/* ---- contexts ---------------------------------------------------------------------------------- */

typedef void (*nmctx_error_cb)(struct nmctx *, const char *);
typedef void *(*nmctx_malloc_cb)(struct nmctx *, size_t);
typedef void (*nmctx_free_cb)(struct nmctx *, void *);
typedef void (*nmctx_lock_cb)(struct nmctx *, int);

/* Ports of one context share mappings of memories. The default one writes to stderr, and locks. */
struct nmctx {
	int verbose; /* 0: error() is not called */
	nmctx_error_cb error;
	nmctx_malloc_cb malloc;
	nmctx_free_cb free;
	nmctx_lock_cb lock; /* 1: lock, 0: unlock; NULL: the program has one thread */
	struct nmem_d *mem_descs;
};

struct nmem_d {
	uint16_t mem_id;
	int refcount;
	void *mem;
	size_t size; /* bytes */
	int is_extmem;
	struct nmem_d *next;
	struct nmem_d *prev;
};

struct nmctx *nmctx_get(void); /* the default one */
/* Returns the one before. Not while other threads make ports. */
struct nmctx *nmctx_set_default(struct nmctx *ctx);
void nmctx_set_threadsafe(void); /* the default context is so from the start */
void nmctx_ferror(struct nmctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *nmctx_malloc(struct nmctx *ctx, size_t size);
void nmctx_free(struct nmctx *ctx, void *memory);
void nmctx_lock(struct nmctx *ctx);
void nmctx_unlock(struct nmctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
