// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Files of /dev/netmap in processes that have not opened them. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/netmap.h"
#include "tests/lib/sandbox.h"

TestSuite(netmap_given, .init = sandbox_enter, .timeout = 120);

static bool exists(const char *port)
{
	return !run("%s show %s", valectl(), port).status;
}

/* A message of one byte, with room for one file descriptor. */
struct fd_message {
	char byte;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec bytes;
	struct msghdr message;
};

static struct msghdr *prepare(struct fd_message *of)
{
	memset(of, 0, sizeof(*of));
	of->bytes = (struct iovec){ &of->byte, 1 };
	of->message = (struct msghdr){ .msg_iov = &of->bytes, .msg_iovlen = 1 };
	of->message.msg_control = &of->control;
	of->message.msg_controllen = sizeof(of->control);
	return &of->message;
}

static void send_fd(int socket, int fd)
{
	struct fd_message of;
	struct msghdr *message = prepare(&of);

	of.control.header.cmsg_level = SOL_SOCKET;
	of.control.header.cmsg_type = SCM_RIGHTS;
	of.control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&of.control.header), &fd, sizeof(int));
	cr_assert_eq(sendmsg(socket, message, 0), 1);
}

static int receive_fd(int socket)
{
	struct fd_message of;
	int fd = -1;

	if (recvmsg(socket, prepare(&of), 0) == 1)
		memcpy(&fd, CMSG_DATA(&of.control.header), sizeof(int));
	return fd;
}

/* A process that has never opened /dev/netmap gets a file of it. */
static int use_received(struct client_self *self, void *argument)
{
	struct netmap_port *port = argument;

	port->fd = receive_fd(self->socket);
	netmap_map(port);
	return port->fd < 0 ? -EBADF : ioctl(port->fd, NIOCTXSYNC, NULL) ? -errno : 0;
}

static int send_received(struct client_self *self, void *argument)
{
	struct netmap_port port = *(struct netmap_port *)argument;
	static struct frame frame;

	(void)self;
	frame_plain(&frame, 1, 2, FRAME_TYPE_OURS, 80);
	netmap_map(&port);
	netmap_send(&port, &frame);
	return 0;
}

static int open_and_give(struct client_self *self, void *argument)
{
	struct netmap_port port =
		netmap_open("vale1:a", (struct nmreq_register){ .nr_flags = NR_TX_RINGS_ONLY });

	memcpy(argument, &port, sizeof(port));
	send_fd(self->socket, port.fd);
	return 0;
}

Test(netmap_given, given_to_another_process)
{
	struct client *giver = client_start(), *taker = client_start();
	struct netmap_port port, b = netmap_open_all("vale1:b");
	static struct frame expected;

	frame_plain(&expected, 1, 2, FRAME_TYPE_OURS, 80);
	client_connect(giver, taker, SOCK_STREAM);
	cr_assert_eq(client_do(giver, open_and_give, &port, sizeof(port)), 0);
	/* On its way, the file is nobody's but the kernel's. */
	client_kill(giver);
	must("%s list", valectl());
	cr_assert(exists("vale1:a"));
	cr_assert_eq(client_do(taker, use_received, &port, sizeof(port)), 0);
	cr_assert_eq(client_do(taker, send_received, &port, sizeof(port)), 0);
	netmap_expect(&b, &expected, "sent by a port that was received");
	client_end(taker);
	port = netmap_open("vale1:a", (struct nmreq_register){ .nr_flags = NR_EXCLUSIVE });
}

Test(netmap_given, exec)
{
	struct netmap_port a = netmap_open_all("vale1:a");
	char fd[16];
	pid_t child;

	cr_assert_eq(a.fd, dup2(a.fd, a.fd));
	snprintf(fd, sizeof(fd), "%d", dup2(a.fd, 50));
	netmap_close(&a);
	/* It lives on as long as any process has it, whatever that does with it. */
	child = fork();
	if (!child) {
		execl("/bin/sleep", "sleep", "1000", NULL);
		_exit(1);
	}
	close(50);
	cr_assert(exists("vale1:a"));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	a = netmap_open("vale1:a", (struct nmreq_register){ .nr_flags = NR_EXCLUSIVE });
}
