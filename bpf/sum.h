/* SPDX-License-Identifier: GPL-2.0 */
/* The ones' complement sum of the Internet's checksums. */
#ifndef VALE_BPF_SUM_H
#define VALE_BPF_SUM_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u16 checksum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Adds 32-bit words: their sum folds to the same as that of their halves. */
static __always_inline __u64 checksum_words(const __be32 *word, int words)
{
	__u64 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < words; i++)
		sum += ((volatile const __be32 *)word)[i];
	return sum;
}

/* What a checksum field gets. In UDP a zero says that there is none; in TCP both are zero. */
static __always_inline __u16 checksum_of(__u64 sum)
{
	__u16 check = ~checksum_fold(sum);

	return check ? check : 0xffff;
}

#endif
