// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The limit for rings: one sender and one receiver with memory that both write, slots and buffers
 * of the same size and layout as a port's, and nothing else: no system call, no addresses, no
 * isolation. Every frame is copied once, as a switch must that keeps its clients apart.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "bench/bench.h"
#include "bench/ring_traffic.h"
#include "vale/ring.h"

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): lines of their own are what it is about
struct one_copy {
	_Alignas(128) atomic_uint published;
	_Alignas(128) atomic_uint released;
	_Alignas(128) struct vale_slot slot[VALE_SLOTS];
	_Alignas(4096) unsigned char shift[64]; /* the places in a page differ from the sender's */
	unsigned char buffer[VALE_SLOTS][VALE_BUFFER_SIZE];
};

static struct one_copy *shared;

/* The memory is there before the processes are, and is used again by the next run. */
int one_copy_open(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		return bench_error(errno, "cannot share memory");
	for (__u32 i = 0; i < VALE_SLOTS; i++)
		shared->slot[i].buf_idx = i;
	return 0;
}

void one_copy_close(void)
{
	munmap(shared, sizeof(*shared));
}

/* As the switch copies: blocks of 8 words. */
static void copy(unsigned char *to, const unsigned char *from, __u32 length)
{
	for (__u32 at = 0; at < length; at += 64) {
		volatile __u64 *out = (volatile __u64 *)(to + at);
		const __u64 *in = (const __u64 *)(from + at);

		for (int i = 0; i < 8; i++)
			out[i] = in[i];
	}
}

static int one_copy_send(struct worker_state *state, const void *argument)
{
	const struct traffic *traffic = ((const struct traffic_part *)argument)->traffic;
	size_t size = (size_t)VALE_SLOTS * VALE_BUFFER_SIZE;
	unsigned char *own = mmap(NULL, size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	__u32 put = 0;
	__u64 number = 0;

	if (own == MAP_FAILED)
		return bench_error(errno, "sender");
	for (__u32 slot = 0; slot < VALE_SLOTS; slot++)
		traffic_frame(traffic, own + slot * VALE_BUFFER_SIZE, 0, slot % traffic->flows);
	worker_ready(state);
	while (worker_goes_on(state)) {
		if (VALE_SLOTS - (put - atomic_load(&shared->released)) < traffic->batch)
			continue;
		for (__u32 i = 0; i < traffic->batch; i++, put++) {
			unsigned char *frame = own + put % VALE_SLOTS * VALE_BUFFER_SIZE;
			struct vale_slot *slot = &shared->slot[put % VALE_SLOTS];

			traffic_stamp(frame, traffic->length, number++);
			copy(shared->buffer[slot->buf_idx], frame, traffic->length);
			slot->len = traffic->length;
		}
		atomic_store_explicit(&shared->published, put, memory_order_release);
		atomic_store_explicit(&state->frames, number, memory_order_relaxed);
	}
	munmap(own, size);
	return 0;
}

static int one_copy_receive(struct worker_state *state, const void *argument)
{
	const struct traffic *traffic = ((const struct traffic_part *)argument)->traffic;
	struct traffic_check check = { .length = traffic->length };
	__u32 taken = 0, put;

	atomic_store(&shared->published, 0);
	atomic_store(&shared->released, 0);
	worker_ready(state);
	while (worker_goes_on(state)) {
		put = atomic_load_explicit(&shared->published, memory_order_acquire);
		if (put == taken)
			continue;
		atomic_store_explicit(&state->frames, state->frames + (put - taken),
				      memory_order_relaxed);
		for (; traffic->look == TRAFFIC_VERIFY && taken != put; taken++) {
			struct vale_slot *slot = &shared->slot[taken % VALE_SLOTS];

			traffic_check(&check, shared->buffer[slot->buf_idx], slot->len);
		}
		taken = put;
		atomic_store_explicit(&shared->released, taken, memory_order_release);
	}
	state->wrong += check.wrong;
	return 0;
}

const struct traffic_path traffic_one_copy = { one_copy_send, one_copy_receive };
