// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Giving a port to another process. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "client.h"

/* Room for what a socket may have been told to say of the sender: its credentials, label, number. */
#define OTHER_CONTROL 512

/* What goes beside the file descriptors. Who receives it trusts the sender no further than to have
 * the port: numbers are checked against the maps.
 */
struct message {
	__u32 abi;
	__u32 pairs, first, end;
	__u32 ephemeral, lossless;
	char name[2 * VALE_NAME_SIZE];
	char bpffs[sizeof(((struct vale_port *)0)->bpffs)];
};

int port_enter(struct vale_port *port)
{
	int error = port->process == getpid() ? 0 : port_run(port->enter);

	if (!error)
		port->process = getpid();
	return error;
}

int vale_port_adopt(struct vale_port *port)
{
	if (port->xsk)
		return -EOPNOTSUPP;
	/* Threads that the parent has are not the child's. */
	memset(port->tx_busy, 0, sizeof(port->tx_busy));
	return port_enter(port);
}

int port_fds(struct vale_port *port, __u32 pairs, int *out[PORT_FDS_MAX])
{
	int count = 0;

	out[count++] = &port->hold;
	out[count++] = &port->region_map;
	out[count++] = &port->state_map;
	out[count++] = &port->enter;
	out[count++] = &port->leave;
	out[count++] = &port->live;
	for (__u32 pair = 0; pair < pairs; pair++) {
		out[count++] = &port->doorbell[pair];
		out[count++] = &port->txsync[pair];
		out[count++] = &port->wake[pair];
	}
	return count;
}

int vale_port_send(struct vale_port *port, int socket)
{
	struct message message = {
		.abi = VALE_ABI,
		.pairs = port->pairs,
		.first = port->first,
		.end = port->end,
		.ephemeral = port->ephemeral,
		.lossless = port->lossless,
	};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(PORT_FDS_MAX * sizeof(int))];
	} control = {};
	struct iovec bytes = { &message, sizeof(message) };
	int *fds[PORT_FDS_MAX], count = port_fds(port, port->pairs, fds);
	struct msghdr header = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	if (port->xsk)
		return -EOPNOTSUPP;
	strcpy(message.name, port->name);
	strcpy(message.bpffs, port->bpffs);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	for (int i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(int), fds[i], sizeof(int));
	return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Beside the file descriptors, the socket may have been told to say other things. */
static struct cmsghdr *find_fds(struct msghdr *header)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	while (control && (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS))
		control = CMSG_NXTHDR(header, control);
	return control;
}

static int take_fds(struct vale_port *port, struct msghdr *header, const struct message *message)
{
	const struct cmsghdr *control = find_fds(header);
	int *fds[PORT_FDS_MAX], expected, count, fd;

	if (!control)
		return -EPROTO;
	count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	expected = message->pairs <= VALE_RINGS ? port_fds(port, message->pairs, fds) : 0;
	for (int i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(fd));
		if (i < expected)
			*fds[i] = fd;
		else
			close(fd);
	}
	return count == expected && count ? 0 : -EPROTO;
}

/* A program where a map should be, whose type has the same number, the kernel refuses when used. */
static int check(int fd, __u32 type, __u32 elements)
{
	union {
		struct bpf_map_info map;
		struct bpf_prog_info program;
	} info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.map.type != type)
		return -EPROTO;
	return elements && info.map.max_entries != elements ? -EPROTO : 0;
}

static int check_pair(const struct vale_port *port, __u32 pair)
{
	int error = check(port->doorbell[pair], BPF_MAP_TYPE_RINGBUF, 0);

	if (!error)
		error = check(port->txsync[pair], BPF_PROG_TYPE_SYSCALL, 0);
	return error ? error : check(port->wake[pair], BPF_PROG_TYPE_SYSCALL, 0);
}

static int check_fds(const struct vale_port *port, __u32 pairs)
{
	int error = check(port->region_map, BPF_MAP_TYPE_ARRAY, 0);

	if (!error)
		error = check(port->state_map, BPF_MAP_TYPE_ARRAY, pairs);
	if (!error)
		error = check(port->enter, BPF_PROG_TYPE_SYSCALL, 0);
	if (!error)
		error = check(port->leave, BPF_PROG_TYPE_SYSCALL, 0);
	if (!error)
		error = check(port->live, BPF_PROG_TYPE_XDP, 0);
	for (__u32 pair = 0; pair < pairs && !error; pair++)
		error = check_pair(port, pair);
	return error;
}

static int take_message(struct vale_port *port, const struct message *message)
{
	struct name name;

	if (message->abi != VALE_ABI || memchr(message->name, 0, sizeof(message->name)) == NULL ||
	    memchr(message->bpffs, 0, sizeof(message->bpffs)) == NULL ||
	    name_parse_port(&name, message->name) || message->end > message->pairs ||
	    message->first >= message->end)
		return -EPROTO;
	strcpy(port->name, message->name);
	strcpy(port->bpffs, message->bpffs);
	port->first = message->first;
	port->end = message->end;
	port->ephemeral = message->ephemeral;
	port->lossless = message->lossless;
	return 0;
}

static int receive(int socket, int flags, struct vale_port **out)
{
	CLEANUP_PORT struct vale_port *port = port_new();
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(PORT_FDS_MAX * sizeof(int)) + OTHER_CONTROL];
	} control;
	struct message message = {};
	struct iovec bytes = { &message, sizeof(message) };
	struct msghdr header = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t size;
	int error;

	if (!port)
		return -ENOMEM;
	size = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | flags);
	if (size <= 0)
		return size ? -errno : -EPIPE;
	error = take_fds(port, &header, &message);
	if (!error && (size != sizeof(message) || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		error = -EPROTO;
	if (!error)
		error = take_message(port, &message);
	if (!error)
		error = check_fds(port, message.pairs);
	if (!error)
		error = port_map(port);
	if (!error)
		error = port_watch(port);
	if (!error)
		error = port_enter(port);
	if (error)
		return error;
	port->programs = port->state->programs - 1; /* nobody says of which time they are */
	*out = TAKE(port, NULL);
	return 0;
}

int vale_port_receive(int socket, struct vale_port **out)
{
	return receive(socket, MSG_WAITALL, out);
}

int port_peek(int socket, struct vale_port **out)
{
	return receive(socket, MSG_PEEK | MSG_DONTWAIT, out);
}
