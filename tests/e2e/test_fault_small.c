// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* System calls of valectl fail while it makes, changes or deletes ring ports, addresses and limits. */
#include <criterion/criterion.h>

#include "tests/lib/expect.h"
#include "tests/lib/fault_series.h"
#include "tests/lib/sandbox.h"
#include "vale/port.h"

#define MAC "02:00:00:00:00:63"

TestSuite(fault_small, .init = fault_series_begin, .timeout = 3600);

static bool can_be_opened(const char *name)
{
	struct vale_open_options options = { .size = sizeof(options), .flags = VALE_OPEN_EXISTING };
	struct vale_port *port = NULL;
	struct vale *vale = NULL;
	int error = vale_open(&vale, NULL);

	if (!error)
		error = vale_port_open(vale, name, &options, &port);
	vale_port_close(port);
	vale_close(vale);
	return !error;
}

static bool a1_can_be_opened(void)
{
	return can_be_opened("vale1:a1");
}

static bool x_can_be_opened(void)
{
	return can_be_opened("vale2:x");
}

Test(fault_small, port_add)
{
	fault_series_run(&(struct fault_series){
		.command = "port add vale1:a1 --rings 2",
		.undo = "port del vale1:a1",
		.word = "there is a port vale1:a1",
		.works = a1_can_be_opened,
	});
}

Test(fault_small, port_add_to_a_new_switch)
{
	fault_series_run(&(struct fault_series){
		.command = "port add vale2:x",
		.undo = "destroy vale2 --force",
		.word = "there is a port vale2:x",
		.works = x_can_be_opened,
	});
}

Test(fault_small, port_add_that_shares_memory)
{
	must("%s port add vale1:m --spare 2", valectl());
	fault_series_run(&(struct fault_series){
		.command = "port add vale1:a1 --memory vale1:m",
		.undo = "port del vale1:a1",
		.word = "there is a port vale1:a1",
		.works = a1_can_be_opened,
	});
}

Test(fault_small, port_del)
{
	must("%s port add vale1:a1", valectl());
	fault_series_run(&(struct fault_series){
		.command = "port del vale1:a1",
		.undo = "port add vale1:a1",
		.word = "there is no port",
		.may_be_left = true,
	});
}

Test(fault_small, port_header)
{
	must("%s port add vale1:a1", valectl());
	fault_series_run(&(struct fault_series){
		.command = "port header vale1:a1 12",
		.undo = "port header vale1:a1 0",
	});
}

Test(fault_small, limit)
{
	fault_series_run(&(struct fault_series){
		.command = "limit vale1:b broadcast 1234",
		.undo = "limit vale1:b broadcast 0",
	});
}

/* Its port goes with it. */
Test(fault_small, capture)
{
	fault_series_run(&(struct fault_series){
		.command = "capture vale1:new -w /dev/null",
		.undo = "port add vale1:z && $VALE port del vale1:z",
		.may_be_left = true,
		.terminated = true,
	});
}

/* All calls of a kind fail from then on, so that what was begun cannot be undone. */
Test(fault_small, port_add_and_its_undo)
{
	fault_series_run(&(struct fault_series){
		.command = "port add vale1:a1 --rings 2",
		.undo = "port del vale1:a1",
		.word = "there is a port vale1:a1",
		.works = a1_can_be_opened,
		.may_be_left = true,
		.lasting = true,
	});
}

Test(fault_small, fdb_add)
{
	fault_series_run(&(struct fault_series){
		.command = "fdb vale1 add " MAC " b",
		.undo = "fdb vale1 del " MAC,
	});
}

Test(fault_small, fdb_del)
{
	must("%s fdb vale1 add " MAC " b", valectl());
	fault_series_run(&(struct fault_series){
		.command = "fdb vale1 del " MAC,
		.undo = "fdb vale1 add " MAC " b",
		.word = "does not know the address",
	});
}

Test(fault_small, fdb_flush)
{
	fault_series_run(&(struct fault_series){
		.command = "fdb vale1 flush",
		.undo = "list",
	});
}

Test(fault_small, sysctl)
{
	must("%s sysctl -w max_bridges=64", valectl());
	fault_series_run(&(struct fault_series){
		.command = "sysctl -w max_bridges=50",
		.undo = "sysctl -w max_bridges=64",
	});
}

Test(fault_small, the_first_sysctl)
{
	fault_series_run(&(struct fault_series){
		.command = "sysctl -w max_bridges=50",
		.undo = "list && rm /sys/fs/bpf/vale/sysctl",
	});
}
