// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Requests and rings that make no sense: netmap's errno, and nothing is changed. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_bad, .init = sandbox_enter, .timeout = 120);

/* Memory that there is not; and memory that cannot be written. */
#define NOWHERE ((void *)8)

static void *read_only(const void *content, size_t size)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, content, size);
	mprotect(page, 4096, PROT_READ);
	return page;
}

static char *end_of_memory(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages + 4096, 4096);
	return pages + 4096;
}

static int control(int fd, struct nmreq_header *header)
{
	return ioctl(fd, NIOCCTRL, header) ? -errno : 0;
}

/* A request that is right, for what is wrong with it to be put in. */
static struct nmreq_register body;
static struct nmreq_header good(void)
{
	struct nmreq_header header = {
		.nr_version = NETMAP_API,
		.nr_reqtype = NETMAP_REQ_REGISTER,
		.nr_name = "vale1:a",
		.nr_body = (uintptr_t)&body,
	};

	body = (struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC };
	return header;
}

#define refused(error, change)                                                                 \
	do {                                                                                   \
		struct nmreq_header header = good();                                           \
		int fd_ = netmap_device(), answer_;                                            \
		change;                                                                        \
		answer_ = control(fd_, &header);                                               \
		cr_assert_eq(answer_, -(error), "%s: %d, not %d", #change, answer_, -(error)); \
		header = good();                                                               \
		cr_assert_eq(control(fd_, &header), 0, "%s: the fd is not bound", #change);    \
		close(fd_);                                                                    \
	} while (0)

Test(netmap_bad, headers)
{
	int fd = netmap_device();
	struct nmreq_header tried;

	refused(EINVAL, header.nr_version = 13);
	refused(EINVAL, header.nr_version = 16);
	refused(EINVAL, header.nr_version = 0);
	refused(EINVAL, header.nr_reserved = 1);
	refused(EINVAL, header.nr_reqtype = 0);
	refused(EINVAL, header.nr_reqtype = 16);
	refused(EINVAL, header.nr_reqtype = 0xffff);
	refused(EINVAL, header.nr_body = 0);
	refused(EFAULT, header.nr_body = (uintptr_t)NOWHERE);
	refused(EFAULT, header.nr_body = ~0ull);
	refused(EINVAL, header.nr_reqtype = NETMAP_REQ_VALE_DELIF); /* has no body */
	refused(ENOMEM, memset(header.nr_name, 'x', 64); memcpy(header.nr_name, "vale1:", 6));
	/* The version that there is, is told. */
	tried = good();
	tried.nr_version = 1;
	cr_assert_eq(control(fd, &tried), -EINVAL);
	cr_assert_eq(tried.nr_version, NETMAP_API);
	tried.nr_version = NETMAP_MAX_API;
	cr_assert_eq(control(fd, &tried), 0);
}

Test(netmap_bad, arguments)
{
	static const unsigned long requests[] = { NIOCCTRL, NIOCREGIF, NIOCGINFO };
	struct nmreq_header header = good();
	int fd = netmap_device();

	for (int i = 0; i < 3; i++) {
		cr_assert_eq(ioctl(fd, requests[i], NULL), -1);
		cr_assert_eq(errno, EINVAL);
		cr_assert_eq(ioctl(fd, requests[i], NOWHERE), -1);
		cr_assert_eq(errno, EFAULT);
	}
	cr_assert_eq(ioctl(fd, _IO('i', 200), &header), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
	cr_assert_eq(ioctl(fd, NIOCCONFIG, &header), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
	/* Half of the request is where there is no memory. */
	cr_assert_eq(ioctl(fd, NIOCCTRL, end_of_memory() - 16), -1);
	cr_assert_eq(errno, EFAULT);
	/* A request that cannot be answered. */
	body.nr_mode = NR_REG_ALL_NIC;
	header.nr_body = (uintptr_t)read_only(&body, sizeof(body));
	cr_assert_eq(control(fd, &header), -EFAULT);
	/* On what is no /dev/netmap, libc's answer. */
	cr_assert_eq(ioctl(STDOUT_FILENO, NIOCCTRL, &header), -1);
	cr_assert_neq(errno, EFAULT);
	cr_assert_eq(ioctl(12345, NIOCTXSYNC, NULL), -1);
	cr_assert_eq(errno, EBADF);
}

/* ---- options ----------------------------------------------------------------------------------- */

static struct nmreq_opt_offsets offsets[3];
static struct nmreq_option options[200];

static void chain(int count, uint32_t type)
{
	memset(options, 0, sizeof(options));
	for (int i = 0; i < count; i++) {
		options[i].nro_reqtype = type;
		options[i].nro_next = i + 1 < count ? (uintptr_t)&options[i + 1] : 0;
	}
}

Test(netmap_bad, options)
{
	for (int i = 0; i < 3; i++)
		offsets[i].nro_opt.nro_reqtype = NETMAP_REQ_OPT_OFFSETS + (i == 1);
	refused(EOPNOTSUPP, header.nr_options = (uintptr_t)&offsets[0]);
	cr_assert_eq(offsets[0].nro_opt.nro_status, EOPNOTSUPP, "each is told");
	/* One that nobody knows, and the first one once more. */
	offsets[0].nro_opt.nro_next = (uintptr_t)&offsets[1];
	offsets[1].nro_opt.nro_next = (uintptr_t)&offsets[2];
	refused(EINVAL, header.nr_options = (uintptr_t)&offsets[0]);
	cr_assert_eq(offsets[0].nro_opt.nro_status, EINVAL);
	cr_assert_eq(offsets[1].nro_opt.nro_status, EOPNOTSUPP);
	cr_assert_eq(offsets[2].nro_opt.nro_status, EINVAL);
	chain(1, 0);
	refused(EINVAL, header.nr_options = (uintptr_t)options);
	chain(3, 0xffffffff);
	refused(EOPNOTSUPP, header.nr_options = (uintptr_t)options);
}

Test(netmap_bad, lists_of_options)
{
	refused(EFAULT, header.nr_options = (uintptr_t)NOWHERE);
	chain(2, 99);
	options[1].nro_next = ~0ull;
	refused(EFAULT, header.nr_options = (uintptr_t)options);
	chain(200, 99);
	refused(EMSGSIZE, header.nr_options = (uintptr_t)options);
	chain(160, 99);
	refused(EOPNOTSUPP, header.nr_options = (uintptr_t)options);
	/* Rings. */
	chain(1, 99);
	options[0].nro_next = (uintptr_t)options;
	refused(EMSGSIZE, header.nr_options = (uintptr_t)options);
	chain(3, 99);
	options[2].nro_next = (uintptr_t)&options[1];
	refused(EMSGSIZE, header.nr_options = (uintptr_t)options);
	chain(1, NETMAP_REQ_OPT_OFFSETS);
	options[0].nro_next = (uintptr_t)options;
	refused(EINVAL, header.nr_options = (uintptr_t)options);
	/* The only one that says its own size. */
	chain(1, NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS);
	options[0].nro_size = ~0ull;
	refused(EOPNOTSUPP, options[0].nro_size = 100; header.nr_options = (uintptr_t)options);
	refused(EMSGSIZE, options[0].nro_size = ~0ull; header.nr_options = (uintptr_t)options);
	chain(1, 99);
	refused(EFAULT, header.nr_options = (uintptr_t)read_only(options, sizeof(options[0])));
}

/* ---- other requests ---------------------------------------------------------------------------- */

Test(netmap_bad, what_there_is_not)
{
	struct nmreq_vale_polling polling = {};
	struct nmreq_port_hdr header = {};
	uint64_t sleep_us = 0;
	int fd = netmap_device();

	cr_assert_eq(netmap_request(fd, NETMAP_REQ_SYNC_KLOOP_START, "", &sleep_us), -ENXIO);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_GET, "vale1:a", &header), -ENXIO);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_SET, "lo", &header), -ENXIO);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_VALE_POLLING_ENABLE, "vale1:a", &polling),
		     -EOPNOTSUPP);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_VALE_POLLING_DISABLE, "lo", &polling), -EINVAL);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_REGISTER, "vale1:a",
				    &(struct nmreq_register){ .nr_mode = NR_REG_ALL_NIC }),
		     0);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_SYNC_KLOOP_START, "", &sleep_us), -EOPNOTSUPP);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_CSB_ENABLE, "", NULL), -EOPNOTSUPP);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_GET, "vale1:a", &header), 0);
	cr_assert_eq(header.nr_hdr_len, 0);
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_SET, "vale1:a", &header), 0);
	header.nr_hdr_len = 11;
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_SET, "vale1:a", &header), -EINVAL);
	header.nr_hdr_len = 12;
	cr_assert_eq(netmap_request(fd, NETMAP_REQ_PORT_HDR_SET, "vale1:a", &header), 0);
}

/* ---- rings ------------------------------------------------------------------------------------- */

static struct netmap_port a, b;
static struct frame frame;

/* After each, the rings work, and nothing came of it. */
static void works(void)
{
	static struct frame other;

	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
	netmap_send(&a, &frame);
	netmap_expect(&b, &frame, "after what was wrong");
	cr_assert_not(netmap_take(&b, &other, 0), "and nothing else");
	cr_assert_not(nm_tx_pending(netmap_tx(&a, 0)));
}

Test(netmap_bad, positions)
{
	static const uint32_t wrong[] = { 1024, 1025, 77777, 0x80000000, 0xffffffff };
	struct netmap_ring *tx, *rx;

	a = netmap_open_all("vale1:a");
	b = netmap_open_all("vale1:b");
	tx = netmap_tx(&a, 0);
	rx = netmap_rx(&b, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		works();
		tx->head = wrong[i];
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0, "netmap says nothing of it");
		cr_assert_eq(tx->head, tx->cur);
		works();
		tx->cur = wrong[i];
		ioctl(a.fd, NIOCTXSYNC, NULL);
		works();
		rx->head = wrong[i];
		ioctl(b.fd, NIOCRXSYNC, NULL);
		cr_assert_eq(rx->head, rx->tail);
		works();
		rx->cur = wrong[i];
		ioctl(b.fd, NIOCRXSYNC, NULL);
		works();
		tx->tail = rx->tail = wrong[i];
		ioctl(a.fd, NIOCTXSYNC, NULL);
		ioctl(b.fd, NIOCRXSYNC, NULL);
	}
	/* Head is behind tail. */
	works();
	tx->head = tx->cur = (tx->tail + 1) % 1024 + 1;
	tx->tail = (tx->head - 5) % 1024;
	ioctl(a.fd, NIOCTXSYNC, NULL);
	rx->head = rx->cur = (rx->tail + 1) % 1024;
	ioctl(b.fd, NIOCRXSYNC, NULL);
	works();
}

Test(netmap_bad, slots)
{
	static const uint32_t indices[] = { 0, 1, 2, 2319, 2320, 0x7fffffff, 0xffffffff };
	static const uint16_t lengths[] = { 0, 1, 13, 2049, 0xffff };
	struct netmap_slot *slot;
	struct netmap_ring *tx;
	uint32_t index;

	a = netmap_open_all("vale1:a");
	b = netmap_open_all("vale1:b");
	tx = netmap_tx(&a, 0);
	works();
	for (size_t i = 0; i < 7 + 5; i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
		slot = &tx->slot[tx->head];
		index = slot->buf_idx;
		netmap_put(&a, 0, &frame);
		if (i < 7)
			slot->buf_idx = indices[i];
		else
			slot->len = lengths[i - 7];
		ioctl(a.fd, NIOCTXSYNC, NULL);
		slot->buf_idx = index;
		works();
	}
}

Test(netmap_bad, bytes_elsewhere)
{
	static struct frame elsewhere;
	struct netmap_slot *slot;

	a = netmap_open_all("vale1:a");
	b = netmap_open_all("vale1:b");
	frame_plain(&elsewhere, 1, 2, FRAME_TYPE_OURS, 200);
	for (int i = 0; i < 2000; i++) {
		frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 100);
		slot = &netmap_tx(&a, 0)->slot[netmap_tx(&a, 0)->head];
		netmap_put(&a, 0, &frame);
		slot->flags = NS_INDIRECT;
		slot->ptr = i % 3 ? (uintptr_t)elsewhere.bytes : i % 2 ? 8 : ~0ull;
		slot->len = elsewhere.length;
		cr_assert_eq(ioctl(a.fd, NIOCTXSYNC, NULL), 0);
		if (i % 3)
			netmap_expect(&b, &elsewhere, "what the pointer is to");
		slot->flags = 0;
		works();
	}
}
