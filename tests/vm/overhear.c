// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * usage: overhear DEVICE COMMAND
 *
 * Runs a line of shell, and then says with what checksums frames have come in by the device meanwhile:
 * "N good N open N bad N bytes N longest". For where a test cannot look itself, in a guest.
 * The exit status is that of the command.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/lib/checksums.h"
#include "tests/lib/traffic.h"

int main(int argc, char **argv)
{
	struct checksums came = {};
	int socket, status;

	if (argc != 3)
		errx(2, "usage: overhear DEVICE COMMAND");
	socket = traffic_open(NULL, argv[1], 0);
	status = system(argv[2]);
	checksums_collect(&came, socket);
	printf("%ld good %ld open %ld bad %ld bytes %zu longest\n", came.good, came.open, came.bad,
	       came.bytes, came.longest);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
