// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Ports of rings on trial, and their clients. */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/internal.h"
#include "trial.h"
#include "vale/port.h"

void trial_ring(struct machine *machine, const struct check *check, struct finding *out)
{
	struct vale_ring_options options = {
		.size = sizeof(options),
		.owner = geteuid(),
		.group = getegid(),
	};

	(void)check;
	if (trial_lacks(machine->has_switch, "switch", out))
		return;
	if (vale_port_add(machine->trial, TRIAL_RING, &options)) {
		conclude(out, FINDING_MISSING, "%s", vale_reason(machine->trial));
		return;
	}
	machine->has_ring = true;
	conclude(out, FINDING_OK, "made");
}

/* Sends one frame to all as a client does. Writes why that fails, if it does. */
static int send_frame(struct vale *vale, char *reason, size_t size)
{
	static const unsigned char frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02,
						 0,    0,    0,	   0,	 0x01, 0x88, 0xb5 };
	const struct vale_open_options options = {
		.size = sizeof(options),
		.flags = VALE_OPEN_EXISTING,
	};
	struct vale_port *port = NULL;
	int error = vale_port_open(vale, TRIAL_RING, &options, &port);

	if (error) {
		snprintf(reason, size, "%s", vale_reason(vale));
		return error;
	}
	error = vale_inject(port, 0, frame, sizeof(frame));
	if (!error)
		error = vale_txsync(port, 0);
	vale_port_close(port);
	if (error)
		snprintf(reason, size, "a frame cannot be sent: %s", strerror(-error));
	return error;
}

/* ---- to an interface --------------------------------------------------------------------------- */

static __u64 sent_by_device(struct vale *vale)
{
	CLEANUP_FREE struct vale_port_stats *stats = NULL;
	size_t count = 0;

	return vale_stats_get(vale, TRIAL_DEVICE, &stats, &count) || !count
		       ? 0
		       : stats[0].counters.sent_frames;
}

void trial_live(struct machine *machine, const struct check *check, struct finding *out)
{
	char reason[sizeof(out->found)];
	__u64 before;

	(void)check;
	if (trial_lacks(machine->has_ring, "ring_port", out) ||
	    trial_lacks(machine->has_device, "veth_xdp", out))
		return;
	before = sent_by_device(machine->trial);
	if (send_frame(machine->trial, reason, sizeof(reason)))
		conclude(out, FINDING_MISSING, "%s", reason);
	else if (sent_by_device(machine->trial) == before)
		conclude(out, FINDING_MISSING,
			 "a frame was sent, and did not get to the interface");
	else
		conclude(out, FINDING_OK, "a frame was sent");
}

/* ---- without any right ------------------------------------------------------------------------- */

static int give_up_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/* In the child. What it writes is why it could not send. */
_Noreturn static void be_client(int out)
{
	char reason[sizeof(((struct finding *)NULL)->found)] = "";
	struct vale *vale = NULL;
	int error = give_up_capabilities();

	if (error)
		snprintf(reason, sizeof(reason), "cannot give up capabilities: %s",
			 strerror(-error));
	else if ((error = vale_open(&vale, VALE_BPFFS)))
		snprintf(reason, sizeof(reason), "%s", vale_open_reason(error));
	else
		error = send_frame(vale, reason, sizeof(reason));
	if (write(out, reason, strlen(reason)) < 0)
		error = -errno;
	_exit(!!error);
}

/* Runs it, and takes its reason. */
static int run_client(char *reason, size_t size)
{
	int ends[2], status;
	ssize_t length;
	pid_t child;

	if (pipe(ends))
		return -errno;
	child = fork();
	if (child == 0)
		be_client(ends[1]);
	close(ends[1]);
	length = read(ends[0], reason, size - 1);
	close(ends[0]);
	reason[length > 0 ? length : 0] = 0;
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -ECHILD;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EPERM;
}

void trial_client(struct machine *machine, const struct check *check, struct finding *out)
{
	char reason[sizeof(out->found)] = "";
	int error;

	(void)check;
	if (trial_lacks(machine->has_ring, "ring_port", out))
		return;
	error = run_client(reason, sizeof(reason));
	if (error)
		conclude(out, FINDING_MISSING, "%s", *reason ? reason : strerror(-error));
	else
		conclude(out, FINDING_OK, "a process without any has sent a frame");
}
