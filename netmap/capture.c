// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Captures from ports. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "capture.h"

/* What tcpdump takes for all of a frame. */
#define SNAPSHOT 262144

/* How long pcap_breakloop() may take to be seen, when it comes just before the wait. */
#define WAIT_MS 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct capture *) captures; /* changed under `lock` */

void *capture_real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function) {
		explain(name, "this libpcap has no such function");
		abort();
	}
	return function;
}

/* Without a lock: a handle that is being closed is nobody's to use. */
struct capture *capture_of(const pcap_t *handle)
{
	struct capture *capture = captures;

	while (capture && capture->handle != handle)
		capture = capture->next;
	return capture;
}

bool capture_break(const pcap_t *handle)
{
	struct capture *capture = capture_of(handle);

	if (capture)
		capture->broken = true;
	return capture;
}

bool capture_is_port(const char *name)
{
	return name && is_vale_name(name) && strchr(name, ':') &&
	       strlen(name) < NETMAP_REQ_IFNAMSIZ;
}

/* ---- beginning and end ------------------------------------------------------------------------- */

struct capture *capture_new(const char *name, char *error)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (capture)
		capture->handle = CAPTURE_REAL(pcap_open_dead)(DLT_EN10MB, SNAPSHOT);
	if (!capture || !capture->handle) {
		free(capture);
		snprintf(error, PCAP_ERRBUF_SIZE, "out of memory");
		return NULL;
	}
	strcpy(capture->name, name);
	capture->fd = -1;
	capture->maps = MAPS_CLOSED;
	capture->snapshot = SNAPSHOT;
	pthread_mutex_lock(&lock);
	capture->next = (struct capture *)captures;
	captures = capture;
	pthread_mutex_unlock(&lock);
	return capture;
}

void capture_close(struct capture *capture)
{
	_Atomic(struct capture *) *place;

	pthread_mutex_lock(&lock);
	for (place = &captures; *place != capture; place = &(*place)->next)
		;
	*place = (struct capture *)capture->next;
	pthread_mutex_unlock(&lock);
	if (capture->fd >= 0)
		close(capture->fd);
	maps_close(&capture->maps);
	free(capture->filter.bf_insns);
	CAPTURE_REAL(pcap_close)(capture->handle);
	free(capture);
}

__u64 capture_dropped(const struct capture *capture)
{
	return drops_of(&capture->maps, capture->port->number) - capture->dropped;
}

/* They are the switch's: a program that may not ask sees none. */
static void open_counters(struct capture *capture)
{
	CLEANUP_VALE struct vale *vale = NULL;
	struct name name;

	if (!switches_open(&vale) && !name_parse_port(&name, capture->port->name))
		maps_open(&capture->maps, vale, name.switch_name);
	capture->dropped = drops_of(&capture->maps, capture->port->number);
}

static int bind_port(struct capture *capture)
{
	CLEANUP_FILE struct file *file = file_of(capture->fd);
	struct request request = {
		.file = file,
		.fd = capture->fd,
		.type = NETMAP_REQ_REGISTER,
		.body.reg.nr_mode = NR_REG_ALL_NIC,
	};
	int error;

	if (!file)
		return -EBADF;
	strcpy(request.name, capture->name);
	error = request_run(&request);
	if (!error)
		capture->port = file->port; /* which is there as long as the fd */
	return error;
}

int capture_activate(struct capture *capture)
{
	int error;

	capture->fd = open("/dev/netmap", O_RDWR | O_CLOEXEC);
	error = capture->fd < 0 ? -errno : bind_port(capture);
	if (!error) {
		open_counters(capture);
		return 0;
	}
	if (capture->fd >= 0)
		close(capture->fd);
	capture->fd = -1;
	snprintf(capture->error, sizeof(capture->error), "cannot open the port: %s",
		 strerror(-error));
	return error == -EPERM || error == -EACCES ? PCAP_ERROR_PERM_DENIED : PCAP_ERROR;
}

int capture_set_filter(struct capture *capture, const struct bpf_program *program)
{
	size_t size = program->bf_len * sizeof(*program->bf_insns);
	struct bpf_insn *copy = malloc(size);

	if (!copy) {
		snprintf(capture->error, sizeof(capture->error), "out of memory");
		return PCAP_ERROR;
	}
	memcpy(copy, program->bf_insns, size);
	free(capture->filter.bf_insns);
	capture->filter = (struct bpf_program){ program->bf_len, copy };
	capture->matches = CAPTURE_REAL(pcap_offline_filter);
	return 0;
}

/* ---- frames ------------------------------------------------------------------------------------ */

static struct pcap_pkthdr header_of(const struct capture *capture, __u32 length)
{
	struct pcap_pkthdr header = { .len = length };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	header.ts.tv_sec = now.tv_sec;
	header.ts.tv_usec = capture->precision == PCAP_TSTAMP_PRECISION_NANO ? now.tv_nsec
									     : now.tv_nsec / 1000;
	header.caplen = length < (__u32)capture->snapshot ? length : (__u32)capture->snapshot;
	return header;
}

static bool passes(const struct capture *capture, const struct pcap_pkthdr *header,
		   const unsigned char *frame)
{
	struct pcap_pkthdr whole = *header;

	whole.caplen = whole.len;
	return !capture->outgoing &&
	       (!capture->filter.bf_insns || capture->matches(&capture->filter, &whole, frame));
}

/* Those that are there, up to `count`; 0: all. */
static int take(struct capture *capture, int count, pcap_handler visit, unsigned char *argument)
{
	const unsigned char *frame;
	int taken = 0;
	__u32 length;

	while ((!count || taken < count) && !capture->broken &&
	       (frame = vale_next_frame(capture->port, &length))) {
		struct pcap_pkthdr header = header_of(capture, length);

		if (!passes(capture, &header, frame))
			continue;
		capture->received++;
		taken++;
		visit(argument, &header, frame);
	}
	return taken;
}

/* 0: nothing yet. */
static int wait_for_frames(struct capture *capture, int timeout_ms)
{
	struct pollfd wait = { .fd = capture->fd, .events = POLLIN };
	int found = poll(&wait, 1, timeout_ms);

	if (found < 0 && errno != EINTR) {
		snprintf(capture->error, sizeof(capture->error), "poll: %s", strerror(errno));
		return PCAP_ERROR;
	}
	if (found > 0 && wait.revents & POLLERR) {
		snprintf(capture->error, sizeof(capture->error), "the port was deleted");
		return PCAP_ERROR;
	}
	return 0;
}

/* Milliseconds of a wait, of which so many have gone already. */
static int slice(const struct capture *capture, bool whole, int waited)
{
	int left = whole || capture->timeout_ms <= 0 ? WAIT_MS : capture->timeout_ms - waited;

	return left < WAIT_MS ? left : WAIT_MS;
}

int capture_run(struct capture *capture, int count, pcap_handler visit, unsigned char *argument,
		bool whole)
{
	int total = 0, waited = 0, limit = count > 0 ? count : 0;

	for (;;) {
		int answer, time;

		total += take(capture, limit ? limit - total : 0, visit, argument);
		if (atomic_exchange(&capture->broken, false))
			return total && !whole ? total : PCAP_ERROR_BREAK;
		if ((limit && total == limit) || (!whole && (total || capture->nonblock)))
			return whole ? 0 : total;
		time = slice(capture, whole, waited);
		if (time <= 0)
			return 0;
		answer = wait_for_frames(capture, time);
		if (answer)
			return answer;
		waited += time;
	}
}
