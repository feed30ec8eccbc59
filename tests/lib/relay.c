// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "relay.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <criterion/criterion.h>

static int send_on(struct vale_port *port, const unsigned char *frame, __u32 length)
{
	int error = vale_inject(port, 0, frame, length);

	if (error != -ENOBUFS)
		return error;
	error = vale_txsync(port, 0);
	return error ? error : vale_inject(port, 0, frame, length);
}

static void look(struct relay *relay, int from, const unsigned char *frame, __u32 length)
{
	const struct virtio_net_hdr *header = (const void *)frame;
	bool open = relay->header && header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;

	checksums_add(&relay->came[from], frame + relay->header, length - relay->header, open);
}

static int carry(struct relay *relay, int from)
{
	struct vale_port *to = relay->port[!from];
	const unsigned char *frame;
	__u32 length;
	int error = 0;

	while (!error && (frame = vale_next_frame(relay->port[from], &length))) {
		look(relay, from, frame, length);
		error = send_on(to, frame, length);
	}
	return error ? error : vale_txsync(to, 0);
}

/* Until a frame comes, or it is to stop: then it returns false. */
static bool sleep_on(const struct relay *relay)
{
	struct pollfd fds[] = { { vale_port_fd(relay->port[0]), POLLIN, 0 },
				{ vale_port_fd(relay->port[1]), POLLIN, 0 },
				{ relay->stop, POLLIN, 0 } };
	bool come = vale_port_arm(relay->port[0], POLLIN) || vale_port_arm(relay->port[1], POLLIN);

	poll(fds, 3, come ? 0 : -1);
	vale_port_disarm(relay->port[0]);
	vale_port_disarm(relay->port[1]);
	return !fds[2].revents;
}

static void *run_relay(void *argument)
{
	struct relay *relay = argument;

	do {
		relay->error = carry(relay, 0);
		if (!relay->error)
			relay->error = carry(relay, 1);
	} while (!relay->error && sleep_on(relay));
	return NULL;
}

void relay_start(struct relay *relay)
{
	memset(relay->came, 0, sizeof(relay->came));
	relay->stop = eventfd(0, EFD_CLOEXEC);
	cr_assert_geq(relay->stop, 0, "eventfd: %s", strerror(errno));
	cr_assert_eq(pthread_create(&relay->thread, NULL, run_relay, relay), 0);
}

void relay_stop(struct relay *relay)
{
	cr_assert_eq(eventfd_write(relay->stop, 1), 0);
	pthread_join(relay->thread, NULL);
	close(relay->stop);
	cr_assert_eq(relay->error, 0, "the relay cannot send: %s", strerror(-relay->error));
}
