// SPDX-License-Identifier: GPL-2.0
/* See kernel.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf_helpers.h>

#include "kernel.h"

__u64 kernel_time_ns = 1000000000;
__u32 kernel_process = 1;
__u32 kernel_mtu = 1500;
__u64 kernel_rung;
void (*kernel_meanwhile)(void);
struct kernel_redirect kernel_redirect;

void kernel_unlock(const volatile void *first, const volatile void *last)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)first & -page, end = ((uintptr_t)last & -page) + page;

	PROMISE(!mprotect((void *)start, end - start, PROT_READ | PROT_WRITE));
}

static void meanwhile(void)
{
	if (kernel_meanwhile)
		kernel_meanwhile();
}

/* ---- maps -------------------------------------------------------------------------------------- */

enum kind { ARRAY, HASH, HASH_LRU, POINTERS };

struct map {
	const void *definition;
	size_t value_size;
	char *values;
	__u64 *keys; /* of a hash */
	enum kind kind;
	__u32 entries, used, oldest;
};

#define MAPS 64

static struct map maps[MAPS];

static struct map *find(const void *definition)
{
	for (struct map *map = maps; map < maps + MAPS && map->definition; map++)
		if (map->definition == definition)
			return map;
	promise_broken("the map is known", __FILE__, __LINE__);
}

static void make(const void *definition, enum kind kind, size_t value_size, __u32 entries)
{
	struct map *map = maps;

	while (map->definition && map->definition != definition)
		map++;
	PROMISE(map < maps + MAPS - 1);
	map->definition = definition;
	map->kind = kind;
	map->value_size = value_size;
	map->entries = entries;
	map->values = calloc(entries, value_size);
	map->keys = calloc(entries, sizeof(*map->keys));
}

void kernel_array(const void *map, size_t value_size, __u32 entries)
{
	make(map, ARRAY, value_size, entries);
}

void kernel_hash(const void *map, size_t value_size, __u32 entries, bool lru)
{
	make(map, lru ? HASH_LRU : HASH, value_size, entries);
}

void kernel_pointers(const void *map, __u32 entries)
{
	make(map, POINTERS, sizeof(void *), entries);
}

void kernel_point(const void *map, __u32 key, const void *value)
{
	*(const void **)kernel_value(map, key) = value;
}

void *kernel_value(const void *definition, __u32 key)
{
	struct map *map = find(definition);

	PROMISE(key < map->entries);
	return map->values + key * map->value_size;
}

void kernel_clear(const void *definition)
{
	struct map *map = find(definition);

	memset(map->values, 0, map->entries * map->value_size);
	map->used = 0;
	map->oldest = 0;
}

static void *find_in_hash(const struct map *map, __u64 key)
{
	for (__u32 i = 0; i < map->used; i++)
		if (map->keys[i] == key)
			return map->values + i * map->value_size;
	return NULL;
}

void *bpf_map_lookup_elem(const void *definition, const void *key)
{
	const struct map *map = find(definition);
	__u64 long_key;
	__u32 index;

	meanwhile();
	if (map->kind == HASH || map->kind == HASH_LRU) {
		memcpy(&long_key, key, sizeof(long_key));
		return find_in_hash(map, long_key);
	}
	memcpy(&index, key, sizeof(index));
	if (index >= map->entries)
		return NULL;
	if (map->kind == POINTERS)
		return *(void **)(map->values + index * map->value_size);
	return map->values + index * map->value_size;
}

long bpf_map_update_elem(const void *definition, const void *key, const void *value, __u64 flags)
{
	struct map *map = find(definition);
	__u64 long_key;
	void *place;

	PROMISE((map->kind == HASH || map->kind == HASH_LRU) && map->entries);
	PROMISE(flags == BPF_ANY);
	memcpy(&long_key, key, sizeof(long_key));
	place = find_in_hash(map, long_key);
	if (!place) {
		bool is_full = map->used == map->entries;
		__u32 i = is_full ? map->oldest++ % map->entries : map->used++;

		if (is_full && map->kind == HASH)
			return -E2BIG;
		map->keys[i] = long_key;
		place = map->values + i * map->value_size;
	}
	PROMISE(place);
	memcpy(place, value, map->value_size);
	return 0;
}

/* ---- other helpers ----------------------------------------------------------------------------- */

long bpf_loop(__u32 times, void *step, void *context, __u64 flags)
{
	long (*call)(__u32, void *) = (long (*)(__u32, void *))step;

	PROMISE(!flags && times <= 1 << 23);
	for (__u32 i = 0; i < times; i++) {
		meanwhile();
		if (call(i, context))
			return i + 1;
	}
	return times;
}

long bpf_probe_read_kernel(void *to, __u32 size, const void *from)
{
	memcpy(to, from, size);
	return 0;
}

long bpf_ringbuf_output(const void *map, const void *data, __u64 size, __u64 flags)
{
	(void)data;
	PROMISE(map && size == 8 && flags == BPF_RB_FORCE_WAKEUP);
	kernel_rung++;
	return 0;
}

__u64 bpf_ktime_get_ns(void)
{
	return kernel_time_ns;
}

__u64 bpf_jiffies64(void)
{
	return kernel_time_ns / 4000000;
}

__u64 bpf_get_current_pid_tgid(void)
{
	return (__u64)kernel_process << 32 | kernel_process;
}

long bpf_redirect_map(const void *definition, __u64 key, __u64 flags)
{
	const struct map *map = find(definition);

	kernel_redirect = (struct kernel_redirect){ map->definition, key, flags };
	if (flags & BPF_F_BROADCAST)
		return XDP_REDIRECT;
	if (key >= map->entries || !*(void **)(map->values + key * map->value_size))
		return (long)(flags & 3);
	return XDP_REDIRECT;
}

long bpf_check_mtu(void *frame, __u32 ifindex, __u32 *mtu, __s32 difference, __u64 flags)
{
	PROMISE(frame && !ifindex && !difference && !flags);
	*mtu = kernel_mtu;
	return 0;
}

__s64 bpf_csum_diff(const __be32 *from, __u32 from_size, const __be32 *to, __u32 to_size,
		    __u32 seed)
{
	__u64 sum = seed;

	PROMISE(!from && !from_size && to_size % 4 == 0 && to_size <= 512);
	for (__u32 i = 0; i < to_size / 4; i++)
		sum += to[i];
	sum = (sum & 0xffffffff) + (sum >> 32);
	return (__u32)((sum & 0xffffffff) + (sum >> 32));
}

/* ---- frames ------------------------------------------------------------------------------------ */

/* Programs have addresses of 32 bits. */
#define FRAME_ADDRESS 0x10000000UL
#define FRAME_ROOM    (KERNEL_HEADROOM + KERNEL_FRAME_MAX + 4096)

static struct {
	struct xdp_buff buffer;
	__u8 *area;
	__u32 length; /* of all of the frame */
} frame;

static void poison(void)
{
	const struct xdp_md *context = &frame.buffer.program;
	__u8 *data = (__u8 *)(uintptr_t)context->data, *end = (__u8 *)(uintptr_t)context->data_end;

	ASAN_POISON_MEMORY_REGION(frame.area, data - frame.area);
	ASAN_UNPOISON_MEMORY_REGION(data, end - data);
	ASAN_POISON_MEMORY_REGION(end, frame.area + FRAME_ROOM - end);
}

struct xdp_md *kernel_frame(const __u8 *bytes, __u32 length, __u32 linear, struct xdp_rxq_info *rxq)
{
	struct xdp_md *context = &frame.buffer.program;

	PROMISE(length <= KERNEL_FRAME_MAX && linear <= length);
	if (!frame.area) {
		frame.area = mmap((void *)FRAME_ADDRESS, FRAME_ROOM, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		PROMISE(frame.area == (void *)FRAME_ADDRESS);
	}
	ASAN_UNPOISON_MEMORY_REGION(frame.area, FRAME_ROOM);
	memset(frame.area, 0xa5, FRAME_ROOM);
	memcpy(frame.area + KERNEL_HEADROOM, bytes, length);
	frame.length = length;
	frame.buffer = (struct xdp_buff){ .rxq = rxq };
	context->data = context->data_meta = FRAME_ADDRESS + KERNEL_HEADROOM;
	context->data_end = context->data + linear;
	poison();
	return context;
}

__u32 kernel_frame_length(void)
{
	return frame.length;
}

const __u8 *kernel_frame_bytes(void)
{
	ASAN_UNPOISON_MEMORY_REGION(frame.area, FRAME_ROOM);
	return (const __u8 *)(uintptr_t)frame.buffer.program.data;
}

/* What is poisoned for the program is not for the kernel. */
static long within(__u32 offset, __u32 size, __u8 **out)
{
	if (!size || offset > frame.length || size > frame.length - offset)
		return -EINVAL;
	*out = (__u8 *)(uintptr_t)frame.buffer.program.data + offset;
	ASAN_UNPOISON_MEMORY_REGION(*out, size);
	return 0;
}

long bpf_xdp_load_bytes(struct xdp_md *context, __u32 offset, void *to, __u32 size)
{
	__u8 *from;
	long error = within(offset, size, &from);

	PROMISE(context == &frame.buffer.program);
	if (!error)
		memcpy(to, from, size);
	poison();
	return error;
}

long bpf_xdp_store_bytes(struct xdp_md *context, __u32 offset, const void *from, __u32 size)
{
	__u8 *to;
	long error = within(offset, size, &to);

	PROMISE(context == &frame.buffer.program);
	if (!error)
		memcpy(to, from, size);
	poison();
	return error;
}

__u64 bpf_xdp_get_buff_len(struct xdp_md *context)
{
	PROMISE(context == &frame.buffer.program);
	return frame.length;
}

/* Only frames of one buffer are made longer, and up to a page, as live frames are. */
long bpf_xdp_adjust_tail(struct xdp_md *context, int difference)
{
	__s64 length = (__s64)frame.length + difference;

	if (length < 14 || length > 4096 - 256 - 320)
		return -EINVAL;
	frame.length = (__u32)length;
	context->data_end = context->data + frame.length;
	poison();
	return 0;
}

long bpf_xdp_adjust_meta(struct xdp_md *context, int difference)
{
	__s64 meta = (__s64)context->data_meta + difference;

	if (meta > context->data || context->data - meta > 32 || (context->data - meta) % 4)
		return -EINVAL;
	context->data_meta = (__u32)meta;
	return 0;
}
