/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Around a BPF program that is compiled for user space: maps, frames and devices, as the kernel would
 * have them. What the program must not touch is poisoned for the address sanitizer.
 */
#ifndef VALE_FUZZ_KERNEL_H
#define VALE_FUZZ_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#include "promise.h"
#include "vmlinux.h"

/* ---- maps -------------------------------------------------------------------------------------- */

/* A map of the program's, by the address of its definition; its values are zero. */
void kernel_array(const void *map, size_t value_size, __u32 entries);
/* With keys of eight bytes. Full, it takes no more; `lru`: it forgets the oldest. */
void kernel_hash(const void *map, size_t value_size, __u32 entries, bool lru);
/* Whose values are maps themselves, or what kernel_redirected() counts; NULL: there is none. */
void kernel_pointers(const void *map, __u32 entries);
void kernel_point(const void *map, __u32 key, const void *value);

/* Value of an element, for the target; it must be there. */
void *kernel_value(const void *map, __u32 key);
/* All values are zero, all hashes empty, all pointers NULL. */
void kernel_clear(const void *map);

/* ---- what programs have beside maps ------------------------------------------------------------ */

/* Makes the program's constants writable, of which these are the first and the last. */
void kernel_unlock(const volatile void *first, const volatile void *last);

extern __u64 kernel_time_ns;
extern __u32 kernel_process;
extern __u32 kernel_mtu;  /* what bpf_check_mtu() says */
extern __u64 kernel_rung; /* doorbells, so far */

/* Called, if not NULL, before each lookup and each step of a loop: what others do meanwhile. */
extern void (*kernel_meanwhile)(void);

/* ---- frames ------------------------------------------------------------------------------------ */

#define KERNEL_HEADROOM	 256
#define KERNEL_FRAME_MAX 16384

/* Makes a frame, of which the program sees the first `linear` bytes. One at a time. */
struct xdp_md *kernel_frame(const __u8 *bytes, __u32 length, __u32 linear,
			    struct xdp_rxq_info *rxq);
/* Its bytes, all of them. */
const __u8 *kernel_frame_bytes(void);
__u32 kernel_frame_length(void);

/* Where the frame was redirected last. */
struct kernel_redirect {
	const void *map;
	__u64 key;
	__u64 flags;
};
extern struct kernel_redirect kernel_redirect;

#endif
