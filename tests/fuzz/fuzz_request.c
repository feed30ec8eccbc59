// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * Requests to /dev/netmap: NIOCCTRL with a list of options, NIOCREGIF, NIOCGINFO, with pointers to
 * anywhere. The input is which of them, how many bytes of answers of the library's there are, these, and
 * then the program's memory, at whose start the request is. Its pointers are offsets into that, where
 * they are small.
 *
 * The answer is 0 or -errno, and nothing of the program's memory is changed but what the request says.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "library.h"
#include "netmap/monitor.h"
#include "netmap/pipe.h"
#include "promise.h"

#define MEMORY 8192

static __u8 *memory; /* the program's, with nothing behind it */
static __u8 before[MEMORY], may_change[MEMORY];

/* ---- what is behind a port that is open, of which there is none -------------------------------- */

pthread_mutex_t file_lock = PTHREAD_MUTEX_INITIALIZER;
pid_t layer_process = 1;

#define NOT_OPEN promise_broken("a port that is not open is not used", __FILE__, __LINE__)

void hide_port(struct vale_port *port)
{
	(void)port;
	NOT_OPEN;
}

int pool_lock(const struct vale_port *port, int *out)
{
	(void)port;
	*out = -1;
	NOT_OPEN;
}

int pool_bind(struct file *file, __u32 *extra_buffers)
{
	(void)file;
	*extra_buffers = 0;
	NOT_OPEN;
}

void pool_undo(struct file *file)
{
	(void)file;
	NOT_OPEN;
}

int pipe_bind(struct file *file, const struct pipe_wish *wish)
{
	(void)file;
	(void)wish;
	NOT_OPEN;
}

int monitor_bind(struct file *file, const struct pipe_wish *wish)
{
	(void)file;
	(void)wish;
	NOT_OPEN;
}

/* What is said on stderr of ports that a program does not get. */
int dprintf(int fd, const char *format, ...)
{
	PROMISE(fd == 2 && *format);
	return 0;
}

/* The kernel's own: the address sanitizer would look at addresses that may be none. */
ssize_t pread(int fd, void *to, size_t size, off_t offset)
{
	return syscall(SYS_pread64, fd, to, size, offset);
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t offset)
{
	return syscall(SYS_pwrite64, fd, from, size, offset);
}

/* ---- the program's memory ---------------------------------------------------------------------- */

/* Offsets become addresses; addresses, those where there is nothing: this program's own are not to be met. */
static void relocate(uint64_t *pointer)
{
	if (*pointer >= MEMORY)
		*pointer |= 0xffff000000000000;
	else if (*pointer)
		*pointer += (__u64)(unsigned long)memory;
}

static void allow(__u64 address, size_t size)
{
	__u64 offset = address - (__u64)(unsigned long)memory;

	for (size_t i = 0; i < size && offset + i < MEMORY; i++)
		may_change[offset + i] = 1;
}

static void *at(__u64 address, size_t size)
{
	__u64 offset = address - (__u64)(unsigned long)memory;

	return offset < MEMORY && size <= MEMORY - offset ? memory + offset : NULL;
}

/* Of the options, in each its status; as many as a request may have. */
static void prepare_options(uint64_t *link)
{
	for (int i = 0; i < 1024; i++) {
		struct nmreq_option *option;

		relocate(link);
		option = at(*link, sizeof(*option));
		if (!option)
			return;
		allow(*link + offsetof(struct nmreq_option, nro_status),
		      sizeof(option->nro_status));
		link = &option->nro_next;
	}
}

static size_t body_size(__u16 type)
{
	static const size_t sizes[] = {
		[NETMAP_REQ_REGISTER] = sizeof(struct nmreq_register),
		[NETMAP_REQ_PORT_INFO_GET] = sizeof(struct nmreq_port_info_get),
		[NETMAP_REQ_VALE_ATTACH] = sizeof(struct nmreq_vale_attach),
		[NETMAP_REQ_VALE_DETACH] = sizeof(struct nmreq_vale_detach),
		[NETMAP_REQ_VALE_LIST] = sizeof(struct nmreq_vale_list),
		[NETMAP_REQ_PORT_HDR_SET] = sizeof(struct nmreq_port_hdr),
		[NETMAP_REQ_PORT_HDR_GET] = sizeof(struct nmreq_port_hdr),
		[NETMAP_REQ_VALE_NEWIF] = sizeof(struct nmreq_vale_newif),
		[NETMAP_REQ_VALE_POLLING_ENABLE] = sizeof(struct nmreq_vale_polling),
		[NETMAP_REQ_VALE_POLLING_DISABLE] = sizeof(struct nmreq_vale_polling),
		[NETMAP_REQ_POOLS_INFO_GET] = sizeof(struct nmreq_pools_info),
	};

	return type < sizeof(sizes) / sizeof(sizes[0]) ? sizes[type] : 0;
}

static void prepare_control(void)
{
	struct nmreq_header *header = (struct nmreq_header *)memory;

	relocate(&header->nr_body);
	prepare_options(&header->nr_options);
	allow((unsigned long)&header->nr_version, sizeof(header->nr_version));
	if (header->nr_reqtype == NETMAP_REQ_VALE_LIST)
		allow((unsigned long)header->nr_name, sizeof(header->nr_name));
	allow(header->nr_body, body_size(header->nr_reqtype));
}

/* ---- the target -------------------------------------------------------------------------------- */

static int run(__u8 what)
{
	struct file file = {};

	memset(may_change, 0, sizeof(may_change));
	if (what % 3 == 0)
		prepare_control();
	else
		allow((unsigned long)memory, sizeof(struct nmreq));
	memcpy(before, memory, MEMORY);
	switch (what % 3) {
	case 0:
		return request_control(&file, 3, memory);
	case 1:
		return legacy_register(&file, 3, memory);
	default:
		return legacy_info(&file, 3, memory);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t answers, used;
	int error;

	if (size < 2)
		return 0;
	if (!memory) {
		memory = mmap(NULL, 2 * MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		PROMISE(memory != MAP_FAILED && !munmap(memory + MEMORY, MEMORY));
	}
	answers = data[1] < size - 2 ? data[1] : size - 2;
	used = size - 2 - answers < MEMORY ? size - 2 - answers : MEMORY;
	library_answer(data + 2, answers);
	memset(memory, 0, MEMORY);
	memcpy(memory, data + 2 + answers, used);
	error = run(data[0]);
	PROMISE(error <= 0 && error > -4096);
	for (int i = 0; i < MEMORY; i++)
		PROMISE(may_change[i] || memory[i] == before[i]);
	/* The same, at an address that is none. */
	PROMISE(request_control(&(struct file){}, 3, memory + MEMORY - 8) == -EFAULT);
	return 0;
}
