// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* What BPF maps and programs hold in kernel memory. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/memory.h"

#define MAX_MAPS_OF_A_PROGRAM 64
#define MAX_DIGITS	      24

enum object_type { OBJECT_MAP, OBJECT_PROGRAM };

struct object {
	enum object_type type;
	__u32 id;
};

/* Maps are shared between programs, and count once. */
struct census {
	struct object *objects;
	size_t count, size;
	struct bpf_memory *memory;
};

static int add_program(struct census *census, int fd);

/* 1 if the object is new, 0 if not, or -errno. */
static int note(struct census *census, enum object_type type, __u32 id)
{
	struct object *grown;
	size_t i;

	for (i = 0; i < census->count; i++)
		if (census->objects[i].type == type && census->objects[i].id == id)
			return 0;
	if (census->count == census->size) {
		census->size = census->size ? 2 * census->size : 256;
		grown = realloc(census->objects, census->size * sizeof(*grown));
		if (!grown)
			return bench_error(ENOMEM, "memory of BPF objects");
		census->objects = grown;
	}
	census->objects[census->count++] = (struct object){ .type = type, .id = id };
	return 1;
}

static int charge(struct census *census, int fd)
{
	char path[sizeof("/proc/self/fdinfo/") + MAX_DIGITS], line[256];
	unsigned long bytes;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return bench_error(errno, "cannot open '%s'", path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "memlock: %lu", &bytes) == 1)
			census->memory->bytes += bytes;
	fclose(file);
	return 0;
}

static int add_map(struct census *census, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 length = sizeof(info);
	int new;

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return bench_error(errno, "cannot ask for a map's id");
	new = note(census, OBJECT_MAP, info.id);
	if (new <= 0)
		return new;
	census->memory->maps++;
	return charge(census, fd);
}

static int add_maps_of(struct census *census, int program)
{
	__u32 ids[MAX_MAPS_OF_A_PROGRAM];
	struct bpf_prog_info info = { .nr_map_ids = ARRAY_SIZE(ids), .map_ids = (__u64)ids };
	__u32 length = sizeof(info), i;
	int error = 0;

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		return bench_error(errno, "cannot ask for a program's maps");
	for (i = 0; !error && i < info.nr_map_ids && i < ARRAY_SIZE(ids); i++) {
		int map CLEANUP_FD = bpf_map_get_fd_by_id(ids[i]);

		error = map < 0 ? bench_error(-map, "cannot open map %u", ids[i])
				: add_map(census, map);
	}
	return error;
}

static int add_program(struct census *census, int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 length = sizeof(info);
	int new, error;

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return bench_error(errno, "cannot ask for a program's id");
	new = note(census, OBJECT_PROGRAM, info.id);
	if (new <= 0)
		return new;
	census->memory->programs++;
	error = charge(census, fd);
	return error ? error : add_maps_of(census, fd);
}

static int add_program_id(struct census *census, __u32 id)
{
	int fd CLEANUP_FD = bpf_prog_get_fd_by_id(id);

	return fd < 0 ? bench_error(-fd, "cannot open program %u", id) : add_program(census, fd);
}

/* What an object is, its fd says: each kind has lines of its own. */
static const char *kind_of(int fd)
{
	static const char *const kinds[] = { "map_id:", "link_id:", "prog_id:" };
	char path[sizeof("/proc/self/fdinfo/") + MAX_DIGITS], text[1024];
	int info CLEANUP_FD = -1;
	ssize_t length;
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	length = info < 0 ? -1 : read(info, text, sizeof(text) - 1);
	if (length < 0)
		return "";
	text[length] = '\0';
	/* A link names its program too, so links come before programs. */
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strstr(text, kinds[i]))
			return kinds[i];
	return "";
}

static int add_link(struct census *census, int fd)
{
	struct bpf_link_info info = { 0 };
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return bench_error(errno, "cannot ask for a link's program");
	return add_program_id(census, info.prog_id);
}

static int add_pin(struct census *census, const char *path)
{
	int fd CLEANUP_FD = bpf_obj_get(path);
	const char *kind;

	if (fd < 0)
		return bench_error(-fd, "cannot open '%s'", path);
	kind = kind_of(fd);
	if (strcmp(kind, "map_id:") == 0)
		return add_map(census, fd);
	if (strcmp(kind, "link_id:") == 0)
		return add_link(census, fd);
	return add_program(census, fd);
}

static int add_pins(struct census *census, const char *directory)
{
	char *paths[] = { (char *)directory, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;
	int error = 0;

	if (!tree)
		return bench_error(errno, "cannot read '%s'", directory);
	while (!error && (entry = fts_read(tree)))
		/* Only the kernel itself has files with a dot here: its iterators, no objects. */
		if (entry->fts_info == FTS_F && !strchr(entry->fts_name, '.'))
			error = add_pin(census, entry->fts_accpath);
	fts_close(tree);
	return error;
}

static int add_attached(struct census *census)
{
	struct if_nameindex *devices = if_nameindex(), *device;
	int error = 0;

	if (!devices)
		return bench_error(errno, "cannot list the devices");
	for (device = devices; !error && device->if_index; device++) {
		__u32 id = 0;

		if (!bpf_xdp_query_id(device->if_index, 0, &id) && id)
			error = add_program_id(census, id);
	}
	if_freenameindex(devices);
	return error;
}

int bpf_memory_read(const char *directory, struct bpf_memory *memory)
{
	struct census census = { .memory = memory };
	int error;

	memset(memory, 0, sizeof(*memory));
	error = add_pins(&census, directory);
	if (!error)
		error = add_attached(&census);
	free(census.objects);
	return error;
}

/* The value of a line "NAME:   VALUE kB" if its name is one of ours, otherwise 0. */
static unsigned long kernel_bytes(const char *line)
{
	static const char *const names[] = { "SUnreclaim:", "VmallocUsed:", "Percpu:" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp(line, names[i], strlen(names[i])) == 0)
			return strtoul(line + strlen(names[i]), NULL, 10) * 1024;
	return 0;
}

int kernel_memory_read(unsigned long *bytes)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[256];

	if (!file)
		return bench_error(errno, "cannot open '/proc/meminfo'");
	*bytes = 0;
	while (fgets(line, sizeof(line), file))
		*bytes += kernel_bytes(line);
	fclose(file);
	return 0;
}
