// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What is given to another process in place of a port: messages that are none. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "client/client.h"
#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/sandbox.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TestSuite(port_message, .init = sandbox_enter, .timeout = 60);

#define FDS_MAX 40

/* A message as it was sent, to be changed and sent on. */
struct raw {
	unsigned char bytes[4096];
	size_t length;
	int fds[FDS_MAX];
	int count;
};

/* The start of what is sent: client/pass.c. */
struct head {
	__u32 abi;
	__u32 pairs, first, end;
	__u32 ephemeral, lossless;
	char name[2 * VALE_NAME_SIZE];
	char bpffs[];
};

static int capture(struct vale_port *port, struct raw *raw)
{
	char control[CMSG_SPACE(sizeof(raw->fds))];
	struct iovec bytes = { raw->bytes, sizeof(raw->bytes) };
	struct msghdr header = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	int sockets[2], error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets))
		return -errno;
	error = vale_port_send(port, sockets[0]);
	if (error)
		return error;
	raw->length = recvmsg(sockets[1], &header, 0);
	raw->count = (CMSG_FIRSTHDR(&header)->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(raw->fds, CMSG_DATA(CMSG_FIRSTHDR(&header)), raw->count * sizeof(int));
	close(sockets[0]);
	close(sockets[1]);
	return 0;
}

static int send_raw(int socket, const struct raw *raw)
{
	char control[CMSG_SPACE(sizeof(raw->fds))] = {};
	struct iovec bytes = { (void *)raw->bytes, raw->length };
	struct msghdr header = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = raw->count ? control : NULL,
		.msg_controllen = raw->count ? CMSG_SPACE(raw->count * sizeof(int)) : 0,
	};

	if (raw->count) {
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);

		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(raw->count * sizeof(int));
		memcpy(CMSG_DATA(item), raw->fds, raw->count * sizeof(int));
	}
	return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void swap(struct raw *raw, int a, int b)
{
	int fd = raw->fds[a];

	raw->fds[a] = raw->fds[b];
	raw->fds[b] = fd;
}

static void as_it_is(struct raw *raw, struct head *head)
{
	(void)raw;
	(void)head;
}

static void short_message(struct raw *raw, struct head *head)
{
	(void)head;
	raw->length -= 1;
}

static void long_message(struct raw *raw, struct head *head)
{
	(void)head;
	raw->length += 1;
}

static void no_fds(struct raw *raw, struct head *head)
{
	(void)head;
	raw->count = 0;
}

static void one_fd_less(struct raw *raw, struct head *head)
{
	(void)head;
	raw->count--;
}

static void one_fd_more(struct raw *raw, struct head *head)
{
	(void)head;
	raw->fds[raw->count++] = 0;
}

static void many_fds(struct raw *raw, struct head *head)
{
	(void)head;
	while (raw->count < FDS_MAX)
		raw->fds[raw->count++] = 0;
}

static void another_version(struct raw *raw, struct head *head)
{
	(void)raw;
	head->abi++;
}

static void more_pairs(struct raw *raw, struct head *head)
{
	head->pairs++;
	for (int i = 0; i < 3; i++)
		raw->fds[raw->count++] = raw->fds[6 + i];
}

static void fewer_pairs(struct raw *raw, struct head *head)
{
	head->pairs = head->end = 1;
	raw->count -= 3;
}

static void pairs_that_cannot_be(struct raw *raw, struct head *head)
{
	(void)raw;
	head->pairs = 0xffffffff;
}

static void no_pair(struct raw *raw, struct head *head)
{
	(void)raw;
	head->first = head->end;
}

static void rings_that_are_not_there(struct raw *raw, struct head *head)
{
	(void)raw;
	head->end++;
}

static void no_name(struct raw *raw, struct head *head)
{
	(void)raw;
	strcpy(head->name, "../../x:y");
}

static void a_name_without_end(struct raw *raw, struct head *head)
{
	(void)raw;
	memset(head->name, 'a', sizeof(head->name));
}

static void a_path_without_end(struct raw *raw, struct head *head)
{
	memset(head->bpffs, '/', raw->length - sizeof(*head));
}

static void state_for_region(struct raw *raw, struct head *head)
{
	(void)head;
	swap(raw, 1, 2);
}

static void programs_for_maps(struct raw *raw, struct head *head)
{
	(void)head;
	swap(raw, 1, 3);
}

static void region_for_doorbell(struct raw *raw, struct head *head)
{
	(void)head;
	raw->fds[6] = raw->fds[1];
}

static void live_for_txsync(struct raw *raw, struct head *head)
{
	(void)head;
	raw->fds[7] = raw->fds[5];
}

static void txsync_for_live(struct raw *raw, struct head *head)
{
	(void)head;
	raw->fds[5] = raw->fds[7];
}

static void a_map_for_enter(struct raw *raw, struct head *head)
{
	(void)head;
	raw->fds[3] = raw->fds[1];
}

static void files(struct raw *raw, struct head *head)
{
	(void)head;
	for (int i = 0; i < raw->count; i++)
		raw->fds[i] = 0;
}

static const struct change {
	const char *what;
	void (*change)(struct raw *raw, struct head *head);
	int error;
} changes[] = {
	{ "as it is", as_it_is, 0 },
	{ "short", short_message, -EPROTO },
	{ "long", long_message, -EPROTO },
	{ "no file descriptors", no_fds, -EPROTO },
	{ "one less", one_fd_less, -EPROTO },
	{ "one more", one_fd_more, -EPROTO },
	{ "many", many_fds, -EPROTO },
	{ "another version", another_version, -EPROTO },
	{ "more pairs than the maps have", more_pairs, -EPROTO },
	{ "fewer pairs than the maps have", fewer_pairs, -EPROTO },
	{ "pairs that cannot be", pairs_that_cannot_be, -EPROTO },
	{ "no pair", no_pair, -EPROTO },
	{ "rings that are not there", rings_that_are_not_there, -EPROTO },
	{ "no name", no_name, -EPROTO },
	{ "a name without end", a_name_without_end, -EPROTO },
	{ "a path without end", a_path_without_end, -EPROTO },
	{ "the state in place of the region", state_for_region, -EPROTO },
	{ "programs in place of maps", programs_for_maps, -EPROTO },
	{ "the region in place of the doorbell", region_for_doorbell, -EPROTO },
	{ "live in place of txsync", live_for_txsync, -EPROTO },
	{ "txsync in place of live", txsync_for_live, -EPROTO },
	{ "a map in place of enter", a_map_for_enter, -EPROTO },
	{ "files", files, -EPROTO },
	{ "as it is", as_it_is, 0 },
};

static int send_changed(struct client_self *self, void *argument)
{
	static struct raw raw;
	int error = capture(self->port, &raw), count = raw.count, fds[FDS_MAX];

	if (error)
		return error;
	memcpy(fds, raw.fds, sizeof(fds));
	changes[*(size_t *)argument].change(&raw, (struct head *)raw.bytes);
	error = send_raw(self->socket, &raw);
	for (int i = 0; i < count; i++)
		close(fds[i]);
	return error;
}

/* Packets, so that one that is too short or too long does not spoil the next one. */
Test(port_message, what_is_no_port)
{
	struct client *a = client_start(), *b = client_start();
	const struct vale_open_options options = { .ring = { .rings = 2 } };
	int fds_a, fds_b;

	cr_assert_eq(client_open_with(a, "vale1:a", &options), 0, "%s", client_reason(a));
	client_connect(a, b, SOCK_SEQPACKET);
	fds_a = client_fds(a);
	fds_b = client_fds(b);
	for (size_t i = 0; i < COUNT(changes); i++) {
		int error = client_do(a, send_changed, &i, sizeof(i));

		cr_assert_eq(error, 0, "%s: %s", changes[i].what, strerror(-error));
		error = client_take(b);
		cr_assert_eq(error, changes[i].error, "%s: %s", changes[i].what, strerror(-error));
		if (!error)
			client_close(b);
		cr_assert_eq(client_fds(a), fds_a, "%s", changes[i].what);
		cr_assert_eq(client_fds(b), fds_b, "%s: %d, and %d before", changes[i].what,
			     client_fds(b), fds_b);
		cr_assert_eq(client_number("vale1:a"), 1, "%s", changes[i].what);
	}
}
