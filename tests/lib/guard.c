// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "vale/ring.h"

static int open_pin(const char *format, const char *first, const char *second)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), format, first, second);
	fd = bpf_obj_get(path);
	cr_assert_geq(fd, 0, "%s: %s", path, strerror(errno));
	return fd;
}

/* ---- memory ------------------------------------------------------------------------------------ */

static uint32_t pattern(size_t i)
{
	return (uint32_t)i * 2654435761u + 1;
}

static struct guard fill(void *memory, size_t size)
{
	struct guard guard = { memory, size / sizeof(uint32_t) };

	for (size_t i = 0; i < guard.count; i++)
		guard.words[i] = pattern(i);
	return guard;
}

struct guard guard_port(const char *name)
{
	char switch_name[32];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	void *memory;
	int map;

	snprintf(switch_name, sizeof(switch_name), "%.*s", (int)strcspn(name, ":"), name);
	map = open_pin("/sys/fs/bpf/vale/%s/port/%s/region", switch_name, strchr(name, ':') + 1);
	cr_assert_eq(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	memory = mmap(NULL, (size_t)info.max_entries * VALE_REGION_SIZE, PROT_READ | PROT_WRITE,
		      MAP_SHARED, map, 0);
	cr_assert_neq(memory, MAP_FAILED);
	close(map);
	return fill(memory, (size_t)info.max_entries * VALE_REGION_SIZE);
}

struct guard guard_buffers(const struct vale_port *port, __u32 pair, __u32 slot)
{
	struct vale_ring *ring = vale_rx_ring(port, pair);
	unsigned char *first = vale_ring_buffer(ring, ring->slot[0].buf_idx);

	return fill(first + (size_t)slot * VALE_BUFFER_SIZE,
		    (size_t)(VALE_REGION_BUFFERS - slot) * VALE_BUFFER_SIZE);
}

void guard_expect(const struct guard *guard, const char *what)
{
	for (size_t i = 0; i < guard->count; i++)
		if (guard->words[i] != pattern(i))
			cr_assert_fail("%s: word %zu of %zu is %x, not %x", what, i, guard->count,
				       guard->words[i], pattern(i));
}

/* ---- tables ------------------------------------------------------------------------------------ */

static const char *const tables[GUARD_TABLES] = {
	"ports",     "devices", "fdb_static", "regions",       "ring_states",
	"doorbells", "devmap",	"flood",      "devmap_shared", "flood_shared",
};

static void add(uint64_t *sum, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
}

static uint64_t sum_of(const char *switch_name, const char *table)
{
	int map = open_pin("/sys/fs/bpf/vale/%s/%s", switch_name, table);
	uint64_t sum = 14695981039346656037u;
	unsigned char key[16], value[512];
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);
	const void *last = NULL;

	cr_assert_eq(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	cr_assert_leq(info.key_size, sizeof(key));
	cr_assert_leq(info.value_size, sizeof(value));
	while (!bpf_map_get_next_key(map, last, key)) {
		last = key;
		if (bpf_map_lookup_elem(map, key, value))
			continue;
		add(&sum, key, info.key_size);
		add(&sum, value, info.value_size);
	}
	close(map);
	return sum;
}

struct guard_tables guard_tables(const char *switch_name)
{
	struct guard_tables all;

	for (int i = 0; i < GUARD_TABLES; i++)
		all.sum[i] = sum_of(switch_name, tables[i]);
	return all;
}

void guard_expect_tables(const struct guard_tables *before, const char *switch_name)
{
	struct guard_tables now = guard_tables(switch_name);

	for (int i = 0; i < GUARD_TABLES; i++)
		cr_assert_eq(now.sum[i], before->sum[i], "%s: '%s' has changed", switch_name,
			     tables[i]);
}
