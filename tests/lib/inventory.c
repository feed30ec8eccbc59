// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
#include "inventory.h"

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <criterion/criterion.h>

#include "expect.h"
#include "vale/abi.h"

#define LINES 1024

static struct lines {
	char *items[LINES];
	size_t count;
} lines;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	cr_assert_lt(lines.count, LINES);
	cr_assert_geq(vasprintf(&lines.items[lines.count++], format, arguments), 0);
	va_end(arguments);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, since directories are not. */
static char *take_text(void)
{
	size_t size = 0;
	char *text;
	FILE *file = open_memstream(&text, &size);

	qsort(lines.items, lines.count, sizeof(lines.items[0]), by_text);
	for (size_t i = 0; i < lines.count; i++) {
		fprintf(file, "%s\n", lines.items[i]);
		free(lines.items[i]);
	}
	fclose(file);
	lines.count = 0;
	return text;
}

/* ---- maps -------------------------------------------------------------------------------------- */

static void add_ports(const char *path, int map)
{
	for (__u32 number = 0; number < VALE_PORTS; number++) {
		struct vale_port_entry port;

		if (!bpf_map_lookup_elem(map, &number, &port) && port.kind != VALE_PORT_FREE)
			add("%s: %u '%.16s' kind %u flags %u restore %u", path, number, port.name,
			    port.kind, port.flags, port.restore);
	}
}

/* Of an array of what may be missing, those that are there; of a hash, all. */
static unsigned int elements(int map)
{
	struct bpf_map_info info = {};
	char key[64], next[64], value[4096], *from = NULL;
	__u32 size = sizeof(info), count = 0;

	cr_assert_eq(bpf_obj_get_info_by_fd(map, &info, &size), 0);
	if (info.type != BPF_MAP_TYPE_HASH) {
		for (__u32 i = 0; i < info.max_entries; i++)
			count += !bpf_map_lookup_elem(map, &i, value);
		return count;
	}
	for (; !bpf_map_get_next_key(map, from, next); count++) {
		memcpy(key, next, sizeof(key));
		from = key;
	}
	return count;
}

static void add_state(const char *path, int map)
{
	struct vale_switch state;
	__u32 zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(map, &zero, &state), 0);
	add("%s: %u devices, %u rings, ports end at %u", path, state.devices, state.rings,
	    state.ports_end);
}

static void add_sysctl(const char *path, int map)
{
	struct vale_sysctl values;
	__u32 zero = 0;

	cr_assert_eq(bpf_map_lookup_elem(map, &zero, &values), 0);
	add("%s: %u, %u, %u", path, values.max_bridges, values.default_fdb_size,
	    values.default_age);
}

static void add_map(const char *path, const char *name, int map)
{
	static const char *const counted[] = { "devmap",       "devmap_shared", "flood",
					       "flood_shared", "devices",	"sockets",
					       "regions",      "ring_states",	"doorbells",
					       "fdb_static" };
	if (!strcmp(name, "ports"))
		add_ports(path, map);
	if (!strcmp(name, "switch"))
		add_state(path, map);
	if (!strcmp(name, "sysctl"))
		add_sysctl(path, map);
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if (!strcmp(name, counted[i]))
			add("%s: %u elements", path, elements(map));
}

static int add_file(const char *path, const struct stat *status, int type, struct FTW *at)
{
	int map;

	(void)status;
	add("%s", path);
	if (type != FTW_F || at->level > 2) /* a switch's, or the sysctls: not a port's */
		return 0;
	map = bpf_obj_get(path);
	cr_assert_geq(map, 0, "%s: %s", path, strerror(errno));
	add_map(path, path + at->base, map);
	close(map);
	return 0;
}

/* ---- devices ----------------------------------------------------------------------------------- */

/* Names that the library makes have the id of a map. */
static void add_device(const char *name)
{
	bool ours = name[0] == 'v' && strchr(name, '-');
	char text[IFNAMSIZ];
	size_t length = 0;

	for (; *name && length + 1 < sizeof(text); name++) {
		if (!ours || !isdigit(*name))
			text[length++] = *name;
		else if (!length || text[length - 1] != '#')
			text[length++] = '#';
	}
	text[length] = '\0';
	add("device %s", text);
}

static void add_devices(void)
{
	struct if_nameindex *devices = if_nameindex();

	cr_assert_not_null(devices);
	for (struct if_nameindex *device = devices; device->if_index; device++) {
		add_device(device->if_name);
		if (program_on(device->if_name))
			add("program on device %.1s...", device->if_name);
	}
	if_freenameindex(devices);
}

char *inventory(void)
{
	cr_assert_eq(nftw("/sys/fs/bpf/vale", add_file, 16, FTW_PHYS), 0);
	add_devices();
	if (if_nametoindex("a"))
		add("far end of a: %s", features_of("a"));
	return take_text();
}

/* ---- comparing --------------------------------------------------------------------------------- */

static bool has_line(const char *text, const char *line, size_t length)
{
	for (; *text; text = strchr(text, '\n') + 1)
		if (!strncmp(text, line, length) && text[length] == '\n')
			return true;
	return false;
}

static void print_alone(FILE *file, const char *sign, const char *text, const char *other)
{
	size_t length;

	for (; *text; text += length + 1) {
		length = strcspn(text, "\n");
		if (!has_line(other, text, length))
			fprintf(file, "%s %.*s\n", sign, (int)length, text);
	}
}

char *inventory_difference(const char *now, const char *wanted)
{
	size_t size = 0;
	char *text;
	FILE *file = open_memstream(&text, &size);

	print_alone(file, "+", now, wanted);
	print_alone(file, "-", wanted, now);
	fclose(file);
	return text;
}

static bool is_anchor(const char *line, size_t length)
{
	static const char *const parts[] = { "/anchor", "device vale-#", "program on device v" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *found = strstr(line, parts[i]);

		if (found && found < line + length)
			return true;
	}
	return false;
}

bool inventory_is(const char *now, const char *wanted)
{
	char *difference = inventory_difference(now, wanted);
	bool same = true;

	for (const char *line = difference; *line; line = strchr(line, '\n') + 1)
		same &= line[0] == '-' && is_anchor(line, strcspn(line, "\n"));
	free(difference);
	return same;
}
