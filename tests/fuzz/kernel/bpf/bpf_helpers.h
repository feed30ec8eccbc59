/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In place of libbpf's header of this name, where a BPF program is compiled for user space: the
 * helpers of the kernel that ours use are functions, of tests/fuzz/kernel.c.
 */
#ifndef VALE_FUZZ_BPF_HELPERS_H
#define VALE_FUZZ_BPF_HELPERS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define SEC(name) __attribute__((used))

/* Of the definition of a map; tests/fuzz/kernel.h makes one of it. */
#define __uint(name, value)  int(*name)[value]
#define __type(name, value)  __typeof__(value) *name
#define __array(name, value) __typeof__(value) *name[]

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define __noinline	__attribute__((noinline))

struct xdp_md;

void *bpf_map_lookup_elem(const void *map, const void *key);
long bpf_map_update_elem(const void *map, const void *key, const void *value, __u64 flags);
long bpf_loop(__u32 times, void *step, void *context, __u64 flags);
long bpf_probe_read_kernel(void *to, __u32 size, const void *from);
long bpf_ringbuf_output(const void *map, const void *data, __u64 size, __u64 flags);
__u64 bpf_ktime_get_ns(void);
__u64 bpf_jiffies64(void);
__u64 bpf_get_current_pid_tgid(void);
long bpf_redirect_map(const void *map, __u64 key, __u64 flags);
long bpf_check_mtu(void *frame, __u32 ifindex, __u32 *mtu, __s32 difference, __u64 flags);
__s64 bpf_csum_diff(const __be32 *from, __u32 from_size, const __be32 *to, __u32 to_size,
		    __u32 seed);
long bpf_xdp_load_bytes(struct xdp_md *frame, __u32 offset, void *to, __u32 size);
long bpf_xdp_store_bytes(struct xdp_md *frame, __u32 offset, const void *from, __u32 size);
__u64 bpf_xdp_get_buff_len(struct xdp_md *frame);
long bpf_xdp_adjust_tail(struct xdp_md *frame, int difference);
long bpf_xdp_adjust_meta(struct xdp_md *frame, int difference);

#endif
