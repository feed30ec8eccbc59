// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "ring_series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "sandbox.h"

/* `b` has vale1:b all the time; `c` is the next comer. */
static struct client *b, *c;
static char *before;

static char *everything(void)
{
	return strdup(must("find /sys/fs/bpf | sort; ip -o link show | cut -d : -f 2").text);
}

void ring_series_begin(void)
{
	sandbox_enter();
	must("%s port add vale1:b", valectl());
	b = client_start();
	c = client_start();
	client_opens(b, "vale1:b", 0);
	before = everything();
}

struct client *ring_series_next_comer(void)
{
	return c;
}

bool ring_series_is_port(const char *name)
{
	return !run("%s show %s", valectl(), name).status;
}

/* Elements of a map of maps. */
static int elements(const char *pin)
{
	char path[64];
	int map, count = 0;

	snprintf(path, sizeof(path), "/sys/fs/bpf/vale/vale1/%s", pin);
	map = bpf_obj_get(path);
	cr_assert_geq(map, 0, "%s", path);
	for (__u32 key = 0, id; key < VALE_PORTS * VALE_RINGS; key++)
		count += !bpf_map_lookup_elem(map, &key, &id);
	close(map);
	return count;
}

/* All is as it was, in the switch's maps too. */
void ring_series_as_before(size_t call)
{
	char *now = everything();

	cr_assert_str_eq(now, before, "killed at call %zu: before:\n%safter:\n%s", call, before,
			 now);
	free(now);
	cr_assert_eq(elements("regions"), 1, "killed at call %zu", call);
	cr_assert_eq(elements("ring_states"), 1, "killed at call %zu", call);
	cr_assert_eq(elements("doorbells"), 1, "killed at call %zu", call);
	cr_assert_eq(client_entries("vale1"), 1, "killed at call %zu", call);
	cr_assert_geq(client_send(b, 2, 1, 1), 0, "killed at call %zu", call);
}

/* Who has opened a port of vale1 exchanges frames with b. */
void ring_series_reaches(size_t call, struct client *client)
{
	cr_assert(client_reaches(client, b, 1, 2), "killed at call %zu", call);
	cr_assert(client_reaches(b, client, 2, 1), "killed at call %zu", call);
}

/* A port that is listed can be opened, and works. */
void ring_series_whole_or_not_there(size_t call, const char *port)
{
	bool listed = ring_series_is_port(port);
	int error = client_open(c, port, VALE_OPEN_EXISTING | VALE_OPEN_EXCLUSIVE);

	cr_assert_eq(error, listed ? 0 : -ENOENT, "killed at call %zu: %s: %s", call,
		     strerror(-error), client_reason(c));
	if (error)
		return;
	ring_series_reaches(call, c);
	client_close(c);
}

/* Whether or not it is there, who opens it has it. */
void ring_series_can_be_opened(size_t call, const char *port)
{
	int error = client_open(c, port, 0);

	cr_assert_eq(error, 0, "killed at call %zu: %s: %s", call, strerror(-error),
		     client_reason(c));
	client_close(c);
}
