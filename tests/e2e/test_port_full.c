// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* As many ring ports as a switch can have, and one more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/lib/clients.h"
#include "tests/lib/expect.h"
#include "tests/lib/objects.h"
#include "tests/lib/sandbox.h"

TestSuite(port_full, .init = sandbox_enter, .timeout = 550);

/* With the library: a process for each would take too long. */
static void add(unsigned int from, unsigned int to)
{
	const struct vale_ring_options options = {
		.size = sizeof(options),
		.tx_slots = VALE_SLOTS_MIN,
		.rx_slots = VALE_SLOTS_MIN,
	};
	struct vale *vale = NULL;
	char name[32];

	cr_assert_eq(vale_open(&vale, NULL), 0);
	for (unsigned int i = from; i <= to; i++) {
		snprintf(name, sizeof(name), "vale1:p%u", i);
		cr_assert_eq(vale_port_add(vale, name, &options), 0, "%s: %s", name,
			     vale_reason(vale));
	}
	vale_close(vale);
}

static __u64 closed_of_all(void)
{
	struct vale_port_stats *ports = NULL;
	struct vale *vale = NULL;
	size_t count = 0;
	__u64 sum = 0;

	cr_assert_eq(vale_open(&vale, NULL), 0);
	cr_assert_eq(vale_stats_get(vale, "vale1", &ports, &count), 0);
	for (size_t i = 0; i < count; i++)
		sum += ports[i].counters.drops[VALE_DROP_CLOSED];
	free(ports);
	vale_close(vale);
	return sum;
}

Test(port_full, the_255th_port)
{
	static const char words[] = "vale1 has 254 ports, and that is as many as a switch can have";
	struct client *first = client_start(), *last = client_start(), *one_more = client_start();
	char *before;

	add(1, VALE_PORTS);
	cr_assert_str_eq(port_member("vale1:p254", "number"), "253");
	cr_assert_str_eq(must("%s list vale1 | wc -l", valectl()).text, "255\n");
	must("%s show vale1 | grep '^vale1: 254 of 254 ports'", valectl());
	before = bpffs_files();
	refused(1, words, "port add vale1:p255");
	cr_assert_eq(client_open(one_more, "vale1:p255", 0), -ENOSPC);
	cr_assert_not_null(strstr(client_reason(one_more), words), "%s", client_reason(one_more));
	bpffs_unchanged(before);
	/* Frames go from the first to the last, and to all. */
	client_opens(first, "vale1:p1", 0);
	client_opens(last, "vale1:p254", 0);
	cr_assert(client_reaches(first, last, 1, 2));
	cr_assert(client_reaches(last, first, 2, 1));
	cr_assert_eq(client_send(first, 1, FRAME_EVERYONE, 1), 0);
	cr_assert_eq(client_count(last, 500), 1);
	/* The first frame of all was a flood, too. */
	cr_assert_eq(closed_of_all(), 2 * (VALE_PORTS - 2));
	/* One that goes makes room. */
	must("%s port del vale1:p100", valectl());
	client_opens(one_more, "vale1:p255", 0);
	cr_assert_str_eq(port_member("vale1:p255", "number"), "99");
	cr_assert(client_reaches(one_more, first, 3, 1));
	cr_assert(client_reaches(first, one_more, 1, 3));
	refused(1, words, "port add vale1:p100");
	client_close(one_more);
	must("%s port add vale1:p100", valectl());
	objects_remember();
	client_close(first);
	client_close(last);
	must("%s destroy vale1 --force", valectl());
	cr_assert_str_empty(must("find /sys/fs/bpf/vale -path '*vale1*'").text);
	cr_assert(objects_are_freed(), "%zu of %zu objects are left", objects_alive(),
		  objects_count());
}
