/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * nm_open() and what goes with it, of <net/netmap_user.h>. A port is called valeSSS:PPP, or
 * netmap:NAME; behind that may follow, in this order,
 *
 *	^ * -N {N }N	the host's rings, all, pair N, one end or the other of pipe N
 *	/LETTERS	x: nobody else; z t r: a monitor; T R: tx, rx rings only
 *	@N		the memory of that number
 */
#ifndef _NET_NETMAP_OPEN_H_
#define _NET_NETMAP_OPEN_H_

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <net/netmap_user.h>

#define HAVE_NETMAP_WITH_LIBS

struct nm_desc;

struct nm_pkthdr {
	struct timeval ts;
	uint32_t caplen;
	uint32_t len;
	uint64_t flags; /* NM_MORE_PKTS: more are there */
	struct nm_desc *d;
	struct netmap_slot *slot;
	uint8_t *buf;
};

#define NM_MORE_PKTS 1

struct nm_stat {
	unsigned int ps_recv;
	unsigned int ps_drop;
	unsigned int ps_ifdrop;
};

#define NM_ERRBUF_SIZE 512

struct nm_desc {
	struct nm_desc *self; /* it is one, if this is it */
	int fd;
	void *mem;
	size_t memsize;
	int done_mmap; /* the memory is to be unmapped with it */
	struct netmap_if *nifp;
	uint16_t first_tx_ring, last_tx_ring, cur_tx_ring;
	uint16_t first_rx_ring, last_rx_ring, cur_rx_ring;
	struct nmreq req;
	struct nm_pkthdr hdr;
	struct netmap_ring *some_ring;
	void *buf_start;
	void *buf_end;
	int snaplen;
	int promisc;
	int to_ms;
	char *errbuf;
	uint32_t if_flags;
	uint32_t if_reqcap;
	uint32_t if_curcap;
	struct nm_stat st;
	char msg[NM_ERRBUF_SIZE];
};

#define P2NMD(p)	  ((const struct nm_desc *)(p))
#define IS_NETMAP_DESC(d) ((d) && P2NMD(d)->self == P2NMD(d))
#define NETMAP_FD(d)	  (P2NMD(d)->fd)

/* Flags of nm_open(), beside those of nr_flags: what is taken from the other descriptor. */
enum {
	NM_OPEN_NO_MMAP = 0x040000, /* its memory */
	NM_OPEN_IFNAME = 0x080000,  /* name, rings and flags are in req */
	NM_OPEN_ARG1 = 0x100000,
	NM_OPEN_ARG2 = 0x200000,
	NM_OPEN_ARG3 = 0x400000,
	NM_OPEN_RING_CFG = 0x800000,
};

typedef void (*nm_cb_t)(unsigned char *arg, const struct nm_pkthdr *header,
			const unsigned char *frame);

/* ---- names ------------------------------------------------------------------------------------- */

static inline const char *nm_number_(const char *at, unsigned long limit, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)*at))
		return NULL;
	*out = strtoul(at, &end, 10);
	return *out <= limit ? end : NULL;
}

/* ^ * -N {N }N; NULL: it makes no sense. */
static inline const char *nm_parse_rings_(const char *at, struct nmreq *req)
{
	unsigned long number = 0;
	char kind = *at;

	req->nr_flags = NR_REG_ALL_NIC;
	if (!strchr("^*-{}", kind) || !kind)
		return at;
	at++;
	if (kind == '^' || kind == '*') {
		req->nr_flags = kind == '^' ? NR_REG_SW : NR_REG_NIC_SW;
		return at;
	}
	at = nm_number_(at, NETMAP_RING_MASK, &number);
	req->nr_flags = kind == '-' ? NR_REG_ONE_NIC
				    : (kind == '{' ? NR_REG_PIPE_MASTER : NR_REG_PIPE_SLAVE);
	req->nr_ringid = number;
	return at;
}

static inline const char *nm_parse_flags_(const char *at, struct nmreq *req)
{
	static const char letters[] = "xztrTR";
	static const uint32_t flags[] = { NR_EXCLUSIVE,	 NR_ZCOPY_MON,	   NR_MONITOR_TX,
					  NR_MONITOR_RX, NR_TX_RINGS_ONLY, NR_RX_RINGS_ONLY };
	const char *found;

	if (*at != '/')
		return at;
	for (at++; *at && *at != '@'; at++) {
		found = strchr(letters, *at);
		if (!found)
			return NULL;
		req->nr_flags |= flags[found - letters];
	}
	return at;
}

/* What is in the name goes to req; -1: it is none. */
static inline int nm_parse_(const char *name, struct nmreq *req)
{
	const char *start = strncmp(name, "netmap:", 7) ? name : name + 7, *at = start;
	unsigned long number = 0;

	if (start == name) {
		at = strchr(name, ':');
		if (strncmp(name, NM_BDG_NAME, 4) != 0 || !at++)
			return -1;
	}
	while (*at && !strchr("^*-{}/@", *at))
		at++;
	if (at == start || at - start >= (int)sizeof(req->nr_name))
		return -1;
	memcpy(req->nr_name, start, at - start);
	at = nm_parse_rings_(at, req);
	if (at)
		at = nm_parse_flags_(at, req);
	if (at && *at == '@') {
		at = nm_number_(at + 1, UINT16_MAX, &number);
		req->nr_arg2 = number;
	}
	return at && !*at ? 0 : -1;
}

/* ---- opening ----------------------------------------------------------------------------------- */

static inline int nm_close(struct nm_desc *d)
{
	if (!IS_NETMAP_DESC(d))
		return EINVAL;
	if (d->done_mmap && d->mem)
		munmap(d->mem, d->memsize);
	if (d->fd >= 0)
		close(d->fd);
	d->self = NULL;
	free(d);
	return 0;
}

static inline void nm_find_rings_(struct nm_desc *d)
{
	unsigned int mode = d->req.nr_flags & NR_REG_MASK;

	if (mode == NR_REG_SW) {
		d->first_tx_ring = d->last_tx_ring = d->req.nr_tx_rings;
		d->first_rx_ring = d->last_rx_ring = d->req.nr_rx_rings;
	} else if (mode == NR_REG_ONE_NIC) {
		d->first_tx_ring = d->last_tx_ring = d->req.nr_ringid & NETMAP_RING_MASK;
		d->first_rx_ring = d->last_rx_ring = d->first_tx_ring;
	} else {
		d->first_tx_ring = d->first_rx_ring = 0;
		d->last_tx_ring = d->req.nr_tx_rings - (mode != NR_REG_NIC_SW);
		d->last_rx_ring = d->req.nr_rx_rings - (mode != NR_REG_NIC_SW);
	}
	d->cur_tx_ring = d->first_tx_ring;
	d->cur_rx_ring = d->first_rx_ring;
}

/* Maps the memory, or takes the parent's, which must be the same. */
static inline int nm_mmap(struct nm_desc *d, const struct nm_desc *parent)
{
	if (parent && parent->mem && parent->req.nr_arg2 == d->req.nr_arg2) {
		d->mem = parent->mem;
		d->memsize = parent->memsize;
	} else {
		d->memsize = d->req.nr_memsize;
		d->mem = mmap(NULL, d->memsize, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
		if (d->mem == MAP_FAILED) {
			d->mem = NULL;
			return EINVAL;
		}
		d->done_mmap = 1;
	}
	d->nifp = NETMAP_IF(d->mem, d->req.nr_offset);
	d->some_ring = NETMAP_RXRING(d->nifp, d->first_rx_ring);
	if ((void *)d->some_ring == (void *)d->nifp)
		d->some_ring = NETMAP_TXRING(d->nifp, d->first_tx_ring);
	d->buf_start = NETMAP_BUF(d->some_ring, 0);
	d->buf_end = (char *)d->mem + d->memsize;
	return 0;
}

static inline void nm_inherit_(struct nm_desc *d, uint64_t flags, const struct nm_desc *arg)
{
	if (flags & NM_OPEN_ARG1)
		d->req.nr_arg1 = arg->req.nr_arg1;
	if (flags & NM_OPEN_ARG2)
		d->req.nr_arg2 = arg->req.nr_arg2;
	if (flags & NM_OPEN_ARG3)
		d->req.nr_arg3 = arg->req.nr_arg3;
	if (flags & NM_OPEN_RING_CFG) {
		d->req.nr_tx_slots = arg->req.nr_tx_slots;
		d->req.nr_rx_slots = arg->req.nr_rx_slots;
		d->req.nr_tx_rings = arg->req.nr_tx_rings;
		d->req.nr_rx_rings = arg->req.nr_rx_rings;
	}
}

static inline int nm_register_(struct nm_desc *d, const char *name, uint64_t flags,
			       const struct nm_desc *arg)
{
	if (!(flags & NM_OPEN_IFNAME)) {
		memset(d->req.nr_name, 0, sizeof(d->req.nr_name));
		d->req.nr_ringid = 0;
		if (nm_parse_(name, &d->req))
			return EINVAL;
	}
	d->req.nr_version = NETMAP_API;
	d->req.nr_flags |= flags & ~0xfc000ffull;
	d->req.nr_ringid |= flags & (NETMAP_NO_TX_POLL | NETMAP_DO_RX_POLL);
	if (arg)
		nm_inherit_(d, flags, arg);
	return ioctl(d->fd, NIOCREGIF, &d->req) ? errno : 0;
}

/* NULL, with errno: it cannot be had. `req` and `arg` may be NULL. */
static inline struct nm_desc *nm_open(const char *name, const struct nmreq *req, uint64_t flags,
				      const struct nm_desc *arg)
{
	struct nm_desc *d = (struct nm_desc *)calloc(1, sizeof(*d));
	const struct nm_desc *parent = IS_NETMAP_DESC(arg) ? arg : NULL;
	int error;

	if (!d)
		return NULL;
	d->self = d;
	if (req)
		d->req = *req;
	d->fd = open(NETMAP_DEVICE_NAME, O_RDWR);
	error = d->fd < 0 ? errno : nm_register_(d, name, flags, parent);
	if (!error) {
		nm_find_rings_(d);
		if (!(flags & NM_OPEN_NO_MMAP) || parent)
			error = nm_mmap(d, flags & NM_OPEN_NO_MMAP ? parent : NULL);
	}
	if (error) {
		nm_close(d);
		errno = error;
		return NULL;
	}
	return d;
}

#endif
