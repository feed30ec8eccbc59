// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Functions of libpcap that are another's for ports of VALE switches. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "capture.h"

/* Does `ours` if the handle is one of a port, and what libpcap does if not. */
#define FOR_PORT(handle, ours, name, ...)                       \
	do {                                                    \
		struct capture *capture = capture_of(handle);   \
		if (!capture)                                   \
			return CAPTURE_REAL(name)(__VA_ARGS__); \
		ours;                                           \
	} while (0)

/* ---- handles ----------------------------------------------------------------------------------- */

INTERPOSE pcap_t *pcap_create(const char *device, char *error)
{
	struct capture *capture;

	if (!capture_is_port(device))
		return CAPTURE_REAL(pcap_create)(device, error);
	capture = capture_new(device, error);
	return capture ? capture->handle : NULL;
}

INTERPOSE int pcap_activate(pcap_t *handle)
{
	FOR_PORT(handle, return capture_activate(capture), pcap_activate, handle);
}

INTERPOSE pcap_t *pcap_open_live(const char *device, int snapshot, int promiscuous, int timeout,
				 char *error)
{
	struct capture *capture;

	if (!capture_is_port(device))
		return CAPTURE_REAL(pcap_open_live)(device, snapshot, promiscuous, timeout, error);
	capture = capture_new(device, error);
	if (!capture)
		return NULL;
	capture->snapshot = snapshot > 0 ? snapshot : capture->snapshot;
	capture->timeout_ms = timeout;
	if (capture_activate(capture)) {
		snprintf(error, PCAP_ERRBUF_SIZE, "%s", capture->error);
		capture_close(capture);
		return NULL;
	}
	return capture->handle;
}

INTERPOSE void pcap_close(pcap_t *handle)
{
	struct capture *capture = capture_of(handle);

	if (capture)
		capture_close(capture);
	else
		CAPTURE_REAL(pcap_close)(handle);
}

INTERPOSE char *pcap_geterr(pcap_t *handle)
{
	struct capture *capture = capture_of(handle);

	return capture && *capture->error ? capture->error : CAPTURE_REAL(pcap_geterr)(handle);
}

/* A port has no addresses that a filter could mean by "broadcast". */
INTERPOSE int pcap_lookupnet(const char *device, bpf_u_int32 *net, bpf_u_int32 *mask, char *error)
{
	if (!capture_is_port(device))
		return CAPTURE_REAL(pcap_lookupnet)(device, net, mask, error);
	*net = *mask = 0;
	return 0;
}

/* ---- settings ---------------------------------------------------------------------------------- */

INTERPOSE int pcap_set_snaplen(pcap_t *handle, int length)
{
	FOR_PORT(handle, capture->snapshot = length > 0 ? length : capture->snapshot;
		 return 0, pcap_set_snaplen, handle, length);
}

INTERPOSE int pcap_snapshot(pcap_t *handle)
{
	FOR_PORT(handle, return capture->snapshot, pcap_snapshot, handle);
}

/* A port gets what the switch sends it. */
INTERPOSE int pcap_set_promisc(pcap_t *handle, int value)
{
	FOR_PORT(handle, return 0, pcap_set_promisc, handle, value);
}

INTERPOSE int pcap_set_rfmon(pcap_t *handle, int value)
{
	FOR_PORT(handle, return value ? PCAP_ERROR_RFMON_NOTSUP : 0, pcap_set_rfmon, handle, value);
}

INTERPOSE int pcap_can_set_rfmon(pcap_t *handle)
{
	FOR_PORT(handle, return 0, pcap_can_set_rfmon, handle);
}

INTERPOSE int pcap_set_timeout(pcap_t *handle, int timeout)
{
	FOR_PORT(handle, capture->timeout_ms = timeout;
		 return 0, pcap_set_timeout, handle, timeout);
}

/* Frames are told as soon as they come, always. */
INTERPOSE int pcap_set_immediate_mode(pcap_t *handle, int value)
{
	FOR_PORT(handle, return 0, pcap_set_immediate_mode, handle, value);
}

INTERPOSE int pcap_set_buffer_size(pcap_t *handle, int size)
{
	FOR_PORT(handle, return 0, pcap_set_buffer_size, handle, size);
}

INTERPOSE int pcap_set_tstamp_type(pcap_t *handle, int type)
{
	FOR_PORT(handle, return type == PCAP_TSTAMP_HOST ? 0 : PCAP_WARNING_TSTAMP_TYPE_NOTSUP,
		 pcap_set_tstamp_type, handle, type);
}

INTERPOSE int pcap_set_tstamp_precision(pcap_t *handle, int precision)
{
	FOR_PORT(handle, capture->precision = precision;
		 return 0, pcap_set_tstamp_precision, handle, precision);
}

INTERPOSE int pcap_get_tstamp_precision(pcap_t *handle)
{
	FOR_PORT(handle, return capture->precision, pcap_get_tstamp_precision, handle);
}

INTERPOSE int pcap_setfilter(pcap_t *handle, struct bpf_program *program)
{
	FOR_PORT(handle, return capture_set_filter(capture, program), pcap_setfilter, handle,
		 program);
}

INTERPOSE int pcap_setdirection(pcap_t *handle, pcap_direction_t direction)
{
	FOR_PORT(handle, capture->outgoing = direction == PCAP_D_OUT;
		 return 0, pcap_setdirection, handle, direction);
}

INTERPOSE int pcap_setnonblock(pcap_t *handle, int value, char *error)
{
	FOR_PORT(handle, capture->nonblock = value;
		 return 0, pcap_setnonblock, handle, value, error);
}

INTERPOSE int pcap_getnonblock(pcap_t *handle, char *error)
{
	FOR_PORT(handle, return capture->nonblock, pcap_getnonblock, handle, error);
}

INTERPOSE int pcap_fileno(pcap_t *handle)
{
	FOR_PORT(handle, return capture->fd, pcap_fileno, handle);
}

INTERPOSE int pcap_get_selectable_fd(pcap_t *handle)
{
	FOR_PORT(handle, return capture->fd, pcap_get_selectable_fd, handle);
}

INTERPOSE int pcap_stats(pcap_t *handle, struct pcap_stat *stats)
{
	FOR_PORT(handle, memset(stats, 0, sizeof(*stats)); stats->ps_recv = capture->received;
		 stats->ps_drop = capture_dropped(capture); return 0, pcap_stats, handle, stats);
}

/* ---- frames ------------------------------------------------------------------------------------ */

INTERPOSE int pcap_loop(pcap_t *handle, int count, pcap_handler visit, unsigned char *argument)
{
	FOR_PORT(handle, return capture_run(capture, count, visit, argument, true), pcap_loop,
		 handle, count, visit, argument);
}

INTERPOSE int pcap_dispatch(pcap_t *handle, int count, pcap_handler visit, unsigned char *argument)
{
	FOR_PORT(handle, return capture_run(capture, count, visit, argument, false), pcap_dispatch,
		 handle, count, visit, argument);
}

/* May be called by a signal handler. */
INTERPOSE void pcap_breakloop(pcap_t *handle)
{
	if (!capture_break(handle))
		CAPTURE_REAL(pcap_breakloop)(handle);
}

struct one {
	struct pcap_pkthdr *header;
	const unsigned char *frame;
};

static void keep(unsigned char *argument, const struct pcap_pkthdr *header,
		 const unsigned char *frame)
{
	struct one *one = (void *)argument;

	*one->header = *header;
	one->frame = frame;
}

static int next(struct capture *capture, struct one *one)
{
	one->header = &capture->header;
	return capture_run(capture, 1, keep, (unsigned char *)one, false);
}

INTERPOSE int pcap_next_ex(pcap_t *handle, struct pcap_pkthdr **header, const unsigned char **frame)
{
	struct one one = {};
	int found;

	FOR_PORT(handle, found = next(capture, &one); *header = one.header; *frame = one.frame;
		 return found, pcap_next_ex, handle, header, frame);
}

INTERPOSE const unsigned char *pcap_next(pcap_t *handle, struct pcap_pkthdr *header)
{
	struct one one = {};

	FOR_PORT(handle, next(capture, &one); *header = capture->header;
		 return one.frame, pcap_next, handle, header);
}

static int inject(struct capture *capture, const void *frame, size_t size)
{
	int error = vale_inject(capture->port, 0, frame, size);

	if (!error)
		error = vale_txsync(capture->port, 0);
	if (error < 0)
		snprintf(capture->error, sizeof(capture->error), "cannot send: %s",
			 strerror(-error));
	return error < 0 ? PCAP_ERROR : (int)size;
}

INTERPOSE int pcap_inject(pcap_t *handle, const void *frame, size_t size)
{
	FOR_PORT(handle, return inject(capture, frame, size), pcap_inject, handle, frame, size);
}

INTERPOSE int pcap_sendpacket(pcap_t *handle, const unsigned char *frame, int size)
{
	FOR_PORT(handle, return inject(capture, frame, size) < 0 ? PCAP_ERROR : 0, pcap_sendpacket,
		 handle, frame, size);
}
