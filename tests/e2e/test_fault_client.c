// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * System calls of a client fail while it opens a port, sends, waits and closes it: the library says so,
 * or it does not matter; no file stays open, and a second attempt has it all.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/fault_series.h"
#include "tests/lib/sandbox.h"

TestSuite(fault_client, .init = fault_series_begin, .timeout = 3600);

enum { FILES_LEFT = FAULT_BAD, NO_REASON, WRONG_PORT, NOT_NOBODY };

/* By a call that does not fail. */
static int open_files(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int send_and_wait(struct vale_port *port)
{
	struct frame frame;
	int error;

	frame_plain(&frame, 3, 2, FRAME_TYPE_OURS, 60);
	error = vale_inject(port, 0, frame.bytes, frame.length);
	if (!error)
		error = vale_txsync(port, 0);
	if (error >= 0)
		error = vale_port_poll(port, POLLIN, 0);
	if (error >= 0)
		error = vale_rxsync(port, VALE_ALL_RINGS);
	return error;
}

static int attempt(const char *name, const struct vale_open_options *options)
{
	struct vale_port *port = NULL;
	struct vale *vale = NULL;
	int error = vale_open(&vale, NULL);

	if (error)
		return error;
	error = vale_port_open(vale, name, options, &port);
	if (error >= 0)
		error = send_and_wait(port);
	else if (!*vale_reason(vale))
		_exit(NO_REASON);
	else if (port)
		_exit(WRONG_PORT);
	vale_port_close(port);
	vale_close(vale);
	return error;
}

static void attempt_twice(const char *name, const struct vale_open_options *options)
{
	int files = open_files(), error = attempt(name, options);

	if (open_files() != files)
		_exit(FILES_LEFT);
	if (error < 0 && attempt(name, options) < 0)
		_exit(FAULT_NOT_AGAIN);
	_exit(error < 0 ? FAULT_TOLD : FAULT_DONE);
}

/* A command that tidies up. */
#define SWEEP "port add vale1:z && $VALE port del vale1:z"

static void client_of_its_own_port(void)
{
	attempt_twice("vale1:new", NULL);
}

Test(fault_client, a_client_that_makes_its_port)
{
	fault_series_run(&(struct fault_series){
		.command = "a client that makes its port",
		.function = client_of_its_own_port,
		.undo = SWEEP,
		.may_be_left = true,
	});
}

static void client_of_a_switch(void)
{
	attempt_twice("vale2:new", NULL);
}

Test(fault_client, a_client_that_makes_its_switch)
{
	fault_series_run(&(struct fault_series){
		.command = "a client that makes its switch",
		.function = client_of_a_switch,
		.undo = "port add vale2:z && $VALE destroy vale2 --force",
		.may_be_left = true,
	});
}

static void client_of_a_port_that_stays(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		_exit(NOT_NOBODY);
	attempt_twice("vale1:a1",
		      &(struct vale_open_options){ .size = sizeof(struct vale_open_options),
						   .flags = VALE_OPEN_EXISTING });
}

Test(fault_client, a_client_of_a_port_that_stays)
{
	must("%s port add vale1:a1 --owner nobody --rings 2", valectl());
	fault_series_run(&(struct fault_series){
		.command = "a client of a port that stays",
		.function = client_of_a_port_that_stays,
		.undo = SWEEP,
	});
}

static void client_over_xsk(void)
{
	attempt_twice("vale1:x1",
		      &(struct vale_open_options){ .size = sizeof(struct vale_open_options),
						   .transport = VALE_TRANSPORT_XSK });
}

Test(fault_client, a_client_over_xsk)
{
	must("%s attach vale1:x1 --xsk out", valectl());
	fault_series_run(&(struct fault_series){
		.command = "a client over AF_XDP",
		.function = client_over_xsk,
		.undo = SWEEP,
	});
}

Test(fault_client, a_client_that_makes_its_port_over_xsk)
{
	fault_series_run(&(struct fault_series){
		.command = "a client that makes its port over AF_XDP",
		.function = client_over_xsk,
		.undo = SWEEP,
		.may_be_left = true,
	});
}
