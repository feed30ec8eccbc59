/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In place of the one at the top: the same, but that nothing is to be relocated, and that what a
 * program's context is to the kernel is found behind what it is to the program.
 */
#ifndef VALE_FUZZ_VMLINUX_H
#define VALE_FUZZ_VMLINUX_H

#include <linux/bpf.h>

#define preserve_access_index annotate("kernel")
#define xdp_buff	      xdp_buff_of_kernel
#include_next <vmlinux.h>
#undef xdp_buff
#undef preserve_access_index

struct xdp_buff {
	struct xdp_md program;
	struct xdp_rxq_info *rxq;
};

#endif
