// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports: described, registered, mapped, and back. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <net/netmap_frame.h>

#include "internal.h"

int libnetmap_fail(struct nmctx *ctx, int error, const char *format, ...)
{
	char message[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	nmctx_ferror(ctx, "%s", message);
	errno = error;
	return -1;
}

void *libnetmap_allocate(struct nmctx *ctx, size_t size)
{
	void *memory = nmctx_malloc(ctx, size);

	if (!memory)
		return libnetmap_fail(ctx, ENOMEM, "out of memory"), NULL;
	memset(memory, 0, size);
	return memory;
}

void nmreq_header_init(struct nmreq_header *hdr, uint16_t reqtype, void *body)
{
	memset(hdr, 0, sizeof(*hdr));
	hdr->nr_version = NETMAP_API;
	hdr->nr_reqtype = reqtype;
	hdr->nr_body = (uintptr_t)body;
}

/* ---- descriptions ------------------------------------------------------------------------------ */

static struct nmport_d *new_in(struct nmctx *ctx)
{
	struct nmport_d *d = libnetmap_allocate(ctx, sizeof(*d));

	if (!d)
		return NULL;
	nmreq_header_init(&d->hdr, NETMAP_REQ_REGISTER, &d->reg);
	d->ctx = ctx;
	d->fd = -1;
	return d;
}

struct nmport_d *nmport_new(void)
{
	return new_in(nmctx_get());
}

void nmport_delete(struct nmport_d *d)
{
	nmctx_free(d->ctx, d);
}

int nmport_parse(struct nmport_d *d, const char *portspec)
{
	const char *at = portspec;
	int error;

	if (!nmreq_header_decode(&at, &d->hdr, d->ctx) &&
	    !nmreq_register_decode(&at, &d->reg, d->ctx) &&
	    !nmreq_options_decode(at, libnetmap_parsers(), d, d->ctx))
		return 0;
	error = errno;
	nmport_undo_parse(d);
	errno = error;
	return -1;
}

void nmport_undo_parse(struct nmport_d *d)
{
	while (d->clist) {
		struct nmport_cleanup_d *last = d->clist;

		d->clist = last->next;
		last->undo(last, d);
		nmctx_free(d->ctx, last);
	}
	memset(&d->reg, 0, sizeof(d->reg));
	nmreq_header_init(&d->hdr, NETMAP_REQ_REGISTER, &d->reg);
}

struct nmport_d *nmport_prepare(const char *portspec)
{
	struct nmport_d *d = nmport_new();
	int error;

	if (!d || !nmport_parse(d, portspec))
		return d;
	error = errno;
	nmport_delete(d);
	errno = error;
	return NULL;
}

void nmport_undo_prepare(struct nmport_d *d)
{
	if (!d)
		return;
	nmport_undo_parse(d);
	nmport_delete(d);
}

struct nmport_d *nmport_clone(struct nmport_d *d)
{
	struct nmport_d *clone;

	if (d->extmem && !d->register_done)
		return libnetmap_fail(d->ctx, EINVAL,
				      "cannot clone unregistered port that is using extmem"),
		       NULL;
	clone = new_in(d->ctx);
	if (!clone)
		return NULL;
	memcpy(clone->hdr.nr_name, d->hdr.nr_name, sizeof(clone->hdr.nr_name));
	clone->reg = d->reg;
	return clone;
}

/* ---- registering ------------------------------------------------------------------------------- */

/* What was wrong: the options say more than the answer. */
static int tell_refusal(struct nmport_d *d, int error)
{
	struct nmreq_option *option;
	bool told = false;

	nmreq_foreach_option(&d->hdr, option)
	{
		if (!option->nro_status)
			continue;
		errno = option->nro_status;
		nmctx_ferror(d->ctx, "%s: option %s: %m", d->hdr.nr_name,
			     nmreq_option_name(option->nro_reqtype));
		told = true;
	}
	errno = error;
	if (!told)
		nmctx_ferror(d->ctx, "%s: %m", d->hdr.nr_name);
	errno = error;
	return -1;
}

int nmport_register(struct nmport_d *d)
{
	int fd, error;

	if (d->register_done)
		return libnetmap_fail(d->ctx, EINVAL, "%s: already registered", d->hdr.nr_name);
	fd = open(NETMAP_DEVICE_NAME, O_RDWR);
	if (fd < 0)
		return libnetmap_fail(d->ctx, errno, "%s: %m", NETMAP_DEVICE_NAME);
	if (ioctl(fd, NIOCCTRL, &d->hdr)) {
		error = errno;
		close(fd);
		return tell_refusal(d, error);
	}
	d->fd = fd;
	d->register_done = 1;
	return 0;
}

void nmport_undo_register(struct nmport_d *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->register_done = 0;
}

/* ---- mapping ----------------------------------------------------------------------------------- */

/* The context's memory of that number, or a new one. The context is locked. */
static struct nmem_d *find_memory(struct nmport_d *d)
{
	struct nmem_d *memory = d->ctx->mem_descs;

	while (memory && memory->mem_id != d->reg.nr_mem_id)
		memory = memory->next;
	if (memory)
		return memory;
	memory = libnetmap_allocate(d->ctx, sizeof(*memory));
	if (!memory)
		return NULL;
	memory->mem_id = d->reg.nr_mem_id;
	memory->is_extmem = d->extmem != NULL;
	if (d->extmem) {
		memory->mem = (void *)(uintptr_t)d->extmem->nro_usrptr;
		memory->size = d->extmem->nro_info.nr_memsize;
	} else {
		memory->size = d->reg.nr_memsize;
		memory->mem =
			mmap(NULL, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
		if (memory->mem == MAP_FAILED) {
			libnetmap_fail(d->ctx, errno, "mmap: %m");
			nmctx_free(d->ctx, memory);
			return NULL;
		}
	}
	memory->next = d->ctx->mem_descs;
	if (memory->next)
		memory->next->prev = memory;
	d->ctx->mem_descs = memory;
	return memory;
}

static void drop_memory(struct nmctx *ctx, struct nmem_d *memory)
{
	if (--memory->refcount > 0)
		return;
	if (!memory->is_extmem)
		munmap(memory->mem, memory->size);
	if (memory->next)
		memory->next->prev = memory->prev;
	if (memory->prev)
		memory->prev->next = memory->next;
	else
		ctx->mem_descs = memory->next;
	nmctx_free(ctx, memory);
}

/* Those of `count` rings that are there, which are one behind the other. */
static void find_rings(const ssize_t *ring_ofs, unsigned int count, uint16_t *first, uint16_t *last)
{
	unsigned int at = 0, end;

	while (at < count && !ring_ofs[at])
		at++;
	for (end = at; end < count && ring_ofs[end];)
		end++;
	*first = at < end ? at : 1;
	*last = at < end ? end - 1 : 0;
}

int nmport_mmap(struct nmport_d *d)
{
	unsigned int tx_rings, rx_rings;

	if (d->mmap_done)
		return libnetmap_fail(d->ctx, EINVAL, "%s: already mapped", d->hdr.nr_name);
	if (!d->register_done)
		return libnetmap_fail(d->ctx, EINVAL, "cannot map unregistered port");
	nmctx_lock(d->ctx);
	d->mem = find_memory(d);
	if (d->mem)
		d->mem->refcount++;
	nmctx_unlock(d->ctx);
	if (!d->mem)
		return -1;
	d->nifp = NETMAP_IF(d->mem->mem, d->reg.nr_offset);
	tx_rings = d->nifp->ni_tx_rings + d->nifp->ni_host_tx_rings;
	rx_rings = d->nifp->ni_rx_rings + d->nifp->ni_host_rx_rings;
	find_rings(d->nifp->ring_ofs, tx_rings, &d->first_tx_ring, &d->last_tx_ring);
	find_rings(d->nifp->ring_ofs + tx_rings, rx_rings, &d->first_rx_ring, &d->last_rx_ring);
	d->cur_tx_ring = d->first_tx_ring;
	d->cur_rx_ring = d->first_rx_ring;
	d->mmap_done = 1;
	return 0;
}

void nmport_undo_mmap(struct nmport_d *d)
{
	if (d->mem) {
		nmctx_lock(d->ctx);
		drop_memory(d->ctx, d->mem);
		nmctx_unlock(d->ctx);
	}
	d->mem = NULL;
	d->nifp = NULL;
	d->first_tx_ring = d->last_tx_ring = d->cur_tx_ring = 0;
	d->first_rx_ring = d->last_rx_ring = d->cur_rx_ring = 0;
	d->mmap_done = 0;
}

/* ---- both at once ------------------------------------------------------------------------------ */

int nmport_open_desc(struct nmport_d *d)
{
	int error;

	if (nmport_register(d))
		return -1;
	if (!nmport_mmap(d))
		return 0;
	error = errno;
	nmport_undo_register(d);
	errno = error;
	return -1;
}

void nmport_undo_open_desc(struct nmport_d *d)
{
	nmport_undo_mmap(d);
	nmport_undo_register(d);
}

struct nmport_d *nmport_open(const char *portspec)
{
	struct nmport_d *d = nmport_prepare(portspec);
	int error;

	if (!d || !nmport_open_desc(d))
		return d;
	error = errno;
	nmport_undo_prepare(d);
	errno = error;
	return NULL;
}

void nmport_close(struct nmport_d *d)
{
	if (!d)
		return;
	nmport_undo_open_desc(d);
	nmport_undo_prepare(d);
}

/* ---- sending ----------------------------------------------------------------------------------- */

int nmport_inject(struct nmport_d *d, const void *buf, size_t size)
{
	unsigned int ring = d->cur_tx_ring;

	for (unsigned int i = d->first_tx_ring; i <= d->last_tx_ring; i++) {
		if (ring > d->last_tx_ring)
			ring = d->first_tx_ring;
		if (nm_inject_into_(NETMAP_TXRING(d->nifp, ring), buf, size)) {
			d->cur_tx_ring = ring;
			return (int)size;
		}
		ring++;
	}
	return 0;
}
